//! Whole passes of the controller on a real PostgreSQL and the fake AWS, with one driven clock.
//! The clock is that of the fake, not the wall clock. It does not stand still in a pass: each read of the clock and
//! each call takes some time, as in production.
#![allow(clippy::expect_used, clippy::panic)]

pub mod account;
mod clock;
pub mod fleet;
mod restful;
pub mod rights;
pub mod scene;
mod told;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use firelens_controller::aws::AwsSettings;
use firelens_controller::prometheus::Prometheus;
use firelens_controller::{ControllerConfig, Ctx, PassOutcome, PassResult, reconcile_target};
use firelens_store::{Preconditions, Store, Update};
use firelens_types::v1alpha1::{Kind, RESTORE_FINALIZER, admit};
use prometheus::Registry;
use serde_json::{Value, json};

pub use clock::DrivenClock;
use restful::Restless;

use crate::fake_aws::{Call, FakeAws, RevisionLag};
use crate::postgres::{self, Database};

/// Name of the target that every scene has.
pub const TARGET: &str = "prod";
/// Id of the installation that every scene is of.
pub const INSTALLATION: &str = "tests";
/// How long ECS does not know a revision that was registered just now.
const REVISION_LAG: Duration = Duration::from_secs(4);
/// The time between two looks at all of a target.
const RESYNC: Duration = Duration::from_secs(300);
/// How long the longest pass of a test takes at most: so much of the time to the next resync is gone when
/// it ends.
const LONGEST_PASS: Duration = Duration::from_secs(60);
/// How long each call takes.
const CALL: Duration = Duration::from_millis(5);

/// Seed of the members that nobody knows in the answers that passes get.
const STRANGERS: u64 = 20_261_129;

/// How the controller reaches `fake`.
#[must_use]
pub fn aws_settings(fake: &FakeAws) -> AwsSettings {
    AwsSettings {
        endpoint_url: Some(fake.endpoint().to_owned()),
        ..AwsSettings::default()
    }
    .with_keys("AKIAFAKE", "secret")
}

/// Whether a service runs with a router.
///
/// # Panics
/// If there is no such service.
#[must_use]
pub fn has_router(fake: &FakeAws, cluster: &str, service: &str) -> bool {
    let live = fake.live(cluster, service);
    is_routed(&live.unwrap_or_else(|| panic!("no service {cluster}/{service}")))
}

/// Whether a task definition, or what has one in it, has a router.
#[must_use]
pub fn is_routed(document: &Value) -> bool {
    document.to_string().contains("firelensConfiguration")
}

/// A condition in the status of an object.
#[must_use]
pub fn condition<'a>(status: &'a Value, type_: &str) -> Option<&'a Value> {
    let mut conditions = status["conditions"].as_array().into_iter().flatten();
    conditions.find(|condition| condition["type"] == type_)
}

/// How a pass ended, as its surroundings see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passed {
    /// It ended by itself.
    Ended(PassOutcome),
    /// A crash fault killed the controller; a new one has been started.
    Crashed,
}

/// One controller, its database and its AWS.
#[derive(Debug)]
pub struct Harness {
    /// The AWS.
    pub fake: FakeAws,
    /// A store of the test's own, beside the controller's.
    pub store: Store,
    database: Database,
    ctx: Ctx,
    lives: usize,
    passes: usize,
    /// Calls that were told.
    told: usize,
    /// The last pass over a target, where it asked for another one at once.
    restless: BTreeMap<String, Restless>,
}

impl Harness {
    /// Starts a controller that has made no pass yet, on an empty database and an empty AWS, with the rights of
    /// `deploy/iam` and no others.
    ///
    /// # Panics
    /// If no PostgreSQL or no port can be had: the test has failed then.
    pub async fn start() -> Self {
        let fake = FakeAws::start().expect("a port for the fake AWS");
        rights::only_shipped_rights(&fake);
        fake.set_revision_lag(RevisionLag {
            age: REVISION_LAG,
            of_everybody: false,
        });
        // New members of AWS must not break anything, whatever the test is about.
        let asked = std::env::var_os("FIRELENS_TEST_AWS_MODELS").filter(|path| !path.is_empty());
        fake.invite_strangers(asked.map(|_| STRANGERS));
        Self::on(fake, INSTALLATION).await
    }

    async fn on(fake: FakeAws, installation: &str) -> Self {
        fake.set_call_duration(CALL);
        let database = postgres::database().await;
        let store = database.store().await;
        let named = store.name_installation(installation, false).await;
        named.expect("the installation has a name");
        let ctx = controller(&fake, database.store().await, 0);
        Self {
            fake,
            store,
            database,
            ctx,
            lives: 0,
            passes: 0,
            told: 0,
            restless: BTreeMap::new(),
        }
    }

    /// Another installation of the operator on the same AWS, with a database of its own.
    pub async fn beside(&self, installation: &str) -> Self {
        Self::on(self.fake.clone(), installation).await
    }

    /// Loses the database with everything in it, and starts the operator anew as that installation.
    pub async fn lose_database(&mut self, installation: &str) {
        self.ctx.leases().release_all().await;
        *self = self.beside(installation).await;
    }

    /// Stores an object as `kubectl apply` would: checked, with defaults, created or updated. A policy that does
    /// not say otherwise waits for no waiter of an owner (`rollout.settleSeconds: 0`): few scenes have one.
    ///
    /// # Panics
    /// If the object is not admitted or not stored.
    pub async fn apply(&self, mut object: Value) -> Value {
        if object["kind"] == "LoggingPolicy"
            && object["spec"]["rollout"].get("settleSeconds").is_none()
        {
            object["spec"]["rollout"]["settleSeconds"] = json!(0);
        }
        let kind = object["kind"].as_str().and_then(Kind::from_name);
        let kind = kind.expect("an object of a known kind");
        let name = object["metadata"]["name"].as_str().expect("a name");
        let name = name.to_owned();
        let mut object = admit(kind, &object).unwrap_or_else(|errors| panic!("{errors:?}"));
        if kind == Kind::LoggingPolicy {
            object["metadata"]["finalizers"] = json!([RESTORE_FINALIZER]);
        }
        let stored = self.store.get(kind, &name).await.expect("a readable store");
        let stored = if stored.is_some() {
            self.store.update(kind, &name, Update::object(object)).await
        } else {
            self.store.create(kind, object).await
        };
        stored.expect("the object is stored")
    }

    /// [`Self::apply`] of a YAML document.
    ///
    /// # Panics
    /// If the text is not YAML, or as [`Self::apply`].
    pub async fn apply_yaml(&self, text: &str) -> Value {
        self.apply(serde_yaml::from_str(text).expect("YAML")).await
    }

    /// Deletes an object as `kubectl delete` would.
    ///
    /// # Panics
    /// If there is no such object.
    pub async fn delete(&self, kind: Kind, name: &str) {
        let any = Preconditions::default();
        let deleted = self.store.delete(kind, name, &any).await;
        deleted.expect("the object is deleted");
    }

    /// Runs statements inside the database: what another version left there, or what it is to refuse.
    pub async fn execute(&self, statements: &str) {
        self.database.execute(statements).await;
    }

    /// An object as it is stored.
    ///
    /// # Panics
    /// If the store cannot be read.
    pub async fn get(&self, kind: Kind, name: &str) -> Option<Value> {
        self.store.get(kind, name).await.expect("a readable store")
    }

    /// The status of the workload that stands for a service.
    ///
    /// # Panics
    /// If there is no such workload.
    pub async fn workload(&self, cluster: &str, service: &str) -> Value {
        let name = format!("{TARGET}.{cluster}.{service}");
        let object = self.get(Kind::Workload, &name).await;
        object.unwrap_or_else(|| panic!("no workload {name}"))["status"].take()
    }

    /// Whether a service runs with a router.
    ///
    /// # Panics
    /// If there is no such service.
    #[must_use]
    pub fn has_router(&self, cluster: &str, service: &str) -> bool {
        has_router(&self.fake, cluster, service)
    }

    /// A condition of the workload that stands for a service.
    ///
    /// # Panics
    /// If there is no such workload.
    pub async fn condition(&self, cluster: &str, service: &str, type_: &str) -> Option<Value> {
        let status = self.workload(cluster, service).await;
        condition(&status, type_).cloned()
    }

    /// Reason of a condition of the workload that stands for a service.
    ///
    /// # Panics
    /// If there is no such workload.
    pub async fn reason(&self, cluster: &str, service: &str, type_: &str) -> String {
        let condition = self.condition(cluster, service, type_).await;
        condition.map_or_else(String::new, |condition| {
            condition["reason"].as_str().unwrap_or("").to_owned()
        })
    }

    /// Changes `spec.control` of a rollout, as `kubectl patch` would.
    ///
    /// # Panics
    /// If there is no such rollout.
    pub async fn say(&self, rollout: &str, control: &Value) {
        let object = self.get(Kind::Rollout, rollout).await;
        let mut object = object.unwrap_or_else(|| panic!("no rollout {rollout}"));
        object["spec"]["control"] = control.clone();
        let update = Update::object(object);
        let updated = self.store.update(Kind::Rollout, rollout, update).await;
        updated.expect("the rollout takes it");
    }

    /// One pass over the target that every scene has, at the driven time.
    pub async fn pass(&mut self) -> Passed {
        self.pass_over(TARGET).await
    }

    /// One pass over a target, at the driven time.
    pub async fn pass_over(&mut self, target: &str) -> Passed {
        self.passes += 1;
        let began = self.fake.now();
        let ended = tokio::select! {
            // A crash ends the pass at once: nothing of it may continue.
            biased;
            () = self.fake.crashed() => None,
            outcome = reconcile_target(&self.ctx, target, began) => Some(outcome),
        };
        match ended {
            Some(outcome) => {
                self.tell(target, began, &outcome).await;
                self.assert_restful(target, began, &outcome).await;
                Passed::Ended(outcome)
            }
            None => {
                self.restless.clear();
                self.restart().await;
                Passed::Crashed
            }
        }
    }

    /// Passes at the times they ask for, until nothing is waited for and a resync later nothing is
    /// written either. Returns how many there were.
    ///
    /// # Panics
    /// If that takes more than `max_passes`.
    pub async fn settle(&mut self, max_passes: usize) -> usize {
        let mut trail = Vec::new();
        let mut was_quiet = false;
        for pass in 1..=max_passes {
            let writes_before = self.fake.write_count();
            let passed = self.pass().await;
            trail.push(passed);
            let Passed::Ended(outcome) = passed else {
                was_quiet = false;
                continue;
            };
            let quiet = is_quiet(&outcome) && self.fake.write_count() == writes_before;
            if quiet && was_quiet {
                return pass;
            }
            was_quiet = quiet;
            self.fake.advance(outcome.requeue_after.min(RESYNC));
        }
        let last: Vec<_> = trail.iter().rev().take(5).collect();
        panic!("not settled after {max_passes} passes; the last: {last:#?}");
    }

    /// Passes until an object is gone, and the pass after.
    ///
    /// # Panics
    /// If that takes too long.
    pub async fn settle_until_gone(&mut self, kind: Kind, name: &str) {
        const MAX_PASSES: usize = 100;
        for _ in 0..MAX_PASSES {
            if self.get(kind, name).await.is_none() {
                self.pass().await;
                return;
            }
            let Passed::Ended(outcome) = self.pass().await else {
                continue;
            };
            self.fake.advance(outcome.requeue_after.min(RESYNC));
        }
        panic!("{name} is not gone after {MAX_PASSES} passes");
    }

    /// Starts a new process: nothing in memory is kept, and the lease of the old one has expired.
    pub async fn restart(&mut self) {
        self.lives += 1;
        self.ctx.leases().release_all().await;
        self.fake.revive();
        self.ctx = controller(&self.fake, self.database.store().await, self.lives);
    }

    /// How many calls were made until the last that could change the world, and in the pass after:
    /// the moments at which a disturbance can matter.
    #[must_use]
    pub fn moments(&self) -> usize {
        const NEXT_PASS: usize = 5;
        let calls = self.fake.calls();
        let last_write = calls.iter().rposition(Call::is_write).unwrap_or(0);
        calls.len().min(last_write + 1 + NEXT_PASS)
    }

    /// Passes so far, those of earlier lives included.
    #[must_use]
    pub fn passes(&self) -> usize {
        self.passes
    }

    /// How often the controller was started again.
    #[must_use]
    pub fn restarts(&self) -> usize {
        self.lives
    }
}

fn is_quiet(outcome: &PassOutcome) -> bool {
    outcome.result == PassResult::Done
        && outcome.acted_on == 0
        && !outcome.rolling
        && outcome.requeue_after >= RESYNC - LONGEST_PASS
}

fn controller(fake: &FakeAws, store: Store, life: usize) -> Ctx {
    let config = ControllerConfig {
        api_budget_percent: 100,
        holder: Some(format!("life-{life}")),
        aws: aws_settings(fake),
        prometheus: Prometheus::new(fake.endpoint()).ok(),
        clock: Arc::new(DrivenClock::new(fake)),
        // The order of calls must be the same in every run.
        apply_concurrency: 1,
        ..ControllerConfig::default()
    };
    Ctx::new(store, &config, &Registry::new()).expect("a new registry")
}
