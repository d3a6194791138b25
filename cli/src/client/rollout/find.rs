//! Which rollouts a name means: one rollout, or the newest one of a policy in each target.
//!
//! Never guesses: a name that means nothing is answered with the names that there are.

use std::collections::BTreeMap;

use firelens_types::v1alpha1::{
    Condition, ConditionStatus, Kind, LoggingPolicy, Rollout, RolloutStatus,
};
use serde::Deserialize;
use serde_json::Value;

use crate::client::http::Client;
use crate::failure::Failure;

/// Names shown when one is not found.
const NAMES_SHOWN_MAX: usize = 20;

/// Reason of a rollout that somebody ended, and of its workloads that stay as they are.
const ABORTED: &str = "RolloutAborted";

/// A rollout, as the API answered it and as this program reads it.
pub(super) struct Found {
    pub(super) raw: Value,
    pub(super) rollout: Rollout,
}

impl Found {
    /// Reads an object of the API.
    ///
    /// # Errors
    /// It is of a version that this program does not know.
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

    /// Its status; an empty one before the controller wrote it.
    pub(super) fn status(&self) -> RolloutStatus {
        self.rollout.status.clone().unwrap_or_default()
    }

    /// A condition of that type, if there is one.
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

    /// Whether nothing more comes of it by itself: it is complete, or aborted, what ran has come to its
    /// end, and nothing is left to be undone.
    pub(super) fn has_ended(&self) -> bool {
        if self.holds("Complete") {
            return true;
        }
        let heard = self
            .condition("Complete")
            .is_some_and(|condition| condition.reason == ABORTED);
        let status = self.status();
        let stay = status.reasons.iter().filter(|one| one.reason == ABORTED);
        let stay: u32 = stay.map(|one| one.count).sum();
        heard && status.in_progress == 0 && status.pending <= stay
    }
}

/// The rollouts that `name` means, by target.
///
/// # Errors
/// There are none, with the names that there are; the API refuses.
pub(super) fn find(client: &Client, name: &str) -> Result<Vec<Found>, Failure> {
    if let Some(raw) = client.get(Kind::Rollout, name)? {
        return Ok(vec![Found::read(raw)?]);
    }
    let mut all = Vec::new();
    for raw in client.list(Kind::Rollout, "")? {
        all.push(Found::read(raw)?);
    }
    let (mut newest, mut names) = (BTreeMap::new(), Vec::new());
    for found in all {
        names.push(found.name().to_owned());
        let spec = &found.rollout.spec;
        if spec.policy != name {
            continue;
        }
        let (target, generation) = (spec.target.clone(), spec.generation);
        let known = newest.get(&target);
        if known.is_none_or(|known: &Found| known.rollout.spec.generation < generation) {
            newest.insert(target, found);
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

/// [`find`] for a change: what is said to the rollout of an older generation is not heard.
///
/// # Errors
/// As [`find`]; one of them is not that of the policy's present generation.
pub(super) fn find_present(client: &Client, name: &str) -> Result<Vec<Found>, Failure> {
    let found = find(client, name)?;
    let mut generations = BTreeMap::new();
    let mut lines = Vec::new();
    for one in &found {
        let spec = &one.rollout.spec;
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
                one.name(),
                spec.generation,
                spec.policy,
                spec.target
            )),
            None => lines.push(format!(
                "error: policy {} of rollout {} no longer exists",
                spec.policy,
                one.name()
            )),
        }
    }
    match lines.is_empty() {
        true => Ok(found),
        false => Err(Failure::Refused(lines)),
    }
}
