//! Two targets of one account on MiniStack whose services have one role: each keeps the rights of its own.

use std::collections::BTreeSet;

use firelens_tests::local_aws::{LocalAws, demo_task_definitions};
use firelens_tests::process::until;
use serde_json::json;

use crate::scene::{CLUSTER, REGION, Scene, until_passes_are_over};

/// The cluster of the second target.
const SECOND: &str = "warehouse";
/// The service of the first, and of the second.
const SERVICES: [&str; 2] = ["storefront", "picking"];
const ROLE: &str = "storefront-task";

const OBJECTS: &str = "
apiVersion: firelens.dev/v1alpha1
kind: AwsTarget
metadata: {name: local}
spec:
  accountId: '111122223333'
  region: us-east-1
  clusters: [shop]
  configBucket: {name: firelens-config-111122223333-us-east-1, prefix: firelens/}
  resyncSeconds: 1
---
apiVersion: firelens.dev/v1alpha1
kind: AwsTarget
metadata: {name: second}
spec:
  accountId: '111122223333'
  region: us-east-1
  clusters: ['ware*']
  configBucket: {name: firelens-config-111122223333-us-east-1, prefix: firelens/}
  resyncSeconds: 1
---
apiVersion: firelens.dev/v1alpha1
kind: LoggingPolicy
metadata: {name: everything}
spec:
  mode: Enforce
  selector: {}
  outputs:
    - name: search
      destination: {cloudWatchLogs: {logGroupName: /ecs/applications, logStreamPrefix: app-}}
    - name: archive
      destination: {firehose: {deliveryStream: archive}}
  rollout: {canary: {count: 0}, progressDeadlineSeconds: 60}
";

impl Scene {
    /// Another service in a cluster of its own, with the roles of the first.
    fn add_second(&self) {
        let _ = self
            .aws
            .ecs("CreateCluster", json!({"clusterName": SECOND}));
        let mut document = demo_task_definitions(&[SERVICES[0]]).remove(0);
        document["family"] = json!(SERVICES[1]);
        let launch_type = document["requiresCompatibilities"][0].clone();
        let registered = self.aws.ecs("RegisterTaskDefinition", document);
        let service = json!({
            "cluster": SECOND,
            "serviceName": SERVICES[1],
            "taskDefinition": registered["taskDefinition"]["taskDefinitionArn"],
            "launchType": launch_type,
            "desiredCount": 1,
            "deploymentController": {"type": "ECS"},
        });
        let _ = self.aws.ecs("CreateService", service);
    }

    /// Names of the inline policies of the task role.
    fn policies_of_role(&self) -> BTreeSet<String> {
        self.aws.role_policies(ROLE).into_iter().collect()
    }

    fn wait_for_policies(&self, wanted: &[&str]) {
        let wanted: BTreeSet<String> = wanted.iter().map(|name| (*name).to_owned()).collect();
        until("the role has these policies", self.patience(), || {
            let actual = self.policies_of_role();
            if actual == wanted {
                Ok(())
            } else {
                Err(actual)
            }
        });
    }

    fn wait_until_ready(&self, workload: &str) {
        until("the workload is ready", self.patience(), || {
            let list = self.kubectl.ok(&["get", "workloads", "-o", "name"]);
            let name = format!("/{workload}\n");
            if list.contains(&name) {
                Ok(())
            } else {
                Err(list)
            }
        });
        self.kubectl_wait(&["--for=condition=Ready", &format!("workload/{workload}")]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shared_role_keeps_the_other_targets_permissions_on_ministack() {
    let Some(aws) = LocalAws::ministack(REGION) else {
        return;
    };
    let scene = Scene::set_with(aws, demo_task_definitions(&SERVICES[..1])).await;
    scene.add_second();
    let file = scene.kubectl.file("two.yaml", OBJECTS);
    let _ = scene.kubectl.ok(&["apply", "-f", &file]);
    scene.wait_until_ready("local.shop.storefront");
    scene.wait_until_ready("second.warehouse.picking");
    let both = ["firelens-everything@local", "firelens-everything@second"];
    scene.wait_for_policies(&both);
    let objects = scene.seen().objects;
    until_passes_are_over(&scene, 6.0);
    scene.wait_for_policies(&both);

    let delete = |cluster: &str, service: &str| {
        let _ = scene.aws.ecs(
            "DeleteService",
            json!({"cluster": cluster, "service": service, "force": true}),
        );
    };
    delete(CLUSTER, SERVICES[0]);
    scene.wait_for_policies(&both[1..]);
    until_passes_are_over(&scene, 6.0);
    assert_eq!(
        scene.policies_of_role(),
        BTreeSet::from([both[1].to_owned()])
    );
    let picking = scene.object("workload", "second.warehouse.picking");
    assert!(picking.to_string().contains("InSync"), "{picking}");
    assert_eq!(scene.seen().objects, objects, "the file is that of both");

    delete(SECOND, SERVICES[1]);
    scene.wait_for_policies(&[]);
}
