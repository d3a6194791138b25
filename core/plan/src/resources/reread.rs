//! Role policies that others remove: noticed at the next resync, restored at once, and reported.
//!
//! A resync reads no more than a budget, and reports no policy that no read had shown yet: IAM is eventually
//! consistent.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use crate::input::PlanInput;
use crate::model::Plan;
use crate::resources::Wanted;
use crate::resources::look::same_json;
use firelens_aws::observe::{Needs, Observed, ServiceView};
use firelens_aws::record::{OwnedResource, ResourceId, RightsTaken, Tool, WorkloadKey};
use firelens_inject::drift::{Actor, role_ways_out};
use firelens_inject::{Note, NoteCode};

/// The number of role policies that a resync reads again, beginning with those that were not read for longest:
/// with 300 s between resyncs one call in 3 s. IAM publishes no rate, and the rate of the account is shared with
/// everybody in it: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>.
pub const ROLES_READ_PER_RESYNC: usize = 100;

/// A policy that was read within this time is not read again, in seconds: targets can be resynced every second.
const READ_LATELY_SECONDS: i64 = 60;

/// How long it is reported of a workload that its rights were removed, and within what time removals are counted
/// together, in seconds: a day, so that a tool that runs every night is recognised as one that does it repeatedly.
pub const TAKEN_TOLD_SECONDS: i64 = 86_400;

/// The role policies that this pass reads again although they were seen within the last hour.
pub(crate) fn due<'a>(input: &PlanInput<'a>) -> BTreeSet<&'a ResourceId> {
    if !input.observation.is_whole {
        return BTreeSet::new();
    }
    let lately = SignedDuration::from_secs(READ_LATELY_SECONDS);
    let mut due: Vec<(Timestamp, &ResourceId)> = input
        .resources
        .values()
        .filter(|resource| matches!(resource.id, ResourceId::RolePolicy { .. }))
        .filter_map(|resource| {
            let verified_at = resource.verified_at?;
            let seen = resource
                .reread_at
                .map_or(verified_at, |at| at.max(verified_at));
            Some((seen, &resource.id))
        })
        .filter(|(seen, _)| input.now.duration_since(*seen) >= lately)
        .collect();
    due.sort_unstable();
    due.truncate(ROLES_READ_PER_RESYNC);
    due.into_iter().map(|(_, id)| id).collect()
}

/// Whether a role policy that is due is still as wanted; `None` where that is not known, or not due.
pub(crate) fn is_still_there(
    input: &PlanInput<'_>,
    id: &ResourceId,
    wanted: &Wanted,
    due: &BTreeSet<&ResourceId>,
    needs: &mut Needs,
) -> Option<bool> {
    let (ResourceId::RolePolicy { role, policy_name }, Some(document)) = (id, wanted.document())
    else {
        return None;
    };
    if !due.contains(id) {
        return None;
    }
    let place = (role.clone(), policy_name.clone());
    match input.observation.role_policies.get(&place) {
        None => {
            needs.role_policies.insert(place);
            None
        }
        Some(Observed::Unknown(_)) => None,
        Some(Observed::Absent) => Some(false),
        Some(Observed::Present(present)) => Some(same_json(present, document)),
    }
}

/// Returns what to record of a role policy that is not as it was last seen: others removed it.
pub(crate) fn taken(
    input: &PlanInput<'_>,
    id: &ResourceId,
    known: Option<&OwnedResource>,
) -> Option<RightsTaken> {
    let ResourceId::RolePolicy { role, policy_name } = id else {
        return None;
    };
    let known = known?;
    known.verified_at?;
    let place = (role.clone(), policy_name.clone());
    let altered = match input.observation.role_policies.get(&place)? {
        Observed::Absent => false,
        Observed::Present(_) => true,
        Observed::Unknown(_) => return None,
    };
    let view = input
        .observation
        .roles
        .get(role)
        .and_then(Observed::present);
    let before = known
        .taken
        .as_ref()
        .filter(|before| is_told(before, input.now));
    Some(RightsTaken {
        times: before.map_or(0, |before| before.times).saturating_add(1),
        since: before.map_or(input.now, |before| before.since),
        last_at: input.now,
        altered,
        tool: view.and_then(|view| Actor::of(None, &view.tags).tool),
    })
}

/// Whether it is recent enough to be reported.
fn is_told(taken: &RightsTaken, now: Timestamp) -> bool {
    now.duration_since(taken.last_at) < SignedDuration::from_secs(TAKEN_TOLD_SECONDS)
}

/// Returns the notes for a workload whose role policies others removed, and adds them to the repairs of this pass.
pub(crate) fn tell(
    input: &PlanInput<'_>,
    plan: &mut Plan,
    key: &WorkloadKey,
    service: &ServiceView,
    relies_on: &[ResourceId],
) -> Vec<Note> {
    let mut notes = Vec::new();
    for id in relies_on {
        let written = plan.resources.get(id).map(|write| &write.resource);
        let row = written.or_else(|| input.resources.get(id));
        let taken = row.and_then(|row| row.taken.as_ref());
        let Some(taken) = taken.filter(|taken| is_told(taken, input.now)) else {
            continue;
        };
        let tool = taken.tool.or_else(|| tool_of(input, service, key));
        let text = text(id, taken, tool);
        if let Some(repair) = plan.repairs.iter_mut().find(|repair| repair.id == *id) {
            repair.workloads.insert(key.clone(), text.clone());
        }
        notes.push(Note::new(NoteCode::RightsTaken, text));
    }
    notes
}

/// The tool of the service's owner: whoever keeps the service in files keeps its role there too.
fn tool_of(input: &PlanInput<'_>, service: &ServiceView, key: &WorkloadKey) -> Option<Tool> {
    let record = input.records.get(key);
    let base = record
        .and_then(|record| record.managed.as_ref()?.base.as_ref())
        .and_then(|base| input.observation.task_definitions.get(base)?.present())
        .and_then(|document| document.value("registeredBy"));
    let registrar = base.as_ref().and_then(|by| by.as_str());
    Actor::of(registrar, &service.tags).tool
}

fn text(id: &ResourceId, taken: &RightsTaken, tool: Option<Tool>) -> String {
    let ResourceId::RolePolicy { role, policy_name } = id else {
        return String::new();
    };
    let action = if taken.altered { "changed" } else { "removed" };
    let who = tool.map_or_else(
        || "somebody".to_owned(),
        |tool| format!("somebody (probably {tool})"),
    );
    let times = match taken.times {
        1 => format!("at {:.0}", taken.last_at),
        times => format!(
            "{times} times since {:.0}, last at {:.0}",
            taken.since, taken.last_at
        ),
    };
    format!(
        "{who} {action} the inline policy {policy_name} of role {role}, detected {times}; the operator wrote it again, \
         and tasks could not send their logs in the meantime. To prevent this, {}",
        role_ways_out(tool, role, policy_name)
    )
}
