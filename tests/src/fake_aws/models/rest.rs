//! Requests and answers of S3 as values of their shapes: members travel in the path, the query, headers and the body.
//! <https://smithy.io/2.0/aws/protocols/aws-restxml-protocol.html>
//! A streamed body is not read: an object may hold anything.

use serde_json::{Map, Value};

use super::{Model, shape_of, typed, xml};
use crate::fake_aws::calls::Call;
use crate::fake_aws::reply::Reply;

/// Headers and parameters of every request: signing, retries, checksums of the framing.
const TRANSPORT: [&str; 9] = [
    "content-type",
    "x-amz-content-sha256",
    "x-amz-date",
    "x-amz-decoded-content-length",
    "x-amz-security-token",
    "x-amz-te",
    "x-amz-trailer",
    "x-amz-user-agent",
    "x-id",
];

/// The input of a call, and what of it belongs to no member.
pub(super) fn request(model: &Model, shape: &str, call: &Call) -> (Value, Vec<String>) {
    let mut reader = Reader::new(model, shape);
    let uri = model.content["http"]["requestUri"].as_str().unwrap_or("");
    for (name, value) in call.params.as_object().into_iter().flatten() {
        let text = value.as_str().unwrap_or("");
        match name.as_str() {
            "headers" => {
                for (name, value) in value.as_object().into_iter().flatten() {
                    reader.header(name, value.as_str().unwrap_or(""));
                }
            }
            // The path has every one of them, the operation not.
            "Bucket" | "Key" if text.is_empty() => {}
            "Bucket" | "Key" => reader.put("uri", name, text),
            _ if uri.contains(name.as_str()) => {}
            _ => reader.put("querystring", name, text),
        }
    }
    reader.end()
}

/// The output of an answer, and what of it belongs to no member.
pub(super) fn answer(model: &Model, shape: &str, reply: &Reply) -> (Value, Vec<String>) {
    let mut reader = Reader::new(model, shape);
    for (name, value) in &reply.headers {
        reader.header(name, value);
    }
    let streamed = model.shape(shape)["payload"].is_string();
    if model.content["name"] == "GetBucketLocation" {
        // The one document that is a member, not a structure; us-east-1 is told as nothing.
        match xml::parse(&reply.body) {
            Ok(root) if !root.text.is_empty() => {
                let region = Value::from(root.text);
                reader
                    .members
                    .insert("LocationConstraint".to_owned(), region);
            }
            Ok(_) => {}
            Err(error) => reader.wrong.push(error),
        }
    } else if !reply.body.is_empty() && !streamed {
        match xml::parse(&reply.body) {
            Ok(root) => {
                let body = xml::structure(model, shape, &root, &mut reader.wrong);
                reader
                    .members
                    .extend(body.as_object().cloned().unwrap_or_default());
            }
            Err(error) => reader.wrong.push(error),
        }
    }
    reader.end()
}

struct Reader<'a> {
    model: &'a Model,
    shape: &'a str,
    members: Map<String, Value>,
    wrong: Vec<String>,
}

impl<'a> Reader<'a> {
    fn new(model: &'a Model, shape: &'a str) -> Self {
        Self {
            model,
            shape,
            members: Map::new(),
            wrong: Vec::new(),
        }
    }

    /// Reads a header. Standard headers that the model does not name are ignored.
    fn header(&mut self, name: &str, text: &str) {
        let prefixes = self.model.members(self.shape);
        let of_map = prefixes
            .filter(|(_, member)| member["location"] == "headers")
            .any(|(_, member)| {
                let prefix = member["locationName"].as_str().unwrap_or("");
                name.starts_with(&prefix.to_ascii_lowercase())
            });
        let known = self.find("header", name).is_some();
        if !of_map && (known || name.starts_with("x-amz-")) {
            self.put("header", name, text);
        }
    }

    fn find(&self, location: &str, at: &str) -> Option<(&'a str, &'a Value)> {
        self.model.members(self.shape).find(|(name, member)| {
            member["location"] == location
                && member["locationName"]
                    .as_str()
                    .unwrap_or(name)
                    .eq_ignore_ascii_case(at)
        })
    }

    fn put(&mut self, location: &str, at: &str, text: &str) {
        match self.find(location, at) {
            Some((name, member)) => {
                let kind = self.model.shape(shape_of(member))["type"].as_str();
                let value = match kind.unwrap_or("") {
                    // Headers have dates of their own form.
                    "timestamp" => Value::from(0),
                    "list" => Value::Array(text.split(',').map(Value::from).collect()),
                    kind => typed(kind, text),
                };
                self.members.insert(name.to_owned(), value);
            }
            None if TRANSPORT.contains(&at) => {}
            None => {
                let shape = self.shape;
                self.wrong.push(format!("{at}: {shape} has no such member"));
            }
        }
    }

    fn end(self) -> (Value, Vec<String>) {
        (Value::Object(self.members), self.wrong)
    }
}
