//! One account with two targets, one driven clock: what is global in the account is seen from both.
#![allow(clippy::expect_used, clippy::panic)]

use std::time::Duration;

use serde_json::{Value, json};

use super::scene::{self, BUCKET, fargate, run};
use super::{Harness, Passed, RESYNC};
use crate::fake_aws::{FakeAws, REGION};

/// Names of the targets; the first looks at cluster `main`, the second at `batch`.
pub const TARGETS: [&str; 2] = ["east", "west"];
/// The clusters of the targets, each with one service.
pub const CLUSTERS: [&str; 2] = ["main", "batch"];
/// The services of the clusters.
pub const SERVICES: [&str; 2] = ["web", "jobs"];
/// The role that the tasks of both services have.
pub const ROLE: &str = "shared-task";

/// Two services whose tasks have one role, in two clusters that two targets look at. The second target, its
/// cluster and its service are in `region`.
///
/// # Panics
/// If the scene cannot be set.
pub async fn start(region: &str) -> Harness {
    let harness = Harness::start().await;
    let here = harness.fake.place().clone();
    harness.fake.add_bucket(BUCKET);
    if region != here.region {
        place(&harness, 1, region).add_bucket(&bucket(region));
    }
    harness
        .fake
        .set_deployment_duration(Duration::from_secs(15));
    for index in 0..TARGETS.len() {
        let region = if index == 0 { &here.region } else { region };
        let place = place(&harness, index, region);
        place
            .add_cluster(CLUSTERS[index], json!({}))
            .expect("a cluster");
        let mut document = fargate(SERVICES[index]);
        document["taskRoleArn"] = json!(format!("arn:aws:iam::{}:role/{ROLE}", here.account));
        run(&place, CLUSTERS[index], &document);
        harness.apply(target(index, region)).await;
    }
    harness
}

/// The target of that number.
#[must_use]
pub fn target(index: usize, region: &str) -> Value {
    let mut target = scene::target();
    target["metadata"]["name"] = json!(TARGETS[index]);
    target["spec"]["region"] = json!(region);
    target["spec"]["clusters"] = json!([CLUSTERS[index]]);
    target["spec"]["configBucket"]["name"] = json!(bucket(region));
    target
}

/// The bucket of a region: a target's is in its own.
fn bucket(region: &str) -> String {
    if region == REGION {
        BUCKET.to_owned()
    } else {
        format!("{BUCKET}-{region}")
    }
}

/// A handle on the region of a target.
fn place(harness: &Harness, index: usize, region: &str) -> FakeAws {
    match index {
        0 => harness.fake.clone(),
        _ => harness
            .fake
            .at(&harness.fake.place().account.clone(), region),
    }
}

/// Names of the inline policies of [`ROLE`].
#[must_use]
pub fn policies(harness: &Harness) -> Vec<String> {
    harness.fake.role_policies(ROLE).into_keys().collect()
}

/// Passes over these targets in turn, `look` after each, until nothing is waited for and a resync later nothing
/// is written either.
///
/// # Panics
/// If that takes too many passes.
pub async fn settle(harness: &mut Harness, targets: &[&str], mut look: impl FnMut(&Harness)) {
    const MAX_ROUNDS: usize = 100;
    let mut quiet = 0;
    for _ in 0..MAX_ROUNDS {
        let mut soonest = RESYNC;
        let mut rests = true;
        for target in targets {
            let writes = harness.fake.write_count();
            let Passed::Ended(outcome) = harness.pass_over(target).await else {
                panic!("nothing crashes here");
            };
            look(harness);
            soonest = soonest.min(outcome.requeue_after);
            rests &= outcome.result == firelens_controller::PassResult::Done
                && outcome.acted_on == 0
                && !outcome.rolling
                && harness.fake.write_count() == writes;
        }
        quiet = if rests { quiet + 1 } else { 0 };
        if quiet > 2 {
            return;
        }
        harness.fake.advance(soonest);
    }
    panic!("not settled after {MAX_ROUNDS} rounds");
}

/// The owner deletes a service, with whatever runs of it.
///
/// # Panics
/// If there is no such service.
pub fn delete_service(harness: &Harness, index: usize, region: &str) {
    let params = json!({"cluster": CLUSTERS[index], "service": SERVICES[index], "force": true});
    let place = place(harness, index, region);
    place
        .ecs("DeleteService", params)
        .expect("the service goes");
}
