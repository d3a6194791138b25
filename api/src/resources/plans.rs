//! `POST /plans`: what a policy would do, stored or not. It stores no object and writes nothing to AWS.
//! It does not read AWS itself, but asks the controllers that look after the targets.

use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use firelens_plan::select::glob_matches;
use firelens_report::policy_plan::{PlanStatus, PolicyPlanRequest, TargetPlan};
use firelens_store::ListOptions;
use firelens_types::v1alpha1::{
    API_VERSION, AwsTarget, Cause, Kind, LogDestination, LoggingPolicy,
};
use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::negotiate::Accept;
use crate::params::FieldValidation;
use crate::state::ApiState;
use crate::status::{ApiError, from_store};
use crate::{admission, body, meta, representation};

/// Workloads described per target when the request names no limit.
const DEFAULT_LIMIT: usize = 500;

/// Most workloads described per target: a description with its preview takes some 20 KiB.
const MAX_LIMIT: usize = 5_000;

/// Part of the time a request may take that is spent waiting for the controllers.
const WAIT_SHARE_PERCENT: u32 = 80;

/// Pause between two looks for answers.
const POLL: Duration = Duration::from_millis(100);

/// Members of a request.
const MEMBERS: [&str; 7] = [
    "apiVersion",
    "kind",
    "metadata",
    "policy",
    "destinations",
    "limit",
    "status",
];

/// What was asked, and whom it concerns.
struct Asked {
    question: PolicyPlanRequest,
    targets: Vec<String>,
    warnings: Vec<String>,
}

/// `POST /apis/firelens.dev/v1alpha1/plans`
pub(crate) async fn plan(
    State(state): State<ApiState>,
    headers: HeaderMap,
    request_body: Body,
) -> Result<Response, ApiError> {
    let accept = Accept::from_headers(&headers)?;
    let limit_bytes = state.options().max_body_bytes;
    let bytes = body::read(&headers, request_body, limit_bytes).await?;
    let decoded = body::decode(&headers, &bytes)?;
    let asked = asked(&state, decoded.value).await?;
    let status = answers(&state, &asked).await?;
    let name = asked.question.policy.name();
    let answer = json!({
        "apiVersion": API_VERSION,
        "kind": "Plan",
        "metadata": {"name": name},
        "policy": name,
        "status": status,
    });
    let response = representation::write(accept.encoding, StatusCode::CREATED, &answer)?;
    Ok(representation::warn(response, &asked.warnings))
}

async fn asked(state: &ApiState, request: Value) -> Result<Asked, ApiError> {
    let members = request
        .as_object()
        .ok_or_else(|| ApiError::BadRequest("the body is not an object".to_owned()))?;
    if let Some(unknown) = members.keys().find(|key| !MEMBERS.contains(&key.as_str())) {
        return Err(ApiError::BadRequest(format!(
            "unknown field {unknown:?}: the fields of a plan request are policy, destinations and limit"
        )));
    }
    let (policy, mut warnings) = policy(state, &request["policy"]).await?;
    let (destinations, more) = destinations(&request["destinations"])?;
    warnings.extend(more);
    let targets = targets(state, &policy).await?;
    Ok(Asked {
        question: PolicyPlanRequest {
            policy,
            destinations,
            limit: limit(&request["limit"])?,
        },
        targets,
        warnings,
    })
}

/// The policy that is given whole, or the stored one whose name is given.
async fn policy(state: &ApiState, given: &Value) -> Result<(LoggingPolicy, Vec<String>), ApiError> {
    match given {
        Value::String(name) => {
            let kind = Kind::LoggingPolicy;
            let found = state.store().get(kind, name).await;
            let found = found.map_err(|error| from_store(error, kind, name))?;
            let stored = found.ok_or_else(|| ApiError::NotFound {
                plural: kind.plural(),
                name: name.clone(),
            })?;
            Ok((typed(Kind::LoggingPolicy, &stored)?, Vec::new()))
        }
        Value::Object(_) => admitted(Kind::LoggingPolicy, given),
        _ => Err(ApiError::BadRequest(
            "policy: must be a LoggingPolicy, or the name of one that exists".to_owned(),
        )),
    }
}

fn destinations(given: &Value) -> Result<(Vec<LogDestination>, Vec<String>), ApiError> {
    let mut warnings = Vec::new();
    let mut found = Vec::new();
    let items = match given {
        Value::Null => &[][..],
        Value::Array(items) => items.as_slice(),
        _ => {
            return Err(ApiError::BadRequest(
                "destinations: must be a list of LogDestination objects".to_owned(),
            ));
        }
    };
    for item in items {
        let (destination, more) = admitted(Kind::LogDestination, item)?;
        found.push(destination);
        warnings.extend(more);
    }
    Ok((found, warnings))
}

fn limit(given: &Value) -> Result<usize, ApiError> {
    if given.is_null() {
        return Ok(DEFAULT_LIMIT);
    }
    let number = given
        .as_u64()
        .and_then(|number| usize::try_from(number).ok());
    let number = number.filter(|number| (1..=MAX_LIMIT).contains(number));
    number.ok_or_else(|| {
        ApiError::BadRequest(format!("limit: must be a number from 1 to {MAX_LIMIT}"))
    })
}

/// An object as it would be stored, by the same rules.
fn admitted<T: DeserializeOwned>(kind: Kind, given: &Value) -> Result<(T, Vec<String>), ApiError> {
    let admitted = admission::check(kind, given.clone(), &[], FieldValidation::Strict)?;
    Ok((typed(kind, &admitted.object)?, admitted.warnings))
}

fn typed<T: DeserializeOwned>(kind: Kind, object: &Value) -> Result<T, ApiError> {
    T::deserialize(object).map_err(|error| {
        let error = meta::error("spec", Cause::Invalid, "", &error.to_string());
        admission::invalid(kind, object, vec![error])
    })
}

/// The targets that the policy selects, and those that it selects as it is stored: there it would be
/// taken away.
async fn targets(state: &ApiState, policy: &LoggingPolicy) -> Result<Vec<String>, ApiError> {
    let store = state.store();
    let list = store
        .list(Kind::AwsTarget, &ListOptions::default())
        .await
        .map_err(|error| from_store(error, Kind::AwsTarget, ""))?;
    let stored = store
        .get(Kind::LoggingPolicy, policy.name())
        .await
        .map_err(|error| from_store(error, Kind::LoggingPolicy, policy.name()))?;
    let stored = stored.and_then(|object| serde_json::from_value::<LoggingPolicy>(object).ok());
    let selects = |policy: &LoggingPolicy, name: &str| {
        let globs = &policy.spec.selector.targets;
        globs.is_empty() || globs.iter().any(|glob| glob_matches(glob, name))
    };
    let names = list
        .items
        .into_iter()
        .filter_map(|object| serde_json::from_value::<AwsTarget>(object).ok())
        .map(|target| target.name().to_owned())
        .filter(|name| {
            selects(policy, name) || stored.as_ref().is_some_and(|stored| selects(stored, name))
        });
    Ok(names.collect())
}

/// Asks, and waits for the answers for most of the time that the request has.
async fn answers(state: &ApiState, asked: &Asked) -> Result<PlanStatus, ApiError> {
    if asked.targets.is_empty() {
        return Ok(PlanStatus {
            complete: true,
            ..PlanStatus::default()
        });
    }
    let store = state.store();
    let failed = |error| from_store(error, Kind::LoggingPolicy, asked.question.policy.name());
    let request = serde_json::to_value(&asked.question).map_err(|_| ApiError::Internal)?;
    let id = store.ask(&asked.targets, &request).await.map_err(failed)?;
    let wait = state.options().request_timeout * WAIT_SHARE_PERCENT / 100;
    let began = Instant::now();
    let mut found = store.answers(id).await.map_err(failed)?;
    while found.len() < asked.targets.len() && began.elapsed() < wait {
        tokio::time::sleep(POLL).await;
        found = store.answers(id).await.map_err(failed)?;
    }
    store.withdraw(id).await.map_err(failed)?;
    let mut status = PlanStatus {
        complete: true,
        ..PlanStatus::default()
    };
    for target in &asked.targets {
        match found.remove(target) {
            None => status.pending.push(target.clone()),
            Some(answer) => match answer["problem"].as_str() {
                Some(problem) => status.problems.push(format!("{target}: {problem}")),
                None => match serde_json::from_value::<TargetPlan>(answer) {
                    Ok(plan) => status.targets.push(plan),
                    Err(_) => status.problems.push(format!(
                        "{target}: cannot read the response of the controller, which may have another version"
                    )),
                },
            },
        }
    }
    status.complete = status.pending.is_empty();
    Ok(status)
}
