//! AWS in process, on its wire protocols: ECS, ECR, IAM, S3, STS, CloudWatch and its Logs, with a driven clock, a call log,
//! documented limits, stale reads, throttling, faults at chosen calls and other actors.
//! It uses no wall clock, no randomness and no network.

mod actors;
mod authorize;
mod calls;
mod cbor;
mod ecr;
mod ecs;
mod faults;
mod hosts;
mod iam;
mod iam_policies;
mod lag;
mod misfits;
mod models;
mod reply;
mod rights;
mod s3;
mod scenery;
mod scripts;
mod server;
mod state;
mod sts;
mod telemetry;
mod throttle;
mod wire;
mod world;

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

pub use actors::Source;
pub use authorize::Asked;
pub use calls::{Call, Place, RoleSession, Service};
pub use ecs::{Deploying, DeploymentEnd};
pub use faults::{Fault, FaultPlan, When};
pub use lag::{Lag, RevisionLag};
pub use misfits::misfits_of_answer;
pub use reply::AwsError;
pub use throttle::Category;
pub use world::{World, canonical};

use faults::Hook;
use state::{Outcome, State};

/// The account that access keys belong to unless `AssumeRole` says otherwise.
pub const ACCOUNT: &str = "111122223333";
/// The region that handles look at unless [`FakeAws::at`] says otherwise.
pub const REGION: &str = "us-east-1";

/// A handle on one fake AWS, bound to one account and region; clones share everything.
#[derive(Clone)]
pub struct FakeAws {
    core: Arc<Core>,
    place: Place,
    endpoint: String,
    /// The server stops with the last handle that tests hold; hooks hold none.
    _guard: Option<misfits::Held>,
}

impl std::fmt::Debug for FakeAws {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FakeAws")
            .field("place", &self.place)
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}

/// What handles and the server share.
struct Core {
    state: Mutex<State>,
    crashed: watch::Sender<bool>,
    life: watch::Sender<u64>,
    endpoint: Mutex<String>,
    misfits: misfits::Misfits,
}

impl FakeAws {
    /// Starts an empty AWS on a random loopback port.
    ///
    /// # Errors
    /// When no port or thread can be had.
    pub fn start() -> io::Result<Self> {
        let place = Place::new(ACCOUNT, REGION);
        let core = Arc::new(Core {
            state: Mutex::new(State::new(place.clone())),
            crashed: watch::Sender::new(false),
            life: watch::Sender::new(0),
            endpoint: Mutex::new(String::new()),
            misfits: misfits::Misfits::default(),
        });
        let (endpoint, guard) = server::start(Arc::clone(&core))?;
        core.endpoint
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone_from(&endpoint);
        Ok(Self {
            core: Arc::clone(&core),
            place,
            endpoint,
            _guard: Some(misfits::Held {
                core,
                _server: Arc::new(guard),
            }),
        })
    }

    /// `http://127.0.0.1:PORT`, for `AWS_ENDPOINT_URL`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The same AWS, seen from another account and region.
    #[must_use]
    pub fn at(&self, account: &str, region: &str) -> Self {
        Self {
            place: Place::new(account, region),
            ..self.clone()
        }
    }

    /// The account and region of this handle.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The driven time.
    pub fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::from_millisecond(self.state().now_ms)
            .unwrap_or(jiff::Timestamp::UNIX_EPOCH)
    }

    /// Moves the driven time on; deployments progress accordingly.
    pub fn advance(&self, by: Duration) {
        self.state().advance(by);
    }

    /// Moves the driven time on to `to`; does nothing when that is past.
    pub fn advance_to(&self, to: jiff::Timestamp) {
        let ahead_ms = to.as_millisecond() - self.state().now_ms;
        self.advance(Duration::from_millis(u64::try_from(ahead_ms).unwrap_or(0)));
    }

    /// Each call takes that long of the driven time from now on; at first none takes any.
    pub fn set_call_duration(&self, call: Duration) {
        self.state().options.call = call;
    }

    /// Every call since the log was last cleared, in order of arrival.
    pub fn calls(&self) -> Vec<Call> {
        self.state().calls.clone()
    }

    /// How many calls of each operation.
    pub fn counts(&self) -> BTreeMap<String, usize> {
        calls::counts(&self.state().calls)
    }

    /// How many calls of `operation`.
    pub fn count(&self, operation: &str) -> usize {
        self.count_of(|call| call.operation == operation)
    }

    /// How many calls of `operation` were not refused.
    pub fn taken(&self, operation: &str) -> usize {
        self.count_of(|call| call.operation == operation && call.error.is_none())
    }

    /// How many calls could change the world.
    pub fn write_count(&self) -> usize {
        self.count_of(Call::is_write)
    }

    fn count_of(&self, is_meant: impl Fn(&Call) -> bool) -> usize {
        let state = self.state();
        state.calls.iter().filter(|call| is_meant(call)).count()
    }

    /// The calls that could change the world.
    pub fn writes(&self) -> Vec<Call> {
        let state = self.state();
        state
            .calls
            .iter()
            .filter(|call| call.is_write())
            .cloned()
            .collect()
    }

    /// Starts a new call log.
    pub fn clear_calls(&self) {
        self.state().calls.clear();
    }

    /// Arms a fault.
    pub fn inject(&self, plan: FaultPlan) {
        self.state().faults.push(plan);
    }

    /// Disarms every fault.
    pub fn clear_faults(&self) {
        self.state().faults.clear();
    }

    /// Lets somebody act just before every call of `operation` takes effect.
    pub fn hook_before(&self, operation: &str, act: impl FnMut(&FakeAws, &Call) + Send + 'static) {
        self.hook(When::operation(operation).always(), act);
    }

    /// Lets somebody act just before the chosen calls take effect. What they do is not logged.
    pub fn hook(&self, when: When, act: impl FnMut(&FakeAws, &Call) + Send + 'static) {
        self.state().hooks.push(Hook {
            when,
            act: Box::new(act),
        });
    }

    /// Removes every hook.
    pub fn clear_hooks(&self) {
        self.state().hooks.clear();
    }

    /// Resolves when a crash fault has struck: the caller is to be aborted, then [`Self::revive`]d.
    pub async fn crashed(&self) {
        let mut crashed = self.core.crashed.subscribe();
        // The sender lives as long as this handle does.
        let _ = crashed.wait_for(|down| *down).await;
    }

    /// Whether a crash fault has struck and the caller has not been revived.
    pub fn is_down(&self) -> bool {
        self.state().down
    }

    /// A new life for the caller: its old connections are closed, new ones are served.
    pub fn revive(&self) {
        let life = {
            let mut state = self.state();
            state.down = false;
            state.life += 1;
            state.life
        };
        self.core.crashed.send_replace(false);
        self.core.life.send_replace(life);
    }

    /// ECS reads lag behind ECS writes from now on; what is there already shows.
    pub fn set_ecs_lag(&self, lag: Lag) {
        let mut state = self.state();
        state.options.ecs_lag = lag;
        for region in state.regions.values_mut() {
            region.collapse();
        }
    }

    /// Revisions that are registered from now on are not known for a while.
    pub fn set_revision_lag(&self, lag: RevisionLag) {
        self.state().options.revision_lag = lag;
    }

    /// IAM reads lag behind IAM writes from now on; what is there already shows.
    pub fn set_iam_lag(&self, lag: Lag) {
        let mut state = self.state();
        state.options.iam_lag = lag;
        state.roles.collapse();
    }

    /// Throttles by the documented categories, or stops doing so. Buckets start full.
    pub fn throttle(&self, on: bool) {
        self.state().throttle.on = on;
    }

    /// Somebody else spends `tokens` of a bucket; false, spending nothing, when there are fewer.
    pub fn spend(&self, category: Category, tokens: i64) -> bool {
        let mut state = self.state();
        let now_ms = state.now_ms;
        state.throttle.take(&self.place, category, tokens, now_ms)
    }

    /// Whole tokens left in a bucket.
    pub fn tokens_left(&self, category: Category) -> i64 {
        let mut state = self.state();
        let now_ms = state.now_ms;
        state.throttle.left(&self.place, category, now_ms)
    }

    /// The end state, comparable between runs.
    pub fn world(&self) -> World {
        world::world(&self.state())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.core.state()
    }
}

impl Core {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn life(&self) -> u64 {
        self.state().life
    }

    /// Resolves once the caller has been revived after `life`.
    async fn revived(&self, life: u64) {
        let mut lives = self.life.subscribe();
        // The sender lives as long as the server does.
        let _ = lives.wait_for(|now| *now > life).await;
    }

    /// One request from a connection opened in `life`.
    fn exchange(self: &Arc<Self>, life: u64, call: Call) -> Outcome {
        let (call, mut hooks) = {
            let mut state = self.state();
            if state.down {
                return Outcome::Hang;
            }
            if life < state.life {
                return Outcome::Close;
            }
            let call = state.log(call);
            if let Some(misfit) = self.misfits.of_request(&call) {
                return misfit;
            }
            let hooks = state.due_hooks(&call);
            (call, hooks)
        };
        if !hooks.is_empty() {
            let actor = self.actor(&call);
            for hook in &mut hooks {
                (hook.act)(&actor, &call);
            }
        }
        let mut state = self.state();
        hooks.retain(|hook| !hook.when.spent());
        state.hooks.append(&mut hooks);
        let outcome = state.answer(&call);
        drop(state);
        if matches!(outcome, Outcome::Crash) {
            self.crashed.send_replace(true);
        }
        self.misfits.of_outcome(&call, outcome)
    }

    fn actor(self: &Arc<Self>, call: &Call) -> FakeAws {
        FakeAws {
            core: Arc::clone(self),
            place: call.place.clone(),
            endpoint: self
                .endpoint
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone(),
            _guard: None,
        }
    }
}
