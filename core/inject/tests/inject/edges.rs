//! Edge cases of a task definition that no golden file shows by itself.

use firelens_inject::preview::{self, Runtime};
use firelens_inject::{Reason, inject};
use firelens_types::v1alpha1::{IamMode, LaunchType};
use serde_json::{Value, json};

use crate::case::{Case, injected};

fn runtime() -> Runtime {
    Runtime {
        launch_type: LaunchType::Fargate,
        cluster: "production".to_owned(),
        task_arn: "arn:aws:ecs:us-east-1:111122223333:task/production/0123456789abcdef".to_owned(),
        task_definition: "shop-web:8".to_owned(),
        instance_id: String::new(),
    }
}

/// What the agent would say of an injection that a check of ours lets through.
#[test]
fn secret_option_of_other_log_driver_is_refused() {
    let case = Case::load("refused-secret-of-other-driver");
    let refusal = case.inject().unwrap_err();
    assert_eq!(refusal.reason, Reason::SecretOfOtherDriver);
    assert!(refusal.message.contains("legacy (splunk)"), "{refusal}");

    let mut without: Value = serde_json::from_str(&case.base).unwrap();
    let legacy = &mut without["taskDefinition"]["containerDefinitions"][1]["logConfiguration"];
    let secrets = legacy["secretOptions"].take();
    legacy
        .as_object_mut()
        .unwrap()
        .shift_remove("secretOptions");
    let mut case = Case {
        base: without.to_string(),
        ..case
    };
    let injection = case.inject().unwrap();
    assert!(preview::of_injection(&injection, &runtime()).is_ok());

    let mut damaged = injection;
    let legacy = damaged.document.container_mut("legacy").unwrap();
    let mut log = legacy.value("logConfiguration").unwrap();
    log["secretOptions"] = secrets;
    legacy.set("logConfiguration", &log);
    assert!(preview::of_injection(&damaged, &runtime()).is_err());

    case.base = Case::load("refused-secret-of-other-driver").base;
    case.policy.spec.containers.include = vec!["*".to_owned()];
    let routed = case.inject().unwrap();
    assert_eq!(routed.containers, ["web", "legacy"]);
    assert!(preview::of_injection(&routed, &runtime()).is_ok());
}

#[test]
fn new_generation_keeps_the_router_name_and_position() {
    for (case, first) in injected() {
        let mut next = case.clone();
        next.policy.metadata.generation = Some(4);
        next.policy.spec.router.memory_reservation_mib += 1;
        let Ok(second) = next.inject_into(&first.document) else {
            continue;
        };
        assert_eq!(second.router, first.router, "{}", case.name);
        assert_eq!(
            second.document.container_names(),
            first.document.container_names(),
            "{}",
            case.name
        );
        assert_ne!(second.hash, first.hash, "{}", case.name);
    }
}

#[test]
fn no_option_is_empty_or_holds_a_line_break() {
    for (case, injection) in injected() {
        for name in &injection.containers {
            let container = injection.document.container(name).unwrap();
            let log = container.log_configuration().unwrap();
            for (key, value) in log["options"].as_object().into_iter().flatten() {
                let value = value.as_str().unwrap();
                assert!(
                    !value.is_empty() && value.trim() == value && !value.contains(['\n', '\r']),
                    "{}: {name} {key}={value:?}",
                    case.name
                );
            }
        }
    }
}

#[test]
fn the_metadata_option_is_exactly_true_or_false() {
    for (case, injection) in injected() {
        let router = injection.document.container(&injection.router).unwrap();
        let option =
            router.firelens_configuration().unwrap()["options"]["enable-ecs-log-metadata"].clone();
        assert!(
            [json!("true"), json!("false")].contains(&option),
            "{}: {option}",
            case.name
        );
    }
}

#[test]
fn role_in_another_account_or_service_role_path_is_refused() {
    let mut case = Case::load("refused-role-of-another-account");
    assert_eq!(case.inject().unwrap_err().reason, Reason::InvalidRole);
    case.policy.spec.iam.mode = IamMode::Verify;
    let injection = case.inject().unwrap();
    assert_eq!(
        injection.grants[0].role_arn,
        "arn:aws:iam::444455556666:role/shop-web-task"
    );

    let mut case = Case::load("fargate-awsvpc");
    case.base = case.base.replace(
        "role/shop-web-task",
        "role/aws-service-role/ecs.amazonaws.com/shop-web-task",
    );
    assert_eq!(case.inject().unwrap_err().reason, Reason::InvalidRole);
}

#[test]
fn bare_role_name_resolves_to_account_and_partition_arn() {
    let mut case = Case::load("fargate-awsvpc");
    case.base = case.base.replace(
        "arn:aws:iam::111122223333:role/shop-web-task",
        "shop-web-task",
    );
    for (partition, arn) in [
        ("aws", "arn:aws:iam::111122223333:role/shop-web-task"),
        (
            "aws-us-gov",
            "arn:aws-us-gov:iam::111122223333:role/shop-web-task",
        ),
    ] {
        let mut target = case.target();
        target.partition = partition;
        let injection = inject(&case.doc(), &target, &case.workload()).unwrap();
        assert_eq!(injection.grants[0].role_arn, arn);
    }
}
