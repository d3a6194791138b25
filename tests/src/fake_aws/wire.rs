//! From HTTP requests to calls: which service and operation, with which parameters.
//! Signatures are not checked; the credential scope says who asks and in which region.

use bytes::Bytes;
use http::request::Parts;
use serde_json::{Map, Value, json};

use super::calls::{Call, Place, Service};
use super::cbor;
use super::reply::percent_decode;

const ECS_TARGET: &str = "AmazonEC2ContainerServiceV20141113.";
const ECR_TARGET: &str = "AmazonEC2ContainerRegistry_V20150921.";
const LOGS_TARGET: &str = "Logs_20140328.";
const CLOUDWATCH_PATH: &str = "/service/GraniteServiceVersion20100801/operation/";
const PROMETHEUS_PATH: &str = "/api/v1/query";
const DEFAULT_REGION: &str = "us-east-1";

/// A request read; `place.account` is filled in by the state, which knows the access keys.
pub(super) fn read(head: &Parts, body: Bytes) -> Call {
    let scope = Scope::of(head);
    let (service, operation, params, body) =
        if let Some((service, operation)) = json_operation(head) {
            let params = serde_json::from_slice(&body).unwrap_or(Value::Null);
            (service, operation, params, body)
        } else if let Some(operation) = head.uri.path().strip_prefix(CLOUDWATCH_PATH) {
            let params = cbor::read(&body).unwrap_or(Value::Null);
            (Service::CloudWatch, operation.to_owned(), params, body)
        } else if head.uri.path() == PROMETHEUS_PATH && header(head, "authorization").is_none() {
            let params = Value::Object(pairs(head.uri.query().unwrap_or("")));
            (Service::Prometheus, "Query".to_owned(), params, body)
        } else if let Some((operation, params)) = query_operation(head, &body) {
            let service = match operation.as_str() {
                "AssumeRole" | "GetCallerIdentity" => Service::Sts,
                _ => Service::Iam,
            };
            (service, operation, params, body)
        } else {
            let body = unframe(head, body);
            let (operation, params) = s3_operation(head);
            (Service::S3, operation, params, body)
        };
    Call {
        number: 0,
        at_ms: 0,
        service,
        operation,
        params,
        body,
        access_key: scope.access_key,
        role_session: None,
        place: Place::new("", &scope.region),
        executed: false,
        error: None,
    }
}

struct Scope {
    access_key: String,
    region: String,
}

impl Scope {
    /// `AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/SERVICE/aws4_request, …`
    fn of(head: &Parts) -> Self {
        let text = header(head, "authorization").unwrap_or_default();
        let mut parts = text
            .split_once("Credential=")
            .map_or("", |(_, rest)| rest.split(',').next().unwrap_or(""))
            .split('/');
        Self {
            access_key: parts.next().unwrap_or("").to_owned(),
            region: parts
                .nth(1)
                .filter(|region| !region.is_empty())
                .unwrap_or(DEFAULT_REGION)
                .to_owned(),
        }
    }
}

fn header<'a>(head: &'a Parts, name: &str) -> Option<&'a str> {
    head.headers.get(name).and_then(|value| value.to_str().ok())
}

fn json_operation(head: &Parts) -> Option<(Service, String)> {
    let target = header(head, "x-amz-target")?;
    let of = |service, prefix: &str| Some((service, target.strip_prefix(prefix)?.to_owned()));
    of(Service::Ecs, ECS_TARGET)
        .or_else(|| of(Service::Ecr, ECR_TARGET))
        .or_else(|| of(Service::Logs, LOGS_TARGET))
}

fn query_operation(head: &Parts, body: &Bytes) -> Option<(String, Value)> {
    if !header(head, "content-type")?.starts_with("application/x-www-form-urlencoded") {
        return None;
    }
    let form = pairs(std::str::from_utf8(body).ok()?);
    let operation = form.get("Action")?.as_str()?.to_owned();
    Some((operation, Value::Object(form)))
}

/// Decoded pairs of a query string or form; a name without `=` has an empty value.
fn pairs(text: &str) -> Map<String, Value> {
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (
                percent_decode(name, true),
                json!(percent_decode(value, true)),
            )
        })
        .collect()
}

fn s3_operation(head: &Parts) -> (String, Value) {
    let path = head.uri.path().trim_start_matches('/');
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    let key = percent_decode(key, false);
    let mut params = pairs(head.uri.query().unwrap_or(""));
    let operation = match (head.method.as_str(), key.is_empty()) {
        _ if bucket.is_empty() => "ListBuckets",
        ("HEAD", true) => "HeadBucket",
        ("GET", true) if params.contains_key("location") => "GetBucketLocation",
        ("GET", true) if params.contains_key("list-type") => "ListObjectsV2",
        ("HEAD", false) => "HeadObject",
        ("GET", false) => "GetObject",
        ("PUT", false) => "PutObject",
        ("DELETE", false) => "DeleteObject",
        _ => "Unknown",
    };
    let headers: Map<String, Value> = head
        .headers
        .iter()
        .filter(|(name, _)| {
            let name = name.as_str();
            name.starts_with("x-amz-")
                || ["if-match", "if-none-match", "content-type"].contains(&name)
        })
        .filter_map(|(name, value)| Some((name.to_string(), json!(value.to_str().ok()?))))
        .collect();
    params.insert("Bucket".to_owned(), json!(percent_decode(bucket, false)));
    params.insert("Key".to_owned(), json!(key));
    params.insert("headers".to_owned(), Value::Object(headers));
    (operation.to_owned(), Value::Object(params))
}

/// Undoes the `aws-chunked` framing that SDKs use for streamed bodies with trailing checksums.
fn unframe(head: &Parts, body: Bytes) -> Bytes {
    let framed = header(head, "x-amz-content-sha256")
        .is_some_and(|value| value.starts_with("STREAMING-"))
        || header(head, "content-encoding").is_some_and(|value| value.contains("aws-chunked"));
    if !framed {
        return body;
    }
    let mut out = Vec::new();
    let mut rest = &body[..];
    while let Some(end) = rest.windows(2).position(|pair| pair == b"\r\n") {
        let size = std::str::from_utf8(&rest[..end])
            .ok()
            .and_then(|line| line.split(';').next())
            .and_then(|hex| usize::from_str_radix(hex.trim(), 16).ok())
            .unwrap_or(0);
        let start = end + 2;
        if size == 0 || start + size > rest.len() {
            break;
        }
        out.extend_from_slice(&rest[start..start + size]);
        rest = rest.get(start + size + 2..).unwrap_or_default();
    }
    Bytes::from(out)
}
