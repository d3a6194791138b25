//! The main path with the policies that we ship, which MiniStack enforces.
//! [`as_far_as_ministack_knows`] has what it cannot evaluate; the fake AWS evaluates all of it.

use std::fs;
use std::path::Path;

use firelens_tests::local_aws::LocalAws;
use firelens_tests::process::until;
use serde_json::{Value, json};

use crate::scene::{REGION, Scene};

const ROLE: &str = "firelens-operator";

fn shipped(name: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/iam");
    let text = fs::read_to_string(folder.join(format!("{name}.json"))).unwrap();
    as_far_as_ministack_knows(serde_json::from_str(&text).unwrap())
}

/// MiniStack takes the cluster for the resource of every call to ECS, and roles to have no paths; it does
/// not know who bounds a role. Actions, buckets, objects and their owner stay as we ship them.
fn as_far_as_ministack_knows(mut policy: Value) -> Value {
    for statement in policy["Statement"].as_array_mut().unwrap() {
        if statement["Action"].to_string().contains("\"ecs:") {
            statement["Resource"] = json!("*");
        }
        if statement["Resource"] == "arn:aws:iam::111122223333:role/ecs/*" {
            statement["Resource"] = json!("arn:aws:iam::111122223333:role/*");
        }
        if statement["Sid"] == "GrantInlineBehindTheBoundary" {
            statement.as_object_mut().unwrap().remove("Condition");
        }
    }
    policy
}

fn without(mut policy: Value, action: &str) -> Value {
    for statement in policy["Statement"].as_array_mut().unwrap() {
        if let Some(actions) = statement["Action"].as_array_mut() {
            actions.retain(|known| known != action);
        }
    }
    policy
}

#[tokio::test(flavor = "multi_thread")]
async fn shipped_permissions_suffice_and_missing_ones_are_named_on_ministack() {
    let Some(aws) = LocalAws::ministack_with_rights(REGION) else {
        return;
    };
    let (read, write) = (shipped("controller-read"), shipped("controller-write"));
    let role = aws.create_role(ROLE, &[("read", &read), ("write", &write)]);
    let scene = Scene::set(aws).await;

    scene.apply_as(&role, "Enforce");
    scene.wait_for_workloads("--for=condition=Injected");
    scene.wait_for_workloads("--for=condition=Ready");
    scene.assert_rolled_out();
    scene.delete_policy();
    scene.assert_taken_back();

    let blind = without(read, "ecs:ListClusters");
    scene.aws.put_role_policy(ROLE, "read", &blind);
    until("the missing right is named", scene.patience(), || {
        let target = scene.object("awstarget", "local");
        let conditions = target["status"]["conditions"].to_string();
        if conditions.contains("not authorized to perform: ecs:ListClusters") {
            Ok(())
        } else {
            Err(conditions)
        }
    });
}
