//! The permissions that an output of Fluentd needs: those of Fluent Bit's plugin for the same fields,
//! and what Fluentd's plugin asks for beyond them.
//!
//! Nothing is granted on another account: with a role to assume, only assuming it is granted.

use super::draft::Finished;
use crate::outputs::arns::resource;
use crate::outputs::compile::typed_options;
use crate::outputs::{ImageLine, OutputError, OutputScope, grants};
use firelens_aws::iam::Statement;
use firelens_types::v1alpha1::Destination;

/// The statements of one destination.
pub(super) fn of(
    block_name: &str,
    destination: Destination<'_>,
    finished: &Finished,
    scope: &OutputScope<'_>,
) -> Result<Vec<Statement>, OutputError> {
    // The version of Fluent Bit in an image says nothing here; the plugin of Fluentd looks for the
    // stream as old versions did.
    let scope = OutputScope {
        image_line: ImageLine::Unknown,
        ..*scope
    };
    let options = typed_options(block_name, destination, &scope)?;
    let mut statements = grants::of(destination, &options, &scope)?;
    if statements.iter().any(|one| one.sid == "AssumeRole") {
        return Ok(statements);
    }
    match destination {
        Destination::CloudWatchLogs(_) => statements.push(log_groups()),
        Destination::S3(_) => narrow(&mut statements, finished)?,
        Destination::OpenSearch(_) => {
            // It reads the version of the server before it writes.
            for one in statements.iter_mut().filter(|one| one.sid == "OpenSearch") {
                let read = ["es:ESHttpGet", "es:ESHttpHead"];
                one.actions.extend(read.map(str::to_owned));
            }
        }
        _ => {}
    }
    Ok(statements)
}

/// The plugin looks whether the group exists, in the list of all groups: an action without resources.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html>
fn log_groups() -> Statement {
    Statement::new("CloudWatchLogGroups", ["logs:DescribeLogGroups"], ["*"])
}

/// Objects stand under `path`, unless the key format is the user's own. The plugin sends each object
/// in one request, for which encrypting is enough.
fn narrow(statements: &mut Vec<Statement>, finished: &Finished) -> Result<(), OutputError> {
    let format = finished.params.get("s3_object_key_format");
    let begins_with_path = format.is_some_and(|format| format.starts_with("%{path}"));
    let path = finished.params.get("path").filter(|_| begins_with_path);
    let fixed = path.map_or("", String::as_str);
    let fixed = fixed.split(['$', '%']).next().unwrap_or_default();
    let prefix = resource(fixed.trim_start_matches('/')).ok_or_else(|| {
        let message = "must not contain `*` or `?`: it becomes part of a permission";
        OutputError::new("s3.options[path]", message)
    })?;
    for one in statements {
        match one.sid.as_str() {
            "S3" => {
                for arn in &mut one.resources {
                    if let Some((bucket, _)) = arn.split_once('/') {
                        *arn = format!("{bucket}/{prefix}*");
                    }
                }
            }
            "KmsKey" => one.actions.retain(|action| action != "kms:Decrypt"),
            _ => {}
        }
    }
    Ok(())
}
