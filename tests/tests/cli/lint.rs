//! `firelens lint` as users call it: what it prints, where, and its exit status.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use firelens_tests::binary;
use serde_json::Value;

fn corpus(name: &str) -> String {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("lint")
        .join(name);
    path.to_str().unwrap().to_owned()
}

fn lint(arguments: &[&str]) -> Output {
    Command::new(binary::path())
        .arg("lint")
        .args(arguments)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn errors_end_with_status_1_and_say_what_to_do() {
    let output = lint(&["-f", &corpus("UnknownOption.yaml")]);
    assert_eq!(output.status.code(), Some(1));
    let shown = text(&output.stdout);
    for part in [
        "LoggingPolicy \"unknown-option\"",
        "Error    UnknownOption at spec.outputs[0].destination.datadog.options[compres]",
        "the nearest name is compress",
        "fix: ",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(text(&output.stderr).contains("1 errors"));
}

#[test]
fn warnings_end_with_status_0_unless_strict() {
    let file = corpus("TlsVerifyOff.yaml");
    assert_eq!(lint(&["-f", &file]).status.code(), Some(0));
    assert_eq!(lint(&["-f", &file, "--strict"]).status.code(), Some(1));
}

#[test]
fn the_version_of_the_image_can_be_given() {
    let file = corpus("DeepHealthCheck.yaml");
    let file = [file.as_str(), &corpus("OtlpPortMismatch.yaml")];
    assert_eq!(lint(&["-f", file[1]]).status.code(), Some(0));
    let old = lint(&["-f", file[1], "--image-version", "1.9.10"]);
    assert_eq!(old.status.code(), Some(1));
    assert!(text(&old.stdout).contains("OtlpLogsNotInVersion"));
    assert_eq!(
        lint(&["-f", file[0], "--image-version", "7"]).status.code(),
        Some(2)
    );
}

#[test]
fn findings_come_as_json_and_yaml_as_well() {
    let file = corpus("DoubleDelivery.yaml");
    let json: Value = serde_json::from_slice(&lint(&["-f", &file, "-o", "json"]).stdout).unwrap();
    let yaml: Value = serde_yaml::from_slice(&lint(&["-f", &file, "-o", "yaml"]).stdout).unwrap();
    assert_eq!(json, yaml);
    assert_eq!(json["checked"], 1);
    assert_eq!(json["findings"][0]["code"], "DoubleDelivery");
    assert_eq!(json["findings"][0]["severity"], "Warning");
    for member in ["object", "field", "message", "fix"] {
        assert!(
            !json["findings"][0][member].as_str().unwrap().is_empty(),
            "{member}"
        );
    }
}

#[test]
fn task_definitions_are_checked_without_any_policy() {
    let output = lint(&["--task-definition", &corpus("OutputNameMissing.json")]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).contains("containerDefinitions[0].logConfiguration.options"));
}

#[test]
fn no_secret_is_printed_in_any_form() {
    let folder = corpus("");
    for form in ["table", "json", "yaml"] {
        let output = lint(&["-f", &folder, "-o", form]);
        let shown = text(&output.stdout) + &text(&output.stderr);
        assert!(shown.contains("SecretInOption"), "{shown}");
        assert!(
            !shown.contains("not-a-real") && !shown.contains("AKIA"),
            "{form}"
        );
    }
}

#[test]
fn a_refused_field_is_reported_once() {
    let output = lint(&["-f", &corpus("SecretInOption.yaml"), "-o", "json"]);
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    let field = "spec.outputs[0].destination.datadog.options[apikey]";
    let rows = json["findings"].as_array().unwrap();
    assert_eq!(
        rows.iter().filter(|row| row["field"] == field).count(),
        1,
        "{json:#}"
    );
}
