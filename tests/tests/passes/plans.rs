//! Policy plans of a policy before it is stored: nothing is written, neither to AWS nor to the store.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use firelens_tests::harness::Harness;
use firelens_tests::harness::scene::{POLICY, policy, small_fleet};
use firelens_tests::http::{Answer, Api, GROUP};
use firelens_types::v1alpha1::Kind;
use serde_json::{Value, json};

const MAX_PASSES: usize = 100;

/// Requests a plan while the controller makes passes, as in production.
async fn ask(harness: &mut Harness, request: &Value) -> Answer {
    let api = Api::on(harness.store.clone()).await;
    let path = format!("{GROUP}/plans");
    let asking = api.post(&path, request);
    tokio::pin!(asking);
    loop {
        tokio::select! {
            answer = &mut asking => return answer,
            asked = harness.store.asked_targets() => {
                if !asked.unwrap().is_empty() {
                    harness.pass().await;
                }
                tokio::task::yield_now().await;
            }
        }
    }
}

fn workload<'a>(plan: &'a Value, service: &str) -> &'a Value {
    let workloads = plan["status"]["targets"][0]["workloads"]
        .as_array()
        .unwrap();
    let workload = workloads
        .iter()
        .find(|workload| workload["service"] == service);
    workload.unwrap_or_else(|| panic!("no {service} in {plan:#}"))
}

fn paths(workload: &Value) -> Vec<&str> {
    let differences = workload["differences"].as_array().unwrap();
    differences
        .iter()
        .map(|difference| difference["path"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn a_plan_for_an_unstored_policy_shows_every_change() {
    let mut harness = small_fleet().await;
    harness.fake.clear_calls();
    let plan = ask(&mut harness, &json!({"policy": policy()}))
        .await
        .expect(201);
    assert_eq!(plan["status"]["complete"], true);
    let target = &plan["status"]["targets"][0];
    assert_eq!(target["summary"]["inject"], target["summary"]["workloads"]);

    let web = workload(&plan, "web");
    assert_eq!(web["outlook"], "Inject");
    assert!(paths(web).contains(&"containerDefinitions[log_router]"));
    assert!(paths(web).contains(&"containerDefinitions[app].logConfiguration.logDriver"));
    let preview = web["preview"].as_str().unwrap();
    assert!(
        preview.contains("[INPUT]") && preview.contains("deliver"),
        "{preview}"
    );
    let roles = target["roles"].as_array().unwrap();
    assert!(
        roles
            .iter()
            .any(|role| role["role"] == "web-task" && role["before"].is_null())
    );
    assert!(!target["objects"].as_array().unwrap().is_empty());

    let calls = harness.fake.calls();
    let writes = [
        "RegisterTaskDefinition",
        "UpdateService",
        "PutRolePolicy",
        "PutObject",
    ];
    assert!(
        !calls
            .iter()
            .any(|call| writes.contains(&call.operation.as_str()))
    );
    assert!(harness.get(Kind::LoggingPolicy, POLICY).await.is_none());
}

#[tokio::test]
async fn a_plan_for_a_policy_in_force_shows_no_changes() {
    let mut harness = small_fleet().await;
    harness.apply(policy()).await;
    harness.settle(MAX_PASSES).await;
    let plan = ask(&mut harness, &json!({"policy": POLICY}))
        .await
        .expect(201);
    let web = workload(&plan, "web");
    assert_eq!(web["outlook"], "Unchanged");
    assert_eq!(paths(web), Vec::<&str>::new());
    assert!(web["preview"].as_str().unwrap().contains("[INPUT]"));
}

#[tokio::test]
async fn a_plan_shows_which_services_a_narrower_selector_would_eject() {
    let mut harness = small_fleet().await;
    harness.apply(policy()).await;
    harness.settle(MAX_PASSES).await;
    let mut narrow = policy();
    narrow["spec"]["selector"] = json!({"services": ["web"]});
    let plan = ask(&mut harness, &json!({"policy": narrow}))
        .await
        .expect(201);
    let jobs = workload(&plan, "jobs");
    assert_eq!(jobs["outlook"], "Eject");
    assert!(paths(jobs).contains(&"containerDefinitions[log_router]"));
    assert_eq!(workload(&plan, "web")["outlook"], "Unchanged");
}

#[tokio::test]
async fn a_plan_for_an_invalid_policy_is_refused() {
    let mut harness = small_fleet().await;
    let mut wrong = policy();
    wrong["spec"]["mode"] = json!("Maybe");
    wrong["spec"]["outputs"][0]["destination"] = json!({"cloudWatchLog": {}});
    let status = ask(&mut harness, &json!({"policy": wrong}))
        .await
        .expect(422);
    assert_eq!(status["reason"], "Invalid");
    let status = ask(&mut harness, &json!({"policy": "nobody"}))
        .await
        .expect(404);
    assert_eq!(status["reason"], "NotFound");
    let status = ask(&mut harness, &json!({"policy": policy(), "dryrun": true}))
        .await
        .expect(400);
    assert!(status["message"].as_str().unwrap().contains("dryrun"));
}
