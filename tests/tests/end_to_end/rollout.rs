//! Rollouts on MiniStack, whose tasks live and whose circuit breaker evaluates them: in waves, through a pause and a
//! failure to the end, and back again.

use std::collections::BTreeSet;

use firelens_tests::cli;
use firelens_tests::harness::condition;
use firelens_tests::local_aws::{LocalAws, demo_task_definitions};
use firelens_tests::process::until;
use serde_json::json;

use crate::scene::{CLUSTER, REGION, Scene, until_passes_are_over};

const ROLLOUT: &str = "everything.g1.local";
/// Name of the router where nothing else is said.
const ROUTER: &str = "log_router";
const BAKE_SECONDS: u32 = 4;

/// A service of that number, and its family.
fn service(number: usize) -> String {
    format!("thumbnails-{number}")
}

fn services(numbers: impl IntoIterator<Item = usize>) -> BTreeSet<String> {
    numbers.into_iter().map(service).collect()
}

/// So many services of a kind, each with roles of its own.
async fn set(count: usize) -> Option<Scene> {
    let aws = LocalAws::ministack_with_tasks(REGION)?;
    let kind = demo_task_definitions(&["thumbnails"])[0].to_string();
    let document = |number| {
        let text = kind.replace("thumbnails", &service(number));
        serde_json::from_str(&text).unwrap()
    };
    Some(Scene::set_with(aws, (1..=count).map(document).collect()).await)
}

/// One canary, and then waves of two and four.
fn waves() -> String {
    json!({
        "canary": {"count": 1, "bakeSeconds": BAKE_SECONDS},
        "waveGrowth": 2, "maxConcurrent": 4, "failureThreshold": 1, "progressDeadlineSeconds": 60, "settleSeconds": 0,
    })
    .to_string()
}

/// Seven services, of which the canary is done and the first wave is in progress.
async fn in_the_first_wave() -> Option<Scene> {
    let scene = set(7).await?;
    scene.apply_with("Enforce", &waves());
    scene.wait_for_moved(&services(1..=1));
    scene.wait_for_moved(&services(1..=3));
    Some(scene)
}

impl Scene {
    async fn say(&self, arguments: &[&str]) {
        let arguments = [&["rollout"], arguments].concat();
        let _ = cli::run(&self.server.url(), &arguments).await.done();
    }

    /// Services that ask for another revision than their owners'.
    fn moved(&self) -> BTreeSet<String> {
        let now = self.seen().services;
        let moved = now
            .into_iter()
            .filter(|(name, revision)| self.before.services[name] != *revision);
        moved.map(|(name, _)| name).collect()
    }

    /// Waits until exactly these services have another revision.
    fn wait_for_moved(&self, wanted: &BTreeSet<String>) {
        until("the wave has begun", self.patience(), || {
            let moved = self.moved();
            assert!(moved.is_subset(wanted), "{moved:?} went before {wanted:?}");
            if moved == *wanted { Ok(()) } else { Err(moved) }
        });
    }

    /// Waits until the rollout has this condition and nothing is in progress.
    fn wait_for_rollout(&self, type_: &str) {
        let rollout = format!("rollout/{ROLLOUT}");
        self.kubectl_wait(&[&format!("--for=condition={type_}"), &rollout]);
        self.kubectl_wait(&["--for=jsonpath={.status.inProgress}=0", &rollout]);
    }

    /// Waits until the condition `Injected` of a service has this reason, and returns its message.
    fn wait_for_reason(&self, service: &str, reason: &str) -> String {
        let name = format!("local.{CLUSTER}.{service}");
        until(reason, self.patience(), || {
            let workload = self.object("workload", &name);
            let injected = condition(&workload["status"], "Injected")
                .cloned()
                .unwrap_or_default();
            let message = injected["message"].as_str().unwrap_or_default();
            if injected["reason"] == reason {
                Ok(message.to_owned())
            } else {
                Err(injected)
            }
        })
    }

    /// A moment of the present deployment of a service, in seconds since 1970.
    fn moment(&self, service: &str, member: &str) -> f64 {
        let described = self.aws.ecs(
            "DescribeServices",
            json!({"cluster": CLUSTER, "services": [service]}),
        );
        let deployments = described["services"][0]["deployments"].as_array().unwrap();
        let primary = deployments
            .iter()
            .find(|deployment| deployment["status"] == "PRIMARY");
        primary.unwrap()[member].as_f64().unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn waves_complete_after_a_pause_and_a_rollback_on_ministack() {
    let Some(scene) = set(7).await else { return };
    let failing = service(5);
    scene.aws.crash(ROUTER, &[&failing]);

    scene.apply_with("Enforce", &waves());
    scene.wait_for_moved(&services(1..=1));
    scene.wait_for_moved(&services(1..=3));
    let canary_done = scene.moment(&service(1), "updatedAt");
    for number in [2, 3] {
        let begun = scene.moment(&service(number), "createdAt");
        let baked = begun - canary_done;
        assert!(
            baked >= f64::from(BAKE_SECONDS),
            "the canary baked {baked} seconds"
        );
    }

    scene.say(&["pause", "everything"]).await;
    scene.wait_for_rollout("Paused");
    until_passes_are_over(&scene, f64::from(2 * BAKE_SECONDS));
    assert_eq!(scene.moved(), services(1..=3), "a pause holds");
    scene.say(&["resume", "everything"]).await;

    let why = scene.wait_for_reason(&failing, "RolledBack");
    scene.wait_for_rollout("Paused");
    for part in ["circuit breaker", ROUTER, "1"] {
        assert!(why.contains(part), "{part}: {why}");
    }
    // The last two are in that wave as well, and may still have waited for IAM to know their rights.
    let moved = scene.moved();
    assert!(moved.is_superset(&services(1..=4)), "{moved:?}");
    assert!(moved.is_subset(&services([1, 2, 3, 4, 6, 7])), "{moved:?}");
    until_passes_are_over(&scene, 4.0);
    assert_eq!(scene.moved(), moved, "not tried again, and nothing begun");

    scene.aws.crash(ROUTER, &[]);
    scene.say(&["retry", "everything"]).await;
    scene.say(&["resume", "everything"]).await;
    scene.wait_for_rollout("Complete");
    scene.wait_for_workloads("--for=condition=Ready");
    assert_eq!(scene.moved(), services(1..=7));
    // One revision for each service: what was registered for the one that failed serves again.
    scene.assert_revisions(&scene.seen());
}

#[tokio::test(flavor = "multi_thread")]
async fn abort_with_undo_restores_the_updated_services_on_ministack() {
    let Some(scene) = in_the_first_wave().await else {
        return;
    };
    scene.say(&["abort", "--undo", "everything"]).await;
    until("all are back", scene.patience(), || {
        let moved = scene.moved();
        if moved.is_empty() { Ok(()) } else { Err(moved) }
    });
    until_passes_are_over(&scene, f64::from(2 * BAKE_SECONDS));
    assert_eq!(
        scene.seen().services,
        scene.before.services,
        "it stays given back"
    );
    scene.wait_for_workloads(
        r#"--for=jsonpath={.status.conditions[?(@.type=="Injected")].reason}=RolloutAborted"#,
    );
    scene.delete_policy();
    scene.assert_as_before(&scene.seen());
}

#[tokio::test(flavor = "multi_thread")]
async fn deleting_a_policy_during_its_rollout_leaves_nothing_on_ministack() {
    let Some(scene) = in_the_first_wave().await else {
        return;
    };
    scene.delete_policy();
    scene.assert_as_before(&scene.seen());
}
