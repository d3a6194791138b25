//! Rollout objects: one for each policy generation in a target.
//!
//! A rollout is written for every policy that reaches into the target, also where it selects nothing: its
//! existence shows that the target had a pass since the policy changed.

use std::collections::BTreeMap;

use firelens_plan::PolicyProgress;
use firelens_report::status::{ROLLOUTS_KEPT, rollout_name, rollout_status};
use firelens_store::{GeneratedObject, Lease, StoreError};
use firelens_types::v1alpha1::{
    Kind, LoggingPolicy, Rollout, RolloutControl, RolloutSpec, RolloutStatus,
};
use serde_json::json;

use crate::labels::{POLICY_LABEL, TARGET_LABEL, label_value};
use crate::report::{Report, to_json};
use crate::retire::concerns;

impl Report<'_> {
    /// Writes the rollouts of this target. Returns them by policy.
    pub(crate) async fn write_rollouts(
        &self,
        lease: &Lease,
    ) -> Result<BTreeMap<String, RolloutStatus>, StoreError> {
        let old = &self.loaded.rollout_objects;
        let target = self.target().name();
        let mut objects = Vec::new();
        let mut policies = BTreeMap::new();
        for policy in &self.loaded.policies {
            let Some(progress) = self.plan.policies.get(policy.name()) else {
                continue;
            };
            let name = rollout_name(policy.name(), policy.generation(), target);
            let before = old.get(&name);
            // A rollout that began is reported to its end, also when its last workload goes to another policy.
            if !concerns(policy, target) && !touches(progress) && before.is_none() {
                continue;
            }
            let pace = self.ctx.pace();
            let Some(status) = rollout_status(self.plan, policy, pace, before, self.now) else {
                continue;
            };
            let seen_before = before.and_then(|rollout| rollout.status.as_ref());
            self.measure_completion(seen_before, &status);
            objects.push(self.rollout(policy, name, &status)?);
            policies.insert(policy.name().to_owned(), status);
        }
        let spare = self.spare_rollouts(old, &objects);
        self.write_generated(lease, Kind::Rollout, objects, spare)
            .await?;
        Ok(policies)
    }

    fn measure_completion(&self, before: Option<&RolloutStatus>, now: &RolloutStatus) {
        let was_open = before.is_some_and(|before| before.completed_at.is_none());
        if let (true, Some(start), Some(end)) = (was_open, now.started_at, now.completed_at) {
            let took = end.duration_since(start).as_secs_f64();
            self.ctx.metrics.rollout_seconds.observe(took);
        }
    }

    fn rollout(
        &self,
        policy: &LoggingPolicy,
        name: String,
        status: &RolloutStatus,
    ) -> Result<GeneratedObject, StoreError> {
        let target = self.target().name();
        let spec = RolloutSpec {
            policy: policy.name().to_owned(),
            generation: policy.generation(),
            target: target.to_owned(),
            // The store keeps what people wrote.
            control: RolloutControl::default(),
        };
        Ok(GeneratedObject {
            name,
            labels: json!({
                TARGET_LABEL: label_value(target),
                POLICY_LABEL: label_value(policy.name()),
            }),
            spec: to_json("spec", &spec)?,
            status: Some(to_json("status", status)?),
        })
    }

    /// The rollouts of policies that are gone, and the oldest beyond [`ROLLOUTS_KEPT`] of the others.
    fn spare_rollouts(
        &self,
        old: &BTreeMap<String, Rollout>,
        new: &[GeneratedObject],
    ) -> Vec<String> {
        let mut by_policy: BTreeMap<&str, Vec<(i64, &str)>> = BTreeMap::new();
        for (name, rollout) in old {
            if !new.iter().any(|object| object.name == *name) {
                let of_policy = by_policy.entry(&rollout.spec.policy).or_default();
                of_policy.push((rollout.spec.generation, name));
            }
        }
        let mut spare = Vec::new();
        for (policy, mut rollouts) in by_policy {
            rollouts.sort_unstable();
            let unreadable = &self.loaded.unreadable_policies;
            let exists = self
                .loaded
                .policies
                .iter()
                .any(|known| known.name() == policy)
                || unreadable.values().any(|name| name == policy);
            // The present one is kept in addition.
            let kept = if exists {
                ROLLOUTS_KEPT.saturating_sub(1)
            } else {
                0
            };
            let surplus = rollouts.len().saturating_sub(kept);
            spare.extend(
                rollouts
                    .iter()
                    .take(surplus)
                    .map(|(_, name)| (*name).to_owned()),
            );
        }
        spare
    }
}

/// Whether a policy has anything to do with a target that its selector does not reach, or no longer reaches.
const fn touches(progress: &PolicyProgress) -> bool {
    progress.selected > 0
        || progress.to_eject > 0
        || progress.in_progress > 0
        || !progress.opted_out.is_empty()
}
