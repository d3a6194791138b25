//! `firelens rollout`: shows rollouts, and says to them what people want.
//!
//! It writes `spec.control` and nothing else; whether and when the controller can follow is in the status.

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

/// Pause between two looks with `--watch`. The controller follows deployments about as often.
const WATCH_PAUSE: Duration = Duration::from_secs(2);

/// A change to say, and what is then printed of it.
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
        RolloutVerb::Abort(abort) => change(&abort.subject, |_, found| {
            if found.holds("Complete") && !abort.undo {
                return Err(format!(
                    "{} is complete: there is nothing to abort",
                    found.name()
                ));
            }
            let what = match abort.undo {
                true => "the router is removed again, in waves, where the rollout added it",
                false => "completed changes are kept",
            };
            Ok(Said {
                control: json!({"abort": {"undo": abort.undo}}),
                done: format!("aborted: {what}"),
            })
        }),
        RolloutVerb::Retry(retry) => {
            let workloads: Vec<String> =
                retry.workloads.iter().map(|name| full_name(name)).collect();
            change(&retry.subject, |client, found| {
                again(client, found, &workloads)
            })
        }
        RolloutVerb::Approve(approve) => change(&approve.subject, |_, found| {
            approval(found, approve.plan.as_deref())
        }),
    }
}

/// `TARGET/CLUSTER/SERVICE` as the name of its Workload; other names as they are.
fn full_name(name: &str) -> String {
    match name.split('/').collect::<Vec<_>>().as_slice() {
        [target, cluster, service] => workload_name(target, cluster, service),
        _ => name.to_owned(),
    }
}

fn again(client: &Client, found: &Found, workloads: &[String]) -> Result<Said, String> {
    let name = found.name();
    if found.status().failed == 0 {
        eprintln!("note: {name} currently has no failed workloads");
    }
    let what = match workloads {
        [] => "retries every failed workload".to_owned(),
        some => format!(
            "retries these workloads, if they failed: {}",
            some.join(", ")
        ),
    };
    let listed = match workloads {
        // A list of before must not stay.
        [] => Value::Null,
        some => json!(some),
    };
    Ok(Said {
        control: json!({"retry": {"at": client.now(), "workloads": listed}}),
        done: what,
    })
}

/// The approval of the plan that the rollout has now, if it is the one that was read.
fn approval(found: &Found, read: Option<&str>) -> Result<Said, String> {
    let name = found.name();
    let Some(plan) = found.status().plan else {
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
        let target = &found.rollout.spec.target;
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

/// Says something to each rollout that is meant. Where one refuses, nothing is said to any; where a write
/// fails, the others are tried all the same.
fn change(
    subject: &RolloutSubject,
    say: impl Fn(&Client, &Found) -> Result<Said, String>,
) -> Result<(), Failure> {
    let client = Client::new(&subject.connection)?;
    let found = find_present(&client, &subject.name)?;
    let (mut said, mut refusals) = (Vec::new(), Vec::new());
    for one in &found {
        match say(&client, one) {
            Ok(change) => said.push((one, change)),
            Err(why) => refusals.push(format!("error: {why}")),
        }
    }
    if !refusals.is_empty() {
        return Err(Failure::Refused(refusals));
    }
    let (mut changed, mut lines, mut failed) = (Vec::new(), Vec::new(), None);
    for (one, change) in said {
        let patch = json!({"spec": {"control": change.control}});
        match client.patch(Kind::Rollout, one.name(), &patch) {
            Ok(object) => {
                changed.push(object);
                lines.push(format!("{} {}", one.name(), change.done));
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

/// One object as it is, several as a list.
fn shape(mut objects: Vec<Value>) -> Value {
    match objects.len() {
        1 => objects.remove(0),
        _ => json!({"apiVersion": "v1", "kind": "List", "items": objects}),
    }
}

/// `rollout status`: once, or at every change.
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
        let found = find(&client, &subject.name)?;
        let text = text::all(&found, client.now());
        let ended = found.iter().all(Found::has_ended);
        if text != shown {
            let objects = found.into_iter().map(|one| one.raw).collect();
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
