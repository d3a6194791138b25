//! S3: buckets and objects, strongly consistent, with conditional writes.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html>

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::Value;

use super::calls::Call;
use super::reply::{AwsError, Reply, escape, http_date, iso};

const MAX_KEYS: usize = 1000;

#[derive(Debug)]
pub(super) struct Bucket {
    pub(super) region: String,
    pub(super) owner: String,
    pub(super) objects: BTreeMap<String, Object>,
}

#[derive(Clone, Debug)]
pub(super) struct Object {
    pub(super) body: Bytes,
    /// `content-type` and `x-amz-meta-*` as they were put.
    headers: BTreeMap<String, String>,
    at_ms: i64,
}

impl Object {
    pub(super) fn new(body: Bytes, at_ms: i64) -> Self {
        Self {
            body,
            headers: BTreeMap::new(),
            at_ms,
        }
    }

    /// Any text that changes with the content: FNV-1a, 128 bits.
    fn etag(&self) -> String {
        let hash = self.body.iter().fold(
            0x6c62_272e_07bb_0142_62b8_2175_6295_c58d_u128,
            |hash, byte| (hash ^ u128::from(*byte)).wrapping_mul(0x0100_0000_0000_0000_0000_013b),
        );
        format!("\"{hash:032x}\"")
    }
}

pub(super) fn execute(
    buckets: &mut BTreeMap<String, Bucket>,
    call: &Call,
    now_ms: i64,
) -> Result<Reply, AwsError> {
    let bucket = buckets
        .get_mut(call.text("Bucket"))
        .ok_or_else(|| AwsError::new(404, "NoSuchBucket", "The specified bucket does not exist"))?;
    let expected = header(call, "x-amz-expected-bucket-owner");
    if bucket.owner != call.place.account || expected.is_some_and(|owner| owner != bucket.owner) {
        return Err(AwsError::new(403, "AccessDenied", "Access Denied"));
    }
    if call.operation == "GetBucketLocation" {
        return Ok(location(bucket));
    }
    if bucket.region != call.place.region {
        let error = AwsError::new(
            301,
            "PermanentRedirect",
            "The bucket you are attempting to access must be addressed using the specified endpoint.",
        );
        let head = call.operation.starts_with("Head");
        return Ok(Reply::error(call.service, &error, head)
            .with("x-amz-bucket-region", bucket.region.clone()));
    }
    let key = call.text("Key");
    match call.operation.as_str() {
        "HeadBucket" => Ok(Reply::empty(200).with("x-amz-bucket-region", bucket.region.clone())),
        "ListObjectsV2" => Ok(list(bucket, call)),
        "HeadObject" | "GetObject" => read(bucket, call, key),
        "PutObject" => put(bucket, call, key, now_ms),
        "DeleteObject" => {
            bucket.objects.remove(key);
            Ok(Reply::empty(204))
        }
        other => Err(AwsError::new(
            501,
            "NotImplemented",
            format!("the fake AWS does not speak {other}"),
        )),
    }
}

fn header<'a>(call: &'a Call, name: &str) -> Option<&'a str> {
    call.params["headers"].get(name).and_then(Value::as_str)
}

fn location(bucket: &Bucket) -> Reply {
    // us-east-1 is told as nothing.
    let region = if bucket.region == "us-east-1" {
        ""
    } else {
        &bucket.region
    };
    Reply::xml(
        200,
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
             <LocationConstraint xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{region}\
             </LocationConstraint>"
        ),
    )
}

fn read(bucket: &Bucket, call: &Call, key: &str) -> Result<Reply, AwsError> {
    let object = bucket
        .objects
        .get(key)
        .ok_or_else(|| AwsError::new(404, "NoSuchKey", "The specified key does not exist."))?;
    let mut reply = Reply::empty(200)
        .with("etag", object.etag())
        .with("last-modified", http_date(object.at_ms));
    for (name, value) in &object.headers {
        reply = reply.with(name, value.clone());
    }
    if call.operation == "GetObject" {
        reply.body = object.body.clone();
    } else {
        reply = reply.with("content-length", object.body.len().to_string());
    }
    Ok(reply)
}

fn put(bucket: &mut Bucket, call: &Call, key: &str, now_ms: i64) -> Result<Reply, AwsError> {
    let old = bucket.objects.get(key).map(Object::etag);
    let refused = match (header(call, "if-none-match"), header(call, "if-match")) {
        (Some("*"), _) => old.is_some(),
        (_, Some(wanted)) => old.as_deref() != Some(wanted),
        _ => false,
    };
    if refused {
        return Err(AwsError::new(
            412,
            "PreconditionFailed",
            "At least one of the pre-conditions you specified did not hold",
        ));
    }
    let mut object = Object::new(call.body.clone(), now_ms);
    if let Some(headers) = call.params["headers"].as_object() {
        object.headers = headers
            .iter()
            .filter(|(name, _)| *name == "content-type" || name.starts_with("x-amz-meta-"))
            .map(|(name, value)| (name.clone(), value.as_str().unwrap_or("").to_owned()))
            .collect();
    }
    let etag = object.etag();
    bucket.objects.insert(key.to_owned(), object);
    Ok(Reply::empty(200).with("etag", etag))
}

fn list(bucket: &Bucket, call: &Call) -> Reply {
    let prefix = call.text("prefix");
    let size = call
        .text("max-keys")
        .parse()
        .unwrap_or(MAX_KEYS)
        .min(MAX_KEYS);
    let after = match call.text("continuation-token") {
        "" => call.text("start-after"),
        token => token,
    };
    let matching: Vec<(&String, &Object)> = bucket
        .objects
        .iter()
        .filter(|(key, _)| key.starts_with(prefix) && key.as_str() > after)
        .collect();
    let truncated = matching.len() > size;
    let taken = &matching[..matching.len().min(size)];
    let contents: String = taken
        .iter()
        .map(|(key, object)| {
            format!(
                "<Contents><Key>{}</Key><LastModified>{}</LastModified><ETag>{}</ETag>\
                 <Size>{}</Size><StorageClass>STANDARD</StorageClass></Contents>",
                escape(key),
                iso(object.at_ms),
                escape(&object.etag()),
                object.body.len()
            )
        })
        .collect();
    let next = match taken.last() {
        Some((key, _)) if truncated => format!(
            "<NextContinuationToken>{}</NextContinuationToken>",
            escape(key)
        ),
        _ => String::new(),
    };
    Reply::xml(
        200,
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
             <ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
             <Name>{}</Name><Prefix>{}</Prefix><KeyCount>{}</KeyCount><MaxKeys>{size}</MaxKeys>\
             <IsTruncated>{truncated}</IsTruncated>{next}{contents}</ListBucketResult>",
            escape(call.text("Bucket")),
            escape(prefix),
            taken.len()
        ),
    )
}
