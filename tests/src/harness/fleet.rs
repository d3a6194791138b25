//! A large fleet in three targets, with one driven clock: passes come when they are due, and others act in
//! between.
//! It only counts; the assertions are in the tests.
#![allow(clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::time::Duration;

use firelens_aws::record::WorkloadKey;
use firelens_store::ListOptions;
use firelens_types::v1alpha1::Kind;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::rights::only_shipped_rights;
use super::scene::{self, fargate, run};
use super::{Harness, Passed};
use crate::fake_aws::{ACCOUNT, FakeAws};

/// Name, account and region of the targets: two regions of one account, and another account behind a role.
pub const TARGETS: [(&str, &str, &str); 3] = [
    ("east", ACCOUNT, "us-east-1"),
    ("west", ACCOUNT, "eu-west-1"),
    ("other", "444455556666", "us-east-1"),
];
/// Cluster that every service is in.
pub const CLUSTER: &str = "main";
/// External id that the role in the other account asks for.
const EXTERNAL_ID: &str = "fleet";
/// How long deployments take.
const DEPLOYMENT: Duration = Duration::from_secs(15);
/// Longest wait between two looks of a test at the fleet: owners act in between.
const TICK: Duration = Duration::from_secs(60);

/// The fleet and the passes over it.
#[derive(Debug)]
pub struct Fleet {
    /// One controller for all targets.
    pub harness: Harness,
    due: BTreeMap<&'static str, Timestamp>,
    /// Most services that were in flight at once, by target.
    pub most_in_flight: BTreeMap<String, usize>,
}

/// What happens in a fleet until nothing happens any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// Nothing is waited for.
    Quiet,
    /// The time is up.
    TimeUp,
}

impl Fleet {
    /// `services` services over the three targets.
    pub async fn start(services: usize) -> Self {
        Self::start_with(services, |_, _| {}).await
    }

    /// The same, with task definitions that their owners have changed: number and document of each service.
    pub async fn start_with(services: usize, edit: impl Fn(usize, &mut Value)) -> Self {
        let harness = Harness::start().await;
        harness.fake.set_deployment_duration(DEPLOYMENT);
        for (index, (_, account, region)) in TARGETS.into_iter().enumerate() {
            let place = harness.fake.at(account, region);
            only_shipped_rights(&place);
            place.add_bucket(&bucket(account, region));
            place.add_cluster(CLUSTER, json!({})).expect("a cluster");
            for number in (index..services).step_by(TARGETS.len()) {
                let mut document = fargate(&service(number));
                edit(number, &mut document);
                run(&place, CLUSTER, &in_account(&document, account));
            }
        }
        apply_targets(&harness).await;
        harness.fake.trust(&role(TARGETS[2].1), Some(EXTERNAL_ID));
        let now = harness.fake.now();
        Self {
            harness,
            due: TARGETS.iter().map(|(name, ..)| (*name, now)).collect(),
            most_in_flight: BTreeMap::new(),
        }
    }

    /// The database is lost; the operator begins anew as that installation, with the same targets.
    pub async fn lose_database(&mut self, installation: &str) {
        self.harness.lose_database(installation).await;
        apply_targets(&self.harness).await;
        self.wake();
    }

    /// Another installation of the operator on the same fleet, with the same targets and a database of its own.
    pub async fn beside(&self, installation: &str) -> Self {
        let harness = self.harness.beside(installation).await;
        apply_targets(&harness).await;
        Self {
            harness,
            due: self.due.clone(),
            most_in_flight: BTreeMap::new(),
        }
    }

    /// A handle on the AWS of a target.
    pub fn place(&self, target: &str) -> FakeAws {
        let (_, account, region) = TARGETS
            .into_iter()
            .find(|(name, ..)| *name == target)
            .expect("a target of the fleet");
        self.harness.fake.at(account, region)
    }

    /// Names of the services of a target.
    pub fn services(&self, target: &str, services: usize) -> Vec<String> {
        let index = TARGETS.iter().position(|(name, ..)| *name == target);
        let first = index.expect("a target of the fleet");
        (first..services)
            .step_by(TARGETS.len())
            .map(service)
            .collect()
    }

    /// Wakes all targets, as a change of an object does.
    pub fn wake(&mut self) {
        let now = self.harness.fake.now();
        self.due.values_mut().for_each(|due| *due = now);
    }

    /// Passes as they come due, `act` every minute between them, until nothing is waited for or `limit`
    /// has passed.
    pub async fn run(&mut self, limit: SignedDuration, mut act: impl FnMut(&FakeAws)) -> Rest {
        let end = self.harness.fake.now() + limit;
        let mut tick = self.harness.fake.now() + TICK;
        let mut quiet: BTreeMap<&str, usize> = BTreeMap::new();
        loop {
            let next = self.due.iter().min_by_key(|(_, due)| **due);
            let (target, due) = next.map(|(name, due)| (*name, *due)).expect("targets");
            if due.min(tick) > end {
                return Rest::TimeUp;
            }
            if tick < due {
                self.harness.fake.advance_to(tick);
                act(&self.harness.fake);
                tick += TICK;
                continue;
            }
            self.harness.fake.advance_to(due);
            let writes = self.harness.fake.write_count();
            let Passed::Ended(outcome) = self.harness.pass_over(target).await else {
                panic!("nothing crashes here");
            };
            self.count(target).await;
            let is_quiet = super::is_quiet(&outcome) && self.harness.fake.write_count() == writes;
            let times = quiet.entry(target).or_default();
            *times = if is_quiet { *times + 1 } else { 0 };
            let wait = SignedDuration::try_from(outcome.requeue_after.min(super::RESYNC));
            let now = self.harness.fake.now();
            self.due.insert(target, now + wait.expect("a short wait"));
            if quiet.len() == TARGETS.len() && quiet.values().all(|times| *times >= 2) {
                return Rest::Quiet;
            }
        }
    }

    async fn count(&mut self, target: &str) {
        let records = self.harness.store.records(target).await;
        let records = records.expect("a readable store");
        let in_flight = records
            .values()
            .filter(|record| record.deployment.is_some())
            .count();
        let most = self.most_in_flight.entry(target.to_owned()).or_default();
        *most = (*most).max(in_flight);
    }

    /// The rollouts of the newest generation, by target.
    pub async fn rollouts(&self) -> BTreeMap<String, Value> {
        let list = self
            .harness
            .store
            .list(Kind::Rollout, &ListOptions::default())
            .await;
        let mut newest: BTreeMap<String, Value> = BTreeMap::new();
        for rollout in list.expect("a readable store").items {
            let target = rollout["spec"]["target"].as_str().expect("a target");
            let known = newest.get(target).map(|known| &known["spec"]["generation"]);
            if known.and_then(Value::as_i64) < rollout["spec"]["generation"].as_i64() {
                newest.insert(target.to_owned(), rollout);
            }
        }
        newest
    }

    /// Changes `spec.control` of the rollouts of all targets, as `kubectl patch` would.
    pub async fn say(&mut self, control: &Value) {
        for rollout in self.rollouts().await.values() {
            let name = rollout["metadata"]["name"].as_str().expect("a name");
            self.harness.say(name, control).await;
        }
        self.wake();
    }

    /// Reason of the condition `Injected` of a workload.
    pub async fn reason(&self, target: &str, service: &str) -> String {
        let name = format!("{target}.{CLUSTER}.{service}");
        let object = self.harness.get(Kind::Workload, &name).await;
        let object = object.expect("a workload");
        let injected = super::condition(&object["status"], "Injected");
        let reason = injected.and_then(|injected| injected["reason"].as_str());
        reason.unwrap_or_default().to_owned()
    }

    /// Whether a service runs with the router.
    pub fn has_router(&self, target: &str, service: &str) -> bool {
        super::has_router(&self.place(target), CLUSTER, service)
    }

    /// Services without the router, of all targets.
    pub fn without_router(&self, services: usize) -> Vec<WorkloadKey> {
        let mut unrouted = Vec::new();
        for (target, ..) in TARGETS {
            for service in self.services(target, services) {
                if !self.has_router(target, &service) {
                    unrouted.push(WorkloadKey {
                        target: target.to_owned(),
                        cluster: CLUSTER.to_owned(),
                        service,
                    });
                }
            }
        }
        unrouted
    }
}

async fn apply_targets(harness: &Harness) {
    for (name, account, region) in TARGETS {
        harness.apply(target(name, account, region)).await;
    }
}

fn service(number: usize) -> String {
    format!("s{number:04}")
}

/// A document whose roles are of that account.
fn in_account(document: &Value, account: &str) -> Value {
    let text = document.to_string().replace(ACCOUNT, account);
    serde_json::from_str(&text).expect("still JSON")
}

fn role(account: &str) -> String {
    format!("arn:aws:iam::{account}:role/firelens-operator")
}

/// As the templates name it.
fn bucket(account: &str, region: &str) -> String {
    format!("firelens-config-{account}-{region}")
}

fn target(name: &str, account: &str, region: &str) -> Value {
    let mut target = scene::target();
    target["metadata"]["name"] = json!(name);
    target["spec"]["accountId"] = json!(account);
    target["spec"]["region"] = json!(region);
    target["spec"]["configBucket"]["name"] = json!(bucket(account, region));
    if account != ACCOUNT {
        target["spec"]["assumeRole"] = json!({"arn": role(account), "externalId": EXTERNAL_ID});
    }
    target
}

/// A policy for the whole fleet with one output, so that options do and no file is needed.
#[must_use]
pub fn policy(rollout: &Value) -> Value {
    let mut policy = scene::policy();
    if let Some(outputs) = policy["spec"]["outputs"].as_array_mut() {
        outputs.remove(0);
    }
    policy["spec"]["rollout"] = rollout.clone();
    policy
}
