//! The main path on MiniStack, which completes deployments.

use firelens_tests::local_aws::LocalAws;
use firelens_tests::process::until;

use crate::scene::{REGION, Scene, until_passes_are_over};

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_is_audited_rolled_out_and_removed_on_ministack() {
    let Some(aws) = LocalAws::ministack(REGION) else {
        return;
    };
    let scene = Scene::set(aws).await;

    scene.apply("Audit");
    scene.wait_for_workloads("--for=condition=Selected");
    scene.wait_for_workloads(
        r#"--for=jsonpath={.status.conditions[?(@.type=="Injected")].reason}=AuditMode"#,
    );
    until_passes_are_over(&scene, 3.0);
    assert_eq!(scene.seen(), scene.before, "Audit writes nothing");

    scene.apply("Enforce");
    scene.wait_for_workloads("--for=condition=Injected");
    scene.wait_for_workloads("--for=condition=Ready");
    scene.assert_rolled_out();
    assert_people_see_it(&scene);
    let rolled_out = scene.seen();
    until_passes_are_over(&scene, 3.0);
    assert_eq!(scene.seen(), rolled_out, "what is done is left alone");

    scene.delete_policy();
    scene.assert_taken_back();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollout_continues_after_the_server_is_killed_on_ministack() {
    let Some(aws) = LocalAws::ministack(REGION) else {
        return;
    };
    let mut scene = Scene::set(aws).await;

    scene.apply("Enforce");
    until("something is registered", scene.patience(), || {
        let revisions = scene.aws.revisions();
        let more = revisions.len() > scene.before.revisions.len();
        if more { Ok(()) } else { Err(revisions) }
    });
    scene.server.kill();
    // IAM is given time, so that no service can have been moved yet.
    let services = scene.seen().services;
    assert_eq!(services, scene.before.services, "it was killed too late");
    scene.server.restart();

    scene.wait_for_workloads("--for=condition=Injected");
    scene.wait_for_workloads("--for=condition=Ready");
    scene.assert_rolled_out();
}

/// Tables, events and metrics tell of it.
fn assert_people_see_it(scene: &Scene) {
    let table = scene.kubectl.ok(&["get", "workloads"]);
    let (head, rows) = table.split_once('\n').unwrap();
    let column = |name: &str| head.find(name).unwrap_or_else(|| panic!("{head}"));
    assert_eq!(rows.lines().count(), 3, "{table}");
    for row in rows.lines() {
        for (name, value) in [
            ("POLICY", "everything"),
            ("INJECTED", "True"),
            ("READY", "True"),
            ("REASON", "InSync"),
        ] {
            assert!(row[column(name)..].starts_with(value), "{name}: {table}");
        }
    }
    let events = scene.kubectl.ok(&["get", "events"]);
    for service in scene.before.services.keys() {
        let object = format!("workload/local.shop.{service}");
        assert!(
            events.to_lowercase().contains(&object),
            "{object}: {events}"
        );
    }
    let injected = scene.metric("firelens_services", "policy=\"everything\"");
    assert!((injected - 3.0).abs() < f64::EPSILON, "{injected}");
}
