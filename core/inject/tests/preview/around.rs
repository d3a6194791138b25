//! What the agent does around the file: mounts, log driver, variables, start order, notes.

use firelens_inject::preview::{
    AgentProblem, PreviewNoteCode as Code, Runtime, Waits, agent_config, same_but_for_order,
};
use firelens_types::v1alpha1::LaunchType;
use serde_json::{Value, json};

use crate::case::{codes, document, load, preview, task, working};

const HOST: &str = "/var/lib/ecs/data/firelens/8d1f0c2ab7e64f3c9a5be0d2c4f61e77";

fn mounts(case: &str) -> Vec<String> {
    working(case)
        .router
        .mounts
        .into_iter()
        .map(|mount| format!("{}:{}", mount.host.unwrap(), mount.container))
        .collect()
}

#[test]
fn the_agent_mounts_file_socket_folder_and_what_it_fetched() {
    assert_eq!(
        mounts("fluentbit-bridge"),
        [
            format!("{HOST}/config/fluent.conf:/fluent-bit/etc/fluent-bit.conf"),
            format!("{HOST}/socket/:/var/run/"),
            format!("{HOST}/config/external.conf:/fluent-bit/etc/external.conf"),
        ]
    );
    assert_eq!(
        mounts("fluentd-bridge"),
        [
            format!("{HOST}/config/fluent.conf:/fluentd/etc/fluent.conf"),
            format!("{HOST}/socket/:/var/run/"),
        ]
    );
    let mut with_s3 = load("fluentd-bridge");
    with_s3["containerDefinitions"][1]["firelensConfiguration"]["options"] =
        json!({"config-file-type": "s3", "config-file-value": "arn:aws:s3:::b/k"});
    let found = preview(&with_s3).unwrap().router.mounts;
    assert_eq!(found[2].container, "/fluentd/etc/external.conf");
}

#[test]
fn log_driver_gets_only_tag_socket_and_buffer_limit() {
    let found = working("log-options-fluentbit");
    let options: Vec<String> = found.containers[0]
        .log_options
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    assert_eq!(
        options,
        [
            format!("fluentd-address=unix://{HOST}/socket/fluent.sock"),
            "fluentd-async=true".to_owned(),
            "fluentd-buffer-limit=4096".to_owned(),
            "fluentd-sub-second-precision=true".to_owned(),
            "tag=checkout-firelens-8d1f0c2ab7e64f3c9a5be0d2c4f61e77".to_owned(),
        ]
    );
    assert!(!found.main.text.contains("log-driver-buffer-limit"));
}

#[test]
fn secrets_become_router_variables_numbered_by_container() {
    let variables: Vec<String> = working("secret-over-plain-option")
        .router
        .environment
        .into_iter()
        .map(|one| format!("{} {}", one.name, one.container.unwrap()))
        .collect();
    assert_eq!(variables, ["apikey_0 checkout", "apikey_2 worker"]);
}

#[test]
fn a_fluentd_router_runs_as_root() {
    let variables = working("log-options-fluentd").router.environment;
    let last = variables.last().unwrap();
    assert_eq!(
        (last.name.as_str(), last.value.as_deref()),
        ("FLUENT_UID", Some("0"))
    );
}

#[test]
fn containers_learn_the_address_of_the_router_by_network_mode() {
    for (case, host) in [
        ("fluentbit-awsvpc", Some("127.0.0.1")),
        ("fluentbit-bridge", Some("ROUTER_ADDRESS")),
        ("fluentbit-socket-only", None),
    ] {
        let found = working(case);
        let environment = &found.containers[0].environment;
        assert_eq!(
            environment.get("FLUENT_HOST").map(String::as_str),
            host,
            "{case}"
        );
        let port = host.map(|_| "24224");
        assert_eq!(
            environment.get("FLUENT_PORT").map(String::as_str),
            port,
            "{case}"
        );
    }
    assert!(codes(&working("fluentbit-socket-only")).contains(&Code::SocketOnly));
}

#[test]
fn the_agent_makes_containers_wait_unless_the_router_itself_waits() {
    assert_eq!(
        working("fluentbit-bridge").containers[0].waits,
        Waits::Agent
    );
    let waiting = working("router-depends-on-another");
    assert_eq!(waiting.containers[0].waits, Waits::Nobody);
    assert!(codes(&waiting).contains(&Code::NoStartDependency));
    let itself = working("router-logs-through-itself");
    assert_eq!(itself.containers[1].waits, Waits::Itself);
    let mut declared = load("router-depends-on-another");
    declared["containerDefinitions"][0]["dependsOn"] =
        json!([{"containerName": "relay", "condition": "HEALTHY"}]);
    let declared = preview(&declared).unwrap();
    let condition = "HEALTHY".to_owned();
    assert_eq!(
        declared.containers[0].waits,
        Waits::TaskDefinition { condition }
    );
    assert!(!codes(&declared).contains(&Code::NoStartDependency));
}

#[test]
fn the_instance_is_in_the_records_on_ec2_alone() {
    let doc = document(&load("log-options-fluentbit"));
    for launch_type in LaunchType::ALL {
        let runtime = Runtime {
            launch_type: *launch_type,
            ..task()
        };
        let text = agent_config(&doc, &runtime).unwrap().main.text;
        let is_ec2 = *launch_type == LaunchType::Ec2;
        assert_eq!(text.contains("ec2_instance_id"), is_ec2, "{launch_type}");
    }
}

#[test]
fn what_is_not_known_is_a_word_in_capitals() {
    let doc = document(&load("log-options-fluentbit"));
    let text = agent_config(&doc, &Runtime::unknown(&doc, LaunchType::Ec2))
        .unwrap()
        .main
        .text;
    for line in [
        "Record ec2_instance_id INSTANCE_ID\n",
        "Record ecs_cluster CLUSTER\n",
        "Record ecs_task_definition checkout:REVISION\n",
        "/TASK_ID\n",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
}

#[test]
fn fargate_refuses_s3_config_and_hides_host_paths() {
    let runtime = Runtime {
        launch_type: LaunchType::Fargate,
        ..task()
    };
    let error = agent_config(&document(&load("fluentbit-awsvpc")), &runtime).unwrap_err();
    assert!(
        matches!(
            error.problems.as_slice(),
            [AgentProblem::ConfigFromS3 { .. }]
        ),
        "{error}"
    );
    let found = agent_config(&document(&load("log-options-fluentbit")), &runtime).unwrap();
    assert!(found.router.mounts.iter().all(|mount| mount.host.is_none()));
    assert!(
        !found.containers[0]
            .log_options
            .contains_key("fluentd-address")
    );
}

#[test]
fn the_order_of_containers_does_not_count_in_a_comparison() {
    let one = load("secret-over-plain-option");
    let mut swapped = one.clone();
    let containers = swapped["containerDefinitions"].as_array_mut().unwrap();
    containers.swap(0, 2);
    let (one, swapped) = (preview(&one).unwrap(), preview(&swapped).unwrap());
    assert_ne!(one.main.text, swapped.main.text);
    let by_place = |text: &str| text.replace("_0}", "}").replace("_2}", "}");
    assert!(same_but_for_order(
        &by_place(&one.main.text),
        &by_place(&swapped.main.text)
    ));
    assert!(!same_but_for_order(
        &one.main.text,
        &working("fluentbit-bridge").main.text
    ));
}

/// A change of a case, and the note that it causes.
type Trap = (&'static str, fn(&mut Value), Code);

const TRAPS: [Trap; 12] = [
    (
        "fluentbit-metadata-mistyped",
        |_| (),
        Code::MetadataOffByMistake,
    ),
    (
        "options-file-value-alone",
        |_| (),
        Code::ConfigFileValueIgnored,
    ),
    ("fluentbit-patterns-alone", |_| (), Code::NoOutput),
    ("fluentbit-bridge", |_| (), Code::TextUnknown),
    ("secret-over-plain-option", |_| (), Code::OrderChanges),
    ("log-options-fluentbit", second_router, Code::SecondRouter),
    (
        "log-options-fluentbit",
        |td| td["containerDefinitions"][0] = json!({"name": "x"}),
        Code::NobodyRouted,
    ),
    (
        "log-options-fluentbit",
        |td| router(td)["memory"] = json!(1),
        Code::BufferLargerThanMemory,
    ),
    (
        "log-options-fluentbit",
        |td| router(td)["command"] = json!(["sh"]),
        Code::CommandReplaced,
    ),
    (
        "log-options-fluentbit",
        |td| option(td, "Match", "*"),
        Code::MatchTwice,
    ),
    (
        "log-options-fluentbit",
        |td| option(td, "mode", "non-blocking"),
        Code::DriverOptionInOutput,
    ),
    (
        "log-options-fluentbit",
        |td| secret(td, "api-key"),
        Code::SecretNameUnsafe,
    ),
];

fn router(td: &mut Value) -> &mut Value {
    &mut td["containerDefinitions"][1]
}

fn second_router(td: &mut Value) {
    let mut second = router(td).clone();
    second["name"] = json!("second");
    td["containerDefinitions"]
        .as_array_mut()
        .unwrap()
        .push(second);
}

fn option(td: &mut Value, key: &str, value: &str) {
    td["containerDefinitions"][0]["logConfiguration"]["options"][key] = json!(value);
}

fn secret(td: &mut Value, name: &str) {
    td["containerDefinitions"][0]["logConfiguration"]["secretOptions"][0]["name"] = json!(name);
}

#[test]
fn what_the_agent_does_in_silence_is_said() {
    for (case, change, code) in TRAPS {
        let mut td = load(case);
        change(&mut td);
        let found = preview(&td).unwrap();
        assert!(
            codes(&found).contains(&code),
            "{case} {code}: {:?}",
            found.notes
        );
    }
}

#[test]
fn container_name_overlapping_another_tag_is_noted() {
    let mut td = load("secret-over-plain-option");
    td["containerDefinitions"][2]["name"] = json!("checkout-firelens-worker");
    let found = preview(&td).unwrap();
    assert!(
        codes(&found).contains(&Code::TagOverlap),
        "{:?}",
        found.notes
    );
}

#[test]
fn health_check_on_closed_port_is_noted() {
    for (case, said) in [
        ("fluentbit-socket-only", true),
        ("fluentd-bridge", true),
        ("fluentbit-bridge", false),
    ] {
        let mut td = load(case);
        router(&mut td)["healthCheck"] = json!({"command": ["CMD-SHELL", "nc 127.0.0.1 8877"]});
        let found = preview(&td).unwrap();
        assert_eq!(
            codes(&found).contains(&Code::HealthCheckCannotPass),
            said,
            "{case}"
        );
    }
}

#[test]
fn numeric_users_are_taken() {
    for (user, valid) in [
        ("", true),
        ("0", true),
        ("1000:1000", true),
        ("1000:adm", true),
        ("adm", false),
        ("1000:", false),
        (":1000", false),
        ("1:2:3", false),
    ] {
        let mut td = load("log-options-fluentbit");
        router(&mut td)["user"] = json!(user);
        assert_eq!(preview(&td).is_ok(), valid, "{user:?}");
    }
}

#[test]
fn the_agent_reads_booleans_as_go_does() {
    for (word, on) in [
        ("1", true),
        ("t", true),
        ("TRUE", true),
        ("True", true),
        ("0", false),
        ("f", false),
        ("tRUE", false),
        ("on", false),
    ] {
        let mut td = load("log-options-fluentbit");
        router(&mut td)["firelensConfiguration"]["options"]["enable-ecs-log-metadata"] =
            json!(word);
        assert_eq!(
            preview(&td).unwrap().main.text.contains("ecs_cluster"),
            on,
            "{word}"
        );
    }
}
