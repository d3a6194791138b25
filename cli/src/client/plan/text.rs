//! A plan as text: for each workload what would change in its task definition, then roles, files, counts.
//!
//! It shows what the API returned; the API has hidden secrets.

use std::fmt::Write;

use firelens_report::policy_plan::{
    Outlook, PlanStatus, PlanSummary, PlannedObject, PlannedRole, PlannedWorkload, TargetPlan,
    unified_diff,
};
use serde_json::Value;

use crate::client::output::{counted, indented};

/// Prefix of the note on a task that would get a larger size, with its price.
const RESIZED: &str = "TaskResized: ";

/// Returns the whole plan; `approval` are lines on its approval.
pub(super) fn whole(status: &PlanStatus, approval: &[String]) -> String {
    let mut text = String::new();
    let mut total = PlanSummary::default();
    for plan in &status.targets {
        target(&mut text, plan);
        add(&mut total, &plan.summary);
    }
    for line in approval {
        let _ = writeln!(text, "{line}");
    }
    text.push_str(&summary(&total));
    text
}

// Writing into a String cannot fail, so the result of `write!` is ignored.

fn target(text: &mut String, plan: &TargetPlan) {
    let _ = writeln!(text, "target {}: {}\n", plan.target, summary(&plan.summary));
    for unread in &plan.unread {
        let _ = writeln!(text, "  could not be read: {unread}\n");
    }
    for planned in &plan.workloads {
        workload(text, planned);
    }
    let described = u32::try_from(plan.workloads.len()).unwrap_or(u32::MAX);
    if described < plan.summary.workloads {
        let more = plan.summary.workloads - described;
        let _ = writeln!(
            text,
            "  {} more; increase --limit to show them\n",
            counted(more, "workload")
        );
    }
    for planned in &plan.roles {
        role(text, planned);
    }
    for PlannedObject { bucket, key, bytes } in &plan.objects {
        let _ = writeln!(text, "  file s3://{bucket}/{key} ({bytes} bytes)");
    }
    if !plan.objects.is_empty() {
        text.push('\n');
    }
}

fn workload(text: &mut String, planned: &PlannedWorkload) {
    let word = match planned.outlook {
        Outlook::Inject => "inject",
        Outlook::Eject => "eject",
        Outlook::Unchanged => "unchanged",
        Outlook::Refused => "refused",
        Outlook::Unknown => "unknown",
    };
    let _ = write!(text, "  {}/{}: {word}", planned.cluster, planned.service);
    let revision = planned.revision.rsplit('/').next().unwrap_or_default();
    match (planned.outlook, &planned.given_back) {
        (Outlook::Inject | Outlook::Eject, given_back) => {
            let tasks = u32::try_from(planned.desired_count).unwrap_or_default();
            let next = given_back.as_deref().map_or("a new revision", |arn| {
                arn.rsplit('/').next().unwrap_or(arn)
            });
            let _ = writeln!(
                text,
                ", {revision} -> {next}, {} to replace",
                counted(tasks, "task")
            );
        }
        _ => {
            let _ = writeln!(text, ", {revision}");
        }
    }
    if planned.outlook != Outlook::Inject || planned.waits_for.is_none() {
        let _ = writeln!(text, "    {}: {}", planned.reason, planned.message);
    }
    if let Some(waits) = &planned.waits_for {
        let _ = writeln!(text, "    waiting for {waits}");
    }
    for note in &planned.notes {
        match note.strip_prefix(RESIZED) {
            Some(size) => {
                let _ = writeln!(text, "    size: {size}");
            }
            None => {
                let _ = writeln!(text, "    note: {note}");
            }
        }
    }
    if let Some(diff) = &planned.diff {
        text.push_str(&indented("    ", diff));
    }
    text.push('\n');
}

fn role(text: &mut String, role: &PlannedRole) {
    let users = role.services.join(", ");
    let _ = writeln!(
        text,
        "  role {}, policy {}, of {users}",
        role.role, role.policy_name
    );
    if let Some(why) = &role.unknown {
        let _ = writeln!(text, "    could not be read: {why}");
    }
    if !role.other_users.is_empty() {
        let others = role.other_users.join(", ");
        let _ = writeln!(
            text,
            "    also used by {others}, which get the same permissions"
        );
    }
    if !role.other_principals.is_empty() {
        let others = role.other_principals.join(", ");
        let _ = writeln!(text, "    can also be assumed by {others}");
    }
    if let Some(boundary) = &role.boundary {
        let _ = write!(text, "    permissions boundary {}", boundary.arn);
        match (&boundary.denies, &boundary.unknown) {
            (Some(denies), _) => {
                let _ = writeln!(text, ", which does not allow {denies}");
            }
            (None, Some(why)) => {
                let _ = writeln!(text, ": {why}");
            }
            (None, None) => text.push_str(", which allows it\n"),
        }
    }
    let before = role.before.as_ref().unwrap_or(&Value::Null);
    let diff = unified_diff(before, &role.after, "now", "planned");
    match diff.is_empty() {
        true => text.push_str("    unchanged\n"),
        false => text.push_str(&indented("    ", &diff)),
    }
    text.push('\n');
}

/// Returns the counts: `12 to inject, 3 unchanged, 1 refused`.
fn summary(summary: &PlanSummary) -> String {
    let parts: Vec<String> = [
        (summary.inject, "to inject"),
        (summary.eject, "to eject"),
        (summary.unchanged, "unchanged"),
        (summary.refused, "refused"),
        (summary.unknown, "unknown"),
    ]
    .iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, label)| format!("{count} {label}"))
    .collect();
    match parts.is_empty() {
        true => "no workloads are affected".to_owned(),
        false => parts.join(", "),
    }
}

fn add(total: &mut PlanSummary, more: &PlanSummary) {
    total.workloads += more.workloads;
    total.inject += more.inject;
    total.eject += more.eject;
    total.unchanged += more.unchanged;
    total.refused += more.refused;
    total.unknown += more.unknown;
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[test]
    fn every_part_of_a_plan_is_shown_with_counts_last() {
        let status = PlanStatus::deserialize(json!({"complete": true, "targets": [{
            "target": "prod",
            "summary": {"workloads": 3, "inject": 1, "eject": 0, "unchanged": 1, "refused": 1, "unknown": 0},
            "workloads": [
                {
                    "name": "prod.main.web", "cluster": "main", "service": "web", "outlook": "Inject",
                    "reason": "Injecting", "message": "adding or updating the router", "desiredCount": 2,
                    "revision": "arn:aws:ecs:us-east-1:1:task-definition/web:1", "differences": [],
                    "rights": [], "notes": ["TaskResized: 256/512 -> 256/1024, 3.25 USD a month", "X: y"],
                    "diff": "--- web:1\n+++ planned\n@@ -1 +1 @@\n-a\n+b\n",
                },
                {
                    "name": "prod.main.win", "cluster": "main", "service": "win", "outlook": "Refused",
                    "reason": "WindowsPlatform", "message": "FireLens does not run on Windows",
                    "revision": "arn:aws:ecs:us-east-1:1:task-definition/win:7", "desiredCount": 1,
                    "differences": [], "rights": [], "notes": [],
                },
            ],
            "roles": [{
                "role": "web-task", "policyName": "firelens-all@prod", "services": ["main/web"],
                "after": {"Version": "2012-10-17"}, "otherUsers": ["main/other"],
                "otherPrincipals": ["lambda.amazonaws.com"],
                "boundary": {"arn": "arn:aws:iam::1:policy/b", "denies": "logs:PutLogEvents"},
            }],
            "objects": [{"bucket": "configs", "key": "firelens/abc.conf", "bytes": 812}],
        }]}))
        .unwrap();
        let approval = ["plan of all.g1.prod: abc (not approved)".to_owned()];
        assert_eq!(
            whole(&status, &approval),
            "\
target prod: 1 to inject, 1 unchanged, 1 refused

  main/web: inject, web:1 -> a new revision, 2 tasks to replace
    Injecting: adding or updating the router
    size: 256/512 -> 256/1024, 3.25 USD a month
    note: X: y
    --- web:1
    +++ planned
    @@ -1 +1 @@
    -a
    +b

  main/win: refused, win:7
    WindowsPlatform: FireLens does not run on Windows

  1 workload more; increase --limit to show them

  role web-task, policy firelens-all@prod, of main/web
    also used by main/other, which get the same permissions
    can also be assumed by lambda.amazonaws.com
    permissions boundary arn:aws:iam::1:policy/b, which does not allow logs:PutLogEvents
    --- now
    +++ planned
    @@ -0,0 +1,3 @@
    +{
    +  \"Version\": \"2012-10-17\"
    +}

  file s3://configs/firelens/abc.conf (812 bytes)

plan of all.g1.prod: abc (not approved)
1 to inject, 1 unchanged, 1 refused"
        );
    }

    #[test]
    fn a_policy_that_touches_nothing_says_so() {
        assert_eq!(
            whole(&PlanStatus::default(), &[]),
            "no workloads are affected"
        );
    }
}
