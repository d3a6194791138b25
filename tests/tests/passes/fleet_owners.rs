//! A fleet over the whole life of a policy, with owners who have every tool: pipelines that describe what runs
//! or the family and wait until it is stable, the render action, ecspresso, Terraform, CloudFormation.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;

use firelens_tests::fake_aws::{ACCOUNT, AwsError, FakeAws, Source};
use firelens_tests::harness::fleet::{CLUSTER, Fleet, Rest, TARGETS, policy};
use firelens_tests::harness::scene::POLICY;
use firelens_tests::harness::{condition, is_routed};
use firelens_types::v1alpha1::Kind;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// Services over three targets; a third of them in each.
const SERVICES: usize = 60;
/// Services that share a role; its regions are those of their targets.
const TEAM: usize = 6;
/// Tools that owners have; the pipelines among them, which come first, wait until the service is stable.
const TOOLS: usize = 6;
const WAITING_TOOLS: usize = 3;
/// Every such service completes its deployments while the old tasks still run.
const EARLY: usize = 7;
const DAY: SignedDuration = SignedDuration::from_hours(2);
/// Waiters look forty times, a quarter of a minute apart.
const WAITER: SignedDuration = SignedDuration::from_mins(10);

fn rollout() -> Value {
    json!({
        "maxConcurrent": 5, "waveGrowth": 2, "failureThreshold": 1, "settleSeconds": 120,
        "canary": {"count": 2, "bakeSeconds": 60},
    })
}

async fn fleet() -> Fleet {
    let mut fleet = Fleet::start_with(SERVICES, |number, document| {
        // Those that opt out have roles of their own: nobody's role is widened for others.
        if number < SERVICES - TARGETS.len() {
            let role = format!("arn:aws:iam::{ACCOUNT}:role/team-{}", number / TEAM);
            document["taskRoleArn"] = json!(role);
        }
    })
    .await;
    for (target, ..) in TARGETS {
        let early = json!({"earlySuccessCriteria": {
            "enable": true, "healthyPercent": 100, "sourceServiceRevisionCleanup": "DEFERRED",
        }});
        for service in fleet.services(target, SERVICES).iter().step_by(EARLY) {
            let update = json!({
                "cluster": CLUSTER, "service": service, "deploymentConfiguration": early,
            });
            fleet.place(target).ecs("UpdateService", update).unwrap();
        }
    }
    fleet.harness.fake.throttle(false);
    fleet.harness.apply(policy(&rollout())).await;
    fleet.wake();
    fleet
}

/// What runs with a router of ours has the rights of its target on its role.
fn assert_rights(place: &FakeAws, target: &str, service: &str) {
    let described = place.service(CLUSTER, service).unwrap();
    for deployment in described["deployments"].as_array().unwrap() {
        let arn = deployment["taskDefinition"].as_str().unwrap();
        let revision = place.task_definition(arn).unwrap();
        if deployment["runningCount"] == 0 || !is_routed(&revision) {
            continue;
        }
        let role = revision["taskDefinition"]["taskRoleArn"].as_str().unwrap();
        let (_, role) = role.rsplit_once('/').unwrap();
        let policies = place.role_policies(role);
        let name = format!("firelens-{POLICY}@{target}");
        assert!(
            policies.contains_key(&name),
            "{service} runs {arn}: {policies:?}"
        );
    }
}

/// The owners of all services, one after the other, each with their tool.
struct Owners {
    places: Vec<(&'static str, FakeAws, Vec<String>)>,
    turn: usize,
    deploys: usize,
    /// Deployments whose pipelines wait until the service is stable: since when, and with which revision.
    waiting: BTreeMap<(usize, String), (Timestamp, String)>,
    waited: usize,
}

impl Owners {
    fn of(fleet: &Fleet) -> Self {
        let places = TARGETS.into_iter().map(|(target, ..)| {
            let services = fleet.services(target, SERVICES);
            (target, fleet.place(target), services)
        });
        Self {
            places: places.collect(),
            turn: 0,
            deploys: 0,
            waiting: BTreeMap::new(),
            waited: 0,
        }
    }

    /// One minute: somebody deploys in each target, waiters look, and everything that runs has its rights.
    fn act(&mut self) {
        self.look();
        let turn = self.turn;
        self.turn += 1;
        for target in 0..self.places.len() {
            let (_, place, services) = self.places[target].clone();
            let number = turn % services.len();
            let service = &services[number];
            let round = turn / services.len();
            let tool = number % TOOLS;
            // Where there is nothing to go back to, a tool says so.
            let deployed = self.deploy(&place, service, tool, round);
            // Who has old tasks cleaned up later does not wait for that.
            let waits = tool < WAITING_TOOLS && !number.is_multiple_of(EARLY);
            if let Ok(arn) = deployed
                && waits
            {
                let since = place.now();
                self.waiting.insert((target, service.clone()), (since, arn));
            }
        }
        self.look();
    }

    /// A deployment with a tool; returns the revision that was brought.
    fn deploy(
        &mut self,
        place: &FakeAws,
        service: &str,
        tool: usize,
        round: usize,
    ) -> Result<String, AwsError> {
        self.deploys += 1;
        let image = json!(format!("registry.example/app:{}", self.deploys));
        let edit = move |document: &mut Value| {
            document["containerDefinitions"][0]["image"] = image.clone();
        };
        let deploys = |source| place.owner_deploys(CLUSTER, service, source, edit.clone());
        let goes_back = !round.is_multiple_of(2);
        match tool {
            // The render action after `describe-task-definition` of the family.
            1 => deploys(Source::Newest),
            // What the service runs, with another image.
            2 => deploys(Source::Live),
            // ecspresso: a deployment, then back to the revision before.
            3 if goes_back => place.ecspresso_rolls_back(CLUSTER, service),
            // Terraform: a revision of its own, then the newest one that it finds.
            4 => {
                let mut document = place.own(CLUSTER, service).unwrap();
                edit(&mut document);
                place.register(document).unwrap();
                Ok(place.terraform_applies(CLUSTER, service).unwrap())
            }
            // CloudFormation: an update of the stack, then its rollback.
            5 if goes_back => place.stack_sets(CLUSTER, service, true),
            // CodePipeline and the render action: the file of the repository.
            _ => deploys(Source::Own),
        }
    }

    /// What waiters see, and what the tasks that run may do.
    fn look(&mut self) {
        for (index, (target, place, services)) in self.places.iter().enumerate() {
            for service in services {
                assert_rights(place, target, service);
                let key = (index, service.clone());
                let Some((since, arn)) = self.waiting.get(&key) else {
                    continue;
                };
                let described = place.service(CLUSTER, service).unwrap();
                let deployments = described["deployments"].as_array().unwrap();
                assert_eq!(
                    deployments[0]["taskDefinition"],
                    json!(arn),
                    "{service}: ours began while their pipeline waited for theirs"
                );
                if deployments.len() == 1 && deployments[0]["rolloutState"] == "COMPLETED" {
                    self.waiting.remove(&key);
                    self.waited += 1;
                } else {
                    let waits = place.now().duration_since(*since);
                    assert!(waits < WAITER, "{service}: max attempts exceeded");
                }
            }
        }
    }
}

/// The fleet is left alone until nothing is waited for.
async fn rest(fleet: &mut Fleet, owners: &mut Owners) {
    fleet.wake();
    if fleet.run(DAY, |_| owners.look()).await == Rest::Quiet {
        return;
    }
    let mut reasons: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (target, ..) in TARGETS {
        for service in fleet.services(target, SERVICES) {
            let name = format!("{target}.{CLUSTER}.{service}");
            let workload = fleet.harness.get(Kind::Workload, &name).await.unwrap();
            let injected = condition(&workload["status"], "Injected").unwrap();
            let reason = format!("{}: {}", injected["reason"], injected["message"]);
            reasons.entry(reason).or_default().push(service);
        }
    }
    panic!(
        "it never comes to rest: {reasons:#?} {:#?}",
        ready(fleet).await
    );
}

fn assert_all_routed(fleet: &Fleet, but: &[(&str, String)]) {
    let mut left = fleet.without_router(SERVICES);
    left.retain(|key| !but.contains(&(key.target.as_str(), key.service.clone())));
    assert_eq!(left, []);
}

fn opt_out(place: &FakeAws, service: &str) {
    let arn = place.service(CLUSTER, service).unwrap()["serviceArn"].clone();
    let tags = json!([{"key": "firelens.dev/inject", "value": "disabled"}]);
    let tagged = place.ecs("TagResource", json!({"resourceArn": arn, "tags": tags}));
    tagged.unwrap();
}

async fn ready(fleet: &Fleet) -> Value {
    let policy = fleet
        .harness
        .get(Kind::LoggingPolicy, POLICY)
        .await
        .unwrap();
    condition(&policy["status"], "Ready").unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_deploy_tool_works_throughout_the_life_of_a_policy() {
    let mut fleet = fleet().await;
    let mut owners = Owners::of(&fleet);
    // Two leave before anybody reached them: nobody waits for them.
    let out: Vec<(&str, String)> = ["east", "west"]
        .map(|target| (target, fleet.services(target, SERVICES)[19].clone()))
        .to_vec();
    for (target, service) in &out {
        opt_out(&fleet.place(target), service);
    }
    let hour = SignedDuration::from_hours(1);
    assert_eq!(fleet.run(hour, |_| owners.act()).await, Rest::TimeUp);
    rest(&mut fleet, &mut owners).await;
    assert_all_routed(&fleet, &out);
    let reason = ready(&fleet).await["reason"].clone();
    assert_eq!(reason, "RolloutComplete");
    assert!(owners.waited > 20, "{} pipelines waited", owners.waited);

    // The next generation comes while they deploy.
    let mut next = policy(&rollout());
    next["spec"]["bufferLimit"] = json!(4321);
    fleet.harness.apply(next).await;
    fleet.wake();
    assert_eq!(fleet.run(hour, |_| owners.act()).await, Rest::TimeUp);
    rest(&mut fleet, &mut owners).await;
    assert_all_routed(&fleet, &out);

    // One that has a router leaves; then the policy goes, while they deploy.
    let frozen = fleet.services("east", SERVICES)[0].clone();
    opt_out(&fleet.place("east"), &frozen);
    rest(&mut fleet, &mut owners).await;
    fleet.harness.delete(Kind::LoggingPolicy, POLICY).await;
    fleet.wake();
    let minutes = SignedDuration::from_mins(18);
    // Its own turn does not come in these minutes.
    owners.turn = 1;
    assert_eq!(fleet.run(minutes, |_| owners.act()).await, Rest::TimeUp);
    rest(&mut fleet, &mut owners).await;
    let held = ready(&fleet).await;
    assert_eq!(held["reason"], "OptedOutServices");
    let message = held["message"].as_str().unwrap();
    assert!(message.contains(&frozen), "{message}");
    assert!(!message.contains(&out[0].1), "it runs no router: {message}");
    assert!(fleet.has_router("east", &frozen));

    // Its owner deploys what is in their repository: the last router is gone, and with it everything of ours.
    let deployed = fleet
        .place("east")
        .owner_deploys(CLUSTER, &frozen, Source::Own, |_| {});
    deployed.unwrap();
    rest(&mut fleet, &mut owners).await;
    assert_eq!(fleet.harness.get(Kind::LoggingPolicy, POLICY).await, None);
    assert_nothing_left(&fleet).await;
}

/// No service runs a router, no role or bucket has anything of ours, and who describes a family gets what its
/// owner registered.
async fn assert_nothing_left(fleet: &Fleet) {
    assert_eq!(fleet.without_router(SERVICES).len(), SERVICES);
    for (target, ..) in TARGETS {
        let place = fleet.place(target);
        for team in 0..SERVICES / TEAM {
            let policies = place.role_policies(&format!("team-{team}"));
            assert!(policies.is_empty(), "{target}: {policies:?}");
        }
        for service in fleet.services(target, SERVICES) {
            let newest = place.task_definition(&service).unwrap();
            assert!(!is_routed(&newest), "{service}: {newest}");
        }
        let revisions = fleet.harness.store.revisions(target).await.unwrap();
        assert_eq!(revisions.len(), 0, "{target}");
    }
    assert!(fleet.harness.fake.world().objects.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_installation_writes_nothing_and_names_the_first() {
    let mut fleet = fleet().await;
    rest_without_owners(&mut fleet).await;
    assert_eq!(fleet.without_router(SERVICES), []);
    let written = fleet.harness.fake.write_count();
    let mut second = fleet.beside("second").await;
    second.harness.apply(policy(&rollout())).await;
    rest_without_owners(&mut second).await;
    rest_without_owners(&mut fleet).await;
    assert_eq!(fleet.harness.fake.write_count(), written);
    for (target, ..) in TARGETS {
        let service = &fleet.services(target, SERVICES)[3];
        assert_eq!(second.reason(target, service).await, "Contested");
        assert_eq!(fleet.reason(target, service).await, "InSync");
    }
}

async fn rest_without_owners(fleet: &mut Fleet) {
    fleet.wake();
    assert_eq!(fleet.run(DAY, |_| {}).await, Rest::Quiet);
}
