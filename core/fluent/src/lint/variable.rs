//! `${…}` and `$(…)`: what Fluent Bit and the Go plugins put in their place.
//!
//! Only the names of variables are known, not their values.

use std::collections::BTreeSet;

use super::output::{Around, Output};
use super::{Code, Findings};
use firelens_types::v1alpha1::validate::names::is_environment_name;

/// Variables that ECS, the image or its init process define in every router.
const ALWAYS: [&str; 12] = [
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_AVAILABILITY_ZONE",
    "AWS_EXECUTION_ENV",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "HOSTNAME",
    "HOME",
    "PATH",
    "FLUENT_HOST",
    "FLUENT_PORT",
    "FLUENT_UID",
    "FLB_LOG_LEVEL",
];
/// First part of those that the ECS agent and the init image define.
const ECS_PREFIX: &str = "ECS_";

/// Checks every option of an output.
pub(super) fn check_output(output: &Output, around: &Around<'_>, findings: &mut Findings) {
    let go = output.is_plugin(&["cloudwatch"]);
    for given in &output.given {
        let Some(value) = given.value.as_deref() else {
            continue;
        };
        check(value, &given.field, around.variables, findings);
        if !go && value.contains("$(") {
            let message = format!(
                "$(…) in {} is not replaced by {}",
                given.name, output.plugin
            );
            findings.add(Code::TemplateOutsideGoPlugin, &given.field, message);
        }
    }
}

/// Checks one value.
pub(super) fn check(
    value: &str,
    field: &str,
    variables: Option<&BTreeSet<String>>,
    findings: &mut Findings,
) {
    let mut rest = value;
    while let Some((_, behind)) = rest.split_once("${") {
        let Some((inside, after)) = behind.split_once('}') else {
            let message = "${ is never closed";
            findings.add(Code::StrayVariable, field, message);
            return;
        };
        rest = after;
        let (name, default) = match inside.split_once(":-") {
            Some((name, _)) => (name, true),
            None => (inside, false),
        };
        if !is_environment_name(name) {
            let message = "${…} contains no variable name";
            findings.add(Code::StrayVariable, field, message);
        } else if !default && variables.is_some_and(|known| !is_defined(name, known)) {
            let message = format!(
                "${{{name}}} is not defined in the router: it is replaced with an empty text"
            );
            findings.add(Code::UndefinedVariable, field, message);
        }
    }
}

fn is_defined(name: &str, known: &BTreeSet<String>) -> bool {
    known.contains(name) || ALWAYS.contains(&name) || name.starts_with(ECS_PREFIX)
}
