//! Token buckets: they limit how fast the operator calls AWS, so that other people's deployments are not
//! throttled.
//!
//! One bucket for each account, region and throttling category. No retry may bypass them: every attempt that is
//! sent is paid for.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::operation::{Bucket, BucketScope};
use crate::clock::Clock;
use crate::metrics::Metrics;

/// The default share of AWS's documented limits that the operator uses, in percent. The other half is left to the
/// pipelines of the account: users of deploy tools already fail on an empty bucket
/// (aws-actions/amazon-ecs-deploy-task-definition issue 502).
pub const DEFAULT_BUDGET_SHARE_PERCENT: u8 = 50;

/// The lowest fraction of its speed to which throttling can reduce a bucket.
const MINIMUM_SPEED: f64 = 1.0 / 16.0;

/// The fraction of its speed that is restored in each recovery interval.
const RECOVERY_STEP: f64 = 1.0 / 8.0;

/// The time without throttling after which one recovery step is restored.
const RECOVERY_INTERVAL: Duration = Duration::from_secs(15);

/// A token bucket that halves its speed when AWS throttles and recovers in steps.
#[derive(Debug)]
pub struct TokenBucket {
    capacity: f64,
    refill_per_second: f64,
    state: Mutex<State>,
    /// Waiting callers, in the order in which they came.
    queue: tokio::sync::Mutex<()>,
    clock: Arc<dyn Clock>,
    metrics: Metrics,
    labels: [String; 3],
}

#[derive(Debug)]
struct State {
    tokens: f64,
    filled_at: Duration,
    speed: f64,
    speed_changed_at: Duration,
}

impl TokenBucket {
    fn new(
        capacity: f64,
        refill_per_second: f64,
        clock: Arc<dyn Clock>,
        metrics: Metrics,
        labels: [String; 3],
    ) -> Self {
        let now = clock.elapsed();
        Self {
            capacity,
            refill_per_second,
            state: Mutex::new(State {
                tokens: capacity,
                filled_at: now,
                speed: 1.0,
                speed_changed_at: now,
            }),
            queue: tokio::sync::Mutex::new(()),
            clock,
            metrics,
            labels,
        }
    }

    /// Waits until one call may be made and pays for it. First come, first served.
    pub async fn acquire(&self) {
        let started = self.clock.elapsed();
        let turn = self.queue.lock().await;
        while let Some(wait) = self.try_take() {
            self.clock.sleep(wait).await;
        }
        drop(turn);
        let waited = self.clock.elapsed().saturating_sub(started);
        self.metrics.bucket_waited(&self.labels[2], waited);
    }

    /// Pays for a call that was made without waiting, as the retries of the SDK are: the bucket may go below zero,
    /// and later callers wait longer.
    pub fn debit(&self) {
        let mut state = self.filled();
        state.tokens -= 1.0;
        self.publish(&state);
    }

    /// Notes that AWS throttled: the bucket is emptied, and fills at half its speed for a while.
    pub fn throttled(&self) {
        let mut state = self.filled();
        state.tokens = state.tokens.min(0.0);
        state.speed = (state.speed / 2.0).max(MINIMUM_SPEED);
        state.speed_changed_at = state.filled_at;
        self.publish(&state);
    }

    /// The tokens in the bucket now; below zero when calls were made on credit.
    #[must_use]
    pub fn tokens(&self) -> f64 {
        self.filled().tokens
    }

    /// Takes a token, or returns how long to wait before the next try.
    fn try_take(&self) -> Option<Duration> {
        let mut state = self.filled();
        let missing = 1.0 - state.tokens;
        if missing <= 0.0 {
            state.tokens -= 1.0;
            self.publish(&state);
            return None;
        }
        let seconds = missing / (self.refill_per_second * state.speed);
        // Rounded up, so that the wait is long enough in spite of binary fractions.
        Some(Duration::from_secs_f64(seconds) + Duration::from_micros(1))
    }

    fn filled(&self) -> MutexGuard<'_, State> {
        let now = self.clock.elapsed();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let seconds = now.saturating_sub(state.filled_at).as_secs_f64();
        let gained = seconds * self.refill_per_second * state.speed;
        state.tokens = (state.tokens + gained).min(self.capacity);
        state.filled_at = state.filled_at.max(now);
        while state.speed < 1.0 && now.saturating_sub(state.speed_changed_at) >= RECOVERY_INTERVAL {
            state.speed = (state.speed + RECOVERY_STEP).min(1.0);
            state.speed_changed_at += RECOVERY_INTERVAL;
        }
        state
    }

    fn publish(&self, state: &State) {
        self.metrics.bucket_tokens(&self.labels, state.tokens);
    }
}

/// All buckets of this process.
#[derive(Debug)]
pub struct Budgets {
    share: f64,
    clock: Arc<dyn Clock>,
    metrics: Metrics,
    buckets: Mutex<BTreeMap<(String, String, Bucket), Arc<TokenBucket>>>,
}

impl Budgets {
    /// Buckets that take `share_percent` (1 to 100, clamped) of what AWS documents.
    #[must_use]
    pub fn new(share_percent: u8, clock: Arc<dyn Clock>, metrics: Metrics) -> Self {
        Self {
            share: f64::from(share_percent.clamp(1, 100)) / 100.0,
            clock,
            metrics,
            buckets: Mutex::new(BTreeMap::new()),
        }
    }

    /// Returns the bucket of a category in an account and region; two targets in the same ones share it.
    #[must_use]
    pub fn bucket(&self, account_id: &str, region: &str, bucket: Bucket) -> Arc<TokenBucket> {
        let limits = bucket.limits();
        let (region, share) = match limits.scope {
            BucketScope::Region => (region, self.share),
            BucketScope::Account => ("global", 1.0),
        };
        let key = (account_id.to_owned(), region.to_owned(), bucket);
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let made = buckets.entry(key).or_insert_with(|| {
            Arc::new(TokenBucket::new(
                (limits.burst * share).max(1.0),
                limits.refill_per_second * share,
                Arc::clone(&self.clock),
                self.metrics.clone(),
                [account_id.into(), region.into(), bucket.name().into()],
            ))
        });
        Arc::clone(made)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;
    use crate::clock::manual::ManualClock;

    fn budgets(share_percent: u8) -> (Arc<ManualClock>, Budgets) {
        let clock = Arc::new(ManualClock::default());
        let metrics = Metrics::unregistered();
        let budgets = Budgets::new(share_percent, Arc::<ManualClock>::clone(&clock), metrics);
        (clock, budgets)
    }

    async fn seconds_for(calls: u32, clock: &ManualClock, bucket: &TokenBucket) -> f64 {
        let started = clock.elapsed();
        for _ in 0..calls {
            bucket.acquire().await;
        }
        (clock.elapsed() - started).as_secs_f64()
    }

    #[tokio::test]
    async fn a_burst_is_free_and_later_calls_are_rate_limited() {
        let (clock, budgets) = budgets(100);
        let bucket = budgets.bucket("1", "us-east-1", Bucket::TaskDefinitionModify);
        assert!(seconds_for(20, &clock, &bucket).await < 0.001);
        let slow = seconds_for(10, &clock, &bucket).await;
        assert!((slow - 10.0).abs() < 0.01, "{slow}");
    }

    #[tokio::test]
    async fn half_of_the_budget_is_left_to_others_by_default() {
        let (clock, budgets) = budgets(DEFAULT_BUDGET_SHARE_PERCENT);
        let bucket = budgets.bucket("1", "us-east-1", Bucket::ServiceModify);
        assert!(seconds_for(25, &clock, &bucket).await < 0.001);
        let slow = seconds_for(5, &clock, &bucket).await;
        assert!((slow - 2.0).abs() < 0.01, "{slow}");
    }

    #[tokio::test]
    async fn throttling_empties_the_bucket_and_temporarily_halves_its_rate() {
        let (clock, budgets) = budgets(100);
        let bucket = budgets.bucket("1", "us-east-1", Bucket::ServiceModify);
        bucket.throttled();
        let first = seconds_for(5, &clock, &bucket).await;
        assert!((first - 2.0).abs() < 0.01, "{first}");
        clock.advance(Duration::from_secs(600));
        assert!(seconds_for(50, &clock, &bucket).await < 0.001);
        let recovered = seconds_for(5, &clock, &bucket).await;
        assert!((recovered - 1.0).abs() < 0.01, "{recovered}");
    }

    #[tokio::test]
    async fn a_storm_of_throttling_never_stops_a_bucket_for_good() {
        let (clock, budgets) = budgets(100);
        let bucket = budgets.bucket("1", "us-east-1", Bucket::ServiceRead);
        for _ in 0..100 {
            bucket.throttled();
        }
        let slow = seconds_for(1, &clock, &bucket).await;
        assert!((slow - 0.8).abs() < 0.01, "{slow}");
    }

    #[tokio::test]
    async fn calls_on_credit_make_the_next_one_wait() {
        let (clock, budgets) = budgets(100);
        let bucket = budgets.bucket("1", "us-east-1", Bucket::ClusterRead);
        for _ in 0..70 {
            bucket.debit();
        }
        let waited = seconds_for(1, &clock, &bucket).await;
        assert!((waited - 1.05).abs() < 0.01, "{waited}");
    }

    #[test]
    fn targets_share_a_bucket_per_region_and_iam_per_account() {
        let (_, budgets) = budgets(50);
        let of = |account, region, bucket| budgets.bucket(account, region, bucket);
        let east = of("1", "us-east-1", Bucket::ServiceRead);
        assert!(Arc::ptr_eq(
            &east,
            &of("1", "us-east-1", Bucket::ServiceRead)
        ));
        assert!(!Arc::ptr_eq(
            &east,
            &of("1", "eu-west-1", Bucket::ServiceRead)
        ));
        assert!(!Arc::ptr_eq(
            &east,
            &of("2", "us-east-1", Bucket::ServiceRead)
        ));
        let iam = of("1", "us-east-1", Bucket::IamWrite);
        assert!(Arc::ptr_eq(&iam, &of("1", "eu-west-1", Bucket::IamWrite)));
    }
}
