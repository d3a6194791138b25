//! The clock of the controller, which tests can control.
//!
//! Nothing else in this crate may read a clock or sleep.

use std::fmt::Debug;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use jiff::Timestamp;

/// A source of time.
#[async_trait]
pub trait Clock: Debug + Send + Sync + 'static {
    /// The time of day, for records, conditions and events.
    fn now(&self) -> Timestamp;

    /// Time since some fixed moment, for waits and rates. It should never go backwards; the default
    /// is the time of day.
    fn elapsed(&self) -> Duration {
        Duration::try_from(self.now().duration_since(Timestamp::UNIX_EPOCH)).unwrap_or_default()
    }

    /// Returns when `duration` has passed on this clock.
    async fn sleep(&self, duration: Duration);
}

/// The clock of the machine. Rates follow its monotonic part, so a corrected wall clock neither fills nor empties
/// an AWS budget.
#[derive(Debug)]
pub struct SystemClock {
    started: Instant,
}

impl SystemClock {
    /// A clock whose `elapsed` counts from now.
    #[must_use]
    pub fn new() -> Self {
        Self {
            started: Instant::now(),
        }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// The time inside one pass: it begins at the time that the pass was given and goes on with the clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PassTime<'a> {
    clock: &'a dyn Clock,
    began_at: Timestamp,
    began: Duration,
}

impl<'a> PassTime<'a> {
    /// A pass that begins at `now`.
    pub(crate) fn begin(clock: &'a dyn Clock, now: Timestamp) -> Self {
        Self {
            clock,
            began_at: now,
            began: clock.elapsed(),
        }
    }

    /// How long the pass has been running.
    pub(crate) fn elapsed(&self) -> Duration {
        self.clock.elapsed().saturating_sub(self.began)
    }

    /// The time of day within the pass.
    pub(crate) fn now(&self) -> Timestamp {
        self.began_at
            .checked_add(self.elapsed())
            .unwrap_or(self.began_at)
    }
}

#[cfg(test)]
pub(crate) mod manual {
    //! A clock that stands still until somebody sleeps on it: a sleep advances it and returns at once.

    use std::sync::Mutex;
    use std::time::Duration;

    use async_trait::async_trait;
    use jiff::{SignedDuration, Timestamp};

    use super::Clock;

    /// A clock for tests.
    #[derive(Debug, Default)]
    pub(crate) struct ManualClock {
        since_epoch: Mutex<Duration>,
    }

    impl ManualClock {
        /// Advances the time.
        pub(crate) fn advance(&self, by: Duration) {
            *self.since_epoch.lock().unwrap() += by;
        }
    }

    #[async_trait]
    impl Clock for ManualClock {
        fn now(&self) -> Timestamp {
            let since_epoch = *self.since_epoch.lock().unwrap();
            Timestamp::UNIX_EPOCH + SignedDuration::try_from(since_epoch).unwrap()
        }

        async fn sleep(&self, duration: Duration) {
            self.advance(duration);
        }
    }
}
