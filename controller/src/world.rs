//! What a pass reads: the whole target, or only what moves in it.
//!
//! A rollout is followed every few seconds, and reading a large fleet each time would spend the read budget of the
//! account on services that wait. So between two resyncs a pass starts from what the last one saw and reads again
//! whatever moves or is about to. It never acts on a service that it has not read itself, and a change of what
//! people request, or another holder of the lease, makes it read everything.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use firelens_aws::observe::{Observation, Observed};
use firelens_aws::record::{WorkloadKey, WorkloadRecord};
use firelens_plan::{Decision, Plan, WorkloadPlan, select};
use firelens_types::v1alpha1::AwsTarget;
use jiff::{SignedDuration, Timestamp};

use crate::aws::AwsClients;
use crate::observe::{Scope, observe, refresh};
use crate::scope::Kept;

/// What must be unchanged between two passes over a target; otherwise everything is read again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Occasion {
    /// The newest resourceVersion that changed what people request.
    pub(crate) desired: i64,
    /// The epoch of the lease.
    pub(crate) epoch: i64,
}

/// What a pass keeps for the next one.
#[derive(Debug)]
pub(crate) struct Memory {
    occasion: Occasion,
    read_at: Timestamp,
    observation: Observation,
}

/// The world of one pass.
#[derive(Debug)]
pub(crate) struct World {
    /// What is known of it.
    pub(crate) observation: Observation,
    occasion: Occasion,
    /// When all of it was read.
    read_at: Timestamp,
    /// The workloads that this pass has read itself; `None` is everything.
    read: Option<BTreeSet<WorkloadKey>>,
}

impl World {
    /// Reads everything, or starts from `memory` while that may be used.
    pub(crate) async fn look(
        clients: &AwsClients,
        look: &Look<'_>,
        memory: Option<Memory>,
        occasion: Occasion,
        now: Timestamp,
    ) -> Self {
        let resync = resync(look.target);
        if let Some(memory) = memory {
            let fresh = memory.occasion == occasion && now.duration_since(memory.read_at) < resync;
            if fresh && memory.observation.unread_clusters.is_empty() {
                return Self {
                    observation: memory.observation,
                    occasion,
                    read_at: memory.read_at,
                    read: Some(BTreeSet::new()),
                };
            }
        }
        Self {
            observation: observe(clients, &look.scope()).await,
            occasion,
            read_at: now,
            read: None,
        }
    }

    /// Whether this pass read all of the target.
    pub(crate) const fn is_whole(&self) -> bool {
        self.read.is_none()
    }

    /// Returns the workloads that move or are about to, and were not read in this pass. Whatever was under way
    /// when the last pass ended is among them: what that one saw of it is from before its own update.
    pub(crate) fn unread_movers(
        &self,
        plan: &Plan,
        records: &BTreeMap<WorkloadKey, WorkloadRecord>,
    ) -> BTreeSet<WorkloadKey> {
        let Some(read) = &self.read else {
            return BTreeSet::new();
        };
        plan.workloads
            .iter()
            .filter(|(key, workload)| {
                let was_under_way = records.get(key).is_some_and(WorkloadRecord::is_in_flight);
                !read.contains(key) && (was_under_way || moves(workload))
            })
            .map(|(key, _)| key.clone())
            .collect()
    }

    /// Reads these workloads again.
    pub(crate) async fn read_again(&mut self, clients: &AwsClients, keys: BTreeSet<WorkloadKey>) {
        refresh(clients, &mut self.observation, &keys).await;
        if let Some(read) = &mut self.read {
            read.extend(keys);
        }
    }

    /// Time until everything is due to be read again.
    pub(crate) fn until_resync(&self, target: &AwsTarget, now: Timestamp) -> Duration {
        let resync = resync(target);
        let left = resync - now.duration_since(self.read_at);
        Duration::try_from(left.max(SignedDuration::ZERO)).unwrap_or_default()
    }

    /// Returns what the next pass may start from: clusters, services, and revisions, whose content never changes;
    /// container instances, and users of roles in other targets, which a rollout need not read again each time.
    /// What was read of roles, objects and families was valid for this pass only.
    pub(crate) fn into_memory(self) -> Memory {
        let seen = self.observation;
        let kept = |observed: &Observed<_>| matches!(observed, Observed::Present(_));
        let task_definitions: BTreeMap<_, _> = seen
            .task_definitions
            .into_iter()
            .filter(|(_, observed)| kept(observed))
            .collect();
        let mut container_instances = seen.container_instances;
        container_instances.retain(|_, observed| matches!(observed, Observed::Present(_)));
        Memory {
            occasion: self.occasion,
            read_at: self.read_at,
            observation: Observation {
                account_id: seen.account_id,
                region: seen.region,
                clusters: seen.clusters,
                unread_clusters: seen.unread_clusters,
                clusters_of_others: seen.clusters_of_others,
                services: seen.services,
                task_definitions,
                container_instances,
                role_users: seen.role_users,
                ..Observation::default()
            },
        }
    }
}

/// The interval of a target at which everything is read again.
fn resync(target: &AwsTarget) -> SignedDuration {
    SignedDuration::from_secs(i64::from(target.spec.resync_seconds))
}

/// What a pass has to look at.
pub(crate) struct Look<'a> {
    pub(crate) target: &'a AwsTarget,
    /// Services that the target no longer covers and still holds something of.
    pub(crate) kept: &'a Kept,
    /// All targets: those before this one have the clusters that both name.
    pub(crate) targets: &'a [AwsTarget],
}

impl<'a> Look<'a> {
    fn scope(&self) -> Scope<'a> {
        let spec = &self.target.spec;
        Scope {
            target: self.target.name(),
            account_id: &spec.account_id,
            region: &spec.region,
            clusters: &spec.clusters,
            kept: self.kept,
            of_others: select::before(self.target, self.targets)
                .map(|(other, _)| other)
                .collect(),
        }
    }
}

fn moves(workload: &WorkloadPlan) -> bool {
    let decision = &workload.decision;
    let waits_for_aws = decision.is_in_flight()
        || decision.is_unknown()
        || matches!(decision, Decision::Waiting(wait) if wait.is_for_aws());
    waits_for_aws
        || !workload.steps.is_empty()
        || workload.record.is_in_flight()
        || workload.record.overtaken.is_some()
        || workload.is_leaving()
}
