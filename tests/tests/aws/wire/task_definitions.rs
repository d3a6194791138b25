//! Task definitions: what is refused, what is filled in, what is kept.

use serde_json::{Value, json};

use crate::wire::support::{ecs, fake, refused, routed, web};

/// What the test changes, and a part of the refusal.
type Case = (&'static str, fn(&mut Value), &'static str);

fn app(document: &mut Value) -> &mut Value {
    &mut document["containerDefinitions"][0]
}

fn push(document: &mut Value, container: Value) {
    document["containerDefinitions"]
        .as_array_mut()
        .unwrap()
        .push(container);
}

const REFUSALS: &[Case] = &[
    (
        "awsfirelens without a router",
        |d| app(d)["logConfiguration"] = json!({"logDriver": "awsfirelens"}),
        "a firelens configuration object must be configured",
    ),
    (
        "a router that nobody uses",
        |d| app(d)["firelensConfiguration"] = json!({"type": "fluentbit"}),
        "at least one container has to be configured with the awsfirelens",
    ),
    (
        "eleven containers",
        |d| {
            for i in 0..10 {
                push(d, json!({"name": format!("c{i}"), "image": "x"}));
            }
        },
        "Too many containers.",
    ),
    (
        "more than 64 KiB",
        |d| app(d)["environment"] = json!([{"name": "A", "value": "x".repeat(65_536)}]),
        "Max allowed length is '65536' bytes.",
    ),
    (
        "a dependency on nothing",
        |d| app(d)["dependsOn"] = json!([{"containerName": "x", "condition": "START"}]),
        "Cannot depend on container + 'x' because it does not exist",
    ),
    (
        "a dependency on health that nobody checks",
        |d| {
            push(d, json!({"name": "db", "image": "x"}));
            app(d)["dependsOn"] = json!([{"containerName": "db", "condition": "HEALTHY"}]);
        },
        "health check",
    ),
    (
        "a dependency on the end of an essential container",
        |d| {
            push(d, json!({"name": "db", "image": "x"}));
            app(d)["dependsOn"] = json!([{"containerName": "db", "condition": "SUCCESS"}]);
        },
        "cannot be an essential container",
    ),
    (
        "a cycle of dependencies",
        |d| app(d)["dependsOn"] = json!([{"containerName": "app", "condition": "START"}]),
        "cycle",
    ),
    (
        "a container name used twice",
        |d| push(d, json!({"name": "app", "image": "x"})),
        "Duplicate container name",
    ),
    (
        "a read-only member",
        |d| d["revision"] = json!(3),
        "revision",
    ),
    (
        "a size that Fargate does not have",
        |d| d["memory"] = json!("8192"),
        "No Fargate configuration exists for given values.",
    ),
    (
        "a volume that is not there",
        |d| app(d)["mountPoints"] = json!([{"sourceVolume": "v", "containerPath": "/v"}]),
        "Unknown volume 'v'.",
    ),
    (
        "a reserved tag",
        |d| d["tags"] = json!([{"key": "aws:x", "value": "y"}]),
        "reserved",
    ),
];

#[test]
fn registration_refuses_what_ecs_refuses() {
    let fake = fake();
    // One of them sends what only answers have.
    fake.allow_misfits();
    for (name, change, message) in REFUSALS {
        let mut document = web("web");
        change(&mut document);
        let (_, refusal) = refused(&fake, "RegisterTaskDefinition", document);
        assert!(refusal.contains(message), "{name}: {refusal}");
    }
    assert!(fake.revisions("web").is_empty());
}

#[test]
fn fargate_takes_no_router_configuration_from_s3_and_ec2_does() {
    let fake = fake();
    let mut document = routed("web");
    document["containerDefinitions"][1]["firelensConfiguration"]["options"] = json!({
        "config-file-type": "s3",
        "config-file-value": "arn:aws:s3:::bucket/key",
    });
    let (_, message) = refused(&fake, "RegisterTaskDefinition", document.clone());
    assert!(message.contains("config-file-type s3"), "{message}");
    document["requiresCompatibilities"] = json!(["EC2"]);
    ecs(&fake, "RegisterTaskDefinition", document);
}

#[test]
fn registration_fills_in_defaults_and_keeps_unknown_members() {
    let fake = fake();
    let mut document = routed("web");
    document["cpu"] = json!(".25 vCPU");
    document["memory"] = json!("0.5 GB");
    document["unheardOfTomorrow"] = json!({"deep": [1]});
    app(&mut document)["portMappings"] = json!([{"containerPort": 80}]);
    let tags = json!([{"key": "team", "value": "a"}]);
    document["tags"] = tags.clone();
    let answer = ecs(&fake, "RegisterTaskDefinition", document);
    let stored = &answer["taskDefinition"];
    assert_eq!(answer["tags"], tags);
    assert!(stored.get("tags").is_none());
    assert_eq!(
        (&stored["cpu"], &stored["memory"]),
        (&json!("256"), &json!("512"))
    );
    assert_eq!(stored["unheardOfTomorrow"], json!({"deep": [1]}));
    assert_eq!(stored["revision"], 1);
    assert_eq!(
        stored["taskDefinitionArn"],
        "arn:aws:ecs:us-east-1:111122223333:task-definition/web:1"
    );
    let app = &stored["containerDefinitions"][0];
    assert_eq!(app["essential"], true);
    assert_eq!(app["cpu"], 0);
    assert_eq!(app["environment"], json!([]));
    assert_eq!(
        app["portMappings"][0],
        json!({"containerPort": 80, "hostPort": 80, "protocol": "tcp"})
    );
    assert_eq!(stored["containerDefinitions"][1]["user"], "0");
    let attributes = stored["requiresAttributes"].to_string();
    assert!(attributes.contains("ecs.capability.firelens.fluentbit"));
    assert!(stored["compatibilities"].to_string().contains("FARGATE"));
}

#[test]
fn a_family_stands_for_its_latest_active_revision() {
    let fake = fake();
    for _ in 0..3 {
        ecs(&fake, "RegisterTaskDefinition", web("web"));
    }
    ecs(
        &fake,
        "DeregisterTaskDefinition",
        json!({"taskDefinition": "web:3"}),
    );
    let revision = |identifier: &str| {
        let answer = ecs(
            &fake,
            "DescribeTaskDefinition",
            json!({"taskDefinition": identifier}),
        );
        let revision = &answer["taskDefinition"];
        (revision["revision"].clone(), revision["status"].clone())
    };
    assert_eq!(revision("web"), (json!(2), json!("ACTIVE")));
    assert_eq!(revision("web:3"), (json!(3), json!("INACTIVE")));
    let (code, message) = refused(
        &fake,
        "DescribeTaskDefinition",
        json!({"taskDefinition": "none"}),
    );
    assert_eq!(code, "ClientException");
    assert_eq!(message, "Unable to describe task definition.");
}

#[test]
fn tags_of_a_revision_show_only_when_asked() {
    let fake = fake();
    let mut document = web("web");
    let tags = json!([{"key": "team", "value": "a"}]);
    document["tags"] = tags.clone();
    ecs(&fake, "RegisterTaskDefinition", document);
    let ask = json!({"taskDefinition": "web:1"});
    assert_eq!(ecs(&fake, "DescribeTaskDefinition", ask)["tags"], json!([]));
    let ask = json!({"taskDefinition": "web:1", "include": ["TAGS"]});
    assert_eq!(ecs(&fake, "DescribeTaskDefinition", ask)["tags"], tags);
}

#[test]
fn revisions_are_listed_by_family_status_and_order() {
    let fake = fake();
    for family in ["web", "web", "web2"] {
        ecs(&fake, "RegisterTaskDefinition", web(family));
    }
    let list =
        |params: Value| ecs(&fake, "ListTaskDefinitions", params)["taskDefinitionArns"].clone();
    let arn = |name: &str| format!("arn:aws:ecs:us-east-1:111122223333:task-definition/{name}");
    assert_eq!(
        list(json!({"familyPrefix": "web", "sort": "DESC"})),
        json!([arn("web:2"), arn("web:1")])
    );
    assert_eq!(list(json!({"status": "INACTIVE"})), json!([]));
    assert_eq!(
        list(json!({"familyPrefix": "web", "sort": "DESC", "maxResults": 1})),
        json!([arn("web:2")])
    );
}
