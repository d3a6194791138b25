//! The policies that the operator itself writes on task and execution roles, against AWS's reference.

use std::fs;
use std::path::Path;

use firelens_aws::iam::{
    NamedDocument, RightsResult, RolePolicies, Statement, evaluate, partition_of_region,
    policy_document,
};
use firelens_fluent::outputs::{ImageLine, OutputScope, compile};
use firelens_tests::iam_reference::Reference;
use firelens_types::v1alpha1::LogDestinationSpec;
use serde_json::{Value, json};

use crate::policies::check;
use crate::policies::{named, no_faults, root};

/// What every destination of the table of the core grants, with every line of images.
fn of_destinations() -> Vec<(String, Vec<Statement>)> {
    let text =
        fs::read_to_string(root().join("core/fluent/tests/render/destinations.json")).unwrap();
    let rows: Vec<Value> = serde_json::from_str(&text).unwrap();
    let mut granted = Vec::new();
    for row in &rows {
        let spec: LogDestinationSpec = serde_json::from_value(row["spec"].clone()).unwrap();
        let region = row["region"].as_str().unwrap_or("us-east-1");
        for image_line in [ImageLine::V2, ImageLine::V3, ImageLine::Unknown] {
            let scope = OutputScope {
                region,
                account_id: "111122223333",
                partition: partition_of_region(region),
                image_line,
            };
            if let Ok(output) = compile(&spec, &scope) {
                granted.push((row["name"].to_string(), output.grants));
            }
        }
    }
    granted
}

/// What the golden cases of the injection grant: secrets, configuration files, log groups.
fn of_injections(folder: &Path, granted: &mut Vec<(String, Vec<Statement>)>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            of_injections(&path, granted);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            let text = fs::read_to_string(&path).unwrap();
            let mut statements = Vec::new();
            collect(
                &serde_json::from_str(&text).unwrap_or_default(),
                &mut statements,
            );
            granted.push((path.display().to_string(), statements));
        }
    }
}

fn collect(value: &Value, statements: &mut Vec<Statement>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, statements)),
        Value::Object(members) => match serde_json::from_value::<Statement>(value.clone()) {
            Ok(statement) => statements.push(statement),
            Err(_) => members
                .values()
                .for_each(|member| collect(member, statements)),
        },
        _ => {}
    }
}

#[test]
fn permissions_granted_for_each_destination_are_known_to_aws() {
    let Some(reference) = Reference::load() else {
        return;
    };
    let mut granted = of_destinations();
    of_injections(&root().join("core/inject/tests/inject/cases"), &mut granted);
    let actions: usize = granted.iter().map(|(_, statements)| statements.len()).sum();
    assert!(actions > 40, "only {actions} statements were found");
    let mut faults = Vec::new();
    for (name, statements) in &granted {
        if !statements.is_empty() {
            let document = serde_json::from_str(&policy_document(statements)).unwrap();
            faults.extend(check::against_reference(
                &named(name, &document),
                &reference,
            ));
        }
    }
    // An action that the table of a `custom` destination makes up is its user's business.
    faults.sort();
    faults.dedup();
    no_faults(&faults);
}

/// An ARN with a name instead of each variable.
fn example(arn: &str) -> String {
    let mut out = String::new();
    let mut rest = arn;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, behind) = after.split_once('}').unwrap();
        out += before;
        out += match name {
            "Partition" => "aws",
            "Region" => "us-east-1",
            "Account" => "111122223333",
            _ => "some-name",
        };
        rest = behind;
    }
    out + rest
}

fn result(action: &str, granted: &str, asked: &str) -> RightsResult {
    let document = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": action, "Resource": granted},
    ]});
    let policies = RolePolicies {
        identity: vec![NamedDocument {
            name: "p".to_owned(),
            document: document.to_string(),
        }],
        boundary: None,
    };
    evaluate(&policies, &[Statement::new("A", [action], [asked])])
        .remove(0)
        .result
}

/// Our evaluator evaluates each action that concerns us on each type of resource as the reference has it.
#[test]
fn our_evaluator_allows_each_action_on_its_own_resources_only() {
    let Some(reference) = Reference::load() else {
        return;
    };
    let mut evaluated = 0;
    for service in [
        "ecs",
        "iam",
        "s3",
        "logs",
        "firehose",
        "kinesis",
        "kafka-cluster",
        "ssm",
        "kms",
    ] {
        for name in reference.actions_of(service) {
            let action = reference.action(&name).unwrap();
            let types = action.resource_types();
            for arn in types.values() {
                let mine = example(arn);
                let family = format!("{}*", &mine[..mine.len() - 1]);
                assert_eq!(
                    result(&name, &mine, &mine),
                    RightsResult::Allowed,
                    "{name} {mine}"
                );
                assert_eq!(
                    result(&name, &family, &mine),
                    RightsResult::Allowed,
                    "{name} {family}"
                );
                let others = types
                    .values()
                    .map(|other| example(other))
                    .filter(|other| *other != mine);
                for other in others {
                    let result = result(&name, &mine, &other);
                    assert!(
                        matches!(result, RightsResult::Missing(_)),
                        "{name} {mine} {other}: {result:?}"
                    );
                }
                evaluated += 1;
            }
        }
    }
    assert!(evaluated > 300, "only {evaluated} were evaluated");
}
