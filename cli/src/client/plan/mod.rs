//! `firelens plan`: what a policy would do to each workload, computed by the controllers before it is stored.
//!
//! Nothing is written, neither to AWS nor to the API.

mod text;

use std::path::{Path, PathBuf};

use firelens_report::policy_plan::PlanStatus;
use firelens_types::v1alpha1::{Approval, Kind, LoggingPolicy, Rollout};
use serde::Deserialize;
use serde_json::{Value, json};

use super::http::Client;
use super::output::print;
use crate::args::Plan;
use crate::failure::Failure;
use crate::offline::files;

/// Requests the plan and prints it; fails if a target did not respond.
pub(crate) fn plan(arguments: &Plan) -> Result<(), Failure> {
    let request = request(arguments)?;
    let client = Client::new(&arguments.connection)?;
    let answer = client.plan(&request)?;
    let status = PlanStatus::deserialize(&answer["status"]).map_err(|error| {
        Failure::broken(
            "cannot read the plan from the API; the API may have another version than this client",
            error,
        )
    })?;
    let approval = approval(&client, &request["policy"])?;
    print(arguments.output, &answer, || {
        text::whole(&status, &approval)
    })?;
    let problems = problems(&status);
    match problems.is_empty() {
        true => Ok(()),
        false => Err(Failure::Refused(problems)),
    }
}

/// Returns the request: the whole policy, or the name of a stored one, and the destinations.
fn request(arguments: &Plan) -> Result<Value, Failure> {
    let (mut policies, mut destinations) = (Vec::new(), Vec::new());
    for object in objects(&arguments.files)? {
        match object["kind"].as_str() {
            Some("LoggingPolicy") => policies.push(object),
            Some("LogDestination") => destinations.push(object),
            // Other kinds are ignored, so that a folder with all objects can be given.
            _ => {}
        }
    }
    for object in objects(&arguments.destinations)? {
        if object["kind"] != "LogDestination" {
            return Err(Failure::Usage(
                "--destinations accepts only LogDestination objects".to_owned(),
            ));
        }
        destinations.push(object);
    }
    let policy = match (&arguments.name, arguments.files.is_empty()) {
        (Some(name), true) => json!(name),
        (name, _) => one_of(policies, name.as_deref())?,
    };
    Ok(json!({"policy": policy, "destinations": destinations, "limit": arguments.limit}))
}

fn objects(paths: &[PathBuf]) -> Result<Vec<Value>, Failure> {
    let mut objects = Vec::new();
    for path in paths {
        let entries = files::objects(Path::new(path))?;
        objects.extend(entries.into_iter().map(|entry| entry.object));
    }
    Ok(objects)
}

/// Returns the policy of that name, or the only one.
fn one_of(mut policies: Vec<Value>, name: Option<&str>) -> Result<Value, Failure> {
    let name_of = |policy: &Value| policy["metadata"]["name"].as_str().unwrap_or("").to_owned();
    let names: Vec<String> = policies.iter().map(name_of).collect();
    if let Some(wanted) = name {
        policies.retain(|policy| name_of(policy) == wanted);
    }
    match (policies.pop(), policies.len()) {
        (Some(policy), 0) => Ok(policy),
        (None, _) if names.is_empty() => Err(Failure::Usage(
            "the files contain no LoggingPolicy".to_owned(),
        )),
        (None, _) => Err(Failure::Usage(format!(
            "the files contain no LoggingPolicy with that name; they contain: {}",
            names.join(", ")
        ))),
        (Some(_), _) => Err(Failure::Usage(format!(
            "the files contain several policies; select one with --name ({})",
            names.join(", ")
        ))),
    }
}

/// Returns lines on the approval of a policy that requires it; the hash of a stored one is in its rollouts.
fn approval(client: &Client, policy: &Value) -> Result<Vec<String>, Failure> {
    let policy = match policy.as_str() {
        Some(name) => client.get(Kind::LoggingPolicy, name)?.unwrap_or_default(),
        None => policy.clone(),
    };
    let Ok(policy) = LoggingPolicy::deserialize(&policy) else {
        return Ok(Vec::new());
    };
    if policy.uid().is_empty() {
        let required = policy.spec.rollout.approval == Approval::Required;
        let note = "approval is required: the plan gets its hash when the policy is applied";
        return Ok(required.then(|| note.to_owned()).into_iter().collect());
    }
    let selector = format!("firelens.dev/policy={}", policy.name());
    let rollouts = client.list(Kind::Rollout, &selector)?;
    let rollouts = rollouts
        .iter()
        .filter_map(|raw| Rollout::deserialize(raw).ok());
    Ok(rollouts
        .filter(|rollout| {
            rollout.spec.policy == policy.name() && rollout.spec.generation == policy.generation()
        })
        .filter_map(|rollout| {
            let plan = rollout.status.as_ref()?.plan.as_ref()?;
            let state = if plan.approved {
                "approved"
            } else {
                "not approved"
            };
            plan.needs_approval
                .then(|| format!("plan of {}: {} ({state})", rollout.name(), plan.hash))
        })
        .collect())
}

/// Returns lines on the targets that did not respond, for standard error.
fn problems(status: &PlanStatus) -> Vec<String> {
    let mut lines: Vec<String> = status
        .pending
        .iter()
        .map(|target| {
            format!(
                "error: target {target} did not respond in time; try again: what was read so far is kept"
            )
        })
        .collect();
    lines.extend(
        status
            .problems
            .iter()
            .map(|problem| format!("error: target {problem}")),
    );
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(name: &str) -> Value {
        json!({"kind": "LoggingPolicy", "metadata": {"name": name}})
    }

    #[test]
    fn a_plan_is_of_one_policy() {
        let both = || vec![policy("a"), policy("b")];
        for (policies, name, chosen) in [
            (vec![policy("a")], None, Some("a")),
            (both(), Some("b"), Some("b")),
            (both(), None, None),
            (both(), Some("c"), None),
            (Vec::new(), None, None),
        ] {
            let policy = one_of(policies, name).ok();
            let policy = policy
                .as_ref()
                .and_then(|policy| policy["metadata"]["name"].as_str());
            assert_eq!(policy, chosen, "{name:?}");
        }
    }

    #[test]
    fn targets_without_an_answer_are_problems() {
        let status = PlanStatus {
            pending: vec!["a".to_owned()],
            problems: vec!["b: no".to_owned()],
            ..PlanStatus::default()
        };
        let lines = problems(&status);
        assert!(lines[0].starts_with("error: target a did not respond in time"));
        assert_eq!(lines[1], "error: target b: no");
        assert!(problems(&PlanStatus::default()).is_empty());
    }
}
