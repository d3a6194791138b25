//! `firelens patch` and `firelens unpatch`: the controller's own engine on one file.
//!
//! What they print is byte for byte what the controller would register.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;

use firelens_core::doc::TaskDefinitionDoc;
use firelens_core::iam::{self, Grant, RoleUse};
use firelens_core::inject::{self, InjectContext, Injection, Platform};
use firelens_core::v1alpha1::{
    ConfigBucket, Kind, LaunchType, LogDestination, LoggingPolicy, admit,
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::files;
use crate::args::{LaunchTypeArg, Patch, Unpatch};
use crate::failure::Failure;

/// Prints the register input with FireLens injected; notes, files and rights go to standard error.
pub(crate) fn patch(arguments: &Patch) -> Result<(), Failure> {
    if arguments.policy.as_os_str() == "-" && arguments.task_definition.as_os_str() == "-" {
        return Err(Failure::Usage(
            "only one of --policy and --task-definition can be standard input".to_owned(),
        ));
    }
    let policy = policy(&arguments.policy)?;
    let destinations = destinations(&arguments.destinations)?;
    let base = document(&arguments.task_definition)?;
    let place = Place::of(arguments, &base)?;
    let bucket = arguments.config_bucket.as_deref().map(bucket);
    let context = InjectContext {
        policy: &policy,
        destinations: &destinations,
        platform: Platform::of_document(&base, arguments.launch_type.map(Into::into)),
        account_id: &place.account_id,
        region: &place.region,
        partition: iam::partition_of_region(&place.region),
        config_bucket: bucket.as_ref(),
        base_arn: base.arn(),
        cluster: None,
        service: None,
    };
    let injection =
        inject::inject(&base, &context).map_err(|refusal| Failure::refused(refusal.to_string()))?;
    explain(&injection);
    if let Some(folder) = &arguments.write_config {
        write_config(folder, &injection)?;
    }
    print(&injection.register_input)
}

/// Prints the register input with the injection taken out.
pub(crate) fn unpatch(arguments: &Unpatch) -> Result<(), Failure> {
    let document = document(&arguments.task_definition)?;
    let ejection = inject::eject(&document).map_err(|error| Failure::refused(error.to_string()))?;
    for note in &ejection.notes {
        eprintln!("note: {}", note.message);
    }
    print(&ejection.document.to_register_input())
}

/// Where the task definition lives, for ARNs.
struct Place {
    region: String,
    account_id: String,
}

impl Place {
    fn of(arguments: &Patch, base: &TaskDefinitionDoc) -> Result<Self, Failure> {
        let arn = base.arn().map(Arn::of);
        let region = arguments
            .region
            .clone()
            .or_else(|| arn.as_ref().map(|arn| arn.region.to_owned()));
        let roles = [base.task_role_arn(), base.execution_role_arn()];
        let account_id = arguments
            .account_id
            .clone()
            .or_else(|| arn.as_ref().map(|arn| arn.account_id.to_owned()))
            .or_else(|| {
                roles
                    .iter()
                    .flatten()
                    .map(|role| Arn::of(role).account_id.to_owned())
                    .find(|id| !id.is_empty())
            });
        Ok(Self {
            region: region.filter(|region| !region.is_empty()).ok_or_else(|| {
                Failure::Usage(
                    "the task definition has no ARN to take the region from: give --region"
                        .to_owned(),
                )
            })?,
            // A wildcard keeps the printed rights valid where nothing tells the account.
            account_id: account_id.unwrap_or_else(|| "*".to_owned()),
        })
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
            "{}: no LoggingPolicy in it",
            path.display()
        ))),
        (Some(_), more) => Err(Failure::refused(format!(
            "{}: {} LoggingPolicies in it; patch takes one",
            path.display(),
            more + 1
        ))),
    }
}

fn destinations(paths: &[std::path::PathBuf]) -> Result<BTreeMap<String, LogDestination>, Failure> {
    let mut all = BTreeMap::new();
    for path in paths {
        for destination in admitted::<LogDestination>(Kind::LogDestination, path)? {
            all.insert(destination.name().to_owned(), destination);
        }
    }
    Ok(all)
}

/// The objects of one kind in a file, checked and with their defaults. Other kinds are passed over,
/// so that one file can hold a policy and its destinations.
fn admitted<T: DeserializeOwned>(kind: Kind, path: &Path) -> Result<Vec<T>, Failure> {
    let mut problems = Vec::new();
    let mut objects = Vec::new();
    for found in files::objects(path)? {
        if found.object.get("kind").and_then(Value::as_str) != Some(kind.name()) {
            continue;
        }
        match admit(kind, &found.object) {
            Ok(object) => objects.push(serde_json::from_value(object).map_err(|error| {
                Failure::broken(
                    format!("{} cannot be read as {}", found.place, kind.name()),
                    error,
                )
            })?),
            Err(errors) => problems.extend(
                errors
                    .into_iter()
                    .map(|error| format!("{}: {error}", found.place)),
            ),
        }
    }
    if problems.is_empty() {
        Ok(objects)
    } else {
        Err(Failure::Refused(problems))
    }
}

fn document(path: &Path) -> Result<TaskDefinitionDoc, Failure> {
    let text = files::text(path)?;
    TaskDefinitionDoc::parse(&text)
        .map_err(|error| Failure::refused(format!("{}: {error}", path.display())))
}

/// `NAME` or `NAME/PREFIX`; a prefix names a folder, with or without its last slash.
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

/// What else must be there for the revision to work.
fn explain(injection: &Injection) {
    for note in &injection.notes {
        eprintln!("note: {}", note.message);
    }
    for object in &injection.objects {
        eprintln!(
            "needs: s3://{}/{} ({} bytes; --write-config writes it)",
            object.bucket,
            object.key,
            object.body.len()
        );
    }
    for Grant {
        role,
        role_arn,
        statements,
    } in &injection.grants
    {
        let role = match role {
            RoleUse::Task => "task role",
            RoleUse::Execution => "execution role",
        };
        eprintln!(
            "needs: {role} {role_arn} to allow {}",
            iam::policy_document(statements)
        );
    }
}

fn write_config(folder: &Path, injection: &Injection) -> Result<(), Failure> {
    for object in &injection.objects {
        let path = folder.join(&object.key);
        let broken =
            |error| Failure::broken(format!("{} cannot be written", path.display()), error);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(broken)?;
        }
        fs::write(&path, &object.body).map_err(broken)?;
    }
    Ok(())
}

fn print(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}")
        .map_err(|error| Failure::broken("standard output cannot be written", error))
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
