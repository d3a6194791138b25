//! The clock of passes in tests. Each read advances it a little.

use std::time::Duration;

use async_trait::async_trait;
use firelens_controller::clock::Clock;
use jiff::Timestamp;

use crate::fake_aws::FakeAws;

/// How far each look at the clock moves it.
const LOOK: Duration = Duration::from_millis(1);

/// The clock of the fake, for the controller: a sleep moves it on and returns at once, and so does each
/// look, a little.
#[derive(Clone, Debug)]
pub struct DrivenClock {
    fake: FakeAws,
}

impl DrivenClock {
    /// The clock of `fake`.
    #[must_use]
    pub fn new(fake: &FakeAws) -> Self {
        Self { fake: fake.clone() }
    }
}

#[async_trait]
impl Clock for DrivenClock {
    fn now(&self) -> Timestamp {
        self.fake.advance(LOOK);
        self.fake.now()
    }

    async fn sleep(&self, duration: Duration) {
        // The fake counts milliseconds: a shorter sleep must not stand still.
        let parts = u32::from(!duration.subsec_nanos().is_multiple_of(1_000_000));
        let whole = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let up = whole.saturating_add(u64::from(parts));
        self.fake.advance(Duration::from_millis(up));
    }
}
