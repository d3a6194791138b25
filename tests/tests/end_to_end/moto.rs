//! The main path on moto, as far as that goes. What moto 5.2 cannot do:
//!
//! - After UpdateService a service names the new revision, but its `deployments[]` stay as they were, with
//!   the base. So no deployment of ours is ever seen to end: the operator goes on to say that one is under
//!   way, until `progressDeadlineSeconds`, and only then takes the router out again. That deployment
//!   ends at once, since what moto shows is the base already.
//! - It refuses containers on EC2 that have only a `memoryReservation`, unless the task has a `memory`.

use firelens_tests::local_aws::LocalAws;
use serde_json::json;

use crate::scene::{REGION, Scene, documents};

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_is_rolled_out_and_removed_on_moto() {
    let Some(aws) = LocalAws::moto(REGION, 1) else {
        return;
    };
    let mut documents = documents();
    for document in &mut documents {
        if document["requiresCompatibilities"] == json!(["EC2"]) {
            document["memory"] = json!("1024");
        }
    }
    let scene = Scene::set_with(aws, documents).await;

    scene.apply("Enforce");
    scene.wait_for_workloads(
        r#"--for=jsonpath={.status.conditions[?(@.type=="Ready")].reason}=DeploymentInProgress"#,
    );
    scene.assert_rolled_out();

    scene.delete_policy();
    scene.assert_taken_back();
}
