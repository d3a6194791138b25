//! IAM: inline policies of roles, each under a name of our own.
//!
//! Managed policies, trust policies and policies under other names are never changed.

use firelens_aws::observe::RoleView;

use super::clients::AwsClients;
use super::error::{AwsError, AwsErrorKind};
use super::operation::Operation;

impl AwsClients {
    /// Returns a role and its permissions boundary.
    ///
    /// # Errors
    /// The call fails; `NotFound` when there is no such role.
    pub async fn get_role(&self, role: &str) -> Result<RoleView, AwsError> {
        let operation = Operation::GET_ROLE;
        let call = self.caller.begin(operation).await;
        let request = self.iam_reads.get_role().role_name(role);
        let result = request.customize().interceptor(call.probe()).send().await;
        let answer = self.caller.end(&call, result)?;
        let role = answer.role.ok_or_else(|| {
            let message = "the answer names no role";
            AwsError::new(operation, AwsErrorKind::Server, "UnreadableAnswer", message)
        })?;
        let boundary = role.permissions_boundary;
        let trust = role.assume_role_policy_document.as_deref();
        Ok(RoleView {
            arn: role.arn,
            permissions_boundary: boundary.and_then(|attached| attached.permissions_boundary_arn),
            trust: trust.map(percent_decoded),
            tags: role
                .tags
                .unwrap_or_default()
                .into_iter()
                .map(|tag| (tag.key, tag.value))
                .collect(),
        })
    }

    /// Returns the JSON text of an inline policy.
    ///
    /// # Errors
    /// The call fails; `NotFound` when the role or the policy does not exist.
    pub async fn get_role_policy(&self, role: &str, policy: &str) -> Result<String, AwsError> {
        let call = self.caller.begin(Operation::GET_ROLE_POLICY).await;
        let request = self
            .iam_reads
            .get_role_policy()
            .role_name(role)
            .policy_name(policy);
        let result = request.customize().interceptor(call.probe()).send().await;
        let answer = self.caller.end(&call, result)?;
        Ok(percent_decoded(&answer.policy_document))
    }

    /// Returns the names of the inline policies of a role.
    ///
    /// # Errors
    /// The call fails; `NotFound` when there is no such role.
    pub async fn list_role_policies(&self, role: &str) -> Result<Vec<String>, AwsError> {
        let mut names = Vec::new();
        let mut marker = None;
        // A role holds 10,240 characters of inline policies, so a few hundred policies at the very most.
        for _ in 0..10 {
            let call = self.caller.begin(Operation::LIST_ROLE_POLICIES).await;
            let request = self
                .iam_reads
                .list_role_policies()
                .role_name(role)
                .max_items(1000)
                .set_marker(marker);
            let result = request.customize().interceptor(call.probe()).send().await;
            let page = self.caller.end(&call, result)?;
            names.extend(page.policy_names);
            marker = page.marker.filter(|_| page.is_truncated);
            if marker.is_none() {
                break;
            }
        }
        Ok(names)
    }

    /// Writes an inline policy, replacing one of the same name.
    ///
    /// # Errors
    /// The call fails; repeating it is harmless.
    pub async fn put_role_policy(
        &self,
        role: &str,
        policy: &str,
        document: &str,
    ) -> Result<(), AwsError> {
        let call = self.caller.begin(Operation::PUT_ROLE_POLICY).await;
        let request = self
            .iam_writes
            .put_role_policy()
            .role_name(role)
            .policy_name(policy)
            .policy_document(document);
        let result = request.customize().interceptor(call.probe()).send().await;
        self.caller.end(&call, result)?;
        Ok(())
    }

    /// Removes an inline policy; one that does not exist counts as removed.
    ///
    /// # Errors
    /// The call fails; repeating it is harmless.
    pub async fn delete_role_policy(&self, role: &str, policy: &str) -> Result<(), AwsError> {
        let call = self.caller.begin(Operation::DELETE_ROLE_POLICY).await;
        let request = self
            .iam_writes
            .delete_role_policy()
            .role_name(role)
            .policy_name(policy);
        let result = request.customize().interceptor(call.probe()).send().await;
        match self.caller.end(&call, result) {
            Err(error) if error.kind == AwsErrorKind::NotFound => Ok(()),
            other => other.map(drop),
        }
    }
}

/// Decodes policy documents, which IAM returns percent-encoded (RFC 3986):
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRolePolicy.html>. Text that is not so encoded is
/// kept as it is, because emulators return plain JSON.
pub(super) fn percent_decoded(text: &str) -> String {
    if text.trim_start().starts_with('{') {
        return text.to_owned();
    }
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let hex = text.get(at + 1..at + 3);
        let escaped = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (byte, escaped) {
            (b'%', Some(value)) => {
                decoded.push(value);
                at += 3;
            }
            _ => {
                decoded.push(*byte);
                at += 1;
            }
        }
    }
    String::from_utf8(decoded).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policy_documents_are_decoded_and_plain_json_is_kept() {
        let encoded = "%7B%22Version%22%3A%222012-10-17%22%2C%20%22a%2Bb%22%3A%22%C3%BC%22%7D";
        let plain = r#"{"Version":"2012-10-17", "a+b":"ü"}"#;
        assert_eq!(percent_decoded(encoded), plain);
        let with_percent = r#"{"Resource":"100%25"}"#;
        assert_eq!(percent_decoded(with_percent), with_percent);
    }
}
