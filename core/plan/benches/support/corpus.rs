//! 1,000 answers of DescribeTaskDefinition, of the shape and size that real ones have.
//!
//! ECS keeps the spelling of members by model in one API and by name in the other, so half of the
//! documents are sorted and half are not.

use std::fmt::Write as _;

use firelens_inject::inject;
use firelens_taskdef::TaskDefinitionDoc;
use serde_json::{Map, Value, json};

use super::policy::Setting;
use super::random::Random;

const SEED: u64 = 20_261_123;
const REGION: &str = "eu-central-1";
const ACCOUNT: &str = "111122223333";

/// How large an answer is, in bytes, and how many of the corpus are so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Class {
    pub(crate) name: &'static str,
    bytes: usize,
    count: usize,
    containers: usize,
}

/// 70, 25 and 5 of a hundred.
pub(crate) const CLASSES: [Class; 3] = [
    Class {
        name: "2.5 KB",
        bytes: 2_500,
        count: 700,
        containers: 1,
    },
    Class {
        name: "12 KB",
        bytes: 12_000,
        count: 250,
        containers: 4,
    },
    Class {
        name: "58 KB",
        bytes: 58_000,
        count: 50,
        containers: 8,
    },
];

/// One task definition, as its owner registered it and as it is after our injection.
pub(crate) struct Document {
    pub(crate) class: &'static str,
    /// Answer for the owner's revision.
    pub(crate) base: String,
    /// What we register for it.
    pub(crate) wanted: String,
    /// Answer for the revision that we registered.
    pub(crate) live: String,
}

/// The corpus, in the order of [`CLASSES`].
pub(crate) fn corpus(setting: &Setting) -> Vec<Document> {
    let mut random = Random::new(SEED);
    let mut documents = Vec::new();
    for class in CLASSES {
        for number in 0..class.count {
            let sorted = random.chance(50);
            let base = answer(&mut random, class, number, sorted);
            let document = TaskDefinitionDoc::parse(&base).unwrap();
            let wanted = inject(&document, &setting.target(), &setting.workload())
                .unwrap()
                .register_input;
            documents.push(Document {
                class: class.name,
                live: answered(&wanted, sorted),
                wanted,
                base,
            });
        }
    }
    documents
}

/// One JSON object a line; documents are strings, so that reading the file parses none of them.
pub(crate) fn lines(documents: &[Document]) -> String {
    let mut out = String::new();
    for document in documents {
        let Document {
            class,
            base,
            wanted,
            live,
        } = document;
        let line = json!({"class": class, "base": base, "wanted": wanted, "live": live});
        writeln!(out, "{line}").unwrap();
    }
    out
}

/// An answer of about the size of its class: environment variables fill it up.
fn answer(random: &mut Random, class: Class, number: usize, sorted: bool) -> String {
    let family = format!(
        "{}-{number}",
        random.pick(&["shop", "billing", "search", "mail"])
    );
    let mut task = task_level(random, &family);
    let mut containers: Vec<Value> = (0..class.containers)
        .map(|index| container(random, &family, index))
        .collect();
    if class.containers > 1 {
        containers.push(sidecar());
    }
    let mut missing = class.bytes.saturating_sub(
        Value::Object(task.clone()).to_string().len()
            + Value::from(containers.clone()).to_string().len(),
    );
    let mut at = 0;
    while missing > 60 {
        let variable = variable(random);
        missing = missing.saturating_sub(variable.to_string().len() + 1);
        let variables = containers[at % class.containers]["environment"].as_array_mut();
        variables.unwrap().push(variable);
        at += 1;
    }
    task.insert("containerDefinitions".to_owned(), Value::from(containers));
    let tags = json!([{"key": "team", "value": random.pick(&["shop", "platform"])}, {"key": "stage", "value": "production"}]);
    spelt(json!({"taskDefinition": task, "tags": tags}), sorted)
}

fn task_level(random: &mut Random, family: &str) -> Map<String, Value> {
    let revision = 1 + random.below(400);
    let requires: Vec<Value> = [
        "com.amazonaws.ecs.capability.logging-driver.awslogs",
        "ecs.capability.execution-role-awslogs",
        "com.amazonaws.ecs.capability.ecr-auth",
        "com.amazonaws.ecs.capability.docker-remote-api.1.19",
        "com.amazonaws.ecs.capability.task-iam-role",
        "ecs.capability.execution-role-ecr-pull",
        "ecs.capability.task-eni",
    ]
    .iter()
    .map(|name| json!({"name": name}))
    .collect();
    let value = json!({
        "taskDefinitionArn": format!("arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/{family}:{revision}"),
        "family": family,
        "taskRoleArn": format!("arn:aws:iam::{ACCOUNT}:role/{family}-task"),
        "executionRoleArn": format!("arn:aws:iam::{ACCOUNT}:role/ecs-execution"),
        "networkMode": "awsvpc",
        "revision": revision,
        "volumes": [],
        "status": "ACTIVE",
        "requiresAttributes": requires,
        "placementConstraints": [],
        "compatibilities": ["EC2", "FARGATE"],
        "requiresCompatibilities": ["FARGATE"],
        "cpu": "4096",
        "memory": random.pick(&["8192", "16384"]),
        "runtimePlatform": {"cpuArchitecture": random.pick(&["X86_64", "ARM64"]), "operatingSystemFamily": "LINUX"},
        "registeredAt": 1_780_000_000.123,
        "registeredBy": format!("arn:aws:sts::{ACCOUNT}:assumed-role/deploy/ci"),
    });
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

fn container(random: &mut Random, family: &str, index: usize) -> Value {
    let name = format!("{}{index}", random.pick(&["app", "web", "worker"]));
    let port = 8080 + index;
    let mut container = json!({
        "name": name,
        "image": format!("{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{family}:{}", random.hex(12)),
        "cpu": random.below(3) * 128,
        "portMappings": [{"containerPort": port, "hostPort": port, "protocol": "tcp"}],
        "essential": index == 0 || random.chance(60),
        "environment": [],
        "mountPoints": [],
        "volumesFrom": [],
        "secrets": [{"name": "DATABASE_PASSWORD", "valueFrom": format!("arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{family}/db-{}", random.hex(6))}],
        "logConfiguration": {"logDriver": "awslogs", "options": {
            "awslogs-group": format!("/ecs/{family}"),
            "awslogs-region": REGION,
            "awslogs-stream-prefix": name,
        }},
        "systemControls": [],
    });
    if random.chance(40) {
        container["healthCheck"] = json!({
            "command": ["CMD-SHELL", format!("curl -fsS \"http://localhost:{port}/health\" || exit 1")],
            "interval": 30, "timeout": 5, "retries": 3,
        });
    }
    if index > 0 && random.chance(30) {
        container["dependsOn"] = json!([{"containerName": "envoy", "condition": "HEALTHY"}]);
    }
    if random.chance(20) {
        container["dockerLabels"] =
            json!({"com.example.owner": "Müller & Söhne", "com.example.path": "C:\\logs"});
    }
    container
}

/// A container that the policy leaves alone.
fn sidecar() -> Value {
    json!({
        "name": "envoy",
        "image": "public.ecr.aws/appmesh/aws-appmesh-envoy:v1.29.12.1-prod",
        "cpu": 0,
        "memoryReservation": 256,
        "portMappings": [],
        "essential": true,
        "environment": [{"name": "ENVOY_LOG_LEVEL", "value": "info"}],
        "mountPoints": [],
        "volumesFrom": [],
        "user": "1337",
        "logConfiguration": {"logDriver": "awslogs", "options": {
            "awslogs-group": "/ecs/envoy", "awslogs-region": REGION, "awslogs-stream-prefix": "envoy",
        }},
        "healthCheck": {
            "command": ["CMD-SHELL", "curl -s http://localhost:9901/server_info | grep state | grep -q LIVE"],
            "interval": 5, "timeout": 2, "retries": 3, "startPeriod": 10,
        },
        "systemControls": [],
    })
}

fn variable(random: &mut Random) -> Value {
    let name = format!(
        "{}_{}_{}",
        random.pick(&["SERVICE", "DATABASE", "CACHE", "QUEUE", "FEATURE"]),
        random.pick(&["URL", "TIMEOUT_MS", "HOST", "FLAGS", "REGION", "ENDPOINT"]),
        random.hex(4).to_uppercase(),
    );
    let value = match random.below(6) {
        0 => format!(
            "https://{}.internal.example.com:8443/api/v2?key={}",
            random.hex(8),
            random.hex(16)
        ),
        1 => random.below(60_000).to_string(),
        2 => format!("{{\"enabled\":true,\"share\":{}}}", random.below(100)),
        3 => format!("arn:aws:sqs:{REGION}:{ACCOUNT}:orders-{}", random.hex(6)),
        4 => format!(
            "-Xmx{}m -XX:+UseG1GC -Dfile.encoding=UTF-8",
            256 + random.below(1024)
        ),
        _ => format!("{}-{}", random.pick(&["blue", "green"]), random.hex(20)),
    };
    json!({"name": name, "value": value})
}

/// What ECS answers about a revision that was registered with `body`: read-only members added, and
/// the empty lists of a container that named none.
fn answered(body: &str, sorted: bool) -> String {
    let mut task: Map<String, Value> = serde_json::from_str(body).unwrap();
    let tags = task.shift_remove("tags").unwrap_or_else(|| json!([]));
    let family = task["family"].as_str().unwrap().to_owned();
    for (name, value) in [
        (
            "taskDefinitionArn",
            json!(format!(
                "arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/{family}:401"
            )),
        ),
        ("revision", json!(401)),
        ("status", json!("ACTIVE")),
        ("compatibilities", json!(["EC2", "FARGATE"])),
        (
            "requiresAttributes",
            json!([{"name": "ecs.capability.firelens.fluentbit"}, {"name": "ecs.capability.task-eni"}]),
        ),
        ("registeredAt", json!(1_790_000_000.5)),
        (
            "registeredBy",
            json!(format!("arn:aws:sts::{ACCOUNT}:assumed-role/operator/one")),
        ),
    ] {
        task.insert(name.to_owned(), value);
    }
    for container in task["containerDefinitions"].as_array_mut().unwrap() {
        let container = container.as_object_mut().unwrap();
        container.entry("cpu").or_insert(json!(0));
        for list in [
            "portMappings",
            "environment",
            "mountPoints",
            "volumesFrom",
            "systemControls",
        ] {
            container.entry(list).or_insert(json!([]));
        }
    }
    spelt(json!({"taskDefinition": task, "tags": tags}), sorted)
}

fn spelt(answer: Value, sorted: bool) -> String {
    let mut answer = answer;
    if sorted {
        answer.sort_all_objects();
    }
    answer.to_string()
}
