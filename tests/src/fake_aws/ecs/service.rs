//! One service and its deployments as a state machine of the driven clock.
//! How a deployment ends is decided when it starts, not here.

use serde_json::{Map, Value, json};

use super::Ctx;
use crate::fake_aws::reply::AwsError;

/// How long a deleted service drains.
const DRAINING_MS: i64 = 30_000;
/// How long ECS takes to clean up what a deployment with early success replaced.
const CLEANUP_MS: i64 = 600_000;
/// Service deployments remembered per service.
const MAX_HISTORY: usize = 20;

/// How a deployment ends when its time is up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeploymentEnd {
    /// The new tasks run; the deployment is COMPLETED.
    Completes,
    /// The deployment is FAILED and stays the primary one.
    Fails,
    /// The circuit breaker starts a deployment back to the last completed revision.
    RollsBack,
    /// It stays IN_PROGRESS for ever.
    Hangs,
    /// It stays IN_PROGRESS for ever, since its tasks do not start.
    Crashes,
}

/// A deployment about to start.
#[derive(Clone, Copy, Debug)]
pub struct Deploying<'a> {
    /// Cluster name.
    pub cluster: &'a str,
    /// Service name.
    pub service: &'a str,
    /// The revision to be deployed, as `DescribeTaskDefinition` shows it.
    pub task_definition: &'a Value,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::fake_aws) enum Status {
    Active,
    Draining,
    Inactive,
}

impl Status {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Draining => "DRAINING",
            Self::Inactive => "INACTIVE",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::fake_aws) enum RolloutState {
    InProgress,
    Completed,
    Failed,
}

impl RolloutState {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::InProgress => "IN_PROGRESS",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
        }
    }
}

#[derive(Clone, Debug)]
pub(in crate::fake_aws) struct Deployment {
    pub(super) id: String,
    pub(super) task_definition: String,
    pub(super) state: RolloutState,
    pub(super) reason: String,
    pub(super) created_ms: i64,
    pub(super) updated_ms: i64,
    /// When it ends; `None` when it has ended or never will.
    due_ms: Option<i64>,
    end: DeploymentEnd,
    pub(super) failed_tasks: u64,
    /// When its tasks are gone, once it is cleaned up.
    cleaned_ms: Option<i64>,
}

/// What `DescribeServiceDeployments` shows.
#[derive(Clone, Debug)]
pub(super) struct ServiceDeployment {
    pub(super) arn: String,
    pub(super) status: &'static str,
    pub(super) reason: String,
    pub(super) task_definition: String,
    /// The revision that was completed before it began.
    pub(super) source: Option<String>,
    pub(super) created_ms: i64,
    pub(super) finished_ms: Option<i64>,
    /// The deployment that rolls it back, once there is one.
    deployment_id: String,
}

#[derive(Clone, Debug)]
pub(in crate::fake_aws) struct Service {
    pub(super) cluster: String,
    pub(super) name: String,
    pub(super) arn: String,
    /// The members of the API's Service that this fake does not interpret.
    pub(super) fields: Map<String, Value>,
    pub(super) tags: Vec<Value>,
    pub(in crate::fake_aws) status: Status,
    pub(in crate::fake_aws) task_definition: String,
    /// Newest (primary) first.
    pub(super) deployments: Vec<Deployment>,
    /// Newest first.
    pub(super) history: Vec<ServiceDeployment>,
    pub(super) last_completed: Option<String>,
    pub(super) created_ms: i64,
    drained_ms: Option<i64>,
    /// Tasks that still run while it drains.
    pub(super) draining: u64,
}

impl Service {
    pub(super) fn new(
        cluster: &str,
        name: &str,
        fields: Map<String, Value>,
        tags: Vec<Value>,
        ctx: &Ctx<'_>,
    ) -> Self {
        Self {
            cluster: cluster.to_owned(),
            name: name.to_owned(),
            arn: ctx.place.ecs_arn(&format!("service/{cluster}/{name}")),
            fields,
            tags,
            status: Status::Active,
            task_definition: String::new(),
            deployments: Vec::new(),
            history: Vec::new(),
            last_completed: None,
            created_ms: ctx.now_ms,
            drained_ms: None,
            draining: 0,
        }
    }

    /// `ECS`, `CODE_DEPLOY` or `EXTERNAL`.
    pub(super) fn controller(&self) -> &str {
        self.fields
            .get("deploymentController")
            .and_then(|controller| controller["type"].as_str())
            .unwrap_or("ECS")
    }

    /// The state of the primary deployment.
    pub(in crate::fake_aws) fn rollout_state(&self) -> Option<RolloutState> {
        self.deployments.first().map(|primary| primary.state)
    }

    pub(super) fn next_change_ms(&self) -> Option<i64> {
        let due = self.deployments.first().and_then(|primary| primary.due_ms);
        let cleaned = self
            .deployments
            .iter()
            .filter_map(|deployment| deployment.cleaned_ms);
        let ends = [due, self.drained_ms].into_iter().flatten();
        ends.chain(cleaned).min()
    }

    /// Whether a deployment is done before the tasks of the one before are gone.
    fn cleans_up_later(&self) -> bool {
        let settings = self.fields.get("deploymentConfiguration");
        let early = settings.map(|settings| &settings["earlySuccessCriteria"]);
        early.is_some_and(|early| {
            early["enable"] == true && early["sourceServiceRevisionCleanup"] == "DEFERRED"
        })
    }

    /// Starts a deployment of `task_definition`; whatever was in progress is superseded.
    pub(super) fn deploy(&mut self, task_definition: &str, end: DeploymentEnd, ctx: &mut Ctx<'_>) {
        for deployment in &mut self.deployments {
            deployment.due_ms = None;
        }
        for past in &mut self.history {
            if past.finished_ms.is_none() {
                past.status = "STOPPED";
                past.reason = "Superseded by a newer service deployment.".to_owned();
                past.finished_ms = Some(ctx.now_ms);
            }
        }
        let id = self.start(task_definition, end, "ECS deployment in progress.", ctx);
        let arn = ctx.place.ecs_arn(&format!(
            "service-deployment/{}/{}/{:021}",
            self.cluster,
            self.name,
            ctx.next()
        ));
        self.history.insert(
            0,
            ServiceDeployment {
                arn,
                status: "IN_PROGRESS",
                reason: String::new(),
                task_definition: task_definition.to_owned(),
                source: self.last_completed.clone(),
                created_ms: ctx.now_ms,
                finished_ms: None,
                deployment_id: id,
            },
        );
        self.history.truncate(MAX_HISTORY);
    }

    fn start(
        &mut self,
        task_definition: &str,
        end: DeploymentEnd,
        reason: &str,
        ctx: &mut Ctx<'_>,
    ) -> String {
        let id = format!("ecs-svc/{:019}", ctx.next());
        task_definition.clone_into(&mut self.task_definition);
        let never = matches!(end, DeploymentEnd::Hangs | DeploymentEnd::Crashes);
        let due_ms = (!never).then_some(ctx.now_ms + ctx.deployment_ms);
        self.deployments.insert(
            0,
            Deployment {
                id: id.clone(),
                task_definition: task_definition.to_owned(),
                state: RolloutState::InProgress,
                reason: reason.to_owned(),
                created_ms: ctx.now_ms,
                updated_ms: ctx.now_ms,
                due_ms,
                end,
                failed_tasks: u64::from(end == DeploymentEnd::Crashes),
                cleaned_ms: None,
            },
        );
        id
    }

    pub(super) fn drain(&mut self, now_ms: i64) {
        self.status = Status::Draining;
        self.drained_ms = Some(now_ms + DRAINING_MS);
        self.draining = self.desired_count();
        self.fields.insert("desiredCount".to_owned(), json!(0));
        for deployment in &mut self.deployments {
            deployment.due_ms = None;
        }
    }

    /// Ends what is due at `ctx.now_ms`.
    pub(super) fn progress(&mut self, ctx: &mut Ctx<'_>) {
        let now_ms = ctx.now_ms;
        if self.drained_ms.is_some_and(|at_ms| at_ms <= now_ms) {
            self.drained_ms = None;
            self.status = Status::Inactive;
            self.draining = 0;
            self.deployments.clear();
        }
        self.deployments
            .retain(|deployment| deployment.cleaned_ms.is_none_or(|at_ms| at_ms > now_ms));
        let rollback_to = self.last_completed.clone();
        let Some(primary) = self.deployments.first_mut() else {
            return;
        };
        if primary.due_ms.is_none_or(|at_ms| at_ms > now_ms) {
            return;
        }
        primary.due_ms = None;
        primary.updated_ms = now_ms;
        let id = primary.id.clone();
        match (primary.end, rollback_to) {
            (DeploymentEnd::Completes | DeploymentEnd::Hangs | DeploymentEnd::Crashes, _) => {
                self.complete(&id, now_ms);
            }
            (DeploymentEnd::RollsBack, Some(to)) => {
                primary.fail();
                self.roll_back(&id, &to, &BREAKER, ctx);
            }
            (DeploymentEnd::Fails | DeploymentEnd::RollsBack, _) => {
                primary.fail();
                let reason = primary.reason.clone();
                self.close(&id, "STOPPED", &reason, now_ms);
            }
        }
    }

    /// Ends the newest deployment well, now.
    pub(super) fn complete(&mut self, id: &str, now_ms: i64) {
        if self.cleans_up_later() {
            self.deployments.retain(|deployment| {
                deployment.id == id || deployment.state != RolloutState::Failed
            });
            for older in self.deployments.iter_mut().skip(1) {
                older.cleaned_ms.get_or_insert(now_ms + CLEANUP_MS);
            }
        } else {
            self.deployments.truncate(1);
        }
        if let Some(primary) = self.deployments.first_mut() {
            primary.state = RolloutState::Completed;
            primary.due_ms = None;
            primary.updated_ms = now_ms;
            primary.reason = format!("ECS deployment {id} completed.");
            self.last_completed = Some(primary.task_definition.clone());
        }
        let rolled_back = self
            .history
            .iter()
            .any(|past| past.deployment_id == id && past.status == "ROLLBACK_IN_PROGRESS");
        let status = if rolled_back {
            "ROLLBACK_SUCCESSFUL"
        } else {
            "SUCCESSFUL"
        };
        self.close(id, status, "", now_ms);
    }

    /// Ends whatever is in progress well, now.
    pub(in crate::fake_aws) fn complete_now(&mut self, now_ms: i64) {
        if let Some(primary) = self.deployments.first()
            && primary.state == RolloutState::InProgress
        {
            let id = primary.id.clone();
            self.complete(&id, now_ms);
        }
    }

    /// StopServiceDeployment: the deployment fails, and the last completed revision is deployed again.
    pub(super) fn stop(&mut self, arn: &str, ctx: &mut Ctx<'_>) -> Result<(), AwsError> {
        let past = self.history.iter().find(|past| past.arn == arn);
        let past = past.ok_or_else(|| {
            let code = "ServiceDeploymentNotFoundException";
            AwsError::new(400, code, "The service deployment doesn't exist.")
        })?;
        let id = past.deployment_id.clone();
        let (Some(to), "IN_PROGRESS") = (self.last_completed.clone(), past.status) else {
            let message = format!(
                "The service deployment is {} and cannot be stopped.",
                past.status
            );
            return Err(AwsError::new(400, "ConflictException", message));
        };
        if let Some(primary) = self.deployments.first_mut() {
            primary.fail();
            primary.due_ms = None;
        }
        self.roll_back(&id, &to, &STOPPED, ctx);
        Ok(())
    }

    fn roll_back(&mut self, failed_id: &str, to: &str, words: &Words, ctx: &mut Ctx<'_>) {
        let id = self.start(to, DeploymentEnd::Completes, words.of_deployment, ctx);
        for past in &mut self.history {
            if past.deployment_id == failed_id {
                past.status = "ROLLBACK_IN_PROGRESS";
                words.of_service_deployment.clone_into(&mut past.reason);
                past.deployment_id.clone_from(&id);
            }
        }
    }

    fn close(&mut self, id: &str, status: &'static str, reason: &str, now_ms: i64) {
        for past in &mut self.history {
            if past.deployment_id == id {
                past.status = status;
                past.finished_ms = Some(now_ms);
                if !reason.is_empty() {
                    reason.clone_into(&mut past.reason);
                }
            }
        }
    }
}

/// The messages of ECS about a rollback.
struct Words {
    of_deployment: &'static str,
    of_service_deployment: &'static str,
}

const BREAKER: Words = Words {
    of_deployment: "ECS deployment circuit breaker: rolling back to the last completed deployment.",
    of_service_deployment: "Service deployment rolled back because the circuit breaker threshold was exceeded.",
};

const STOPPED: Words = Words {
    of_deployment: "ECS deployment: rolling back to the last completed deployment.",
    of_service_deployment: "Service deployment rolled back because of a user request.",
};

impl Deployment {
    /// Whether its tasks run, or are about to.
    pub(super) fn runs(&self) -> bool {
        self.state != RolloutState::Failed && self.end != DeploymentEnd::Crashes
    }

    /// Whether its tasks run although a newer deployment is there.
    pub(super) fn lingers(&self, primary: RolloutState) -> bool {
        let replaced = primary == RolloutState::InProgress && self.runs();
        replaced || self.cleaned_ms.is_some()
    }

    fn fail(&mut self) {
        const FAILED_TASKS: u64 = 3;
        self.state = RolloutState::Failed;
        self.failed_tasks = FAILED_TASKS;
        self.reason = "ECS deployment circuit breaker: tasks failed to start.".to_owned();
    }
}
