//! Role policies that older versions wrote under a name without the target: replaced by this target's own.
//!
//! There is no moment without rights: the new policy is written and has propagated before the old one is removed,
//! and the store keeps the old one in AWS for as long as another target of the account has a record of it.

use std::collections::BTreeMap;

use crate::input::PlanInput;
use crate::model::{Plan, Removal};
use crate::removal::{has_time, is_known};
use crate::resources;
use crate::resources::State;
use crate::workload::claim::is_relied_on_elsewhere;
use firelens_aws::iam;
use firelens_aws::record::{OwnedResource, PolicyRef, ResourceId};

/// The number of role policies that one pass replaces under their new name: services that have a slot must not
/// wait for a whole fleet of roles.
pub const FORMER_REPLACED_PER_PASS: usize = 100;

/// Whether this target has a record of a policy of that role under the name of older versions.
pub(crate) fn has(input: &PlanInput<'_>, id: &ResourceId, policy: &PolicyRef) -> bool {
    match id {
        ResourceId::Object { .. } => false,
        ResourceId::RolePolicy { role, .. } => input
            .resources
            .contains_key(&former(role.clone(), &policy.name)),
    }
}

/// Removes old names whose successors exist and have propagated. A policy that nobody relies on any more is
/// removed by `removal`, whatever its name.
pub(crate) fn retire(input: &PlanInput<'_>, plan: &mut Plan, states: &BTreeMap<ResourceId, State>) {
    if input.target.spec.suspend || !has_time(plan) || !is_known(plan) {
        return;
    }
    let retired = input
        .resources
        .values()
        .filter(|resource| is_replaced(input, resource, states))
        // Another installation of an older version may rely on it.
        .filter(|resource| !is_relied_on_elsewhere(plan, &resource.id))
        .filter(|resource| {
            !plan
                .removals
                .iter()
                .any(|removal| removal.id == resource.id)
        })
        .map(|resource| Removal {
            id: resource.id.clone(),
            policy: resource.policy.clone(),
        });
    let retired: Vec<Removal> = retired.collect();
    plan.removals.extend(retired);
}

fn is_replaced(
    input: &PlanInput<'_>,
    resource: &OwnedResource,
    states: &BTreeMap<ResourceId, State>,
) -> bool {
    let ResourceId::RolePolicy { role, .. } = &resource.id else {
        return false;
    };
    let policy = &resource.policy;
    let successor = resources::role_policy(input.target.name(), role, policy);
    resource.id == former(role.clone(), &policy.name)
        && states.get(&successor) == Some(&State::Ready)
}

fn former(role: String, policy: &str) -> ResourceId {
    ResourceId::RolePolicy {
        role,
        policy_name: iam::former_policy_name(policy),
    }
}
