//! What an unchanged fleet costs: the exact number of AWS calls of a resync, and of an hour.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::time::Duration;

use firelens_plan::ROLES_READ_PER_RESYNC;
use firelens_plan::log_delivery::CHECKS_PER_PASS;
use firelens_tests::fake_aws::Call;
use firelens_tests::harness::scene::{self, fargate, inline_policy, policy, target};
use firelens_tests::harness::{Harness, Passed};
use serde_json::json;

/// Services of each cluster.
const FLEET: [(&str, usize); 3] = [("big", 105), ("small", 12), ("void", 0)];

async fn fleet() -> Harness {
    let harness = Harness::start().await;
    harness.fake.add_bucket(scene::BUCKET);
    for (cluster, services) in FLEET {
        harness.fake.add_cluster(cluster, json!({})).unwrap();
        for i in 0..services {
            let document = fargate(&format!("{cluster}-{i:03}"));
            scene::run(&harness.fake, cluster, &document);
        }
    }
    harness.apply(target()).await;
    harness
}

/// Calls by operation, those of `ListServices` and `DescribeServices` by cluster.
fn costs(calls: &[Call]) -> BTreeMap<String, usize> {
    let mut costs = BTreeMap::new();
    for call in calls {
        let cluster = call.text("cluster").rsplit('/').next().unwrap_or("");
        let name = format!("{} {cluster}", call.operation);
        *costs.entry(name.trim().to_owned()).or_insert(0) += 1;
    }
    costs
}

fn expected() -> BTreeMap<String, usize> {
    let mut costs = BTreeMap::from([
        ("ListClusters".to_owned(), FLEET.len().div_ceil(100)),
        ("DescribeClusters".to_owned(), FLEET.len().div_ceil(100)),
    ]);
    for (cluster, services) in FLEET {
        // An empty cluster has to be asked all the same.
        let lists = services.div_ceil(100).max(1);
        costs.insert(format!("ListServices {cluster}"), lists);
        if services > 0 {
            let describes = services.div_ceil(10);
            costs.insert(format!("DescribeServices {cluster}"), describes);
        }
    }
    costs
}

/// The same where the operator has policies in the roles of `services` services: others may remove them.
fn expected_with_roles(services: usize) -> BTreeMap<String, usize> {
    let mut costs = expected();
    let roles = services.min(ROLES_READ_PER_RESYNC);
    costs.insert("GetRolePolicy".to_owned(), roles);
    costs
}

async fn resync(harness: &mut Harness) -> BTreeMap<String, usize> {
    harness.fake.advance(Duration::from_secs(300));
    harness.fake.clear_calls();
    assert!(matches!(harness.pass().await, Passed::Ended(_)));
    costs(&harness.fake.calls())
}

/// Resyncs until the logs of every service were looked for once after the rollout: a few in each pass.
async fn look_for_all_logs(harness: &mut Harness) {
    for _ in 0..=117_usize.div_ceil(CHECKS_PER_PASS) {
        if !resync(harness).await.contains_key("ListTasks big") {
            return;
        }
    }
    panic!("the logs are looked for again and again");
}

#[tokio::test]
async fn an_unchanged_fleet_costs_few_reads_per_resync() {
    let mut harness = fleet().await;
    let mut whole = policy();
    whole["spec"]["rollout"]["maxConcurrent"] = json!(200);
    harness.apply(whole).await;
    harness.settle(200).await;
    let injected = harness.fake.world();
    let routers = format!("{:?}", injected.services);
    let routers = routers.matches("firelensConfiguration").count();
    assert_eq!(routers, 117, "every service has its router");
    look_for_all_logs(&mut harness).await;
    let cost = expected_with_roles(routers);
    assert_eq!(resync(&mut harness).await, cost);
    assert_eq!(resync(&mut harness).await, cost);
    harness.restart().await;
    assert_eq!(resync(&mut harness).await, cost, "after a restart");
    assert_eq!(harness.fake.world(), injected);
}

#[tokio::test]
async fn a_fleet_under_audit_is_read_once_and_never_written() {
    let mut harness = fleet().await;
    let before = harness.fake.world();
    let mut audit = inline_policy();
    audit["spec"]["mode"] = json!("Audit");
    harness.apply(audit).await;
    harness.settle(20).await;
    assert!(harness.fake.writes().is_empty());
    assert_eq!(resync(&mut harness).await, expected());
    harness.restart().await;
    assert_eq!(resync(&mut harness).await, expected(), "after a restart");
    assert_eq!(harness.fake.world(), before);
}

#[tokio::test]
async fn an_unchanged_fleet_has_its_logs_checked_once_an_hour() {
    const RESYNCS_PER_HOUR: usize = 12;
    let mut harness = fleet().await;
    let mut whole = policy();
    whole["spec"]["rollout"]["maxConcurrent"] = json!(200);
    harness.apply(whole).await;
    harness.settle(200).await;
    for _ in 0..RESYNCS_PER_HOUR {
        resync(&mut harness).await;
    }
    let (mut looks, mut verified) = (0, 0);
    for _ in 0..RESYNCS_PER_HOUR {
        let mut costs = resync(&mut harness).await;
        let mut taken = |operation: &str| {
            let mut taken = 0;
            costs.retain(|name, count| {
                let is_it = name.starts_with(operation);
                taken += if is_it { *count } else { 0 };
                !is_it
            });
            taken
        };
        let services = taken("ListTasks");
        assert!(services <= CHECKS_PER_PASS, "{services} services at once");
        assert_eq!(taken("DescribeTasks"), services);
        // Two tasks with one container each, and one stream of Firehose that all of them share: who asks
        // the same is answered once.
        assert_eq!(taken("DescribeLogStreams"), 2 * services);
        assert!(taken("GetMetricData") <= services);
        // Role policies are read a hundred at a time; all that the operator made is verified once in this hour
        // as well, with the roles.
        let again = taken("GetRolePolicy");
        verified += taken("GetRole");
        assert!(
            (ROLES_READ_PER_RESYNC..=2 * 117).contains(&again),
            "{again}"
        );
        taken("HeadObject");
        // The permissions boundary of all of these roles.
        assert!(taken("GetPolicy") <= 2);
        assert_eq!(costs, expected(), "nothing else is read");
        looks += services;
    }
    assert_eq!(looks, 117);
    assert!((1..=117).contains(&verified), "each role once: {verified}");
}
