//! A fleet whose teams share roles over the regions of an account, and owners whose tools hold these roles:
//! Terraform with exclusive policies, and Terraform that destroys.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};

use firelens_tests::fake_aws::{ACCOUNT, FakeAws, Source};
use firelens_tests::harness::fleet::{CLUSTER, Fleet, Rest, TARGETS, policy};
use firelens_tests::harness::scene::POLICY;
use firelens_types::v1alpha1::Kind;
use jiff::SignedDuration;
use serde_json::{Value, json};

const SERVICES: usize = 30;
/// Services of a team, over all targets. All of them have one role in each account.
const TEAM: usize = 6;
const LIMIT_HOURS: i64 = 8;
/// How often the tool of the exclusive team runs, in minutes.
const EXCLUSIVE_EVERY: usize = 60;

fn role(team: usize) -> String {
    format!("team-{team}")
}

async fn fleet() -> Fleet {
    let mut fleet = Fleet::start_with(SERVICES, |number, document| {
        let arn = format!("arn:aws:iam::{ACCOUNT}:role/{}", role(number / TEAM));
        document["taskRoleArn"] = json!(arn);
    })
    .await;
    fleet.harness.fake.throttle(false);
    let rollout = json!({"maxConcurrent": 20, "canary": {"count": 0}});
    fleet.harness.apply(policy(&rollout)).await;
    fleet.wake();
    fleet
}

fn hours(hours: i64) -> SignedDuration {
    SignedDuration::from_hours(hours)
}

/// Targets that have a service of the team, by what is left of the fleet.
fn targets_of(fleet: &Fleet, team: usize, gone: &BTreeSet<String>) -> BTreeSet<&'static str> {
    let has = |target: &str| {
        let services = fleet.services(target, SERVICES);
        let mut mine = services.iter().filter(|service| {
            let number: usize = service[1..].parse().unwrap();
            number / TEAM == team && !gone.contains(*service)
        });
        mine.next().is_some()
    };
    let names = TARGETS.into_iter().map(|(name, ..)| name);
    names.filter(|target| has(target)).collect()
}

/// Every role has one policy of each target that needs it, for that target's region, and nothing else.
fn assert_roles(fleet: &Fleet, gone: &BTreeSet<String>) {
    for team in 0..SERVICES / TEAM {
        let targets = targets_of(fleet, team, gone);
        let mut documents: BTreeMap<(String, String), Value> = BTreeMap::new();
        for account in ["east", "other"] {
            for (name, document) in fleet.place(account).role_policies(&role(team)) {
                documents.insert((account.to_owned(), name), document);
            }
        }
        let expected: BTreeSet<(String, String)> = targets
            .iter()
            .map(|target| {
                let account = if *target == "other" { "other" } else { "east" };
                (account.to_owned(), format!("firelens-{POLICY}@{target}"))
            })
            .collect();
        let names: BTreeSet<_> = documents.keys().cloned().collect();
        assert_eq!(names, expected, "{}", role(team));
        for (target, _, region) in TARGETS {
            for ((_, name), document) in &documents {
                if name.ends_with(&format!("@{target}")) {
                    let text = document.to_string();
                    assert!(text.contains(&format!(":{region}:")), "{name}: {text}");
                }
            }
        }
    }
}

/// `terraform apply` of a role with exclusive policies: what it does not know goes.
fn apply_exclusive(place: &FakeAws, role: &str) -> usize {
    let policies = place.role_policies(role);
    for name in policies.keys() {
        place.set_role_policy(role, name, None).unwrap();
    }
    policies.len()
}

/// Time goes on although nothing happens.
async fn wait(fleet: &mut Fleet, time: SignedDuration, mut act: impl FnMut(&FakeAws)) {
    let end = fleet.harness.fake.now() + time;
    loop {
        let left = end.duration_since(fleet.harness.fake.now());
        if !left.is_positive() || fleet.run(left, &mut act).await == Rest::TimeUp {
            return;
        }
    }
}

/// The services of a target whose team has that number.
fn of_team(fleet: &Fleet, target: &str, team: usize) -> Vec<String> {
    let mut services = fleet.services(target, SERVICES);
    services.retain(|service| service[1..].parse::<usize>().unwrap() / TEAM == team);
    services
}

fn delete<'s>(place: &FakeAws, services: impl IntoIterator<Item = &'s String>) {
    for service in services {
        let params = json!({"cluster": CLUSTER, "service": service, "force": true});
        place.ecs("DeleteService", params).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_shared_across_regions_keep_each_regions_rights_despite_owners() {
    let mut fleet = fleet().await;
    assert_eq!(fleet.run(hours(LIMIT_HOURS), |_| {}).await, Rest::Quiet);
    assert!(fleet.without_router(SERVICES).is_empty());
    assert_roles(&fleet, &BTreeSet::new());
    let written = fleet.harness.fake.count("PutRolePolicy");

    // Nothing flips while nothing changes.
    wait(&mut fleet, hours(1), |_| {}).await;
    assert_eq!(fleet.harness.fake.count("PutRolePolicy"), written);

    // Team 0 loses its service in one target after the other, team 1 holds its role, team 2 deploys.
    let (east, west) = (fleet.place("east"), fleet.place("west"));
    let destroyed: BTreeSet<String> = of_team(&fleet, "east", 0).into_iter().collect();
    let busy = of_team(&fleet, "west", 2);
    let (mut minute, mut removed) = (0, 0);
    wait(&mut fleet, hours(3), |_| {
        minute += 1;
        if minute == 5 {
            delete(&east, &destroyed);
        }
        if minute % EXCLUSIVE_EVERY == 10 {
            removed += apply_exclusive(&east, &role(1));
        }
        if minute % 30 == 20 {
            let service = &busy[minute % busy.len()];
            let image = format!("registry.example/app:{minute}");
            let deployed = west.owner_deploys(CLUSTER, service, Source::Own, |document| {
                document["containerDefinitions"][0]["image"] = json!(image);
            });
            deployed.unwrap();
        }
    })
    .await;
    assert!(removed >= 4, "{removed}");
    wait(&mut fleet, hours(1), |_| {}).await;
    assert_roles(&fleet, &destroyed);
    for (target, ..) in TARGETS {
        for service in fleet.services(target, SERVICES) {
            assert!(destroyed.contains(&service) || fleet.has_router(target, &service));
        }
    }
    let victim = &of_team(&fleet, "west", 1)[0];
    let name = format!("west.{CLUSTER}.{victim}");
    let workload = fleet.harness.get(Kind::Workload, &name).await.unwrap();
    let text = workload.to_string();
    assert!(text.contains("aws_iam_role_policies_exclusive"), "{text}");

    // With the last services of a team its role can be destroyed: nothing of ours is left on it.
    let rest: Vec<String> = of_team(&fleet, "west", 0);
    delete(&fleet.place("west"), &rest);
    wait(&mut fleet, SignedDuration::from_mins(15), |_| {}).await;
    assert!(fleet.place("east").role_policies(&role(0)).is_empty());
    let gone = destroyed.into_iter().chain(rest).collect();
    assert_roles(&fleet, &gone);
}
