//! Finds the rollouts of a name: one rollout, or the newest one of a policy in each target.
//!
//! For an unknown name, the failure lists the existing names.

use std::collections::BTreeMap;

use firelens_types::v1alpha1::{
    Condition, ConditionStatus, Kind, LoggingPolicy, Rollout, RolloutStatus,
};
use serde::Deserialize;
use serde_json::Value;

use crate::client::http::Client;
use crate::failure::Failure;

/// The number of names shown if a name is not found.
const NAMES_SHOWN_MAX: usize = 20;

/// Reason of a rollout that was aborted, and of its workloads that stay as they are.
const ABORTED: &str = "RolloutAborted";

/// A rollout, as the API returned it and as this program parsed it.
pub(super) struct Found {
    pub(super) raw: Value,
    pub(super) rollout: Rollout,
}

impl Found {
    /// Parses an object of the API.
    ///
    /// # Errors
    /// The object is of a version that this program does not know.
    pub(super) fn read(raw: Value) -> Result<Self, Failure> {
        let rollout = Rollout::deserialize(&raw).map_err(|error| {
            Failure::broken(
                "cannot read the Rollout from the API; the API may have another version than this client",
                error,
            )
        })?;
        Ok(Self { raw, rollout })
    }

    pub(super) fn name(&self) -> &str {
        self.rollout.name()
    }

    /// Returns its status; an empty one if the controller has not written it yet.
    pub(super) fn status(&self) -> RolloutStatus {
        self.rollout.status.clone().unwrap_or_default()
    }

    /// Returns the condition of that type, if there is one.
    pub(super) fn condition(&self, wanted: &str) -> Option<&Condition> {
        let status = self.rollout.status.as_ref()?;
        let mut conditions = status.conditions.iter();
        conditions.find(|condition| condition.type_ == wanted)
    }

    /// Whether a condition of that type holds.
    pub(super) fn holds(&self, wanted: &str) -> bool {
        self.condition(wanted)
            .is_some_and(|condition| condition.status == ConditionStatus::True)
    }

    /// Whether nothing more happens without a change by a user: it is complete, or it is aborted, its running
    /// deployments have ended, and nothing is left to be undone.
    pub(super) fn has_ended(&self) -> bool {
        if self.holds("Complete") {
            return true;
        }
        let heard = self
            .condition("Complete")
            .is_some_and(|condition| condition.reason == ABORTED);
        let status = self.status();
        let stay = status
            .reasons
            .iter()
            .filter(|reason| reason.reason == ABORTED);
        let stay: u32 = stay.map(|reason| reason.count).sum();
        heard && status.in_progress == 0 && status.pending <= stay
    }
}

/// Returns the rollouts of `name`, by target.
///
/// # Errors
/// There are none, and the failure lists the existing names; or the API refuses.
pub(super) fn find(client: &Client, name: &str) -> Result<Vec<Found>, Failure> {
    if let Some(raw) = client.get(Kind::Rollout, name)? {
        return Ok(vec![Found::read(raw)?]);
    }
    let mut rollouts = Vec::new();
    for raw in client.list(Kind::Rollout, "")? {
        rollouts.push(Found::read(raw)?);
    }
    let (mut newest, mut names) = (BTreeMap::new(), Vec::new());
    for rollout in rollouts {
        names.push(rollout.name().to_owned());
        let spec = &rollout.rollout.spec;
        if spec.policy != name {
            continue;
        }
        let (target, generation) = (spec.target.clone(), spec.generation);
        let known = newest.get(&target);
        if known.is_none_or(|known: &Found| known.rollout.spec.generation < generation) {
            newest.insert(target, rollout);
        }
    }
    if newest.is_empty() {
        return Err(not_found(name, &names));
    }
    Ok(newest.into_values().collect())
}

fn not_found(name: &str, names: &[String]) -> Failure {
    let mut lines = vec![format!(
        "error: no rollout and no policy with rollouts is named {name:?}"
    )];
    if names.is_empty() {
        lines.push("there are no rollouts".to_owned());
    } else {
        lines.push("existing rollouts:".to_owned());
        lines.extend(
            names
                .iter()
                .take(NAMES_SHOWN_MAX)
                .map(|name| format!("  {name}")),
        );
        if names.len() > NAMES_SHOWN_MAX {
            lines.push(format!("  and {} more", names.len() - NAMES_SHOWN_MAX));
        }
    }
    Failure::Refused(lines)
}

/// As [`find`], for a change: the controller ignores changes of the rollout of an older generation.
///
/// # Errors
/// As [`find`]; also if one of them is not that of the policy's current generation.
pub(super) fn find_present(client: &Client, name: &str) -> Result<Vec<Found>, Failure> {
    let rollouts = find(client, name)?;
    let mut generations = BTreeMap::new();
    let mut lines = Vec::new();
    for rollout in &rollouts {
        let spec = &rollout.rollout.spec;
        if !generations.contains_key(&spec.policy) {
            let stored = client.get(Kind::LoggingPolicy, &spec.policy)?;
            let policy = stored.and_then(|raw| LoggingPolicy::deserialize(raw).ok());
            generations.insert(
                spec.policy.clone(),
                policy.map(|policy| policy.generation()),
            );
        }
        let present = generations.get(&spec.policy).copied().flatten();
        match present {
            Some(present) if present == spec.generation => {}
            Some(present) => lines.push(format!(
                "error: {} is of generation {}, but policy {} now has generation {present}; its rollout is \
                 created when the controller next processes target {}",
                rollout.name(),
                spec.generation,
                spec.policy,
                spec.target
            )),
            None => lines.push(format!(
                "error: policy {} of rollout {} no longer exists",
                spec.policy,
                rollout.name()
            )),
        }
    }
    match lines.is_empty() {
        true => Ok(rollouts),
        false => Err(Failure::Refused(lines)),
    }
}
