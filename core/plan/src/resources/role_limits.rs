//! Limits on a role policy: the characters that are left in the role, and its permissions boundary.
//!
//! A limit that could not be read does not stop a write, since IAM itself enforces its limits. It is reported
//! instead.

use std::collections::BTreeMap;

use jiff::SignedDuration;

use crate::input::PlanInput;
use crate::model::ResourceContent;
use crate::resources::rights::RIGHTS_RETRY_SECONDS;
use crate::resources::{State, Wanted};
use crate::workload::desire::Change;
use crate::workload::draft::Draft;
use firelens_aws::iam::{self, Lack, NamedDocument, RightsResult};
use firelens_aws::observe::{Needs, Observed};
use firelens_aws::record::{Obstacle, PolicyRef, ResourceId};
use firelens_inject::{Reason, Refusal};

/// What a permissions boundary allows of a role policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Bounded {
    /// Everything, or there is no boundary.
    Free,
    /// Certainly not everything; with what is denied.
    Denied(String),
    /// Not known; with the reason.
    Doubt(String),
}

/// Compares what is wanted with the permissions boundary of the role.
pub(crate) fn bounded(
    input: &PlanInput<'_>,
    role: &str,
    wanted: &Wanted,
    needs: &mut Needs,
) -> Result<Bounded, State> {
    let view = input.observation.roles.get(role);
    let Some(view) = view.and_then(Observed::present) else {
        needs.roles.insert(role.to_owned());
        return Err(State::Unread(format!("role {role}")));
    };
    let Some(arn) = &view.permissions_boundary else {
        return Ok(Bounded::Free);
    };
    let document = match input.observation.managed_policies.get(arn) {
        None => {
            needs.managed_policies.insert(arn.clone());
            return Err(State::Unread(format!("permissions boundary {arn}")));
        }
        Some(Observed::Present(document)) => document.clone(),
        Some(Observed::Absent) => {
            return Ok(Bounded::Doubt(unread(role, arn, "it no longer exists")));
        }
        Some(Observed::Unknown(why)) => return Ok(Bounded::Doubt(unread(role, arn, why))),
    };
    let boundary = NamedDocument {
        name: arn.clone(),
        document,
    };
    Ok(within(role, &boundary, wanted))
}

fn unread(role: &str, arn: &str, why: &str) -> String {
    format!("the permissions boundary {arn} of role {role} cannot be read: {why}")
}

fn within(role: &str, boundary: &NamedDocument, wanted: &Wanted) -> Bounded {
    let findings = iam::within_boundary(boundary, &wanted.statements);
    let denied = iam::describe(&findings, |result| match result {
        RightsResult::Missing(Lack::Denied(_)) => Some("denied".to_owned()),
        RightsResult::Missing(_) => Some("not included".to_owned()),
        RightsResult::Allowed | RightsResult::Unknown(_) => None,
    });
    let arn = &boundary.name;
    if !denied.is_empty() {
        return Bounded::Denied(format!(
            "the permissions boundary {arn} of role {role} does not allow {denied}"
        ));
    }
    let doubt = iam::describe(&findings, |result| match result {
        RightsResult::Unknown(why) => Some(why.clone()),
        RightsResult::Allowed | RightsResult::Missing(_) => None,
    });
    if doubt.is_empty() {
        Bounded::Free
    } else {
        Bounded::Doubt(format!(
            "the permissions boundary {arn} of role {role} may not allow {doubt}"
        ))
    }
}

/// Whether the role has room for the policy beside the inline policies that exist or are planned: IAM counts all
/// of them together.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
pub(crate) fn room(
    input: &PlanInput<'_>,
    role: &str,
    policy_name: &str,
    wanted: &BTreeMap<ResourceId, Wanted>,
    needs: &mut Needs,
) -> Result<(), State> {
    let present = match input.observation.inline_policies.get(role) {
        None => {
            needs.inline_policies.insert(role.to_owned());
            return Err(State::Unread(format!("role {role}")));
        }
        Some(Observed::Present(present)) => present,
        Some(Observed::Absent) => return Err(State::RoleMissing),
        Some(Observed::Unknown(_)) => return Ok(()),
    };
    let mut sizes: BTreeMap<&str, usize> = present
        .iter()
        .map(|(name, document)| (name.as_str(), iam::policy_size_characters(document)))
        .collect();
    for (policy_name, wanted_policy) in of_role(role, wanted) {
        if let ResourceContent::RolePolicy(document) = &wanted_policy.content {
            sizes.insert(policy_name, iam::policy_size_characters(document));
        }
    }
    let characters = sizes.remove(policy_name).unwrap_or_default();
    let others = sizes.values().sum();
    if characters + others > iam::INLINE_POLICY_TOTAL_CHARACTERS {
        return Err(State::TooLong { characters, others });
    }
    Ok(())
}

/// What is wanted in one role, by name of the policy. A fleet has thousands of roles, and this is called for each:
/// only the neighbours of the role are visited.
fn of_role<'a>(
    role: &str,
    wanted: &'a BTreeMap<ResourceId, Wanted>,
) -> impl Iterator<Item = (&'a str, &'a Wanted)> {
    let first = ResourceId::RolePolicy {
        role: role.to_owned(),
        policy_name: String::new(),
    };
    wanted
        .range(first..)
        .map_while(move |(id, policy)| match id {
            ResourceId::RolePolicy {
                role: other,
                policy_name,
            } if other == role => Some((policy_name.as_str(), policy)),
            _ => None,
        })
}

/// Records the obstacle to a change, and releases the slot that the change had.
pub(crate) fn set_aside(
    input: &PlanInput<'_>,
    draft: &mut Draft<'_>,
    hash: String,
    policy: PolicyRef,
    refusal: &Refusal,
) {
    let later = SignedDuration::from_secs(RIGHTS_RETRY_SECONDS);
    draft.record.admitted = None;
    let before = input.records.get(&draft.record.key);
    draft.record.rollout = before.and_then(|record| record.rollout.clone());
    draft.record.obstacle = Some(Obstacle {
        hash,
        policy,
        reason: refusal.reason.to_string(),
        message: refusal.message.clone(),
        look_again_at: input.now.saturating_add(later).unwrap_or(input.now),
    });
}

/// Returns the refusal that was recorded for a change, until its limits are to be read again.
pub(crate) fn obstacle(
    input: &PlanInput<'_>,
    draft: &Draft<'_>,
    change: &Change,
) -> Option<Refusal> {
    let known = draft.record.obstacle.as_ref().filter(|known| {
        known.hash == change.hash
            && known.policy == change.policy
            && input.now < known.look_again_at
    })?;
    let mut reasons = Reason::ALL.iter();
    let reason = reasons.find(|reason| reason.as_str() == known.reason)?;
    Some(Refusal::new(*reason, known.message.clone()))
}
