//! Roles that are used by workloads no policy selects: not widened unless the policy allows it. Roles are global
//! in an account, so the workloads of all its targets count.
//!
//! Only revisions that were read count: one that cannot be read does not block the others.

use std::collections::{BTreeMap, BTreeSet};

use crate::input::PlanInput;
use crate::model::Decision;
use crate::workload::desire::Desired;
use crate::workload::draft::find_policy;
use firelens_aws::iam;
use firelens_aws::observe::{Needs, Observed};
use firelens_aws::record::{PolicyRef, Purpose, WorkloadKey};
use firelens_inject::{Reason, Refusal};
use firelens_types::v1alpha1::IamMode;

/// The number of other users of a role that a message names; more are only counted.
const NAMED_USERS: usize = 3;

/// The part of each workload that is needed here.
pub(crate) struct Entry<'d> {
    pub(crate) key: &'d WorkloadKey,
    pub(crate) revision: &'d str,
    pub(crate) winner: Option<&'d PolicyRef>,
    pub(crate) desired: &'d mut Desired,
}

/// Refuses injections that would widen a role on which somebody else relies. That needs all revisions of
/// unselected workloads, once: they are cached for ever.
pub(crate) fn refuse_shared_roles(
    input: &PlanInput<'_>,
    needs: &mut Needs,
    entries: &mut [Entry<'_>],
) {
    if !entries
        .iter()
        .any(|entry| guarded_roles(input, entry.desired).is_some())
    {
        return;
    }
    let mut users = foreign_users(input, needs, entries);
    for entry in entries.iter() {
        for role in guarded_roles(input, entry.desired).into_iter().flatten() {
            let Some(elsewhere) = input.observation.role_users.get(&role) else {
                needs.role_users.insert(role);
                continue;
            };
            if !elsewhere.is_empty() {
                let known = users.entry(role).or_default();
                known.extend(elsewhere.iter().cloned());
            }
        }
    }
    for entry in entries {
        let Some(roles) = guarded_roles(input, entry.desired) else {
            continue;
        };
        let shared = roles
            .iter()
            .find_map(|role| users.get(role).map(|users| (role, users)));
        if let Some((role, users)) = shared {
            entry.desired.change = None;
            entry.desired.grants.clear();
            entry.desired.objects.clear();
            entry.desired.decision = Decision::Refused(Refusal {
                reason: Reason::RoleShared,
                message: format!(
                    "role {role} is also used by {}, which no policy selects; give {} a role of its own, or set iam.allowSharedRoles",
                    name_some(users),
                    entry.key.service
                ),
            });
        }
    }
}

/// Names of the roles an injection would widen, when its policy guards shared roles.
fn guarded_roles(input: &PlanInput<'_>, desired: &Desired) -> Option<BTreeSet<String>> {
    let change = desired
        .change
        .as_ref()
        .filter(|change| change.purpose == Purpose::Inject)?;
    let policy = find_policy(input, &change.policy)?;
    if policy.spec.iam.mode != IamMode::Manage
        || policy.spec.iam.allow_shared_roles
        || change.grants.is_empty()
    {
        return None;
    }
    Some(
        change
            .grants
            .iter()
            .filter_map(|grant| role_key(&grant.role_arn))
            .collect(),
    )
}

/// Whether a workload waits for reads about shared roles.
pub(crate) fn is_guarded(input: &PlanInput<'_>, desired: &Desired) -> bool {
    guarded_roles(input, desired).is_some()
}

fn foreign_users(
    input: &PlanInput<'_>,
    needs: &mut Needs,
    entries: &[Entry<'_>],
) -> BTreeMap<String, BTreeSet<String>> {
    let mut users: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for entry in entries
        .iter()
        .filter(|entry| entry.winner.is_none() && !entry.revision.is_empty())
    {
        match input.observation.task_definitions.get(entry.revision) {
            None => {
                needs.task_definitions.insert(entry.revision.to_owned());
            }
            Some(Observed::Present(doc)) => {
                let roles = [doc.task_role_arn(), doc.execution_role_arn()];
                for role in roles.into_iter().flatten().filter_map(role_key) {
                    users
                        .entry(role)
                        .or_default()
                        .insert(format!("{}/{}", entry.key.cluster, entry.key.service));
                }
            }
            Some(Observed::Absent | Observed::Unknown(_)) => {}
        }
    }
    users
}

fn role_key(arn_or_name: &str) -> Option<String> {
    iam::role_name(arn_or_name).map(|role| role.name)
}

fn name_some(users: &BTreeSet<String>) -> String {
    let named: Vec<&str> = users.iter().take(NAMED_USERS).map(String::as_str).collect();
    match users.len().saturating_sub(NAMED_USERS) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}
