//! Owners and the comparable end state.

use firelens_tests::fake_aws::{FakeAws, Source, canonical};
use serde_json::json;

use crate::wire::support::{ecs, routed, web, with_service};

fn injected() -> FakeAws {
    let fake = with_service();
    ecs(&fake, "RegisterTaskDefinition", routed("web"));
    let params = json!({"cluster": "main", "service": "web", "taskDefinition": "web:2"});
    ecs(&fake, "UpdateService", params);
    fake
}

#[test]
fn an_owner_deploys_their_own_document_or_the_live_one() {
    for (source, routers) in [(Source::Own, 0), (Source::Live, 1)] {
        let fake = injected();
        fake.owner_deploys("main", "web", source, |document| {
            document["containerDefinitions"][0]["image"] = json!("app:2");
        })
        .unwrap();
        let live = fake.live("main", "web").unwrap();
        let text = live.to_string();
        assert_eq!(live["taskDefinition"]["revision"], 3);
        assert!(text.contains("app:2"));
        assert_eq!(text.matches("firelensConfiguration").count(), routers);
    }
}

#[test]
fn worlds_are_equal_when_only_revision_numbers_and_times_differ() {
    let (first, second) = (injected(), injected());
    assert_eq!(first.world(), second.world());
    second.advance(std::time::Duration::from_secs(60));
    assert_ne!(
        first.world(),
        second.world(),
        "the rollout stands elsewhere"
    );
    first.advance(std::time::Duration::from_secs(61));
    assert_eq!(first.world(), second.world());
    second.register(web("web")).unwrap();
    let (first, second) = (first.world(), second.world());
    assert_ne!(first, second, "an extra revision shows");
    assert_eq!(first.services, second.services);
}

#[test]
fn a_world_names_services_roles_and_objects() {
    let fake = injected();
    fake.add_role("task", "/");
    fake.set_role_policy("task", "p", Some(&json!({"Statement": []})))
        .unwrap();
    fake.add_bucket("b");
    fake.set_object("b", "k", Some("text"));
    let world = fake.world();
    let service = &world.services["111122223333/us-east-1/main/web"];
    assert_eq!(service["runs"], canonical(&routed("web")));
    assert_eq!(
        world.roles["111122223333/task"]["p"]["Statement"],
        json!([])
    );
    assert_eq!(world.objects["b/k"], "text");
    assert_eq!(world.revisions["111122223333/us-east-1/web"], 2);
}
