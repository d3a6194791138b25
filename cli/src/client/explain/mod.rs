//! `firelens explain`: everything that is known of one workload, and which policy decides for it.
//!
//! It shows only what the controller and `core` have decided.

mod text;

use firelens_plan::select::{PolicyOutcome, policy_outcomes};
use firelens_report::status::rollout_name;
use firelens_types::v1alpha1::{Kind, LoggingPolicy, Workload, workload_name};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::http::Client;
use super::output::print;
use crate::args::Explain;
use crate::failure::Failure;

/// The number of names shown if a name is not found or ambiguous.
const NAMES_SHOWN_MAX: usize = 20;

/// What is known of a workload.
#[derive(Serialize)]
struct Explanation {
    /// The object, as the API returns it.
    workload: Value,
    /// Every policy, with its outcome for the workload.
    policies: Vec<PolicyOutcome>,
    /// The rollout that it belongs to, as the API returns it.
    #[serde(skip_serializing_if = "Option::is_none")]
    rollout: Option<Value>,
}

/// Runs the verb: reads the workload and prints the explanation.
pub(crate) fn explain(arguments: &Explain) -> Result<(), Failure> {
    let client = Client::new(&arguments.connection)?;
    let raw = find(&client, &arguments.workload)?;
    let workload = read(&raw)?;
    let policies: Vec<LoggingPolicy> = client
        .list(Kind::LoggingPolicy, "")?
        .iter()
        .filter_map(|raw| LoggingPolicy::deserialize(raw).ok())
        .collect();
    let won = workload
        .status
        .as_ref()
        .and_then(|status| status.policy.as_ref());
    let rollout = match won {
        Some(won) => {
            let name = rollout_name(&won.name, won.generation, &workload.spec.target);
            client.get(Kind::Rollout, &name)?
        }
        None => None,
    };
    let explanation = Explanation {
        policies: policy_outcomes(&workload, &policies),
        workload: raw,
        rollout,
    };
    print(arguments.output, &explanation, || {
        text::whole(&workload, &explanation)
    })
}

fn read(raw: &Value) -> Result<Workload, Failure> {
    Workload::deserialize(raw).map_err(|error| {
        Failure::broken(
            "cannot read the Workload from the API; the API may have another version than this client",
            error,
        )
    })
}

/// Returns the workload with the given name.
///
/// # Errors
/// There is none, or several; the failure lists the existing names.
fn find(client: &Client, wanted: &str) -> Result<Value, Failure> {
    let parts: Vec<&str> = wanted.split('/').collect();
    let workload = match parts.as_slice() {
        [name] => client.get(Kind::Workload, name)?,
        [target, cluster, service] => {
            client.get(Kind::Workload, &workload_name(target, cluster, service))?
        }
        [_, _] => None,
        _ => {
            return Err(Failure::Usage(format!(
                "{wanted:?} is not valid: expected the name of a Workload, CLUSTER/SERVICE or \
                 TARGET/CLUSTER/SERVICE"
            )));
        }
    };
    if let Some(workload) = workload {
        return Ok(workload);
    }
    choose(client.list(Kind::Workload, "")?, wanted)
}

/// Returns the only workload of that cluster and service, or of that service.
fn choose(workloads: Vec<Value>, wanted: &str) -> Result<Value, Failure> {
    let part = |raw: &Value, member: &str| raw["spec"][member].as_str().unwrap_or("").to_owned();
    let path = |raw: &Value| format!("{}/{}", part(raw, "cluster"), part(raw, "service"));
    let name = |raw: &Value| raw["metadata"]["name"].as_str().unwrap_or("").to_owned();
    let names: Vec<String> = workloads.iter().map(name).collect();
    let mut matching: Vec<Value> = workloads
        .into_iter()
        .filter(|raw| path(raw) == wanted || part(raw, "service") == wanted)
        .collect();
    match (matching.pop(), matching.len()) {
        (Some(workload), 0) => Ok(workload),
        (Some(last), _) => {
            let mut several: Vec<String> = matching.iter().map(name).collect();
            several.push(name(&last));
            Err(named(
                format!("error: {wanted:?} matches several workloads:"),
                several,
            ))
        }
        (None, _) if names.is_empty() => Err(Failure::refused(
            "error: there are no workloads; check that there is an AwsTarget and that a controller is running",
        )),
        (None, _) => Err(named(
            format!("error: workload {wanted:?} not found; existing workloads:"),
            nearest(names, wanted),
        )),
    }
}

/// Sorts the names: first those that contain the last part of the wanted one.
fn nearest(mut names: Vec<String>, wanted: &str) -> Vec<String> {
    let last = wanted.rsplit(['/', '.']).next().unwrap_or(wanted);
    names.sort_by_key(|name| !name.contains(last));
    names
}

fn named(first: String, names: Vec<String>) -> Failure {
    let more = names.len().saturating_sub(NAMES_SHOWN_MAX);
    let mut lines = vec![first];
    lines.extend(
        names
            .into_iter()
            .take(NAMES_SHOWN_MAX)
            .map(|name| format!("  {name}")),
    );
    if more > 0 {
        lines.push(format!("  and {more} more"));
    }
    Failure::Refused(lines)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    fn workload(target: &str, service: &str) -> Value {
        json!({
            "metadata": {"name": format!("{target}.main.{service}")},
            "spec": {"target": target, "cluster": "main", "service": service},
        })
    }

    fn chosen(wanted: &str) -> Vec<String> {
        let workloads = vec![
            workload("a", "web"),
            workload("b", "web"),
            workload("a", "jobs"),
        ];
        match choose(workloads, wanted) {
            Ok(raw) => vec![raw["metadata"]["name"].as_str().unwrap().to_owned()],
            Err(Failure::Refused(lines)) => lines,
            Err(_) => Vec::new(),
        }
    }

    #[test]
    fn a_workload_is_found_by_what_is_unique() {
        assert_eq!(chosen("main/jobs"), ["a.main.jobs"]);
        assert_eq!(chosen("jobs"), ["a.main.jobs"]);
        assert_eq!(
            chosen("main/web"),
            [
                "error: \"main/web\" matches several workloads:",
                "  a.main.web",
                "  b.main.web"
            ]
        );
        let nobody = chosen("a.main.job");
        assert_eq!(
            nobody[..2],
            [
                "error: workload \"a.main.job\" not found; existing workloads:",
                "  a.main.jobs"
            ]
        );
    }
}
