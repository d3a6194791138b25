//! Whether AWS shows a role policy or a file as it is wanted.
//!
//! A failed read is no answer: the resource is then unread.

use crate::input::PlanInput;
use crate::model::ResourceContent;
use crate::resources::{State, Wanted};
use firelens_aws::observe::{Needs, Observed};
use firelens_aws::record::ResourceId;

/// Whether AWS shows the resource as wanted.
pub(crate) fn look(
    input: &PlanInput<'_>,
    id: &ResourceId,
    wanted: &Wanted,
    needs: &mut Needs,
) -> Result<bool, State> {
    match (id, &wanted.content) {
        (ResourceId::Object { bucket, key }, _) => {
            let place = (bucket.clone(), key.clone());
            match input.observation.objects.get(&place) {
                None => {
                    needs.objects.insert(place);
                    Err(State::Unread(id.to_string()))
                }
                Some(Observed::Unknown(why)) => Err(State::Unread(format!("{id}: {why}"))),
                Some(Observed::Absent) => Ok(false),
                Some(Observed::Present(object)) => {
                    Ok(object.sha256.as_deref() == Some(&wanted.digest))
                }
            }
        }
        (ResourceId::RolePolicy { role, policy_name }, ResourceContent::RolePolicy(document)) => {
            look_at_role(input, role, policy_name, document, needs)
        }
        (ResourceId::RolePolicy { .. }, ResourceContent::Object(_)) => Ok(false),
    }
}

fn look_at_role(
    input: &PlanInput<'_>,
    role: &str,
    policy_name: &str,
    document: &str,
    needs: &mut Needs,
) -> Result<bool, State> {
    match input.observation.roles.get(role) {
        None => {
            needs.roles.insert(role.to_owned());
        }
        Some(Observed::Unknown(why)) => return Err(State::Unread(format!("role {role}: {why}"))),
        Some(Observed::Absent) => return Err(State::RoleMissing),
        Some(Observed::Present(_)) => {}
    }
    let place = (role.to_owned(), policy_name.to_owned());
    match input.observation.role_policies.get(&place) {
        None => {
            needs.role_policies.insert(place);
            Err(State::Unread(format!("role {role}")))
        }
        Some(Observed::Unknown(why)) => Err(State::Unread(format!("role {role}: {why}"))),
        Some(Observed::Absent) => Ok(false),
        Some(Observed::Present(present)) => Ok(same_json(present, document)),
    }
}

pub(crate) fn same_json(left: &str, right: &str) -> bool {
    let parse = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
    matches!((parse(left), parse(right)), (Some(left), Some(right)) if left == right)
}
