//! What the offline verbs share: a task definition, and the injection of a policy into it.
//!
//! AWS is not called: what a file does not contain is taken from the flags.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use firelens_aws::iam;
use firelens_inject::{Injection, Platform, TargetContext, WorkloadContext};
use firelens_taskdef::TaskDefinitionDoc;
use firelens_types::v1alpha1::{
    ConfigBucket, Kind, LaunchType, LogDestination, LoggingPolicy, admit,
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::files;
use crate::args::{Case, LaunchTypeArg};
use crate::failure::Failure;

/// Injects the policy into the task definition.
pub(super) fn inject(
    policy_file: &Path,
    case: &Case,
    installation: Option<&str>,
) -> Result<Injection, Failure> {
    if policy_file.as_os_str() == "-" && case.task_definition.as_os_str() == "-" {
        return Err(Failure::Usage(
            "only one of --policy and --task-definition can be standard input".to_owned(),
        ));
    }
    let policy = policy(policy_file)?;
    let destinations = destinations(&case.destinations)?;
    let base = document(&case.task_definition)?;
    let place = Place::of(case, &base);
    let region = place.region.ok_or_else(|| {
        Failure::Usage(
            "cannot take the region from the task definition, which has no ARN: set --region"
                .to_owned(),
        )
    })?;
    // With a wildcard, the printed rights are valid even if the account is not known.
    let account_id = place.account_id.unwrap_or_else(|| "*".to_owned());
    let bucket = case.config_bucket.as_deref().map(bucket);
    let target = TargetContext {
        policy: &policy,
        destinations: &destinations,
        account_id: &account_id,
        region: &region,
        partition: iam::partition_of_region(&region),
        config_bucket: bucket.as_ref(),
        installation,
    };
    let workload = WorkloadContext {
        platform: platform(case, &base),
        base_arn: base.arn(),
    };
    firelens_inject::inject(&base, &target, &workload)
        .map_err(|refusal| Failure::refused(refusal.to_string()))
}

/// Returns where the tasks run.
pub(super) fn platform(case: &Case, doc: &TaskDefinitionDoc) -> Platform {
    Platform::of_document(doc, case.launch_type.map(Into::into))
}

/// Region and account of the task definition, as far as flags and ARNs contain them.
pub(super) struct Place {
    pub(super) region: Option<String>,
    pub(super) account_id: Option<String>,
}

impl Place {
    pub(super) fn of(case: &Case, doc: &TaskDefinitionDoc) -> Self {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let known = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let arn = doc.arn().map(Arn::of);
        let roles = [doc.task_role_arn(), doc.execution_role_arn()];
        Self {
            region: given(&case.region)
                .or_else(|| known(arn.as_ref().map_or("", |arn| arn.region))),
            account_id: given(&case.account_id)
                .or_else(|| known(arn.as_ref().map_or("", |arn| arn.account_id)))
                .or_else(|| {
                    let mut accounts = roles.iter().flatten().map(|role| Arn::of(role).account_id);
                    accounts.find(|id| !id.is_empty()).map(str::to_owned)
                }),
        }
    }
}

/// The parts of `arn:PARTITION:SERVICE:REGION:ACCOUNT:…` that are needed here.
struct Arn<'a> {
    region: &'a str,
    account_id: &'a str,
}

impl<'a> Arn<'a> {
    fn of(text: &'a str) -> Self {
        let mut parts = text.split(':').skip(3);
        Self {
            region: parts.next().unwrap_or_default(),
            account_id: parts.next().unwrap_or_default(),
        }
    }
}

fn policy(path: &Path) -> Result<LoggingPolicy, Failure> {
    let mut policies = admitted::<LoggingPolicy>(Kind::LoggingPolicy, path)?;
    match (policies.pop(), policies.len()) {
        (Some(policy), 0) => Ok(policy),
        (None, _) => Err(Failure::refused(format!(
            "{}: contains no LoggingPolicy",
            path.display()
        ))),
        (Some(_), more) => Err(Failure::refused(format!(
            "{}: contains {} LoggingPolicies; must contain exactly one",
            path.display(),
            more + 1
        ))),
    }
}

fn destinations(paths: &[std::path::PathBuf]) -> Result<BTreeMap<String, LogDestination>, Failure> {
    let mut destinations = BTreeMap::new();
    for path in paths {
        for destination in admitted::<LogDestination>(Kind::LogDestination, path)? {
            destinations.insert(destination.name().to_owned(), destination);
        }
    }
    Ok(destinations)
}

/// Returns the objects of one kind in a file, checked and with their defaults. Other kinds are ignored, so that
/// one file can hold a policy and its destinations.
fn admitted<T: DeserializeOwned>(kind: Kind, path: &Path) -> Result<Vec<T>, Failure> {
    let mut problems = Vec::new();
    let mut objects = Vec::new();
    for entry in files::objects(path)? {
        if entry.object.get("kind").and_then(Value::as_str) != Some(kind.name()) {
            continue;
        }
        match admit(kind, &entry.object) {
            Ok(object) => objects.push(serde_json::from_value(object).map_err(|error| {
                Failure::broken(
                    format!("{} cannot be read as {}", entry.place, kind.name()),
                    error,
                )
            })?),
            Err(errors) => problems.extend(
                errors
                    .into_iter()
                    .map(|error| format!("{}: {error}", entry.place)),
            ),
        }
    }
    if problems.is_empty() {
        Ok(objects)
    } else {
        Err(Failure::Refused(problems))
    }
}

/// Reads the task definition in a file.
pub(super) fn document(path: &Path) -> Result<TaskDefinitionDoc, Failure> {
    let text = files::text(path)?;
    TaskDefinitionDoc::parse(&text)
        .map_err(|error| Failure::refused(format!("{}: {error}", path.display())))
}

/// Parses `NAME` or `NAME/PREFIX`; a prefix is a folder, with or without its last slash.
fn bucket(text: &str) -> ConfigBucket {
    let (name, prefix) = text.split_once('/').unwrap_or((text, ""));
    let folder = prefix.trim_end_matches('/');
    ConfigBucket {
        name: name.to_owned(),
        prefix: if folder.is_empty() {
            String::new()
        } else {
            format!("{folder}/")
        },
    }
}

/// Prints a text and a line break to standard output.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}")
        .map_err(|error| Failure::broken("cannot write to standard output", error))
}

impl From<LaunchTypeArg> for LaunchType {
    fn from(argument: LaunchTypeArg) -> Self {
        match argument {
            LaunchTypeArg::Fargate => Self::Fargate,
            LaunchTypeArg::Ec2 => Self::Ec2,
            LaunchTypeArg::External => Self::External,
            LaunchTypeArg::ManagedInstances => Self::ManagedInstances,
        }
    }
}
