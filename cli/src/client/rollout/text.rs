//! A rollout as text: what is done, what it waits for, and the next command.
//!
//! It shows the status as it is.

use std::fmt::Write;

use firelens_types::v1alpha1::{
    RolloutControl, RolloutPlan, RolloutSpec, RolloutStatus, WaveStatus,
};
use jiff::Timestamp;

use super::find::Found;
use crate::client::output::counted;

/// Returns all rollouts as text, separated by an empty line.
pub(super) fn all(rollouts: &[Found], now: Timestamp) -> String {
    let texts: Vec<String> = rollouts.iter().map(|rollout| one(rollout, now)).collect();
    texts.join("\n")
}

fn one(rollout: &Found, now: Timestamp) -> String {
    let (spec, status) = (&rollout.rollout.spec, rollout.status());
    let mut lines = Lines::default();
    let title = format!(
        "generation {} of {} in {}",
        spec.generation, spec.policy, spec.target
    );
    lines.add("rollout", &format!("{}, {title}", rollout.name()));
    lines.add("state", &state(rollout, &status));
    lines.add("workloads", &workloads(&status));
    for wave in &status.waves {
        lines.add("", &self::wave(wave));
    }
    for reason in &status.reasons {
        lines.add("reason", &format!("{} × {}", reason.count, reason.reason));
    }
    if let Some(plan) = &status.plan {
        lines.add("plan", &self::plan(plan));
    }
    lines.add("times", &times(&status, now));
    lines.add("said", &said(&spec.control));
    lines.add("next", &next(rollout, spec, &status));
    lines.0
}

/// Lines of a name and a value; those without a value are left out.
#[derive(Default)]
struct Lines(String);

impl Lines {
    fn add(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            // Writing into a String cannot fail.
            let _ = writeln!(self.0, "{name:<10} {value}");
        }
    }
}

fn state(rollout: &Found, status: &RolloutStatus) -> String {
    let word = rollout
        .condition("Complete")
        .map_or("NotLookedAt", |condition| condition.reason.as_str());
    let why = rollout
        .condition("Paused")
        .filter(|_| rollout.holds("Paused"))
        .filter(|condition| {
            !condition.message.is_empty() && !status.message.contains(&condition.message)
        });
    match why {
        Some(why) => format!("{word}: {}; paused: {}", status.message, why.message),
        None => format!("{word}: {}", status.message),
    }
}

fn workloads(status: &RolloutStatus) -> String {
    format!(
        "{} selected: {} updated, {} in progress, {} waiting, {} failed, {} skipped",
        status.selected,
        status.updated,
        status.in_progress,
        status.pending,
        status.failed,
        status.skipped
    )
}

fn wave(wave: &WaveStatus) -> String {
    let name = match wave.wave {
        0 => "canary".to_owned(),
        number => format!("wave {number}"),
    };
    let mut text = format!("{name:<8} {} of {} done", wave.done, wave.size);
    let runs = wave.started.saturating_sub(wave.done + wave.failed);
    for (count, label) in [(runs, "in progress"), (wave.failed, "failed")] {
        if count > 0 {
            let _ = write!(text, ", {count} {label}");
        }
    }
    text
}

fn plan(plan: &RolloutPlan) -> String {
    let approval = match (plan.needs_approval, plan.approved) {
        (true, true) => ", approved",
        (true, false) => ", not approved",
        (false, _) => "",
    };
    format!(
        "{} ({}{approval})",
        plan.hash,
        counted(plan.workloads, "workload")
    )
}

fn times(status: &RolloutStatus, now: Timestamp) -> String {
    let mut parts = Vec::new();
    if let Some(started) = status.started_at {
        parts.push(format!("started {started:.0}"));
    }
    match (status.completed_at, status.expected_end) {
        (_, Some(end)) if end > now => parts.push(format!("done {end:.0} at the earliest")),
        (Some(completed), _) => parts.push(format!("completed {completed:.0}")),
        _ => {}
    }
    parts.join(", ")
}

/// Returns what users set in `spec.control`.
fn said(control: &RolloutControl) -> String {
    let mut parts = Vec::new();
    if control.paused {
        parts.push("pause".to_owned());
    }
    if let Some(at) = control.resumed_at {
        parts.push(format!("resume at {at:.0}"));
    }
    if let Some(retry) = &control.retry {
        let which = match retry.workloads.as_slice() {
            [] => "all".to_owned(),
            some => some.join(" "),
        };
        parts.push(format!("retry of {which} at {:.0}", retry.at));
    }
    if let Some(abort) = &control.abort {
        parts.push(
            if abort.undo {
                "abort with undo"
            } else {
                "abort"
            }
            .to_owned(),
        );
    }
    if let Some(approve) = &control.approve {
        parts.push(format!("approval of plan {}", approve.plan));
    }
    parts.join(", ")
}

/// Returns the command to run next, if there is one.
fn next(rollout: &Found, spec: &RolloutSpec, status: &RolloutStatus) -> String {
    let name = rollout.name();
    let unapproved = status
        .plan
        .as_ref()
        .filter(|plan| plan.needs_approval && !plan.approved);
    if rollout.has_ended() || spec.control.abort.is_some() {
        return String::new();
    }
    if let Some(plan) = unapproved {
        return format!(
            "firelens plan --name {}, then firelens rollout approve {name} --plan {}",
            spec.policy, plan.hash
        );
    }
    if rollout.holds("Paused") {
        let retry = if status.failed > 0 {
            format!(", or firelens rollout retry {name}")
        } else {
            String::new()
        };
        return format!(
            "firelens rollout resume {name}{retry}, or firelens rollout abort {name} --undo"
        );
    }
    if status.failed > 0 {
        return format!("firelens rollout retry {name}");
    }
    String::new()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::{Value, json};

    use super::*;

    fn text(control: &Value, status: &Value) -> String {
        let mut whole = json!({
            "selected": 9, "updated": 3, "inProgress": 1, "pending": 4, "failed": 1, "skipped": 0,
            "wave": 1, "message": "3 of 9 in sync", "conditions": [],
        });
        for (name, value) in status.as_object().unwrap() {
            whole[name] = value.clone();
        }
        let raw = json!({
            "apiVersion": "firelens.dev/v1alpha1", "kind": "Rollout",
            "metadata": {"name": "all.g2.prod"},
            "spec": {"policy": "all", "generation": 2, "target": "prod", "control": control},
            "status": whole,
        });
        let rollouts = [Found::read(raw).ok().unwrap()];
        all(&rollouts, "2026-11-20T08:00:00Z".parse().unwrap())
    }

    fn condition(type_: &str, status: &str, reason: &str, message: &str) -> Value {
        json!({
            "type": type_, "status": status, "reason": reason, "message": message,
            "lastTransitionTime": "2026-11-20T08:00:00Z", "observedGeneration": 2,
        })
    }

    #[test]
    fn a_paused_rollout_shows_its_waves_and_the_ways_on() {
        let shown = text(
            &json!({"retry": {"at": "2026-11-20T07:00:00Z", "workloads": ["prod.main.web"]}}),
            &json!({
                "message": "3 of 9 in sync; paused: 1 attempt failed",
                "waves": [
                    {"wave": 0, "size": 1, "started": 1, "done": 1, "failed": 0},
                    {"wave": 1, "size": 4, "started": 4, "done": 2, "failed": 1},
                ],
                "reasons": [{"reason": "RolloutPaused", "count": 4}],
                "startedAt": "2026-11-20T07:00:00Z",
                "expectedEnd": "2026-11-20T09:00:00Z",
                "conditions": [
                    condition("Complete", "False", "RolloutPaused", ""),
                    condition("Paused", "True", "RolloutPaused", "1 attempt failed"),
                ],
            }),
        );
        assert_eq!(
            shown,
            "\
rollout    all.g2.prod, generation 2 of all in prod
state      RolloutPaused: 3 of 9 in sync; paused: 1 attempt failed
workloads  9 selected: 3 updated, 1 in progress, 4 waiting, 1 failed, 0 skipped
           canary   1 of 1 done
           wave 1   2 of 4 done, 1 in progress, 1 failed
reason     4 × RolloutPaused
times      started 2026-11-20T07:00:00Z, done 2026-11-20T09:00:00Z at the earliest
said       retry of prod.main.web at 2026-11-20T07:00:00Z
next       firelens rollout resume all.g2.prod, or firelens rollout retry all.g2.prod, or firelens rollout abort all.g2.prod --undo
"
        );
    }

    #[test]
    fn what_waits_for_approval_names_the_plan_to_read() {
        let plan = json!({"hash": "abc", "workloads": 1, "needsApproval": true, "approved": false});
        let shown = text(&json!({}), &json!({"plan": plan}));
        assert!(
            shown.contains("plan       abc (1 workload, not approved)\n"),
            "{shown}"
        );
        assert!(
            shown.contains("next       firelens plan --name all, then firelens rollout approve all.g2.prod --plan abc\n"),
            "{shown}"
        );
    }

    #[test]
    fn what_has_ended_asks_for_nothing() {
        let complete =
            json!({"conditions": [condition("Complete", "True", "RolloutComplete", "")]});
        assert!(!text(&json!({}), &complete).contains("next "));
        let aborted = text(&json!({"abort": {"undo": true}}), &json!({}));
        assert!(
            aborted.contains("said       abort with undo\n"),
            "{aborted}"
        );
        assert!(!aborted.contains("next "), "{aborted}");
    }
}
