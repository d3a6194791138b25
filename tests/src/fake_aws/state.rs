//! The whole state of the fake, and the only way through which calls reach it.
//! It is a state machine: the time is [`State::now_ms`], and nothing here waits or does I/O.

use std::collections::BTreeMap;
use std::time::Duration;

use super::authorize::Authority;
use super::calls::{Call, Place, Service};
use super::ecr::Registry;
use super::ecs::{self, Evaluate, Region};
use super::faults::{Fault, FaultPlan, Hook};
use super::iam;
use super::lag::{Lag, RevisionLag};
use super::reply::{AwsError, Reply};
use super::s3;
use super::sts;
use super::telemetry::Telemetry;
use super::throttle::Buckets;

/// 2026-01-01T00:00:00Z.
const START_MS: i64 = 1_767_225_600_000;
/// How long a deployment takes unless a test says otherwise.
const DEPLOYMENT_DURATION: Duration = Duration::from_secs(60);

/// The settings of a test.
pub(super) struct Options {
    /// Lag of ECS reads behind ECS writes.
    pub(super) ecs_lag: Lag,
    /// Lag of IAM reads behind IAM writes.
    pub(super) iam_lag: Lag,
    /// How long a revision that was registered is not known.
    pub(super) revision_lag: RevisionLag,
    /// Driven time from the start of a deployment to its end.
    pub(super) deployment: Duration,
    /// Driven time that each call takes.
    pub(super) call: Duration,
    /// How deployments end, when not to be completed.
    pub(super) evaluate: Option<Evaluate>,
}

pub(super) struct State {
    pub(super) now_ms: i64,
    pub(super) home: Place,
    pub(super) options: Options,
    pub(super) regions: BTreeMap<Place, Region>,
    pub(super) roles: iam::Roles,
    pub(super) buckets: BTreeMap<String, s3::Bucket>,
    pub(super) sessions: sts::Sessions,
    pub(super) telemetry: Telemetry,
    pub(super) registry: Registry,
    pub(super) throttle: Buckets,
    pub(super) authority: Authority,
    pub(super) calls: Vec<Call>,
    pub(super) faults: Vec<FaultPlan>,
    pub(super) hooks: Vec<Hook>,
    /// The caller is dead: nothing is executed or logged until it is revived.
    pub(super) down: bool,
    /// Lives of the caller so far; connections of earlier lives are dead.
    pub(super) life: u64,
    serial: u64,
}

/// What the server does with a request.
#[derive(Debug)]
pub(super) enum Outcome {
    Answer(Reply),
    /// An answer that is wrong because the test wants it so.
    Odd(Reply),
    /// Close the connection without an answer.
    Close,
    /// Never answer.
    Hang,
    /// Never answer, and say that the caller died.
    Crash,
}

impl State {
    pub(super) fn new(home: Place) -> Self {
        Self {
            now_ms: START_MS,
            home,
            options: Options {
                ecs_lag: Lag::default(),
                iam_lag: Lag::default(),
                revision_lag: RevisionLag::default(),
                deployment: DEPLOYMENT_DURATION,
                call: Duration::ZERO,
                evaluate: None,
            },
            regions: BTreeMap::new(),
            roles: iam::Roles::default(),
            buckets: BTreeMap::new(),
            sessions: sts::Sessions::default(),
            telemetry: Telemetry::default(),
            registry: Registry::default(),
            throttle: Buckets::default(),
            authority: Authority::default(),
            calls: Vec::new(),
            faults: Vec::new(),
            hooks: Vec::new(),
            down: false,
            life: 0,
            serial: 0,
        }
    }

    /// Numbers and logs a call as it arrives, with the account its access key belongs to.
    pub(super) fn log(&mut self, mut call: Call) -> Call {
        self.advance(self.options.call);
        call.number = self.calls.len() + 1;
        call.at_ms = self.now_ms;
        call.role_session = self.sessions.session(&call.access_key);
        call.place.account = self
            .sessions
            .account(&call.access_key)
            .unwrap_or(&self.home.account)
            .to_owned();
        self.calls.push(call.clone());
        call
    }

    /// Takes out the hooks that are due before `call`.
    pub(super) fn due_hooks(&mut self, call: &Call) -> Vec<Hook> {
        let (due, rest) = std::mem::take(&mut self.hooks)
            .into_iter()
            .map(|mut hook| (hook.when.due(call), hook))
            .partition::<Vec<_>, _>(|(due, _)| *due);
        self.hooks = rest.into_iter().map(|(_, hook)| hook).collect();
        due.into_iter().map(|(_, hook)| hook).collect()
    }

    /// A logged call meets its fault, or its bucket, or its service.
    pub(super) fn answer(&mut self, call: &Call) -> Outcome {
        let mut fault = None;
        for plan in &mut self.faults {
            if plan.when.due(call) && fault.is_none() {
                fault = Some(plan.fault.clone());
            }
        }
        match fault {
            None => Outcome::Answer(self.evaluate(call)),
            Some(Fault::Throttle) => self.refuse(call, &throttled(call.service)),
            Some(Fault::ServerError) => self.refuse(call, &server_error(call.service)),
            Some(Fault::Denied) => self.refuse(call, &denied(call)),
            Some(Fault::Error(error)) => self.refuse(call, &error),
            Some(Fault::Body(body)) => Outcome::Odd(Reply::of_bytes(call.service, body)),
            Some(Fault::TimeoutNotExecuted) => Outcome::Hang,
            Some(Fault::LostRequest) => Outcome::Close,
            Some(Fault::LostAnswer) => {
                self.evaluate(call);
                Outcome::Close
            }
            Some(Fault::CrashBefore) => {
                self.down = true;
                Outcome::Crash
            }
            Some(Fault::CrashAfter) => {
                self.evaluate(call);
                self.down = true;
                Outcome::Crash
            }
        }
    }

    fn evaluate(&mut self, call: &Call) -> Reply {
        let now_ms = self.now_ms;
        let result = if self.throttle.admit(call, now_ms) {
            self.authorize(call)
                .and_then(|()| self.execute(call))
                .map_err(|error| self.hide_missing(call, error))
        } else {
            Err(throttled(call.service))
        };
        let error = result.as_ref().err().map(|error| error.code.clone());
        let index = call.number.wrapping_sub(1);
        if let Some(entry) = self.calls.get_mut(index) {
            entry.executed = error.is_none();
            entry.error = error;
        }
        let head = call.operation.starts_with("Head");
        result.unwrap_or_else(|error| Reply::error(call.service, &error, head))
    }

    fn refuse(&mut self, call: &Call, error: &AwsError) -> Outcome {
        if let Some(entry) = self.calls.get_mut(call.number.wrapping_sub(1)) {
            entry.error = Some(error.code.clone());
        }
        let head = call.operation.starts_with("Head");
        Outcome::Answer(Reply::error(call.service, error, head))
    }

    /// Executes the call, without log, faults or throttling.
    pub(super) fn execute(&mut self, call: &Call) -> Result<Reply, AwsError> {
        match call.service {
            Service::Ecs => self.ecs(call).map(|value| Reply::json(&value)),
            Service::Iam => iam::execute(
                &mut self.roles,
                call,
                self.now_ms,
                self.options.iam_lag,
                &mut self.serial,
            ),
            Service::Sts => sts::execute(&mut self.sessions, call),
            Service::S3 => s3::execute(&mut self.buckets, call, self.now_ms),
            Service::CloudWatch => self.telemetry.cloudwatch(call, self.now_ms),
            Service::Logs => {
                let answer = self.telemetry.logs(call, self.now_ms)?;
                Ok(Reply::json(&answer))
            }
            Service::Ecr => self.registry.execute(call).map(|value| Reply::json(&value)),
            Service::Prometheus => Ok(self.telemetry.prometheus(call)),
        }
    }

    pub(super) fn ecs(&mut self, call: &Call) -> Result<serde_json::Value, AwsError> {
        let region = self.regions.entry(call.place.clone()).or_default();
        let mut ctx = ecs::Ctx {
            place: &call.place,
            now_ms: self.now_ms,
            lag: self.options.ecs_lag,
            registry: &self.registry,
            // What others do is not what a test is about.
            revision_lag: match call.number {
                0 => RevisionLag::default(),
                _ => self.options.revision_lag,
            },
            deployment_ms: i64::try_from(self.options.deployment.as_millis()).unwrap_or(i64::MAX),
            evaluate: self.options.evaluate.as_ref(),
            serial: &mut self.serial,
        };
        ecs::execute(region, &mut ctx, call)
    }

    /// Moves the clock; deployments that end on the way end at their time.
    pub(super) fn advance(&mut self, by: Duration) {
        let end_ms = self
            .now_ms
            .saturating_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX));
        loop {
            let next = self
                .regions
                .values()
                .filter_map(Region::next_change_ms)
                .min()
                .filter(|at_ms| *at_ms <= end_ms);
            self.now_ms = next.unwrap_or(end_ms).max(self.now_ms);
            if next.is_none() {
                return;
            }
            let State {
                regions,
                options,
                serial,
                now_ms,
                registry,
                ..
            } = self;
            for (place, region) in regions {
                let mut ctx = ecs::Ctx {
                    place,
                    now_ms: *now_ms,
                    lag: options.ecs_lag,
                    registry,
                    revision_lag: options.revision_lag,
                    deployment_ms: i64::try_from(options.deployment.as_millis())
                        .unwrap_or(i64::MAX),
                    evaluate: options.evaluate.as_ref(),
                    serial,
                };
                region.progress(&mut ctx);
            }
        }
    }
}

fn throttled(service: Service) -> AwsError {
    match service {
        Service::Ecs | Service::Ecr | Service::Logs => {
            AwsError::new(400, "ThrottlingException", "Rate exceeded")
        }
        Service::Iam | Service::Sts | Service::CloudWatch => {
            AwsError::new(400, "Throttling", "Rate exceeded")
        }
        Service::Prometheus => AwsError::new(429, "TooManyRequests", "Rate exceeded"),
        Service::S3 => AwsError::new(503, "SlowDown", "Please reduce your request rate."),
    }
}

fn server_error(service: Service) -> AwsError {
    let code = match service {
        Service::Ecs | Service::Ecr => "ServerException",
        Service::Iam | Service::Sts => "ServiceFailure",
        Service::CloudWatch | Service::Prometheus => "InternalServiceFault",
        Service::Logs => "ServiceUnavailableException",
        Service::S3 => "InternalError",
    };
    AwsError::new(500, code, "Service Unavailable. Please try again later.")
}

fn denied(call: &Call) -> AwsError {
    let (status, code) = match call.service {
        Service::Ecs | Service::Ecr | Service::Logs => (400, "AccessDeniedException"),
        Service::Iam | Service::Sts | Service::S3 | Service::CloudWatch | Service::Prometheus => {
            (403, "AccessDenied")
        }
    };
    AwsError::new(
        status,
        code,
        format!(
            "User is not authorized to perform: {}",
            call.operation.as_str()
        ),
    )
}
