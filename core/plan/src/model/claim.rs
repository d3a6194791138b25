//! Workloads that another installation of the operator manages.

use std::collections::BTreeSet;

use firelens_aws::iam;
use firelens_aws::record::ResourceId;
use firelens_inject::Marks;
use firelens_taskdef::TaskDefinitionDoc;

use crate::input::PlanInput;

/// A service that another installation manages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The id of that installation.
    pub installation: String,
    /// The name of its policy.
    pub policy: String,
    /// ARN of the revision it made.
    pub revision: String,
    /// The names of the roles of that revision: what they rely on must not be removed.
    pub roles: BTreeSet<String>,
    /// The task definition, in which the S3 objects of its configuration are named.
    document: String,
}

impl Claim {
    /// Returns the claim of the live revision by its marks, if it is another installation's.
    pub(crate) fn of(
        input: &PlanInput<'_>,
        live: &TaskDefinitionDoc,
        marks: Option<&Marks>,
    ) -> Option<Self> {
        let marks = marks.filter(|marks| marks.is_foreign_to(input.installation))?;
        let roles = [live.task_role_arn(), live.execution_role_arn()];
        let names = roles.iter().flatten().filter_map(|arn| iam::role_name(arn));
        Some(Self {
            installation: marks.installation.clone()?,
            policy: marks.policy.clone(),
            revision: live.arn().unwrap_or_default().to_owned(),
            roles: names.map(|role| role.name).collect(),
            document: live.to_register_input(),
        })
    }

    /// The message for people: whose the service is, and what to do.
    #[must_use]
    pub fn message(&self) -> String {
        let Self {
            installation,
            policy,
            ..
        } = self;
        format!(
            "{} was created by the installation {installation} of this operator, for its policy {policy}; that installation manages the service, and this one does not change it. Narrow the selector of one of the two policies; or, if that installation was this one before its database was lost, start the operator with FIRELENS_INSTALLATION_ID={installation} FIRELENS_REPLACE_INSTALLATION_ID=true",
            self.revision
        )
    }

    /// Whether the other installation's router may rely on the resource.
    pub(crate) fn relies_on(&self, id: &ResourceId) -> bool {
        match id {
            ResourceId::RolePolicy { role, .. } => self.roles.contains(role),
            ResourceId::Object { bucket, key } => {
                self.document.contains(&format!(":s3:::{bucket}/{key}"))
            }
        }
    }
}
