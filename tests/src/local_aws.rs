//! A stand-in for AWS on loopback, as a process of its own: MiniStack or moto, and the plain calls that
//! the owners of services make there.
//! It must not get real credentials, reach Docker, or outlive its test.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a harness that cannot work has failed the test"
)]

mod call;

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use self::call::between;
use crate::process::{Process, clean, free_port, until};

/// Account of every test. MiniStack takes twelve digits instead of an access key for it.
pub const ACCOUNT: &str = "111122223333";
/// Longest wait for the first response: Python imports a lot, and tests start several at once.
const START_DEADLINE: Duration = Duration::from_secs(60);
/// Longest wait for a response.
const PATIENCE: Duration = Duration::from_secs(20);

/// File in the home of MiniStack: the containers that crash, one `FAMILY CONTAINER` a line.
const CRASHING: &str = "crashing";

/// A stand-in for AWS, ended with this handle.
#[derive(Debug)]
pub struct LocalAws {
    process: Process,
    url: String,
    region: String,
    /// Its temporary files; goes last.
    home: TempDir,
}

/// The state of AWS that a test can see: if two are equal, nothing was written in between.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Service to the ARN of the revision it asks for.
    pub services: BTreeMap<String, String>,
    /// ARNs of the active revisions of every family.
    pub revisions: Vec<String>,
    /// Role and inline policy to the policy document, as the service words it.
    pub role_policies: BTreeMap<(String, String), String>,
    /// Key to content, of one bucket.
    pub objects: BTreeMap<String, String>,
}

impl LocalAws {
    /// MiniStack, if `FIRELENS_TEST_MINISTACK` names it.
    #[must_use]
    pub fn ministack(region: &str) -> Option<Self> {
        Self::ministack_with(region, |_, _| {})
    }

    /// The same, which asks callers for their rights. It knows actions, and the resources of IAM, S3 and CloudWatch
    /// Logs; of ECS it takes the cluster for the resource of every call, it knows roles without their paths, and
    /// neither `iam:PassRole` nor `iam:PermissionsBoundary`.
    #[must_use]
    pub fn ministack_with_rights(region: &str) -> Option<Self> {
        Self::ministack_with(region, |command, _| {
            command.env("AUTH", "true");
        })
    }

    /// The same, whose tasks live: they start, and may crash ([`Self::crash`]), in a Docker engine that
    /// runs nothing.
    #[must_use]
    pub fn ministack_with_tasks(region: &str) -> Option<Self> {
        let engine = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docker_engine");
        Self::ministack_with(region, |command, home| {
            let crashing = home.join(CRASHING);
            fs::write(&crashing, "").expect("a file in its home");
            command
                .env("PYTHONPATH", engine)
                .env("PYTHONDONTWRITEBYTECODE", "1")
                .env("FIRELENS_TEST_CRASHING", crashing);
        })
    }

    fn ministack_with(region: &str, more: impl FnOnce(&mut Command, &Path)) -> Option<Self> {
        let program = named("FIRELENS_TEST_MINISTACK")?;
        let port = free_port();
        let home = TempDir::new().expect("a folder for temporary files");
        let mut command = Command::new(program);
        // Nothing on disk, no Docker, and no listeners of other protocols: they would take fixed ports.
        clean(&mut command, home.path())
            .env("GATEWAY_PORT", port.to_string())
            .env("BIND_HOST", "127.0.0.1")
            .env("PERSIST_STATE", "0")
            .env("S3_PERSIST", "0")
            .env("IOT_MTLS_ENABLED", "0")
            .env("SFTP_ENABLED", "0")
            .env("LOG_LEVEL", "WARNING")
            .env("DOCKER_HOST", "unix:///nonexistent");
        more(&mut command, home.path());
        Some(Self::start(command, port, region, home))
    }

    /// moto's server, if `FIRELENS_TEST_MOTO` names it. Its services have no tasks, except that so many
    /// are said to run in each.
    #[must_use]
    pub fn moto(region: &str, running_tasks: u32) -> Option<Self> {
        let program = named("FIRELENS_TEST_MOTO")?;
        let port = free_port();
        let home = TempDir::new().expect("a folder for temporary files");
        let mut command = Command::new(program);
        command.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
        clean(&mut command, home.path())
            .env("MOTO_ACCOUNT_ID", ACCOUNT)
            .env("MOTO_ECS_SERVICE_RUNNING", running_tasks.to_string());
        Some(Self::start(command, port, region, home))
    }

    fn start(command: Command, port: u16, region: &str, home: TempDir) -> Self {
        let mut aws = Self {
            process: Process::spawn(command, home.path().join("log")),
            url: format!("http://127.0.0.1:{port}"),
            region: region.to_owned(),
            home,
        };
        until("the stand-in for AWS answers", START_DEADLINE, || {
            aws.process.check_alive();
            aws.try_ecs("ListClusters", "{}")
        });
        aws
    }

    /// From now on the container of that name exits with code 1 as soon as it has started, in all tasks of
    /// these families and no others.
    ///
    /// # Panics
    /// If this is no [`Self::ministack_with_tasks`].
    pub fn crash(&self, container: &str, families: &[&str]) {
        let lines: String = families
            .iter()
            .map(|family| format!("{family} {container}\n"))
            .collect();
        let file = self.home.path().join(CRASHING);
        assert!(file.exists(), "these tasks have no containers");
        // Read while it is written, so put in place as a whole.
        let next = self.home.path().join("crashing.next");
        fs::write(&next, lines)
            .and_then(|()| fs::rename(&next, &file))
            .expect("a file in its home");
    }

    /// The value of `AWS_ENDPOINT_URL`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The region all calls are signed for.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }

    /// Makes an empty bucket.
    pub fn create_bucket(&self, name: &str) {
        let _ = self.s3("PUT", name);
    }

    /// Makes a role that the account itself may assume, with these inline policies; returns its ARN.
    pub fn create_role(&self, name: &str, policies: &[(&str, &Value)]) -> String {
        let trust = json!({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Action": "sts:AssumeRole",
            "Principal": {"AWS": format!("arn:aws:iam::{ACCOUNT}:root")},
        }]});
        let trust = trust.to_string();
        let _ = self.iam(
            "CreateRole",
            &[("RoleName", name), ("AssumeRolePolicyDocument", &trust)],
        );
        for (policy, document) in policies {
            self.put_role_policy(name, policy, document);
        }
        format!("arn:aws:iam::{ACCOUNT}:role/{name}")
    }

    /// Puts an inline policy on a role.
    pub fn put_role_policy(&self, role: &str, policy: &str, document: &Value) {
        let document = document.to_string();
        let parameters = [
            ("RoleName", role),
            ("PolicyName", policy),
            ("PolicyDocument", &document),
        ];
        let _ = self.iam("PutRolePolicy", &parameters);
    }

    /// Makes a cluster, and in it one service for each document, with the roles the document names:
    /// all as its owners would have. A deployment that fails is rolled back.
    pub fn create_services(&self, cluster: &str, documents: &[Value]) {
        let _ = self.ecs("CreateCluster", json!({"clusterName": cluster}));
        for document in documents {
            for role in roles(document) {
                let (path, name) = role.rsplit_once('/').unwrap_or(("", role));
                let trust = json!({"Version": "2012-10-17", "Statement": [{
                    "Effect": "Allow", "Action": "sts:AssumeRole",
                    "Principal": {"Service": "ecs-tasks.amazonaws.com"},
                }]});
                let parameters = [
                    ("RoleName", name),
                    ("Path", &format!("{}/", path.trim_start_matches("role"))),
                    ("AssumeRolePolicyDocument", &trust.to_string()),
                ];
                let _ = self.iam("CreateRole", &parameters);
            }
            let registered = self.ecs("RegisterTaskDefinition", document.clone());
            let mut service = json!({
                "cluster": cluster,
                "serviceName": document["family"],
                "taskDefinition": registered["taskDefinition"]["taskDefinitionArn"],
                "launchType": document["requiresCompatibilities"][0],
                "desiredCount": 1,
                "deploymentController": {"type": "ECS"},
                "deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": true, "rollback": true}},
            });
            if document["networkMode"] == "awsvpc" {
                service["networkConfiguration"] = self.network();
            }
            let _ = self.ecs("CreateService", service);
        }
    }

    /// The answer of DescribeTaskDefinition, tags included.
    #[must_use]
    pub fn describe(&self, revision: &str) -> Value {
        self.ecs(
            "DescribeTaskDefinition",
            json!({"taskDefinition": revision, "include": ["TAGS"]}),
        )
    }

    /// ARNs of the active revisions, of all families.
    #[must_use]
    pub fn revisions(&self) -> Vec<String> {
        let answer = self.ecs("ListTaskDefinitions", json!({}));
        let mut arns = strings(&answer["taskDefinitionArns"]);
        arns.sort();
        arns
    }

    /// Names of the inline policies of a role.
    #[must_use]
    pub fn role_policies(&self, role: &str) -> Vec<String> {
        let listed = self.iam("ListRolePolicies", &[("RoleName", role)]);
        between(&listed, "member")
    }

    /// All that a test can see of these services, their roles and the bucket. What goes while it looks is not
    /// there.
    #[must_use]
    pub fn seen(&self, cluster: &str, documents: &[Value], bucket: &str) -> Seen {
        let mut seen = Seen {
            revisions: self.revisions(),
            ..Seen::default()
        };
        let names: Vec<&Value> = documents
            .iter()
            .map(|document| &document["family"])
            .collect();
        let described = self.ecs(
            "DescribeServices",
            json!({"cluster": cluster, "services": names}),
        );
        for service in described["services"].as_array().into_iter().flatten() {
            let member = |name: &str| service[name].as_str().unwrap_or_default().to_owned();
            seen.services
                .insert(member("serviceName"), member("taskDefinition"));
        }
        for role in documents.iter().flat_map(roles) {
            let name = role.rsplit('/').next().unwrap_or(role);
            for policy in self.role_policies(name) {
                let parameters = [("RoleName", name), ("PolicyName", &policy)];
                let Some(answer) = self.find_iam("GetRolePolicy", &parameters) else {
                    continue;
                };
                let document = between(&answer, "PolicyDocument").concat();
                seen.role_policies
                    .insert((name.to_owned(), policy), document);
            }
        }
        for key in between(&self.s3("GET", &format!("{bucket}?list-type=2")), "Key") {
            if let Some(content) = self.find_s3("GET", &format!("{bucket}/{key}")) {
                seen.objects.insert(key, content);
            }
        }
        seen
    }
}

/// The program a variable names. A run that names none says so and passes: `make test` names it.
fn named(variable: &str) -> Option<PathBuf> {
    let program = env::var_os(variable)
        .filter(|path| !path.is_empty())
        .map(PathBuf::from);
    if program.is_none() {
        eprintln!("{variable} is not set: not checked");
    }
    program
}

/// The task definitions of the demo with these names.
///
/// # Panics
/// If there is none of that name.
#[must_use]
pub fn demo_task_definitions(names: &[&str]) -> Vec<Value> {
    let tests = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let read = |name: &&str| {
        let file = format!("../deploy/local/task-definitions/{name}.json");
        let text = fs::read(tests.join(file)).expect("a task definition of the demo");
        serde_json::from_slice(&text).expect("JSON")
    };
    names.iter().map(read).collect()
}

/// The roles a document names, each as `role/PATH/NAME`.
fn roles(document: &Value) -> Vec<&str> {
    ["taskRoleArn", "executionRoleArn"]
        .iter()
        .filter_map(|member| document[*member].as_str()?.rsplit(':').next())
        .collect()
}

/// The strings of an array.
fn strings(array: &Value) -> Vec<String> {
    let items = array.as_array().into_iter().flatten();
    items
        .filter_map(|item| item.as_str().map(str::to_owned))
        .collect()
}
