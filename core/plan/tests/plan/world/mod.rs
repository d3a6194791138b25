//! A world in memory to which plans are applied: ECS, IAM and S3 as far as plans see them. Nothing here decides;
//! steps are carried out at once and in order.

mod passes;
mod shown;

use std::collections::{BTreeMap, BTreeSet};

use firelens_aws::iam::{NamedDocument, RolePolicies};
use firelens_aws::observe::{
    ClusterView, Evidence, ImageQuestion, ImageView, Needs, ObjectView, Observation, Observed,
    RightsQuestion, RightsView, RoleView, ServiceView, SimulatedRight,
};
use firelens_aws::record::{
    DeploymentRecord, GenerationKey, Intent, OwnedResource, OwnedRevision, PolicyGeneration,
    Purpose, Registered, ResourceId, RolloutRecord, WorkloadKey, WorkloadRecord,
};
use firelens_plan::{
    Decision, Plan, PlanInput, ResourceContent, RevisionRef, RolloutState, Step, plan,
};
use firelens_report::policy_plan::{TargetPlan, policy_plan};
use firelens_taskdef::{TaskDefinitionDoc, sha256_hex};
use firelens_types::v1alpha1::{
    AwsTarget, Freeze, Kind, LogDestination, LoggingPolicy, RolloutControl,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::build::{ACCOUNT, REGION, base, object};

/// One service of the simulated fleet.
pub(crate) struct Service {
    pub(crate) revision: String,
    pub(crate) rollout_state: &'static str,
    pub(crate) reason: &'static str,
    pub(crate) tags: Value,
    pub(crate) failed: Option<String>,
    /// Tasks of the deployment in force that did not start.
    pub(crate) failed_tasks: u32,
    /// Deployments so far.
    pub(crate) deployments: usize,
    /// Revision of an older deployment whose tasks still run.
    pub(crate) draining: Option<String>,
    /// Its deployment controller: `ECS`, `CODE_DEPLOY`, `EXTERNAL`.
    pub(crate) controller: &'static str,
}

/// AWS, the store and the clock of a simulation.
pub(crate) struct World {
    pub(crate) installation: &'static str,
    pub(crate) target: AwsTarget,
    pub(crate) policies: Vec<LoggingPolicy>,
    pub(crate) destinations: BTreeMap<String, LogDestination>,
    pub(crate) services: BTreeMap<String, Service>,
    pub(crate) revisions: BTreeMap<String, String>,
    pub(crate) roles: Vec<String>,
    /// Services that do not answer.
    pub(crate) silent: BTreeSet<String>,
    /// Trust policies by role.
    pub(crate) trusts: BTreeMap<String, String>,
    /// Services of other targets that no policy selects, by role.
    pub(crate) users_elsewhere: BTreeMap<String, BTreeSet<String>>,
    /// Tags of roles.
    pub(crate) role_tags: BTreeMap<String, BTreeMap<String, String>>,
    /// Whether passes read all of the target.
    pub(crate) resync: bool,
    /// Permissions boundaries by role.
    pub(crate) boundaries: BTreeMap<String, String>,
    /// Documents of managed policies by ARN; one that is not here cannot be read.
    pub(crate) managed_policies: BTreeMap<String, String>,
    /// Results of the simulator of IAM, by role; `None` where it is out of reach.
    pub(crate) simulator: Option<BTreeMap<String, Vec<SimulatedRight>>>,
    /// The number of questions about rights so far.
    pub(crate) questions: std::cell::Cell<usize>,
    pub(crate) role_policies: BTreeMap<(String, String), String>,
    pub(crate) objects: BTreeMap<(String, String), String>,
    pub(crate) records: BTreeMap<WorkloadKey, WorkloadRecord>,
    pub(crate) resources: BTreeMap<ResourceId, OwnedResource>,
    /// Workloads that another target has taken on.
    pub(crate) handed_over: BTreeSet<WorkloadKey>,
    /// Revisions that we registered and did not deregister.
    pub(crate) owned: BTreeMap<String, OwnedRevision>,
    /// Revisions that were deregistered, oldest first.
    pub(crate) deregistered: Vec<String>,
    pub(crate) intents: Vec<Intent>,
    pub(crate) rollouts: BTreeMap<String, RolloutRecord>,
    pub(crate) generations: BTreeMap<GenerationKey, PolicyGeneration>,
    pub(crate) controls: BTreeMap<String, RolloutControl>,
    pub(crate) freezes: Vec<Freeze>,
    /// When ECS last changed the deployments.
    pub(crate) updated_at: Option<Timestamp>,
    /// `deploymentConfiguration` of every service.
    pub(crate) settings: Value,
    pub(crate) unreadable: bool,
    /// The answers to requested evidence; everything else is absent.
    pub(crate) evidence: Evidence,
    /// The images to which tags in registries of ECR point; others do not exist.
    pub(crate) images: BTreeMap<ImageQuestion, Observed<ImageView>>,
    /// The number of tasks that every service wants.
    pub(crate) desired_count: u32,
    /// The identity that registers revisions.
    pub(crate) registrar: &'static str,
    pub(crate) registered: usize,
    pub(crate) updates: Vec<String>,
    pub(crate) now: Timestamp,
}

impl World {
    /// A fleet of services `s0…`, each with a family and a task role of its own.
    pub(crate) fn fleet(count: usize) -> Self {
        let target = object(
            Kind::AwsTarget,
            &json!({
                "apiVersion": "firelens.dev/v1alpha1", "kind": "AwsTarget", "metadata": {"name": "prod"},
                "spec": {"accountId": ACCOUNT, "region": REGION, "configBucket": {"name": "configs", "prefix": "fl/"}}
            }),
        );
        let mut world = Self {
            installation: "here",
            target,
            policies: Vec::new(),
            destinations: BTreeMap::new(),
            services: BTreeMap::new(),
            revisions: BTreeMap::new(),
            roles: Vec::new(),
            silent: BTreeSet::new(),
            trusts: BTreeMap::new(),
            users_elsewhere: BTreeMap::new(),
            role_tags: BTreeMap::new(),
            resync: true,
            boundaries: BTreeMap::new(),
            managed_policies: BTreeMap::new(),
            simulator: None,
            questions: std::cell::Cell::new(0),
            role_policies: BTreeMap::new(),
            objects: BTreeMap::new(),
            records: BTreeMap::new(),
            resources: BTreeMap::new(),
            handed_over: BTreeSet::new(),
            owned: BTreeMap::new(),
            deregistered: Vec::new(),
            intents: Vec::new(),
            rollouts: BTreeMap::new(),
            generations: BTreeMap::new(),
            controls: BTreeMap::new(),
            freezes: Vec::new(),
            updated_at: None,
            settings: json!({}),
            unreadable: false,
            evidence: Evidence::default(),
            images: BTreeMap::new(),
            desired_count: 0,
            registrar: "arn:aws:iam::111122223333:user/alice",
            registered: 0,
            updates: Vec::new(),
            now: "2026-01-01T00:00:00Z".parse().unwrap(),
        };
        for index in 0..count {
            let name = format!("s{index}");
            world.roles.push(format!("task-{name}"));
            world.roles.push(format!("exec-{name}"));
            let base = base(&name, "app:1");
            world.owner_deploys(&name, &base);
        }
        world
    }

    pub(crate) fn key(service: &str) -> WorkloadKey {
        WorkloadKey {
            target: "prod".into(),
            cluster: "main".into(),
            service: service.into(),
        }
    }

    /// Registers a revision in the family of the service, as its owner or as we would.
    pub(crate) fn register(&mut self, body: &str) -> String {
        let mut definition: Value = serde_json::from_str(body).unwrap();
        let tags = definition
            .as_object_mut()
            .unwrap()
            .remove("tags")
            .unwrap_or_else(|| json!([]));
        let family = definition["family"].as_str().unwrap().to_owned();
        let prefix = format!("arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/{family}:");
        let of_family = self
            .revisions
            .range(prefix.clone()..)
            .take_while(|(arn, _)| arn.starts_with(&prefix));
        let revision = 1 + of_family.count();
        let arn = format!("{prefix}{revision}");
        definition["taskDefinitionArn"] = json!(arn);
        definition["revision"] = json!(revision);
        definition["status"] = json!("ACTIVE");
        definition["registeredBy"] = json!(self.registrar);
        self.revisions.insert(
            arn.clone(),
            json!({"taskDefinition": definition, "tags": tags}).to_string(),
        );
        arn
    }

    /// The owner registers and deploys, and the deployment is complete at once.
    pub(crate) fn owner_deploys(&mut self, service: &str, body: &Value) -> String {
        let arn = self.register(&body.to_string());
        let tags = self
            .services
            .get(service)
            .map_or_else(|| json!([]), |known| known.tags.clone());
        let controller = self
            .services
            .get(service)
            .map_or("ECS", |known| known.controller);
        let known = self.services.get(service);
        let deployments = known.map_or(1, |known| known.deployments + 1);
        self.services.insert(
            service.to_owned(),
            Service {
                revision: arn.clone(),
                rollout_state: "COMPLETED",
                reason: "",
                tags,
                failed: None,
                failed_tasks: 0,
                deployments,
                draining: None,
                controller,
            },
        );
        arn
    }

    /// The owner registers and deploys; tasks of the revision before run until the deployment is complete.
    pub(crate) fn owner_begins(&mut self, service: &str, body: &Value) -> String {
        let before = self.services[service].revision.clone();
        let arn = self.owner_deploys(service, body);
        let simulated = self.services.get_mut(service).unwrap();
        simulated.rollout_state = "IN_PROGRESS";
        simulated.draining = Some(before);
        arn
    }

    /// ECS rolls back a deployment that is under way.
    pub(crate) fn ecs_goes_back(&mut self, service: &str) {
        let simulated = self.services.get_mut(service).unwrap();
        simulated.revision = simulated.draining.take().unwrap();
        simulated.rollout_state = "COMPLETED";
    }

    /// The owner sets the service to a revision that already exists.
    pub(crate) fn owner_sets(&mut self, service: &str, arn: &str) {
        let simulated = self.services.get_mut(service).unwrap();
        arn.clone_into(&mut simulated.revision);
        simulated.deployments += 1;
        simulated.rollout_state = "COMPLETED";
        simulated.draining = None;
    }

    /// The newest revision of a family that is ACTIVE, as a pipeline finds it by describing the family.
    pub(crate) fn newest_active(&self, family: &str) -> String {
        let mut newest = self.of_family(family).into_iter();
        let active = newest.find(|arn| !self.deregistered.contains(*arn));
        active.unwrap().clone()
    }

    /// Revisions of a family, newest first.
    pub(crate) fn of_family(&self, family: &str) -> Vec<&String> {
        let number = |arn: &String| arn.rsplit(':').next().unwrap().parse::<u32>().unwrap();
        let mine = format!("/{family}:");
        let revisions = self.revisions.keys();
        let mut matching: Vec<_> = revisions.filter(|arn| arn.contains(&mine)).collect();
        matching.sort_by_key(|arn| std::cmp::Reverse(number(arn)));
        matching
    }

    /// Names of our inline policies of a role.
    pub(crate) fn policies_of(&self, role: &str) -> Vec<&str> {
        let of_role = self.role_policies.keys().filter(|(of, _)| of == role);
        of_role.map(|(_, name)| name.as_str()).collect()
    }

    pub(crate) fn live(&self, service: &str) -> TaskDefinitionDoc {
        TaskDefinitionDoc::parse(&self.revisions[&self.services[service].revision]).unwrap()
    }

    pub(crate) fn is_injected(&self, service: &str) -> bool {
        firelens_inject::marks(&self.live(service)).is_some()
    }

    pub(crate) fn injected(&self) -> usize {
        self.services
            .keys()
            .filter(|name| self.is_injected(name))
            .count()
    }

    pub(crate) fn advance(&mut self, seconds: i64) {
        self.now += SignedDuration::from_secs(seconds);
    }

    /// Every deployment under way reaches steady state.
    pub(crate) fn deployments_complete(&mut self) {
        self.deployments_succeed();
        for service in self.services.values_mut() {
            service.draining = None;
        }
    }

    /// Every deployment under way is COMPLETED by early success; the old tasks are not cleaned up yet.
    pub(crate) fn deployments_succeed(&mut self) {
        for service in self.services.values_mut() {
            service.rollout_state = "COMPLETED";
        }
    }

    /// The final plan for the world as it is.
    pub(crate) fn plan(&self) -> Plan {
        self.plan_with(&self.seen())
    }

    /// Everything that the final plan requests.
    pub(crate) fn seen(&self) -> Observation {
        let mut seen = self.observe();
        for _ in 0..8 {
            let made = self.plan_with(&seen);
            if made.needs.is_empty() {
                return seen;
            }
            self.read(&made.needs, &mut seen);
        }
        panic!("the plan never has what it needs");
    }

    /// The dry run of the policy at that index, with everything read.
    pub(crate) fn policy_plan(&self, index: usize) -> TargetPlan {
        let mut seen = self.observe();
        for _ in 0..8 {
            let reviewed = policy_plan(&self.input(&seen), &self.policies[index], 100);
            if reviewed.needs.is_empty() {
                return reviewed.plan;
            }
            self.read(&reviewed.needs, &mut seen);
        }
        panic!("the policy plan never has what it needs");
    }

    pub(crate) fn plan_with(&self, seen: &Observation) -> Plan {
        plan(&self.input(seen))
    }

    pub(crate) fn input<'a>(&'a self, seen: &'a Observation) -> PlanInput<'a> {
        PlanInput {
            installation: self.installation,
            target: &self.target,
            policies: &self.policies,
            destinations: &self.destinations,
            observation: seen,
            records: &self.records,
            resources: &self.resources,
            revisions: &self.owned,
            handed_over: &self.handed_over,
            intents: &self.intents,
            rollouts: &self.rollouts,
            generations: &self.generations,
            controls: &self.controls,
            freezes: &self.freezes,
            now: self.now,
        }
    }

    pub(crate) fn decision(&self, service: &str) -> Decision {
        self.plan().workloads[&Self::key(service)].decision.clone()
    }

    pub(crate) fn deployments(&self, purpose: Purpose) -> usize {
        let under_way = |record: &&WorkloadRecord| {
            record
                .deployment
                .as_ref()
                .is_some_and(|deployment| deployment.purpose == purpose)
        };
        self.records.values().filter(under_way).count()
    }

    /// Sets the controls of the rollout of the policy at that index.
    pub(crate) fn say(&mut self, index: usize, control: Value) {
        let control: RolloutControl = serde_json::from_value(control).unwrap();
        let uid = self.policies[index].uid().to_owned();
        self.controls.insert(uid, control);
    }

    /// The state of the rollout of a policy.
    pub(crate) fn rollout_state(&self, policy: &str) -> RolloutState {
        self.plan().rollout_states[policy].clone()
    }

    /// The circuit breaker of ECS rolls the deployment of a service back to where it came from.
    pub(crate) fn roll_back(&mut self, service: &str) {
        let previous = self.records[&Self::key(service)]
            .deployment
            .as_ref()
            .unwrap()
            .previous
            .clone();
        let service = self.services.get_mut(service).unwrap();
        service.draining = None;
        service.failed = Some(std::mem::replace(&mut service.revision, previous));
        service.rollout_state = "COMPLETED";
        service.reason = "ECS deployment circuit breaker: rolling back";
    }

    /// Runs passes until the deployments that may start have started; none ends. Returns the services.
    pub(crate) fn start(&mut self) -> Vec<String> {
        let before = self.updates.len();
        for _ in 0..3 {
            self.pass();
            self.advance(20);
        }
        self.updates[before..].to_vec()
    }

    /// The database is lost, and the same policies are applied again: they have other uids.
    pub(crate) fn lose_database(&mut self) {
        self.records.clear();
        self.resources.clear();
        self.owned.clear();
        self.intents.clear();
        self.rollouts.clear();
        self.generations.clear();
        self.controls.clear();
        for policy in &mut self.policies {
            policy.metadata.uid = Some(format!("{} made again", policy.uid()));
            policy.metadata.generation = Some(1);
        }
    }

    pub(crate) fn delete_policy(&mut self, index: usize) {
        self.policies[index].metadata.deletion_timestamp = Some(self.now);
        self.policies[index].metadata.generation = Some(self.policies[index].generation() + 1);
    }
}
