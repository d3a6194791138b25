//! `firelens rollout`: shows and controls rollouts.
//!
//! It writes `spec.control` and nothing else; the status shows whether and when the controller acted on it.

mod find;
mod text;

use std::thread;
use std::time::Duration;

use firelens_types::v1alpha1::{Kind, workload_name};
use serde_json::{Value, json};

use self::find::{Found, find, find_present};
use super::http::Client;
use super::output::{counted, print};
use crate::args::{OutputFormat, Rollout, RolloutStatus, RolloutSubject, RolloutVerb};
use crate::failure::Failure;

/// Pause between two reads with `--watch`. The controller follows deployments about as often.
const WATCH_PAUSE: Duration = Duration::from_secs(2);

/// A change of `spec.control`, and what is printed when it was written.
struct Said {
    control: Value,
    done: String,
}

/// Runs one of the verbs.
pub(crate) fn rollout(arguments: &Rollout) -> Result<(), Failure> {
    match &arguments.verb {
        RolloutVerb::Status(status) => show(status),
        RolloutVerb::Pause(subject) => change(subject, |_, _| {
            Ok(Said {
                control: json!({"paused": true}),
                done: "paused: deployments in progress continue, and no new ones are started"
                    .to_owned(),
            })
        }),
        RolloutVerb::Resume(subject) => change(subject, |client, _| {
            Ok(Said {
                control: json!({"paused": null, "abort": null, "resumedAt": client.now()}),
                done: "resumed: earlier failures no longer stop it".to_owned(),
            })
        }),
        RolloutVerb::Abort(abort) => change(&abort.subject, |_, rollout| {
            if rollout.holds("Complete") && !abort.undo {
                return Err(format!(
                    "{} is complete: there is nothing to abort",
                    rollout.name()
                ));
            }
            let effect = match abort.undo {
                true => "the router is removed again, in waves, where the rollout added it",
                false => "completed changes are kept",
            };
            Ok(Said {
                control: json!({"abort": {"undo": abort.undo}}),
                done: format!("aborted: {effect}"),
            })
        }),
        RolloutVerb::Retry(retry) => {
            let workloads: Vec<String> =
                retry.workloads.iter().map(|name| full_name(name)).collect();
            change(&retry.subject, |client, rollout| {
                again(client, rollout, &workloads)
            })
        }
        RolloutVerb::Approve(approve) => change(&approve.subject, |_, rollout| {
            approval(rollout, approve.plan.as_deref())
        }),
    }
}

/// Returns the name of the Workload for `TARGET/CLUSTER/SERVICE`; other names as they are.
fn full_name(name: &str) -> String {
    match name.split('/').collect::<Vec<_>>().as_slice() {
        [target, cluster, service] => workload_name(target, cluster, service),
        _ => name.to_owned(),
    }
}

fn again(client: &Client, rollout: &Found, workloads: &[String]) -> Result<Said, String> {
    let name = rollout.name();
    if rollout.status().failed == 0 {
        eprintln!("note: {name} currently has no failed workloads");
    }
    let effect = match workloads {
        [] => "retries every failed workload".to_owned(),
        some => format!(
            "retries these workloads, if they failed: {}",
            some.join(", ")
        ),
    };
    let listed = match workloads {
        // A merge patch would keep an earlier list, so it is removed with null.
        [] => Value::Null,
        some => json!(some),
    };
    Ok(Said {
        control: json!({"retry": {"at": client.now(), "workloads": listed}}),
        done: effect,
    })
}

/// Returns the approval of the rollout's current plan, if it is the one that was read.
fn approval(rollout: &Found, read: Option<&str>) -> Result<Said, String> {
    let name = rollout.name();
    let Some(plan) = rollout.status().plan else {
        return Err(format!(
            "{name} has no plan: there is nothing to do, or the controller has not processed it yet"
        ));
    };
    if let Some(read) = read.filter(|read| *read != plan.hash) {
        return Err(format!(
            "{name}: plan {read} is not the current plan; the current plan is {}, and changes {}: review it first",
            plan.hash,
            counted(plan.workloads, "workload")
        ));
    }
    if !plan.needs_approval {
        return Err(format!("{name} does not require approval"));
    }
    if read.is_none() {
        let target = &rollout.rollout.spec.target;
        eprintln!(
            "{name}: plan {} changes {} in target {target}",
            plan.hash,
            counted(plan.workloads, "workload")
        );
    }
    Ok(Said {
        control: json!({"approve": {"plan": plan.hash}}),
        done: format!("approved: plan {}", plan.hash),
    })
}

/// Changes each rollout of the subject. If one change is refused, nothing is written; if a write fails, the
/// others are written all the same.
fn change(
    subject: &RolloutSubject,
    say: impl Fn(&Client, &Found) -> Result<Said, String>,
) -> Result<(), Failure> {
    let client = Client::new(&subject.connection)?;
    let rollouts = find_present(&client, &subject.name)?;
    let (mut changes, mut refusals) = (Vec::new(), Vec::new());
    for rollout in &rollouts {
        match say(&client, rollout) {
            Ok(change) => changes.push((rollout, change)),
            Err(why) => refusals.push(format!("error: {why}")),
        }
    }
    if !refusals.is_empty() {
        return Err(Failure::Refused(refusals));
    }
    let (mut changed, mut lines, mut failed) = (Vec::new(), Vec::new(), None);
    for (rollout, change) in changes {
        let patch = json!({"spec": {"control": change.control}});
        match client.patch(Kind::Rollout, rollout.name(), &patch) {
            Ok(object) => {
                changed.push(object);
                lines.push(format!("{} {}", rollout.name(), change.done));
            }
            Err(failure) => {
                if let Some(earlier) = failed.replace(failure) {
                    earlier.print();
                }
            }
        }
    }
    if !changed.is_empty() {
        print(subject.output, &shape(changed), || lines.join("\n"))?;
    }
    failed.map_or(Ok(()), Err)
}

/// Returns one object as it is, several as a list.
fn shape(mut objects: Vec<Value>) -> Value {
    match objects.len() {
        1 => objects.remove(0),
        _ => json!({"apiVersion": "v1", "kind": "List", "items": objects}),
    }
}

/// Runs `rollout status`: prints once, or at every change.
fn show(arguments: &RolloutStatus) -> Result<(), Failure> {
    let subject = &arguments.subject;
    if arguments.watch && subject.output != OutputFormat::Table {
        return Err(Failure::Usage(
            "--watch supports only table output; for other formats, use kubectl get rollouts --watch".to_owned(),
        ));
    }
    let client = Client::new(&subject.connection)?;
    let mut shown = String::new();
    loop {
        let rollouts = find(&client, &subject.name)?;
        let text = text::all(&rollouts, client.now());
        let ended = rollouts.iter().all(Found::has_ended);
        if text != shown {
            let objects = rollouts.into_iter().map(|rollout| rollout.raw).collect();
            let margin = if shown.is_empty() { "" } else { "\n" };
            print(subject.output, &shape(objects), || {
                format!("{margin}{text}")
            })?;
            shown = text;
        }
        if !arguments.watch || ended {
            return Ok(());
        }
        thread::sleep(WATCH_PAUSE);
    }
}
