//! What the ECS agent will make of what a plan registers.
//!
//! Worked out when it is asked for, not with every plan: most passes change nothing.

use crate::doc::{TaskDefinitionDoc, sha256_hex};
use crate::inject::ConfigObject;
use crate::preview::{self, KnownTask, Preview, PreviewError, Runtime};
use crate::record::{ResourceId, WorkloadKey};
use crate::v1alpha1::LaunchType;

use super::{Plan, ResourceContent, Step, WorkloadPlan};

impl Plan {
    /// What the agent will generate for tasks of the revision that this plan registers for a
    /// workload; none when it registers none. Files that this plan does not write have no text.
    ///
    /// # Errors
    /// The agent would not start the task.
    #[must_use]
    pub fn preview(
        &self,
        key: &WorkloadKey,
        launch_type: LaunchType,
    ) -> Option<Result<Preview, PreviewError>> {
        let workload = self.workloads.get(key)?;
        let body = workload.steps.iter().find_map(|step| match step {
            Step::Register(register) => Some(register.body.as_str()),
            Step::Update(_) => None,
        })?;
        let doc = TaskDefinitionDoc::parse(body).ok()?;
        let known = KnownTask {
            cluster: Some(&key.cluster),
            ..KnownTask::default()
        };
        let runtime = Runtime::of(&doc, launch_type, &known);
        Some(preview::with_objects(
            &doc,
            &runtime,
            &self.objects_of(workload),
        ))
    }

    fn objects_of(&self, workload: &WorkloadPlan) -> Vec<ConfigObject> {
        let object = |id: &ResourceId| match (id, &self.resources.get(id)?.content) {
            (ResourceId::Object { bucket, key }, ResourceContent::Object(body)) => {
                Some(ConfigObject {
                    bucket: bucket.clone(),
                    key: key.clone(),
                    sha256: sha256_hex(body.as_bytes()),
                    body: body.clone(),
                })
            }
            _ => None,
        };
        workload.requires.iter().filter_map(object).collect()
    }
}
