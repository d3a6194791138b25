//! What every scene has: three services in a local AWS, the operator, kubectl, and the objects a platform
//! team applies. What is asserted here holds wherever a rollout ends.
//! The operator's internals are not checked, only what users and AWS see.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::{Duration, Instant};

use firelens_taskdef::canonical_hash;
use firelens_tests::binary::{self, Server};
use firelens_tests::kubectl::{self, Kubectl};
use firelens_tests::local_aws::{LocalAws, Seen, demo_task_definitions};
use firelens_tests::postgres::{self, Database};
use firelens_tests::process::until;
use serde_json::Value;

pub(crate) const REGION: &str = "us-east-1";
/// EC2 in bridge mode, Fargate on ARM64, and two containers of which one waits for the other.
const SERVICES: [&str; 3] = ["storefront", "thumbnails", "catalog"];
pub(crate) const CLUSTER: &str = "shop";
const BUCKET: &str = "firelens-config-111122223333-us-east-1";
/// Longest time from a scene that is set to its end; every wait ends then.
const SCENE_DEADLINE: Duration = Duration::from_secs(240);

/// A target, and a policy with two outputs for each container: the router needs a file, the roles need rights.
/// The deadline of a deployment is the shortest there is; where deployments end, none comes near it.
const OBJECTS: &str = "
apiVersion: firelens.dev/v1alpha1
kind: AwsTarget
metadata: {name: local}
spec:
  accountId: '111122223333'
  region: us-east-1
  configBucket: {name: firelens-config-111122223333-us-east-1, prefix: firelens/}
  resyncSeconds: 1
---
apiVersion: firelens.dev/v1alpha1
kind: LogDestination
metadata: {name: archive}
spec:
  s3: {bucket: log-archive-111122223333, region: us-east-1}
---
apiVersion: firelens.dev/v1alpha1
kind: LoggingPolicy
metadata: {name: everything}
spec:
  mode: MODE
  selector: {}
  outputs:
    - name: search
      destination: {cloudWatchLogs: {logGroupName: /ecs/applications, logStreamPrefix: app-}}
    - name: archive
      destinationRef: {name: archive}
  rollout: ROLLOUT
";
/// All at once.
const ROLLOUT: &str = "{canary: {count: 0}, progressDeadlineSeconds: 60, settleSeconds: 0}";

/// The task definitions of the services, as their owners register them.
pub(crate) fn documents() -> Vec<Value> {
    demo_task_definitions(&SERVICES)
}

pub(crate) struct Scene {
    pub(crate) aws: LocalAws,
    pub(crate) server: Server,
    pub(crate) kubectl: Kubectl,
    documents: Vec<Value>,
    deadline: Instant,
    /// AWS before anybody applied anything.
    pub(crate) before: Seen,
    /// Dropped after the server that uses it.
    _database: Database,
}

impl Scene {
    /// The services run, the operator is ready, nothing is applied.
    pub(crate) async fn set(aws: LocalAws) -> Self {
        Self::set_with(aws, documents()).await
    }

    /// The same with task definitions that the stand-in is content with.
    pub(crate) async fn set_with(aws: LocalAws, documents: Vec<Value>) -> Self {
        aws.create_bucket(BUCKET);
        aws.create_services(CLUSTER, &documents);
        let deadline = Instant::now() + SCENE_DEADLINE;
        let before = aws.seen(CLUSTER, &documents, BUCKET);
        assert_eq!(before.services.len(), documents.len());
        assert_eq!(before.revisions.len(), documents.len());
        let database = postgres::database().await;
        let server = Server::start(&database.url(), &aws);
        let (minor, program) = kubectl::programs().into_iter().next_back().unwrap();
        let kubectl = Kubectl::new(minor, program, &server.url());
        Self {
            aws,
            server,
            kubectl,
            documents,
            deadline,
            before,
            _database: database,
        }
    }

    pub(crate) fn seen(&self) -> Seen {
        self.aws.seen(CLUSTER, &self.documents, BUCKET)
    }

    /// What is left of the time.
    pub(crate) fn patience(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// `kubectl wait` for as long as there is time.
    pub(crate) fn kubectl_wait(&self, arguments: &[&str]) {
        let timeout = format!("--timeout={}s", self.patience().as_secs());
        let _ = self.kubectl.ok(&[&["wait", &timeout], arguments].concat());
    }

    /// `kubectl apply` of everything, with that mode.
    pub(crate) fn apply(&self, mode: &str) {
        self.apply_with(mode, ROLLOUT);
    }

    /// `kubectl apply` of the target alone.
    pub(crate) fn apply_target(&self) {
        let target = OBJECTS.split("---").next().unwrap_or_default();
        let file = self.kubectl.file("target.yaml", target);
        let _ = self.kubectl.ok(&["apply", "-f", &file]);
    }

    /// The same with another `spec.rollout`.
    pub(crate) fn apply_with(&self, mode: &str, rollout: &str) {
        self.apply_objects(&OBJECTS.replace("MODE", mode).replace("ROLLOUT", rollout));
    }

    /// The same with a role that the target names.
    pub(crate) fn apply_as(&self, role: &str, mode: &str) {
        let place = "  resyncSeconds: 1\n";
        let assuming = format!("{place}  assumeRole: {{arn: '{role}'}}\n");
        let objects = OBJECTS.replace(place, &assuming);
        self.apply_objects(&objects.replace("MODE", mode).replace("ROLLOUT", ROLLOUT));
    }

    fn apply_objects(&self, objects: &str) {
        let file = self.kubectl.file("objects.yaml", objects);
        let _ = self.kubectl.ok(&["apply", "-f", &file]);
    }

    /// `kubectl wait` for something that every workload has to be, once they are all found.
    pub(crate) fn wait_for_workloads(&self, condition: &str) {
        until("every service has its workload", self.patience(), || {
            let workloads = self.kubectl.ok(&["get", "workloads", "-o", "name"]);
            if workloads.lines().count() == self.documents.len() {
                Ok(())
            } else {
                Err(workloads)
            }
        });
        self.kubectl_wait(&[condition, "workloads", "--all"]);
    }

    /// An object as the API has it.
    pub(crate) fn object(&self, kind: &str, name: &str) -> Value {
        let text = self.kubectl.ok(&["get", kind, name, "-o", "json"]);
        serde_json::from_str(&text).unwrap()
    }

    /// Every service is set to one new revision of its family, which by its hash is what `firelens patch`
    /// makes of its base; the bucket holds the files that it writes, and the roles may read and deliver.
    pub(crate) fn assert_rolled_out(&self) {
        let seen = self.seen();
        self.assert_revisions(&seen);
        self.assert_roles(&seen);
    }

    /// The part of it that is about services, revisions and files.
    pub(crate) fn assert_revisions(&self, seen: &Seen) {
        assert_eq!(
            seen.revisions.len(),
            2 * self.documents.len(),
            "{:?}",
            seen.revisions
        );
        let mut files = BTreeMap::new();
        for (service, base) in &self.before.services {
            let managed = &seen.services[service];
            assert_ne!(managed, base, "{service}");
            let family = base.rsplit_once(':').unwrap().0;
            let of_family = seen.revisions.iter().filter(|arn| arn.starts_with(family));
            assert_eq!(of_family.count(), 2, "revisions of {service}");
            let described = self.aws.describe(managed);
            self.assert_router_is_last(service, base, &described);
            let (patched, written) = self.patched(base);
            assert_eq!(
                router(&described)["dockerLabels"],
                router(&patched)["dockerLabels"],
                "labels in {service}, the hash among them"
            );
            assert_eq!(
                canonical_hash(&described.to_string()),
                canonical_hash(&patched.to_string()),
                "{service}"
            );
            files.extend(written);
        }
        assert!(!files.is_empty());
        assert_eq!(seen.objects, files, "objects of the bucket");
    }

    fn assert_router_is_last(&self, service: &str, base: &str, described: &Value) {
        let task_definition = &described["taskDefinition"];
        let containers = task_definition["containerDefinitions"].as_array().unwrap();
        let (last, others) = containers.split_last().unwrap();
        assert_eq!(
            last["firelensConfiguration"]["type"], "fluentbit",
            "{service}"
        );
        for container in others {
            assert_eq!(
                container["logConfiguration"]["logDriver"], "awsfirelens",
                "{service}: {}",
                container["name"]
            );
        }
        let policy = self.object("loggingpolicy", "everything");
        let labels = &last["dockerLabels"];
        assert_eq!(labels["firelens.dev/policy"], "everything", "{service}");
        assert_eq!(labels["firelens.dev/policy-uid"], policy["metadata"]["uid"]);
        assert_eq!(labels["firelens.dev/base"], base, "{service}");
        assert_eq!(labels["firelens.dev/hash"].as_str().unwrap().len(), 64);
        let base = self.aws.describe(base);
        assert_eq!(described["tags"], base["tags"], "tags of {service}");
    }

    /// One inline policy in each task role; on EC2 the agent fetches the file with the execution role.
    fn assert_roles(&self, seen: &Seen) {
        let expected: BTreeSet<&str> = BTreeSet::from([
            "catalog-task",
            "storefront-execution",
            "storefront-task",
            "thumbnails-task",
        ]);
        let roles: BTreeSet<&str> = seen
            .role_policies
            .keys()
            .map(|(role, _)| role.as_str())
            .collect();
        assert_eq!(roles, expected, "{:?}", seen.role_policies);
        for ((role, policy), document) in &seen.role_policies {
            assert_eq!(policy, "firelens-everything@local", "{role}");
            let bucket = if role == "storefront-task" {
                "log-archive-111122223333"
            } else {
                BUCKET
            };
            assert!(document.contains(bucket), "{role}: {document}");
        }
    }

    /// What `firelens patch` makes of a base revision with the objects as the API has them: the register
    /// input, and the files by object key.
    fn patched(&self, base: &str) -> (Value, BTreeMap<String, String>) {
        let write = |name: &str, object: &Value| self.kubectl.file(name, &object.to_string());
        let folder = tempfile::tempdir().unwrap();
        let version: Value =
            serde_json::from_str(&self.kubectl.ok(&["get", "--raw", "/version"])).unwrap();
        let patched = binary::run(&[
            "patch",
            "--installation-id",
            version["firelensInstallation"].as_str().unwrap(),
            "--policy",
            &write("policy.json", &self.object("loggingpolicy", "everything")),
            "--destinations",
            &write(
                "destination.json",
                &self.object("logdestination", "archive"),
            ),
            "--task-definition",
            &write("base.json", &self.aws.describe(base)),
            "--config-bucket",
            &format!("{BUCKET}/firelens/"),
            "--write-config",
            folder.path().to_str().unwrap(),
        ]);
        let mut files = BTreeMap::new();
        let mut folders = vec![folder.path().to_owned()];
        while let Some(next) = folders.pop() {
            for entry in fs::read_dir(next)
                .unwrap()
                .map(|entry| entry.unwrap().path())
            {
                if entry.is_dir() {
                    folders.push(entry);
                } else {
                    let key = entry.strip_prefix(folder.path()).unwrap();
                    let text = fs::read_to_string(&entry).unwrap();
                    files.insert(key.to_str().unwrap().to_owned(), text);
                }
            }
        }
        (serde_json::from_str(&patched).unwrap(), files)
    }

    /// Deletes the policy and waits until the operator has let it go.
    pub(crate) fn delete_policy(&self) {
        let delete = ["delete", "loggingpolicy", "everything", "--wait=false"];
        let _ = self.kubectl.ok(&delete);
        self.kubectl_wait(&["--for=delete", "loggingpolicy/everything"]);
    }

    /// The services are back on the very revisions they had, and nothing else is left than ours that they
    /// ran: a revision cannot be taken out of their history.
    pub(crate) fn assert_taken_back(&self) {
        let seen = self.seen();
        self.assert_as_before(&seen);
        // A pipeline that describes the family starts from what its owner registered.
        assert_eq!(seen.revisions, self.before.revisions);
    }

    /// The services are on their owners' revisions, the roles and the bucket as they were.
    pub(crate) fn assert_as_before(&self, seen: &Seen) {
        assert_eq!(seen.services, self.before.services);
        assert_eq!(seen.role_policies, self.before.role_policies);
        assert_eq!(seen.objects, self.before.objects);
    }

    /// Sum of the samples of a metric whose line holds that text.
    pub(crate) fn metric(&self, name: &str, labels: &str) -> f64 {
        let text = self.server.get("/metrics").unwrap();
        let of_metric = |line: &&str| {
            line.strip_prefix(name)
                .is_some_and(|rest| rest.starts_with(['{', ' ']) && rest.contains(labels))
        };
        text.lines()
            .filter(of_metric)
            .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
            .sum()
    }
}

/// So many further passes that found all there is.
pub(crate) fn until_passes_are_over(scene: &Scene, passes: f64) {
    let over = || scene.metric("firelens_reconcile_total", "result=\"ok\"");
    let begin = over();
    until("passes go on", scene.patience(), || {
        let now = over();
        if now >= begin + passes {
            Ok(())
        } else {
            Err(now)
        }
    });
}

/// The last container.
fn router(document: &Value) -> &Value {
    let whole = document.get("taskDefinition").unwrap_or(document);
    let containers = whole["containerDefinitions"].as_array().unwrap();
    containers.last().unwrap()
}
