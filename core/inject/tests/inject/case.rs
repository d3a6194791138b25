//! One case of `cases/`: a task definition, a policy with its destinations, and where it runs.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use firelens_inject::{Injection, Platform, Refusal, TargetContext, WorkloadContext, inject};
use firelens_taskdef::TaskDefinitionDoc;
use firelens_types::v1alpha1::{
    ConfigBucket, Kind, LaunchType, LogDestination, LoggingPolicy, admit,
};
use serde::Deserialize;
use serde_json::Value;

/// `context.json`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Place {
    pub(crate) account_id: String,
    pub(crate) region: String,
    #[serde(default = "aws")]
    pub(crate) partition: String,
    pub(crate) launch_type: LaunchType,
    #[serde(default)]
    pub(crate) platform_family: Option<String>,
    #[serde(default)]
    pub(crate) deployment_controller: String,
    #[serde(default)]
    pub(crate) resource_management_type: Option<String>,
    #[serde(default)]
    pub(crate) brings_its_own: bool,
    #[serde(default)]
    pub(crate) desired_count: Option<u64>,
    #[serde(default)]
    pub(crate) assign_public_ip: Option<bool>,
    #[serde(default)]
    pub(crate) config_bucket: Option<ConfigBucket>,
}

fn aws() -> String {
    "aws".to_owned()
}

/// Everything that one injection is made from.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) base: String,
    pub(crate) policy: LoggingPolicy,
    pub(crate) destinations: BTreeMap<String, LogDestination>,
    pub(crate) place: Place,
}

impl Case {
    pub(crate) fn load(name: &str) -> Self {
        let dir = cases_dir().join(name);
        let written = json(&dir.join("policy.json"));
        let policy = admitted(Kind::LoggingPolicy, &written["policy"], name);
        let destinations = written["destinations"]
            .as_array()
            .unwrap()
            .iter()
            .map(|object| {
                let one: LogDestination =
                    serde_json::from_value(admitted(Kind::LogDestination, object, name)).unwrap();
                (one.name().to_owned(), one)
            })
            .collect();
        Self {
            name: name.to_owned(),
            base: fs::read_to_string(dir.join("task-definition.json")).unwrap(),
            policy: serde_json::from_value(policy).unwrap(),
            destinations,
            place: serde_json::from_value(json(&dir.join("context.json"))).unwrap(),
        }
    }

    pub(crate) fn doc(&self) -> TaskDefinitionDoc {
        TaskDefinitionDoc::parse(&self.base).unwrap()
    }

    pub(crate) fn inject(&self) -> Result<Injection, Refusal> {
        self.inject_into(&self.doc())
    }

    pub(crate) fn inject_into(&self, doc: &TaskDefinitionDoc) -> Result<Injection, Refusal> {
        inject(doc, &self.target(), &self.workload())
    }

    pub(crate) fn target(&self) -> TargetContext<'_> {
        TargetContext {
            policy: &self.policy,
            destinations: &self.destinations,
            account_id: &self.place.account_id,
            region: &self.place.region,
            partition: &self.place.partition,
            config_bucket: self.place.config_bucket.as_ref(),
            installation: None,
        }
    }

    pub(crate) fn workload(&self) -> WorkloadContext<'_> {
        WorkloadContext {
            platform: Platform {
                launch_type: self.place.launch_type,
                platform_family: self.place.platform_family.clone(),
                deployment_controller: self.place.deployment_controller.clone(),
                is_express: self.place.resource_management_type.as_deref() == Some("ECS"),
                brings_its_own: self.place.brings_its_own,
                desired_count: self.place.desired_count,
                assign_public_ip: self.place.assign_public_ip,
            },
            base_arn: None,
        }
    }
}

/// All cases, by name.
pub(crate) fn all() -> Vec<Case> {
    let mut names: Vec<String> = fs::read_dir(cases_dir())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names.iter().map(|name| Case::load(name)).collect()
}

/// Cases that are injected, not refused.
pub(crate) fn injected() -> Vec<(Case, Injection)> {
    all()
        .into_iter()
        .filter_map(|case| case.inject().ok().map(|injection| (case, injection)))
        .collect()
}

pub(crate) fn cases_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/inject/cases")
}

fn json(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn admitted(kind: Kind, object: &Value, case: &str) -> Value {
    admit(kind, object).unwrap_or_else(|errors| panic!("{case}: {errors:?}"))
}
