//! The examples that AWS publishes for FireLens, in reverse: the application as it was before FireLens and a policy
//! must result in the router and the log options of the example.
//! AWS is not called: revisions are registered with local stand-ins, if the run has them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use firelens_tests::binary;
use firelens_tests::local_aws::LocalAws;
use serde_json::{Map, Value, json};

/// Options that the operator sets and the examples leave to the agent's defaults.
const BEYOND_THE_EXAMPLES: &[(&str, &str)] = &[("enable-ecs-log-metadata", "true")];
const REGION: &str = "us-west-2";
const CONFIG_BUCKET: &str = "yourbucket/yourdirectory/";

struct Case {
    name: String,
    folder: PathBuf,
}

impl Case {
    fn all() -> Vec<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/aws-examples");
        let mut cases: Vec<Self> = fs::read_dir(root)
            .unwrap()
            .map(|entry| entry.unwrap())
            .filter(|entry| entry.file_type().unwrap().is_dir())
            .map(|entry| Self {
                name: entry.file_name().into_string().unwrap(),
                folder: entry.path(),
            })
            .collect();
        cases.sort_by(|a, b| a.name.cmp(&b.name));
        assert_eq!(cases.len(), 12, "every published example has its folder");
        cases
    }

    fn json(&self, file: &str) -> Value {
        serde_json::from_slice(&fs::read(self.folder.join(file)).unwrap()).unwrap()
    }

    /// The register input, as `firelens patch` prints it.
    fn patched(&self) -> String {
        self.patched_with_files().0
    }

    /// The register input, and the router configuration that goes to S3; blank when there is none.
    fn patched_with_files(&self) -> (String, String) {
        let folder = tempfile::tempdir().unwrap();
        let region = if self.name == "parse-envoy-app-mesh" {
            "us-east-1"
        } else {
            REGION
        };
        let patched = firelens(
            &[
                "patch",
                "--policy",
                self.folder.join("policy.yaml").to_str().unwrap(),
                "--task-definition",
                self.folder.join("task-definition.json").to_str().unwrap(),
                "--region",
                region,
                "--account-id",
                "111122223333",
                "--config-bucket",
                CONFIG_BUCKET,
                "--write-config",
                folder.path().to_str().unwrap(),
            ],
            &self.name,
        );
        (patched, all_text_below(folder.path()))
    }
}

#[test]
fn every_published_example_comes_out_of_a_policy() {
    for case in Case::all() {
        let (patched, file) = case.patched_with_files();
        let patched: Value = serde_json::from_str(&patched).unwrap();
        let (base, expected) = (case.json("task-definition.json"), case.json("expect.json"));
        let router = container(&patched, "log_router");
        for (member, wanted) in expected["router"].as_object().unwrap() {
            let actual = &router[member];
            if member == "firelensConfiguration" {
                check_router_options(&case.name, actual, wanted, expected.get("configFilePrefix"));
            } else if member == "environment" {
                assert_holds_all(&case.name, actual, wanted);
            } else {
                assert_eq!(actual, wanted, "{}: {member} of the router", case.name);
            }
        }
        if expected["router"].get("logConfiguration").is_none() {
            assert!(
                router.get("logConfiguration").is_none(),
                "{}: the router logs nowhere",
                case.name
            );
        }
        for (name, wanted) in expected["containers"].as_object().unwrap() {
            let actual = log_configuration(&container(&patched, name)["logConfiguration"]);
            assert_eq!(
                actual,
                log_configuration(wanted),
                "{}: log options of {name}",
                case.name
            );
            let delivers = actual["options"].get("name").is_some();
            assert!(
                !(delivers && file.contains("[OUTPUT]")),
                "{}: {name} is delivered by log options and by the file: {file}",
                case.name
            );
        }
        for name in expected
            .get("untouched")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let name = name.as_str().unwrap();
            let (before, after) = (container(&base, name), container(&patched, name));
            assert_eq!(
                before["logConfiguration"], after["logConfiguration"],
                "{}: {name}",
                case.name
            );
        }
    }
}

#[test]
fn every_published_example_can_be_taken_back() {
    for case in Case::all() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("patched.json");
        fs::write(&file, case.patched()).unwrap();
        let restored = firelens(
            &["unpatch", "--task-definition", file.to_str().unwrap()],
            &case.name,
        );
        let restored: Value = serde_json::from_str(&restored).unwrap();
        assert_eq!(restored, case.json("task-definition.json"), "{}", case.name);
    }
}

#[test]
fn ministack_accepts_every_patched_example() {
    if let Some(aws) = LocalAws::ministack(REGION) {
        register_every_example(&aws);
    }
}

#[test]
fn moto_accepts_every_patched_example() {
    if let Some(aws) = LocalAws::moto(REGION, 0) {
        register_every_example(&aws);
    }
}

/// Registers what `firelens patch` printed, byte by byte, and finds the router in the answer.
fn register_every_example(aws: &LocalAws) {
    for case in Case::all() {
        let answer = aws
            .try_ecs("RegisterTaskDefinition", &case.patched())
            .unwrap_or_else(|why| panic!("{}: {why}", case.name));
        let registered = &answer["taskDefinition"];
        assert_eq!(registered["status"], "ACTIVE", "{}", case.name);
        let router = container(registered, "log_router");
        assert_eq!(
            router["firelensConfiguration"]["type"], "fluentbit",
            "{}",
            case.name
        );
    }
}

fn container<'a>(document: &'a Value, name: &str) -> &'a Value {
    let containers = document["containerDefinitions"].as_array().unwrap();
    containers
        .iter()
        .find(|container| container["name"] == name)
        .unwrap_or_else(|| panic!("no container {name}"))
}

/// Checks that the options are those of the example, and nothing beyond the agent's own defaults.
fn check_router_options(
    case: &str,
    actual: &Value,
    wanted: &Value,
    config_file_prefix: Option<&Value>,
) {
    assert_eq!(actual["type"], wanted["type"], "{case}: type of the router");
    let mut actual = options(&actual["options"]);
    if let Some(prefix) = config_file_prefix {
        let file = actual.remove("config-file-value").unwrap_or_default();
        assert!(
            file.starts_with(prefix.as_str().unwrap()),
            "{case}: configuration file {file}"
        );
    }
    let wanted = options(&wanted["options"]);
    for (key, value) in BEYOND_THE_EXAMPLES {
        if !wanted.contains_key(*key) && actual.get(*key).is_some_and(|actual| actual == value) {
            actual.remove(*key);
        }
    }
    assert_eq!(actual, wanted, "{case}: options of the router");
}

fn all_text_below(folder: &Path) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            text.push_str(&all_text_below(&entry.path()));
        } else {
            text.push_str(&fs::read_to_string(entry.path()).unwrap());
        }
    }
    text
}

fn assert_holds_all(case: &str, actual: &Value, wanted: &Value) {
    let actual = actual
        .as_array()
        .unwrap_or_else(|| panic!("{case}: no environment"));
    for entry in wanted.as_array().unwrap() {
        assert!(actual.contains(entry), "{case}: the router lacks {entry}");
    }
}

/// Driver, options and secrets, in a form in which two that Fluent Bit reads alike are equal.
fn log_configuration(value: &Value) -> Value {
    let secrets: Map<String, Value> = value["secretOptions"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|secret| {
            (
                secret["name"].as_str().unwrap().to_ascii_lowercase(),
                secret["valueFrom"].clone(),
            )
        })
        .collect();
    json!({"logDriver": value["logDriver"], "options": options(&value["options"]), "secretOptions": secrets})
}

/// Keys without regard to case; `on`, `yes` and `true` are one value, as `flb_utils_bool` has it:
/// <https://github.com/fluent/fluent-bit/blob/master/src/flb_utils.c>
fn options(value: &Value) -> std::collections::BTreeMap<String, String> {
    let boolean = |text: &str| match text.to_ascii_lowercase().as_str() {
        "on" | "yes" | "true" => "true".to_owned(),
        "off" | "no" | "false" => "false".to_owned(),
        _ => text.to_owned(),
    };
    let entries = value.as_object().into_iter().flatten();
    entries
        .map(|(key, value)| (key.to_ascii_lowercase(), boolean(value.as_str().unwrap())))
        .collect()
}

/// Standard output of the binary; panics with its standard error when it refuses.
fn firelens(arguments: &[&str], case: &str) -> String {
    let output = Command::new(binary::path())
        .args(arguments)
        .env_remove("AWS_REGION")
        .output()
        .unwrap();
    let notes = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{case}: firelens {}: {notes}",
        arguments[0]
    );
    String::from_utf8(output.stdout).unwrap()
}
