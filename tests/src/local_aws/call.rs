//! The plain calls to a stand-in for AWS: JSON for ECS, forms and XML for the others.
//! They must not be signed with a real key.

use serde_json::{Value, json};

use super::{ACCOUNT, LocalAws, PATIENCE};

impl LocalAws {
    /// One call of the ECS API with this body, byte by byte.
    ///
    /// # Errors
    /// What it answered, where that is no success.
    pub fn try_ecs(&self, action: &str, body: &str) -> Result<Value, String> {
        let request = http::Request::post(&self.url)
            .header("content-type", "application/x-amz-json-1.1")
            .header(
                "x-amz-target",
                format!("AmazonEC2ContainerServiceV20141113.{action}"),
            );
        let text = self.send("ecs", request, body)?;
        serde_json::from_str(&text).map_err(|error| error.to_string())
    }

    /// The answer of an ECS call that must succeed.
    #[must_use]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "tests write documents in place"
    )]
    pub fn ecs(&self, action: &str, body: Value) -> Value {
        self.try_ecs(action, &body.to_string())
            .unwrap_or_else(|why| panic!("{action} {body}: {why}"))
    }

    /// The XML that an IAM call answers, which must succeed.
    pub(super) fn iam(&self, action: &str, parameters: &[(&str, &str)]) -> String {
        let answer = self.find_iam(action, parameters);
        answer.unwrap_or_else(|| panic!("{action} {parameters:?}: there is no such thing"))
    }

    /// The same of something that may be gone.
    pub(super) fn find_iam(&self, action: &str, parameters: &[(&str, &str)]) -> Option<String> {
        let mut body = format!("Action={action}&Version=2010-05-08");
        for (name, value) in parameters {
            body.push_str(&format!("&{name}={}", percent_encoded(value)));
        }
        let request = http::Request::post(&self.url)
            .header("content-type", "application/x-www-form-urlencoded");
        there(self.send("iam", request, &body))
            .unwrap_or_else(|why| panic!("{action} {parameters:?}: {why}"))
    }

    /// What an S3 call with a path answers, which must succeed.
    pub(super) fn s3(&self, method: &str, path: &str) -> String {
        let answer = self.find_s3(method, path);
        answer.unwrap_or_else(|| panic!("{method} {path}: there is no such thing"))
    }

    /// The same of something that may be gone.
    pub(super) fn find_s3(&self, method: &str, path: &str) -> Option<String> {
        let request = http::Request::builder()
            .method(method)
            .uri(format!("{}/{path}", self.url));
        there(self.send("s3", request, "")).unwrap_or_else(|why| panic!("{method} {path}: {why}"))
    }

    /// The stand-ins read service, account and region off the signature and check nothing else of it.
    fn send(
        &self,
        service: &str,
        request: http::request::Builder,
        body: &str,
    ) -> Result<String, String> {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .proxy(None)
            .timeout_global(Some(PATIENCE))
            .build()
            .into();
        let scope = format!("{ACCOUNT}/20260101/{}/{service}/aws4_request", self.region);
        let request = request
            .header(
                "authorization",
                format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=00"),
            )
            .body(body.to_owned())
            .expect("a request");
        let mut answer = agent.run(request).map_err(|error| error.to_string())?;
        let text = answer
            .body_mut()
            .read_to_string()
            .map_err(|error| error.to_string())?;
        if answer.status().is_success() {
            Ok(text)
        } else {
            Err(format!("{}: {text}", answer.status()))
        }
    }

    /// A subnet and a security group that are there: moto looks.
    pub(super) fn network(&self) -> Value {
        let ec2 = |action: &str, tag: &str| {
            let request = http::Request::post(&self.url)
                .header("content-type", "application/x-www-form-urlencoded");
            let body = format!("Action={action}&Version=2016-11-15");
            let answer = self
                .send("ec2", request, &body)
                .unwrap_or_else(|why| panic!("{action}: {why}"));
            let id = between(&answer, tag).into_iter().next();
            id.unwrap_or_else(|| panic!("{action}: {answer}"))
        };
        json!({"awsvpcConfiguration": {
            "subnets": [ec2("DescribeSubnets", "subnetId")],
            "securityGroups": [ec2("DescribeSecurityGroups", "groupId")],
        }})
    }
}

/// Turns a 404 into `None`.
fn there(answer: Result<String, String>) -> Result<Option<String>, String> {
    match answer {
        Ok(text) => Ok(Some(text)),
        Err(why) if why.starts_with("404 ") => Ok(None),
        Err(why) => Err(why),
    }
}

/// The texts of all elements of that name. The answers that are read so nest none in itself.
pub(super) fn between(xml: &str, tag: &str) -> Vec<String> {
    let (open, close) = (format!("<{tag}>"), format!("</{tag}>"));
    xml.split(&open)
        .skip(1)
        .filter_map(|rest| rest.split_once(&close))
        .map(|(text, _)| text.to_owned())
        .collect()
}

fn percent_encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}
