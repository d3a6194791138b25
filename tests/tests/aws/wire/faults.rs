//! Faults, throttling, stale reads, hooks and the call log.

use std::time::Duration;

use firelens_tests::fake_aws::{Category, Fault, FaultPlan, Lag, Source, When};
use serde_json::{Value, json};

use crate::wire::support::{ecs, fake, refused, try_ecs, try_ecs_within, web, with_service};

fn list() -> Value {
    json!({"cluster": "main"})
}

#[test]
fn every_call_is_logged_with_its_parameters() {
    let fake = with_service();
    assert_eq!(fake.calls().len(), 0, "the scene is set without a trace");
    ecs(&fake, "ListServices", list());
    ecs(&fake, "RegisterTaskDefinition", web("web"));
    refused(&fake, "ListServices", json!({"cluster": "none"}));
    let calls = fake.calls();
    assert_eq!(calls[0].params, list());
    assert_eq!(calls[0].access_key, "AKIATEST");
    assert!(calls[0].executed && calls[0].error.is_none());
    assert_eq!(calls[2].error.as_deref(), Some("ClusterNotFoundException"));
    assert_eq!(fake.count("ListServices"), 2);
    let writes = fake.writes();
    assert_eq!(writes.len(), 1);
    assert_eq!(writes[0].body, web("web").to_string());
    fake.clear_calls();
    assert!(fake.counts().is_empty());
}

#[test]
fn a_fault_strikes_the_chosen_call_only() {
    let fake = with_service();
    let cases = [
        (Fault::Throttle, "ThrottlingException"),
        (Fault::ServerError, "ServerException"),
        (Fault::Denied, "AccessDeniedException"),
    ];
    for (fault, code) in cases {
        fake.inject(FaultPlan::new(
            When::operation("RegisterTaskDefinition").nth(2),
            fault,
        ));
        let before = fake.revisions("web").len();
        ecs(&fake, "RegisterTaskDefinition", web("web"));
        ecs(&fake, "ListServices", list());
        assert_eq!(refused(&fake, "RegisterTaskDefinition", web("web")).0, code);
        ecs(&fake, "RegisterTaskDefinition", web("web"));
        assert_eq!(fake.revisions("web").len(), before + 2);
        fake.clear_faults();
    }
}

#[test]
fn a_lost_response_takes_effect_unlike_a_lost_request() {
    let fake = with_service();
    for (fault, registered) in [(Fault::LostAnswer, 2), (Fault::LostRequest, 2)] {
        fake.inject(FaultPlan::at(1, fault));
        assert!(try_ecs(&fake, "RegisterTaskDefinition", &web("web")).is_err());
        assert_eq!(fake.revisions("web").len(), registered);
        fake.clear_faults();
    }
}

#[tokio::test]
async fn a_crash_silences_everything_until_the_caller_is_revived() {
    let fake = with_service();
    for (fault, registered) in [(Fault::CrashBefore, 1), (Fault::CrashAfter, 2)] {
        fake.inject(FaultPlan::new(When::write(), fault));
        let other = fake.clone();
        let victim =
            std::thread::spawn(move || try_ecs(&other, "RegisterTaskDefinition", &web("web")));
        fake.crashed().await;
        fake.clear_faults();
        let soon = Duration::from_millis(100);
        assert!(try_ecs_within(soon, &fake, "RegisterTaskDefinition", &web("web")).is_err());
        assert_eq!(fake.revisions("web").len(), registered);
        assert_eq!(fake.calls().len(), 1, "the dead are not heard");
        fake.revive();
        assert!(victim.join().unwrap().is_err());
        ecs(&fake, "ListServices", list());
        fake.clear_calls();
    }
}

#[test]
fn throttling_follows_the_documented_buckets_and_the_driven_clock() {
    let fake = fake();
    fake.throttle(true);
    for _ in 0..20 {
        ecs(&fake, "RegisterTaskDefinition", web("web"));
    }
    let (code, _) = refused(&fake, "RegisterTaskDefinition", web("web"));
    assert_eq!(code, "ThrottlingException");
    ecs(&fake, "ListTaskDefinitions", json!({}));
    fake.advance(Duration::from_secs(2));
    ecs(&fake, "RegisterTaskDefinition", web("web"));
    let params = json!({"taskDefinition": "web:1"});
    ecs(&fake, "DeregisterTaskDefinition", params);
    refused(&fake, "RegisterTaskDefinition", web("web"));
    assert_eq!(fake.tokens_left(Category::ServiceModify), 50);
    assert!(fake.spend(Category::ServiceModify, 50));
    assert_eq!(fake.tokens_left(Category::ServiceModify), 0);
}

#[test]
fn reads_lag_behind_writes_when_told_to() {
    let fake = with_service();
    fake.register(web("web")).unwrap();
    fake.set_ecs_lag(Lag {
        age: Duration::ZERO,
        reads: 1,
    });
    let update = json!({"cluster": "main", "service": "web", "taskDefinition": "web:2"});
    let fresh = ecs(&fake, "UpdateService", update)["service"]["taskDefinition"].clone();
    let seen = || {
        let params = json!({"cluster": "main", "services": ["web"]});
        ecs(&fake, "DescribeServices", params)["services"][0]["taskDefinition"].clone()
    };
    assert_ne!(seen(), fresh);
    assert_eq!(seen(), fresh);
    ecs(&fake, "RegisterTaskDefinition", web("web"));
    let latest = || {
        let params = json!({"taskDefinition": "web"});
        ecs(&fake, "DescribeTaskDefinition", params)["taskDefinition"]["revision"].clone()
    };
    assert_eq!(latest(), 2);
    assert_eq!(latest(), 3);
}

#[test]
fn somebody_acts_just_before_a_chosen_call() {
    let fake = with_service();
    fake.hook(When::operation("UpdateService"), |fake, call| {
        assert_eq!(call.text("service"), "web");
        fake.owner_deploys("main", "web", Source::Own, |document| {
            document["containerDefinitions"][0]["image"] = json!("app:2");
        })
        .unwrap();
    });
    let update = json!({"cluster": "main", "service": "web", "desiredCount": 2});
    let answer = ecs(&fake, "UpdateService", update.clone());
    let arn = answer["service"]["taskDefinition"].as_str().unwrap();
    assert!(arn.ends_with("web:2"));
    assert_eq!(fake.calls().len(), 1, "the owner's calls are not logged");
    ecs(&fake, "UpdateService", update);
    assert_eq!(fake.revisions("web").len(), 2, "a hook acts once");
}
