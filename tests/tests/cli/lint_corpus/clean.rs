//! What is in use has no findings: examples, golden policies, task definitions of AWS.

use std::fs;
use std::path::{Path, PathBuf};

use firelens_fluent::catalogue::FluentBitVersion;
use firelens_fluent::lint::{self, Finding, Severity};
use firelens_taskdef::TaskDefinitionDoc;
use serde_json::{Value, json};

use crate::lint_corpus::case::{documents, files, lint_objects, path};

/// Intended findings: parts of a path, and the codes that are allowed there.
const KNOWN: [(&str, &[&str]); 17] = [
    // A demonstration in which nobody waits.
    ("/examples/3-policy", &["SettleShort"]),
    // Cases are about one workload, and about one thing.
    (
        "/inject/cases/",
        &[
            "HealthyWithoutTimeout",
            "HttpFormatMsgpack",
            "KnownBadImage",
            "MovingImageTag",
            "PlaintextToPublicHost",
            "SelectsEverything",
        ],
    ),
    ("/aws-examples/", &["SelectsEverything", "MovingImageTag"]),
    ("/health-check-output-metrics/", &["DeepHealthCheck"]),
    ("/log-level-twice-", &["LogLevelTwice"]),
    ("/health-deep/", &["DeepHealthCheck"]),
    ("/router-memory-notes/", &["RouterMemoryTight"]),
    ("/router-not-essential/", &["RouterNotEssential"]),
    ("/stop-timeout-too-low/", &["StopTimeoutBelowGrace"]),
    ("/iam-ignore/", &["PermissionsIgnored"]),
    (
        "/render/cases/",
        &["HttpFormatMsgpack", "UndefinedVariable"],
    ),
    // Cases that show what is refused, some of it by the linter as well.
    (
        "/refused-",
        &[
            "HealthCheckProgramMissing",
            "LogLevelTwice",
            "OptionNotInVersion",
            "OtlpLogsNotInVersion",
            "ParserDropsFields",
            "RouterNotEssential",
            "TagWithoutOutput",
            "UnknownParser",
        ],
    ),
    // Cases that show every word of a filter, or of an output.
    ("/every-filter", &["TagWithoutOutput"]),
    (
        "/every-option",
        &["GroupsFromRecords", "StorageLimitWithoutFilesystem"],
    ),
    ("/multiline.json", &["MultilineTwice"]),
    (
        "/parsers.json",
        &["ParserDropsFields", "TypeOfUnknownField"],
    ),
    ("/different-patterns.json", &["TypeNameSent"]),
];

fn complaints(file: &Path, findings: Vec<Finding>) -> Vec<String> {
    let name = file.to_string_lossy().into_owned();
    let known = |finding: &Finding| {
        KNOWN
            .iter()
            .any(|(part, codes)| name.contains(part) && codes.contains(&finding.code.as_str()))
    };
    findings
        .into_iter()
        .filter(|finding| finding.severity != Severity::Info && !known(finding))
        .map(|finding| format!("{name}: {} {finding}", finding.severity))
        .collect()
}

/// The objects of a golden case: a policy with its destinations, or the parts that a router file is
/// made from.
fn golden(file: &Path, value: &Value) -> Vec<Value> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    if let Some(policy) = value.get("policy") {
        let mut objects = vec![policy.clone()];
        objects.extend(list(&value["destinations"]));
        return objects;
    }
    if value.get("outputs").is_none() {
        return Vec::new();
    }
    let mut spec = json!({"selector": {"services": ["web"]}});
    if file.to_string_lossy().contains("since-5-1") {
        let image = "public.ecr.aws/aws-observability/aws-for-fluent-bit:5.1.1";
        spec["router"] = json!({"image": image});
    }
    for member in ["outputs", "filters", "parsers", "customConfig"] {
        if let Some(given) = value.get(member) {
            spec[member] = given.clone();
        }
    }
    let policy = json!({
        "apiVersion": "firelens.dev/v1alpha1", "kind": "LoggingPolicy", "metadata": {"name": "golden"}, "spec": spec,
    });
    vec![policy]
}

#[test]
fn golden_policies_lint_clean() {
    let mut problems = Vec::new();
    for folder in [
        "core/inject/tests/inject/cases",
        "core/fluent/tests/render/cases",
    ] {
        for file in files(&path(folder), &["json"]) {
            let Ok(value) = serde_json::from_str::<Value>(&fs::read_to_string(&file).unwrap())
            else {
                continue;
            };
            problems.extend(complaints(
                &file,
                lint_objects(&golden(&file, &value)).findings,
            ));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn examples_lint_clean() {
    let mut problems = Vec::new();
    for file in files(&path("deploy/examples"), &["yaml"]) {
        let objects = documents(&fs::read_to_string(&file).unwrap());
        problems.extend(complaints(&file, lint_objects(&objects).findings));
    }
    for page in files(&path("docs"), &["md"])
        .into_iter()
        .chain([path("README.md")])
    {
        let text = fs::read_to_string(&page).unwrap();
        for block in text.split("```yaml\n").skip(1) {
            let block = block.split("```").next().unwrap_or_default();
            if block.contains("kind: LoggingPolicy") || block.contains("kind: LogDestination") {
                problems.extend(complaints(&page, lint_objects(&documents(block)).findings));
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn examples_of_aws_lint_clean() {
    let mut problems = Vec::new();
    for file in files(&path("tests/fixtures/aws-examples"), &["yaml", "json"]) {
        let text = fs::read_to_string(&file).unwrap();
        let findings = match TaskDefinitionDoc::parse(&text) {
            Ok(document) => lint::task(&document, None),
            Err(_) => lint_objects(&documents(&text)).findings,
        };
        problems.extend(complaints(&file, findings));
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn rendered_files_hold_no_errors() {
    let mut problems = Vec::new();
    let rendered = files(&path("core/fluent/tests/render/cases"), &["conf"]);
    let main = |file: &&PathBuf| !file.to_string_lossy().ends_with(".parsers.conf");
    for file in rendered.iter().filter(main) {
        let text = fs::read_to_string(file).unwrap();
        let errors = lint::router_file("file", &text, FluentBitVersion::Any)
            .into_iter()
            .filter(Finding::is_error);
        problems.extend(errors.map(|finding| format!("{}: {finding}", file.display())));
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
