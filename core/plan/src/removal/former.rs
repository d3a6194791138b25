//! Role policies that older versions wrote under a name without the target: replaced by this target's own.
//!
//! Never a moment without rights: the new one is written and has spread before the old one goes, and the
//! store keeps the old one in AWS for as long as another target of the account remembers it.

use std::collections::BTreeMap;

use crate::input::PlanInput;
use crate::model::{Plan, Removal};
use crate::removal::{has_time, is_known};
use crate::resources;
use crate::resources::State;
use crate::workload::claim::is_relied_on_elsewhere;
use firelens_aws::iam;
use firelens_aws::record::{OwnedResource, PolicyRef, ResourceId};

/// Role policies that one pass gives their new name: the services whose turn it is must not wait for a
/// whole fleet of roles.
pub const FORMER_REPLACED_PER_PASS: usize = 100;

/// Whether this target remembers a policy of that role under the name of older versions.
pub(crate) fn has(input: &PlanInput<'_>, id: &ResourceId, policy: &PolicyRef) -> bool {
    match id {
        ResourceId::Object { .. } => false,
        ResourceId::RolePolicy { role, .. } => input
            .resources
            .contains_key(&former(role.clone(), &policy.name)),
    }
}

/// Removes old names whose successors are there and have spread. What nobody relies on any more is the
/// business of `removal`, whatever its name.
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
        .filter(|resource| !plan.removals.iter().any(|one| one.id == resource.id))
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
