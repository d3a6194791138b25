//! Faults and interleaved actors, armed for chosen calls.
//! Nothing is random: a call is chosen by its content and its number.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use super::FakeAws;
use super::calls::Call;
use super::reply::AwsError;

type Act = Box<dyn FnMut(&FakeAws, &Call) + Send>;
type Matcher = Arc<dyn Fn(&Call) -> bool + Send + Sync>;

/// Which calls: the `first`-th matching one after arming, and the ones that follow it, `times` in all.
#[derive(Clone)]
pub struct When {
    matcher: Matcher,
    first: usize,
    times: usize,
    seen: usize,
}

impl When {
    /// The next call of any kind.
    pub fn any() -> Self {
        Self::matching(|_| true)
    }

    /// The next call of the named operation.
    pub fn operation(name: &str) -> Self {
        let name = name.to_owned();
        Self::matching(move |call| call.operation == name)
    }

    /// The next call that can change the world.
    pub fn write() -> Self {
        Self::matching(Call::is_write)
    }

    /// The next call the function accepts.
    pub fn matching(matcher: impl Fn(&Call) -> bool + Send + Sync + 'static) -> Self {
        Self {
            matcher: Arc::new(matcher),
            first: 1,
            times: 1,
            seen: 0,
        }
    }

    /// The `count`-th matching call (1 is the next) instead of the next.
    #[must_use]
    pub fn nth(mut self, count: usize) -> Self {
        self.first = count.max(1);
        self
    }

    /// `times` matching calls in a row instead of one.
    #[must_use]
    pub fn times(mut self, times: usize) -> Self {
        self.times = times;
        self
    }

    /// Every matching call from now on.
    #[must_use]
    pub fn always(self) -> Self {
        self.times(usize::MAX)
    }

    /// Counts `call` if it matches; true when this is (one of) the chosen.
    pub(super) fn due(&mut self, call: &Call) -> bool {
        if !(self.matcher)(call) {
            return false;
        }
        self.seen += 1;
        self.seen >= self.first && self.seen - self.first < self.times
    }

    /// Whether no later call can be chosen any more.
    pub(super) fn spent(&self) -> bool {
        self.seen >= self.first.saturating_add(self.times).saturating_sub(1)
    }
}

impl fmt::Debug for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("When")
            .field("first", &self.first)
            .field("times", &self.times)
            .field("seen", &self.seen)
            .finish_non_exhaustive()
    }
}

/// A fault of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Refused for rate; not executed.
    Throttle,
    /// HTTP 500; not executed.
    ServerError,
    /// Not authorised; not executed.
    Denied,
    /// Any other error; not executed.
    Error(AwsError),
    /// Never answers; not executed. The caller's own timeout must end it.
    TimeoutNotExecuted,
    /// The connection closes before the call took effect.
    LostRequest,
    /// The call takes effect, then the connection closes without an answer.
    LostAnswer,
    /// Not executed; answered with status 200 and these bytes, which may be anything.
    Body(Bytes),
    /// The caller dies before the call takes effect: no answer, and [`FakeAws::crashed`] resolves.
    CrashBefore,
    /// The caller dies after the call took effect: no answer, and [`FakeAws::crashed`] resolves.
    CrashAfter,
}

/// A fault and the calls it hits.
#[derive(Clone, Debug)]
pub struct FaultPlan {
    pub(super) when: When,
    pub(super) fault: Fault,
}

impl FaultPlan {
    /// `fault` at the calls of `when`.
    pub fn new(when: When, fault: Fault) -> Self {
        Self { when, fault }
    }

    /// `fault` at the `count`-th call of any kind from now (1 is the next).
    pub fn at(count: usize, fault: Fault) -> Self {
        Self::new(When::any().nth(count), fault)
    }
}

/// Somebody else, acting just before chosen calls.
pub(super) struct Hook {
    pub(super) when: When,
    pub(super) act: Act,
}

impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hook")
            .field("when", &self.when)
            .finish_non_exhaustive()
    }
}
