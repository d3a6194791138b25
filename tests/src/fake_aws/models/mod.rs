//! Checks calls against AWS's own models of its services, so that neither our requests nor this fake's responses have
//! anything that AWS does not have.
//! `FIRELENS_TEST_AWS_MODELS` names the folder that `deploy/local/aws.sh install-models` makes from botocore.
//! Rules that are not in the models are implemented with each service.

#![allow(
    clippy::panic,
    reason = "without its models a test that needs them has failed"
)]

mod fits;
mod query;
mod rest;
pub(super) mod strangers;
mod xml;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::{env, fs};

use serde_json::Value;

use super::calls::{Call, Service};
use super::cbor;
use super::reply::Reply;

/// Errors that every operation can answer, on every protocol but S3's.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/CommonErrors.html>
const COMMON_ERRORS: [&str; 19] = [
    "AccessDenied",
    "AccessDeniedException",
    "ExpiredToken",
    "ExpiredTokenException",
    "InternalFailure",
    "InternalServiceFault",
    "InvalidAction",
    "InvalidClientTokenId",
    "OptInRequired",
    "RequestExpired",
    "SerializationException",
    "ServiceFailure",
    "ServiceUnavailable",
    "SignatureDoesNotMatch",
    "Throttling",
    "ThrottlingException",
    "UnknownOperationException",
    "UnrecognizedClientException",
    "ValidationException",
];
/// Errors of S3, which its model leaves out.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>
const S3_ERRORS: [&str; 14] = [
    "AccessDenied",
    "AuthorizationHeaderMalformed",
    "ConditionalRequestConflict",
    "ExpiredToken",
    "InternalError",
    "InvalidAccessKeyId",
    "InvalidArgument",
    "NoSuchBucket",
    "NoSuchKey",
    "NotImplemented",
    "PermanentRedirect",
    "PreconditionFailed",
    "ServiceUnavailable",
    "SlowDown",
];

/// One operation as `deploy/local/aws_models.py` writes it.
#[derive(Debug)]
pub(super) struct Model {
    content: Value,
}

type Loaded = BTreeMap<(Service, String), Option<Arc<Model>>>;

/// The folder of the models; none where a developer runs a single test without them.
static FOLDER: LazyLock<Option<PathBuf>> = LazyLock::new(|| {
    let named = env::var_os("FIRELENS_TEST_AWS_MODELS").filter(|path| !path.is_empty());
    let folder = named.map(PathBuf::from);
    match &folder {
        Some(folder) if !folder.join("ecs").is_dir() => panic!(
            "FIRELENS_TEST_AWS_MODELS names {}, which holds no models: run `deploy/local/aws.sh install-models`",
            folder.display()
        ),
        None if env::var_os("CI").is_some() => {
            panic!("CI checks every call against AWS's models: FIRELENS_TEST_AWS_MODELS is not set")
        }
        _ => folder,
    }
});
/// What this process has read so far: a test pays for the operations it calls, once.
static LOADED: LazyLock<Mutex<Loaded>> = LazyLock::new(Mutex::default);

/// What is wrong with a request, each with its path; empty where all is well.
pub(super) fn request(call: &Call) -> Vec<String> {
    let Some(model) = model(call.service, &call.operation) else {
        return Vec::new();
    };
    let Some(model) = model else {
        return vec![format!("AWS has no operation {}", call.operation)];
    };
    let Some(shape) = model.content["input"].as_str() else {
        return Vec::new();
    };
    let (value, mut wrong) = match call.service {
        Service::Iam | Service::Sts => query::read(&model, shape, &call.params),
        Service::S3 => rest::request(&model, shape, call),
        _ => (call.params.clone(), Vec::new()),
    };
    wrong.extend(fits::check(&model, shape, &value));
    wrong
}

/// What is wrong with an answer, each with its path; empty where all is well.
pub(super) fn answer(call: &Call, reply: &Reply) -> Vec<String> {
    let Some(Some(model)) = model(call.service, &call.operation) else {
        return Vec::new();
    };
    if reply.status >= 300 {
        return error(&model, call, reply);
    }
    let Some(shape) = model.content["output"].as_str() else {
        return Vec::new();
    };
    let (value, mut wrong) = match call.service {
        Service::Iam | Service::Sts => xml::result(&model, shape, &reply.body),
        Service::S3 => rest::answer(&model, shape, reply),
        Service::CloudWatch => (cbor::read(&reply.body).unwrap_or(Value::Null), Vec::new()),
        _ => (
            serde_json::from_slice(&reply.body).unwrap_or(Value::Null),
            Vec::new(),
        ),
    };
    wrong.extend(fits::check(&model, shape, &value));
    wrong
}

/// What is wrong with an answer that is a JSON document; none where there are no models.
pub(super) fn document(service: Service, operation: &str, answer: &Value) -> Option<Vec<String>> {
    let model = model(service, operation)??;
    let shape = model.content["output"].as_str()?;
    Some(fits::check(&model, shape, answer))
}

fn error(model: &Model, call: &Call, reply: &Reply) -> Vec<String> {
    if reply.body.is_empty() {
        return Vec::new();
    }
    let code = match call.service {
        Service::Iam | Service::Sts | Service::S3 => xml::error_code(&reply.body),
        Service::CloudWatch => cbor::read(&reply.body).map(|body| body["__type"].clone()),
        _ => serde_json::from_slice::<Value>(&reply.body)
            .ok()
            .map(|body| body["__type"].clone()),
    };
    let code = code.as_ref().and_then(Value::as_str).unwrap_or("");
    let common: &[&str] = match call.service {
        Service::S3 => &S3_ERRORS,
        _ => &COMMON_ERRORS,
    };
    match model.content["errors"].get(code) {
        Some(status) => match status.as_u64() {
            Some(status) if status != u64::from(reply.status) => {
                vec![format!("{code} has status {status}, not {}", reply.status)]
            }
            _ => Vec::new(),
        },
        None if common.contains(&code) => Vec::new(),
        None => vec![format!("the operation has no error {code:?}")],
    }
}

/// The model of an operation; the outer none where there are no models, the inner one where AWS has no such operation.
fn model(service: Service, operation: &str) -> Option<Option<Arc<Model>>> {
    let folder = FOLDER.as_ref()?;
    let name = match service {
        Service::Ecs => "ecs",
        Service::Iam => "iam",
        Service::S3 => "s3",
        Service::Sts => "sts",
        Service::CloudWatch => "cloudwatch",
        Service::Logs => "logs",
        Service::Ecr => "ecr",
        Service::Prometheus => return None,
    };
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    let key = (service, operation.to_owned());
    let entry = loaded.entry(key).or_insert_with(|| {
        let text = fs::read(folder.join(name).join(format!("{operation}.json"))).ok()?;
        let content = serde_json::from_slice(&text).ok()?;
        Some(Arc::new(Model { content }))
    });
    Some(entry.clone())
}

impl Model {
    fn shape(&self, name: &str) -> &Value {
        &self.content["shapes"][name]
    }

    /// The members of a structure by name; empty for others.
    fn members(&self, shape: &str) -> impl Iterator<Item = (&str, &Value)> {
        let members = self.shape(shape)["members"].as_object();
        members
            .into_iter()
            .flatten()
            .map(|(name, member)| (name.as_str(), member))
    }
}

/// The shape that a member, or an entry of a list or map, refers to.
fn shape_of(member: &Value) -> &str {
    member["shape"].as_str().unwrap_or("")
}

/// What text of a query or an XML document stands for; text that does not fit stays text, and is found to be wrong.
fn typed(kind: &str, text: &str) -> Value {
    let read = match kind {
        "integer" | "long" => text.parse::<i64>().ok().map(Value::from),
        "float" | "double" => text.parse::<f64>().ok().map(Value::from),
        "boolean" => text.parse::<bool>().ok().map(Value::from),
        "timestamp" => {
            let iso = text.parse::<jiff::Timestamp>().ok();
            iso.map(|at| Value::from(at.as_second()))
        }
        _ => None,
    };
    read.unwrap_or_else(|| Value::from(text))
}
