//! The metrics of the controller.
//!
//! No metric may have the name of a service as a label: with ten thousand services that is ten thousand series
//! each. State for each service is available through the API. The numbers of policies and targets are bounded, so
//! they may be labels.

use std::collections::BTreeMap;
use std::time::Duration;

use firelens_plan::Holdings;
use jiff::Timestamp;
use prometheus::core::Collector;
use prometheus::{
    Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec,
    IntGaugeVec, Opts, Registry,
};

/// The most policies that get series of their own; further ones are summed under `_other`.
pub const MAX_POLICY_LABELS: usize = 1000;

/// The label under which policies beyond [`MAX_POLICY_LABELS`] are counted.
const OTHER_POLICIES: &str = "_other";

/// Buckets in seconds for calls and short work.
const CALL_BUCKETS: [f64; 12] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
];

/// Buckets in seconds for passes and waits.
const WORK_BUCKETS: [f64; 12] = [
    0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 900.0,
];

/// Buckets in seconds for rollouts: a large fleet takes hours.
const ROLLOUT_BUCKETS: [f64; 10] = [
    10.0, 30.0, 60.0, 300.0, 900.0, 1800.0, 3600.0, 7200.0, 21_600.0, 86_400.0,
];

/// The number of services of each policy in each state, in one target.
pub type StateCounts = BTreeMap<(String, &'static str), i64>;

/// The state of a policy in a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyStand {
    /// The generation of its spec.
    pub generation: i64,
    /// The generation for which the last pass was made.
    pub observed_generation: i64,
    /// The time since which not every workload is as it should be.
    pub unconverged_since: Option<Timestamp>,
}

/// All metrics of the controller; clones share the values.
#[derive(Clone, Debug)]
pub struct Metrics {
    pub(crate) reconciles: IntCounterVec,
    pub(crate) reconcile_seconds: HistogramVec,
    pub(crate) reconcile_panics: IntCounter,
    pub(crate) queue_depth: IntGaugeVec,
    pub(crate) queue_wait_seconds: Histogram,
    pub(crate) queue_longest_running_seconds: Gauge,
    pub(crate) services: IntGaugeVec,
    pub(crate) policy_generation: IntGaugeVec,
    pub(crate) policy_observed_generation: IntGaugeVec,
    pub(crate) oldest_unconverged: GaugeVec,
    owned_objects: IntGaugeVec,
    orphan_objects: IntGaugeVec,
    owned_role_policies: IntGaugeVec,
    /// The number of revisions that were deregistered.
    pub(crate) deregistered: IntCounter,
    pub(crate) drift_detected: IntCounterVec,
    pub(crate) role_policies_taken: IntCounterVec,
    pub(crate) rollout_seconds: Histogram,
    pub(crate) rollbacks: IntCounterVec,
    pub(crate) aws_requests: IntCounterVec,
    pub(crate) aws_request_seconds: HistogramVec,
    aws_bucket_tokens: GaugeVec,
    aws_bucket_wait_seconds: HistogramVec,
    pub(crate) cache_hits: IntCounter,
    pub(crate) cache_misses: IntCounter,
    pub(crate) last_resync: GaugeVec,
    pub(crate) credentials_errors: IntCounter,
    pub(crate) lease_held: IntGaugeVec,
    pub(crate) lease_transitions: IntCounter,
    pub(crate) lease_remaining_seconds: GaugeVec,
    pub(crate) fenced_writes: IntCounter,
    pub(crate) refused_rows: IntCounterVec,
}

/// Makes metrics and registers each.
struct Maker<'a>(&'a Registry);

impl Maker<'_> {
    fn register<C: Collector + Clone + 'static>(&self, made: C) -> Result<C, prometheus::Error> {
        self.0.register(Box::new(made.clone()))?;
        Ok(made)
    }

    fn counter(&self, name: &str, help: &str) -> Result<IntCounter, prometheus::Error> {
        self.register(IntCounter::with_opts(options(name, help))?)
    }

    fn counters(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
    ) -> Result<IntCounterVec, prometheus::Error> {
        self.register(IntCounterVec::new(options(name, help), labels)?)
    }

    fn gauge(&self, name: &str, help: &str) -> Result<Gauge, prometheus::Error> {
        self.register(Gauge::with_opts(options(name, help))?)
    }

    fn gauges(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
    ) -> Result<GaugeVec, prometheus::Error> {
        self.register(GaugeVec::new(options(name, help), labels)?)
    }

    fn counts(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
    ) -> Result<IntGaugeVec, prometheus::Error> {
        self.register(IntGaugeVec::new(options(name, help), labels)?)
    }

    fn histogram(
        &self,
        name: &str,
        help: &str,
        buckets: &[f64],
    ) -> Result<Histogram, prometheus::Error> {
        let options = HistogramOpts::new(name, help).namespace("firelens");
        self.register(Histogram::with_opts(options.buckets(buckets.to_vec()))?)
    }

    fn histograms(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
        buckets: &[f64],
    ) -> Result<HistogramVec, prometheus::Error> {
        let options = HistogramOpts::new(name, help).namespace("firelens");
        self.register(HistogramVec::new(
            options.buckets(buckets.to_vec()),
            labels,
        )?)
    }
}

fn options(name: &str, help: &str) -> Opts {
    Opts::new(name, help).namespace("firelens")
}

impl Metrics {
    /// Makes all metrics and registers them.
    ///
    /// # Errors
    /// A metric of the same name is already registered.
    #[rustfmt::skip] // one metric per line reads better than five lines each
    pub fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let make = Maker(registry);
        Ok(Self {
            reconciles: make.counters("reconcile_total", "Passes of the loop, by how they ended.", &["kind", "result"])?,
            reconcile_seconds: make.histograms("reconcile_duration_seconds", "How long a pass took.", &["kind"], &WORK_BUCKETS)?,
            reconcile_panics: make.counter("reconcile_panics_total", "Passes that ended in a panic.")?,
            queue_depth: make.counts("workqueue_depth", "Targets that wait for a pass.", &["priority"])?,
            queue_wait_seconds: make.histogram("workqueue_wait_seconds", "How long a target waited for its pass.", &WORK_BUCKETS)?,
            queue_longest_running_seconds: make.gauge("workqueue_longest_running_seconds", "Age of the oldest pass under way.")?,
            services: make.counts("services", "ECS services by policy and state.", &["target", "policy", "state"])?,
            policy_generation: make.counts("policy_generation", "Generation of a policy's spec.", &["policy"])?,
            policy_observed_generation: make.counts("policy_observed_generation", "Generation of a policy that the controller has acted on.", &["policy"])?,
            oldest_unconverged: make.gauges("policy_oldest_unconverged_timestamp_seconds", "Since when a service of the policy waits to be brought up to date; 0 when none does.", &["target", "policy"])?,
            owned_objects: make.counts("owned_objects", "Objects in S3 that the operator made.", &["target"])?,
            orphan_objects: make.counts("orphan_objects", "Objects in S3 of the operator that no known revision names; removed after their grace period.", &["target"])?,
            deregistered: make.counter("task_definitions_deregistered_total", "Task definitions of the operator that nothing ran any more and that it deregistered.")?,
            owned_role_policies: make.counts("owned_role_policies", "Inline policies of roles that the operator made.", &["target"])?,
            drift_detected: make.counters("drift_detected_total", "Services found changed by others since the last pass.", &["source"])?,
            role_policies_taken: make.counters("role_policies_taken_total", "Inline policies of the operator that others removed from roles or altered.", &["change"])?,
            rollout_seconds: make.histogram("rollout_duration_seconds", "From the start of a rollout to its completion in one target.", &ROLLOUT_BUCKETS)?,
            rollbacks: make.counters("rollbacks_total", "Deployments of ours that did not succeed.", &["reason"])?,
            aws_requests: make.counters("aws_requests_total", "Calls to AWS by outcome.", &["service", "operation", "outcome"])?,
            aws_request_seconds: make.histograms("aws_request_duration_seconds", "How long calls to AWS took, retries of reads included.", &["service", "operation"], &CALL_BUCKETS)?,
            aws_bucket_tokens: make.gauges("aws_bucket_tokens", "Calls the operator may make at once.", &["account", "region", "bucket"])?,
            aws_bucket_wait_seconds: make.histograms("aws_bucket_wait_seconds", "How long calls waited for their turn.", &["bucket"], &WORK_BUCKETS)?,
            cache_hits: make.counter("taskdef_cache_hits_total", "Task definitions read from the store.")?,
            cache_misses: make.counter("taskdef_cache_misses_total", "Task definitions read from AWS.")?,
            last_resync: make.gauges("last_resync_success_timestamp_seconds", "When all of an account and region was last seen.", &["account", "region"])?,
            credentials_errors: make.counter("credentials_errors_total", "Calls refused or not sent for want of valid credentials.")?,
            lease_held: make.counts("lease_held", "1 where this process works on the target.", &["target"])?,
            lease_transitions: make.counter("lease_transitions_total", "Leases taken and lost by this process.")?,
            lease_remaining_seconds: make.gauges("lease_remaining_seconds", "Time left on a lease when it was last renewed.", &["target"])?,
            refused_rows: make.counters("refused_rows_total", "Rows that the store refused for what they hold; the pass went on without them.", &["kind"])?,
            fenced_writes: make.counter("fenced_writes_total", "Writes refused because another process holds the lease.")?,
        })
    }

    /// Metrics that are not exported.
    #[cfg(test)]
    pub(crate) fn unregistered() -> Self {
        Self::new(&Registry::new()).unwrap_or_else(|error| panic!("fresh registry: {error}"))
    }

    /// Sets the tokens in a bucket; labels are account, region, bucket.
    pub(crate) fn bucket_tokens(&self, labels: &[String; 3], tokens: f64) {
        self.aws_bucket_tokens.with_label_values(labels).set(tokens);
    }

    /// Records how long a call waited for its budget.
    pub(crate) fn bucket_waited(&self, bucket: &str, waited: Duration) {
        self.aws_bucket_wait_seconds
            .with_label_values(&[bucket])
            .observe(waited.as_secs_f64());
    }

    /// Records that an account and region was read completely.
    pub(crate) fn resynced(&self, account_id: &str, region: &str, now: Timestamp) {
        self.last_resync
            .with_label_values(&[account_id, region])
            .set(seconds(now));
    }

    /// Publishes the number of our resources in a target.
    pub(crate) fn publish_holdings(&self, target: &str, holdings: &Holdings) {
        for (gauge, count) in [
            (&self.owned_objects, holdings.objects),
            (&self.orphan_objects, holdings.spare_objects),
            (&self.owned_role_policies, holdings.role_policies),
        ] {
            gauge.with_label_values(&[target]).set(i64::from(count));
        }
    }

    /// Removes the series of a target that is gone.
    pub(crate) fn forget_holdings(&self, target: &str) {
        for gauge in [
            &self.owned_objects,
            &self.orphan_objects,
            &self.owned_role_policies,
        ] {
            // A missing series is fine; there is nothing to handle.
            let _ = gauge.remove_label_values(&[target]);
        }
    }

    /// Publishes the state of the policies in a target: generation, and since when not everything is done.
    /// `before` is what was published last.
    pub(crate) fn publish_policies(
        &self,
        target: &str,
        before: &BTreeMap<String, PolicyStand>,
        now: &BTreeMap<String, PolicyStand>,
    ) {
        for policy in before.keys().filter(|policy| !now.contains_key(*policy)) {
            // A missing series is fine; there is nothing to handle.
            let _ = self.policy_generation.remove_label_values(&[policy]);
            let _ = self
                .policy_observed_generation
                .remove_label_values(&[policy]);
            let _ = self
                .oldest_unconverged
                .remove_label_values(&[target, policy]);
        }
        for (policy, stand) in now.iter().take(MAX_POLICY_LABELS) {
            let labels = &[policy.as_str()];
            self.policy_generation
                .with_label_values(labels)
                .set(stand.generation);
            self.policy_observed_generation
                .with_label_values(labels)
                .set(stand.observed_generation);
            self.oldest_unconverged
                .with_label_values(&[target, policy])
                .set(stand.unconverged_since.map(seconds).unwrap_or_default());
        }
    }

    /// Publishes the states of a target's services. `before` is what was published last, so that series of
    /// policies that are gone are removed.
    pub(crate) fn publish_services(&self, target: &str, before: &StateCounts, now: &StateCounts) {
        for (policy, state) in before.keys() {
            if !now.contains_key(&(policy.clone(), *state)) {
                let labels = [target, policy.as_str(), state];
                // A missing series is fine; there is nothing to handle.
                let _ = self.services.remove_label_values(&labels);
            }
        }
        for ((policy, state), count) in now {
            self.services
                .with_label_values(&[target, policy.as_str(), state])
                .set(*count);
        }
    }
}

/// Folds the names of policies beyond [`MAX_POLICY_LABELS`] into one, so that the number of series stays bounded.
#[must_use]
pub fn bounded_policies(counts: StateCounts) -> StateCounts {
    let mut names: Vec<String> = counts.keys().map(|(policy, _)| policy.clone()).collect();
    names.dedup();
    if names.len() <= MAX_POLICY_LABELS {
        return counts;
    }
    let kept: std::collections::BTreeSet<&String> = names.iter().take(MAX_POLICY_LABELS).collect();
    let mut bounded = StateCounts::new();
    for ((policy, state), count) in &counts {
        let policy = if kept.contains(policy) {
            policy.as_str()
        } else {
            OTHER_POLICIES
        };
        *bounded.entry((policy.to_owned(), state)).or_default() += count;
    }
    bounded
}

/// Seconds since 1970, as Prometheus wants timestamps.
#[must_use]
pub(crate) fn seconds(at: Timestamp) -> f64 {
    Duration::try_from(at.duration_since(Timestamp::UNIX_EPOCH))
        .unwrap_or_default()
        .as_secs_f64()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn all_names_are_unique_and_prefixed() {
        let registry = Registry::new();
        let metrics = Metrics::new(&registry).expect("unique");
        metrics.reconcile_panics.inc();
        assert!(
            registry
                .gather()
                .iter()
                .all(|family| family.name().starts_with("firelens_"))
        );
        assert!(Metrics::new(&registry).is_err());
    }

    #[test]
    fn a_policy_that_is_gone_takes_its_series_with_it() {
        let metrics = Metrics::unregistered();
        let before = StateCounts::from([(("a".to_owned(), "ready"), 2)]);
        let now = StateCounts::from([(("b".to_owned(), "ready"), 1)]);
        metrics.publish_services("t", &StateCounts::new(), &before);
        metrics.publish_services("t", &before, &now);
        let published = metrics.services.collect();
        assert_eq!(published[0].get_metric().len(), 1);
    }

    #[test]
    fn policies_beyond_the_limit_share_one_label() {
        let counts = (0..MAX_POLICY_LABELS + 5)
            .map(|n| ((format!("p{n:05}"), "ready"), 1))
            .collect::<StateCounts>();
        let bounded = bounded_policies(counts);
        assert_eq!(bounded.len(), MAX_POLICY_LABELS + 1);
        assert_eq!(bounded[&(OTHER_POLICIES.to_owned(), "ready")], 5);
    }
}
