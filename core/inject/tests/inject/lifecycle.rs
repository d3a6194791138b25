//! Start, stop and the image of the router: one test for each behaviour, on the golden cases.

use std::collections::BTreeMap;

use firelens_inject::{Injection, NoteCode, Reason, eject};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::case::{Case, injected};
use crate::random::task_definition;

fn refused(name: &str) -> (Reason, String) {
    let refusal = Case::load(name).inject().unwrap_err();
    (refusal.reason, refusal.message)
}

fn notes_of(name: &str, code: NoteCode) -> Vec<String> {
    let injection = Case::load(name).inject().unwrap();
    let notes = injection.notes.into_iter();
    notes
        .filter(|note| note.code == code)
        .map(|note| note.message)
        .collect()
}

fn router(injection: &Injection) -> Value {
    let router = injection.document.container(&injection.router).unwrap();
    serde_json::from_str(&router.raw().to_string()).unwrap()
}

fn stop_timeout(name: &str) -> Value {
    router(&Case::load(name).inject().unwrap())["stopTimeout"].clone()
}

#[test]
fn every_routed_container_depends_on_the_router_once() {
    for (case, injection) in injected() {
        let router = injection.document.container(&injection.router).unwrap();
        assert!(router.depends_on().is_empty(), "{}", case.name);
        for name in &injection.containers {
            let on = injection.document.container(name).unwrap().depends_on();
            let on: Vec<_> = on
                .iter()
                .filter(|on| on.container == injection.router)
                .collect();
            assert_eq!(on.len(), 1, "{}: {name}", case.name);
            assert!(
                ["START", "HEALTHY"].contains(&on[0].condition.as_str()),
                "{}",
                case.name
            );
        }
    }
}

#[test]
fn init_container_may_log_through_the_router() {
    let injection = Case::load("init-container-is-routed").inject().unwrap();
    let on = |name: &str| {
        let container = injection.document.container(name).unwrap();
        let on = container.depends_on().into_iter();
        on.map(|on| (on.container, on.condition))
            .collect::<Vec<_>>()
    };
    let pair = |name: &str, condition: &str| (name.to_owned(), condition.to_owned());
    assert_eq!(on("migrate"), [pair("log_router", "START")]);
    assert_eq!(
        on("web"),
        [pair("migrate", "SUCCESS"), pair("log_router", "START")]
    );
}

#[test]
fn nobody_may_wait_for_the_router_to_end() {
    let (reason, message) = refused("refused-waits-for-the-router-to-end");
    assert_eq!(reason, Reason::DependencyConditionInvalid);
    assert!(message.contains("START or HEALTHY"), "{message}");
}

#[test]
fn dependency_cycle_in_the_injected_task_definition_is_refused() {
    let (reason, message) = refused("refused-cycle-through-the-replaced-router");
    assert_eq!(reason, Reason::DependencyCycle);
    assert!(message.contains("cache -> web -> cache"), "{message}");
    assert_eq!(
        refused("refused-dependency-missing").0,
        Reason::DependencyMissing
    );
}

#[test]
fn foreign_router_with_depends_on_is_refused_or_replaced() {
    let (reason, message) = refused("refused-foreign-router-that-waits");
    assert_eq!(reason, Reason::ForeignRouter);
    assert!(message.contains("web may start before it"), "{message}");
    let left = notes_of("router-that-waits-is-replaced", NoteCode::RouterReplaced);
    assert!(
        left.iter()
            .any(|note| note.starts_with("dependsOn of log_router")),
        "{left:?}"
    );
}

#[test]
fn injected_router_has_no_restart_policy_and_notes_replaced_one() {
    for (case, injection) in injected() {
        assert_eq!(
            router(&injection).get("restartPolicy"),
            None,
            "{}",
            case.name
        );
    }
    let left = notes_of("router-that-waits-is-replaced", NoteCode::RouterReplaced);
    assert!(
        left.iter()
            .any(|note| note.starts_with("restartPolicy of log_router")),
        "{left:?}"
    );
}

#[test]
fn router_stop_timeout_covers_slowest_container_and_its_grace() {
    for (case, seconds) in [
        ("fargate-awsvpc", 60),
        ("stop-timeout-from-the-slowest-container", 105),
        ("stop-timeout-capped-on-fargate", 120),
        ("stop-timeout-uncapped-on-ec2", 330),
        ("stop-timeout-too-low", 20),
        ("stop-timeout-of-plain-options", 35),
        ("stop-timeout-by-own-grace", 40),
        ("filters", 60),
        ("file-in-image", 60),
        ("fluentd", 60),
    ] {
        assert_eq!(stop_timeout(case), json!(seconds), "{case}");
    }
}

#[test]
fn too_short_stop_timeout_is_noted_with_needed_seconds() {
    for (case, words) in [
        ("stop-timeout-too-low", "set it to 60"),
        (
            "stop-timeout-capped-on-fargate",
            "reduce stopTimeout of web to 90",
        ),
    ] {
        let notes = notes_of(case, NoteCode::StopTimeout);
        assert_eq!(notes.len(), 1, "{case}");
        assert!(notes[0].contains(words), "{case}: {}", notes[0]);
    }
    for case in [
        "stop-timeout-from-the-slowest-container",
        "stop-timeout-uncapped-on-ec2",
    ] {
        assert!(notes_of(case, NoteCode::StopTimeout).is_empty(), "{case}");
    }
}

#[test]
fn a_job_is_never_kept_alive_by_its_router() {
    for case in [
        "refused-job-kept-alive-by-the-router",
        "refused-no-essential-container",
    ] {
        assert_eq!(refused(case).0, Reason::NoEssentialContainer, "{case}");
    }
    for (case, injection) in injected() {
        let others = injection.document.containers();
        let essential = others
            .filter(|one| one.name() != injection.router)
            .any(|one| one.essential());
        assert!(essential, "{}", case.name);
    }
    assert_eq!(
        notes_of("router-not-essential", NoteCode::RouterNotEssential).len(),
        1
    );
}

#[test]
fn a_deep_health_check_of_an_essential_router_is_noted() {
    assert_eq!(notes_of("health-deep", NoteCode::DeepHealthCheck).len(), 1);
    assert!(notes_of("health-custom", NoteCode::DeepHealthCheck).is_empty());
}

#[test]
fn a_health_check_calls_only_programs_of_the_image() {
    for (case, program) in [
        ("refused-health-command-not-in-image", "nc"),
        ("refused-health-without-a-shell", "sh"),
    ] {
        let (reason, message) = refused(case);
        assert_eq!(reason, Reason::HealthCheckImpossible, "{case}");
        assert!(message.contains(&format!("needs {program},")), "{message}");
    }
}

#[test]
fn health_port_moves_if_taken_when_the_file_is_ours() {
    let injection = Case::load("health-port-moves-in-own-file")
        .inject()
        .unwrap();
    let check = router(&injection)["healthCheck"]["command"][1].clone();
    assert_eq!(
        check,
        json!("curl -f http://127.0.0.1:2021/api/v1/uptime || exit 1")
    );
    let files: String = injection
        .objects
        .iter()
        .map(|one| one.body.as_str())
        .collect();
    assert!(files.contains("HTTP_Port 2021"), "{files}");
    assert_eq!(
        notes_of("port-2020-in-use", NoteCode::NoHealthCheck).len(),
        1
    );
    assert_eq!(refused("refused-port-conflict").0, Reason::PortConflict);
}

#[test]
fn mesh_proxy_intercepting_the_router_is_noted() {
    let notes = notes_of("mesh-proxy", NoteCode::MeshProxy);
    assert!(notes[0].contains("router.user to 1337"), "{notes:?}");
    assert!(notes_of("mesh-proxy-passed-by", NoteCode::MeshProxy).is_empty());
}

#[test]
fn tcp_logger_with_possibly_wrong_address_is_noted() {
    for case in ["fluent-host-in-bridge-mode", "fluent-host-in-host-mode"] {
        assert_eq!(notes_of(case, NoteCode::FluentHost).len(), 1, "{case}");
    }
    let bridge = Case::load("ec2-bridge").inject().unwrap();
    assert_eq!(router(&bridge).get("portMappings"), None);
}

#[test]
fn containers_keep_their_names_links_and_volumes() {
    for (case, injection) in injected() {
        let base = case.doc();
        for container in base.containers() {
            let name = container.name();
            if container.firelens_configuration().is_some() {
                continue;
            }
            let after = injection.document.container(&name).unwrap();
            for member in ["links", "volumesFrom", "image", "essential", "stopTimeout"] {
                assert_eq!(
                    after.raw().get(member),
                    container.raw().get(member),
                    "{}: {name}.{member}",
                    case.name
                );
            }
        }
    }
}

#[test]
fn moving_tags_are_noted_and_pinned_images_are_not() {
    for (case, noted) in [
        ("image-stable", true),
        ("image-init-latest", true),
        ("image-minor-tag", true),
        ("image-digest", false),
        ("image-version-and-digest", false),
        ("fargate-awsvpc", false),
    ] {
        let notes = notes_of(case, NoteCode::MovingImageTag);
        assert_eq!(notes.len(), usize::from(noted), "{case}: {notes:?}");
    }
}

#[test]
fn known_broken_image_versions_are_refused_or_noted_with_link() {
    let (reason, message) = refused("refused-image-known-broken");
    assert_eq!(reason, Reason::ImageKnownBroken);
    assert!(
        message.contains("2.32.2.20241008 (https://github.com/"),
        "{message}"
    );
    let notes = notes_of("image-known-problem", NoteCode::ImageKnownProblem);
    assert!(
        notes.iter().any(|note| note.contains("issues/1002")),
        "{notes:?}"
    );
    assert!(
        notes.iter().any(|note| note.contains("2026-06-30")),
        "{notes:?}"
    );
}

#[test]
fn duplicate_log_level_is_refused_or_noted_by_image_version() {
    assert_eq!(
        refused("refused-log-level-twice").0,
        Reason::ImageKnownBroken
    );
    for (case, count) in [
        ("log-level-twice-unknown-version", 1),
        ("log-level-twice-good-version", 0),
    ] {
        assert_eq!(
            notes_of(case, NoteCode::ImageKnownProblem).len(),
            count,
            "{case}"
        );
    }
}

#[test]
fn an_image_that_cannot_run_or_be_pulled_is_refused() {
    for (case, words) in [
        ("refused-image-windows", "Windows image"),
        ("refused-image-architecture", "the task runs on X86_64"),
        ("refused-image-account-of-another-region", "449074385750"),
        ("refused-image-host-of-china", "amazonaws.com.cn"),
    ] {
        let (reason, message) = refused(case);
        assert_eq!(reason, Reason::RouterImageUnusable, "{case}");
        assert!(message.contains(words), "{case}: {message}");
    }
    let notes = notes_of("image-architecture-unknown", NoteCode::ImageArchitecture);
    assert_eq!(notes.len(), 1);
    assert!(notes_of("fargate-arm64", NoteCode::ImageArchitecture).is_empty());
}

#[test]
fn unreachable_image_note_names_the_regional_copy() {
    let expected: BTreeMap<&str, Option<&str>> = [
        ("fargate-awsvpc", None),
        ("image-regional-copy", None),
        ("image-from-public-ecr-with-other-public-images", None),
        (
            "image-from-public-ecr-without-a-public-address",
            Some("906394416424.dkr.ecr.us-east-1.amazonaws.com/aws-for-fluent-bit:3.4.16"),
        ),
        (
            "image-of-another-region",
            Some("906394416424.dkr.ecr.us-east-1.amazonaws.com/aws-for-fluent-bit:3.2.1"),
        ),
        (
            "image-docker-hub",
            Some("906394416424.dkr.ecr.us-east-1.amazonaws.com/aws-for-fluent-bit:3.2.1"),
        ),
        (
            "china-partition",
            Some("128054284489.dkr.ecr.cn-north-1.amazonaws.com.cn/aws-for-fluent-bit:3.4.16"),
        ),
    ]
    .into();
    for (case, copy) in expected {
        let notes = notes_of(case, NoteCode::ImagePull);
        assert_eq!(
            notes.len(),
            usize::from(copy.is_some()),
            "{case}: {notes:?}"
        );
        for (note, copy) in notes.iter().zip(copy) {
            assert!(note.ends_with(copy), "{case}: {note}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

    #[test]
    fn router_outlasts_all_stop_timeouts_or_notes_it_and_ejects(
        base in task_definition(),
        seconds in 0_u64..200,
        asked in proptest::option::of(2_u32..=120),
    ) {
        let base = base.replacen("\"name\":\"c0\"", &format!("\"name\":\"c0\",\"stopTimeout\":{seconds}"), 1);
        let doc = firelens_taskdef::TaskDefinitionDoc::parse(&base).unwrap();
        let mut case = Case::load("fargate-awsvpc");
        case.policy.spec.router.stop_timeout_seconds = asked;
        let injection = case.inject_into(&doc).unwrap();
        let found = router(&injection)["stopTimeout"].as_u64().unwrap();
        let others = doc.containers().map(|one| one.stop_timeout_seconds().unwrap_or(30));
        let needed = others.max().unwrap() + 30;
        let noted = injection.notes.iter().any(|note| note.code == NoteCode::StopTimeout);
        prop_assert!(found <= 120);
        prop_assert_eq!(noted, found < needed);
        if asked.is_none() {
            prop_assert_eq!(found, needed.min(120));
        }
        prop_assert_eq!(eject(&injection.document).unwrap().document.to_string(), doc.to_string());
    }
}
