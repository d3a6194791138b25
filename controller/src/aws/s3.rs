//! S3: router configuration files under content-addressed keys.
//!
//! An existing object is not changed, except to restore its content: a key names its content. Of a destination one
//! page is listed, and no object is read.

use aws_sdk_s3::config::{Config, Region};
use aws_sdk_s3::primitives::ByteStream;
use firelens_aws::observe::LogDelivery;
use jiff::Timestamp;

use super::clients::AwsClients;
use super::error::{AwsError, AwsErrorKind};
use super::operation::Operation;
use super::times;

/// Name of the object metadata (`x-amz-meta-…`) that holds the SHA-256 of the content in hex.
pub const DIGEST_METADATA: &str = "firelens-sha256";

/// Type of router configuration files.
const CONTENT_TYPE: &str = "text/plain; charset=utf-8";

impl AwsClients {
    /// Returns the SHA-256 (hex) in an object's metadata; `None` when there is none.
    ///
    /// # Errors
    /// The call fails; `NotFound` when there is no such object. Without `s3:ListBucket` AWS answers
    /// `AccessDenied` for it instead
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html>).
    pub async fn head_object(&self, bucket: &str, key: &str) -> Result<Option<String>, AwsError> {
        let call = self.caller.begin(Operation::HEAD_OBJECT).await;
        let request = self.s3_reads.head_object().bucket(bucket).key(key);
        let result = request.customize().interceptor(call.probe()).send().await;
        let answer = self.caller.end(&call, result)?;
        let mut metadata = answer.metadata.unwrap_or_default();
        Ok(metadata.remove(DIGEST_METADATA))
    }

    /// Writes an object unless it exists. Encryption is left to the bucket's own settings.
    ///
    /// # Errors
    /// The call fails; repeating it is harmless.
    pub async fn put_object(
        &self,
        bucket: &str,
        key: &str,
        body: &str,
        sha256_hex: &str,
    ) -> Result<(), AwsError> {
        let first = self
            .put_object_once(bucket, key, body, sha256_hex, true)
            .await;
        match first {
            // It exists, and its key implies the same content.
            Err(error) if error.code == "PreconditionFailed" => Ok(()),
            // An S3-compatible store without conditional writes.
            Err(error) if error.code == "NotImplemented" => {
                self.put_object_once(bucket, key, body, sha256_hex, false)
                    .await
            }
            other => other,
        }
    }

    /// Restores the content of an object that was altered.
    ///
    /// # Errors
    /// The call fails; repeating it is harmless.
    pub async fn replace_object(
        &self,
        bucket: &str,
        key: &str,
        body: &str,
        sha256_hex: &str,
    ) -> Result<(), AwsError> {
        self.put_object_once(bucket, key, body, sha256_hex, false)
            .await
    }

    async fn put_object_once(
        &self,
        bucket: &str,
        key: &str,
        body: &str,
        sha256_hex: &str,
        only_if_absent: bool,
    ) -> Result<(), AwsError> {
        let call = self.caller.begin(Operation::PUT_OBJECT).await;
        let request = self
            .s3_writes
            .put_object()
            .bucket(bucket)
            .key(key)
            .content_type(CONTENT_TYPE)
            .metadata(DIGEST_METADATA, sha256_hex)
            .set_if_none_match(only_if_absent.then(|| "*".to_owned()))
            .body(ByteStream::from(body.as_bytes().to_vec()));
        let result = request.customize().interceptor(call.probe()).send().await;
        self.caller.end(&call, result)?;
        Ok(())
    }

    /// Returns when the newest object whose key begins with `prefix` was written.
    ///
    /// # Errors
    /// The call fails, or there are more objects than one page holds and none of that page was written
    /// since then.
    pub async fn newest_object(
        &self,
        region: &str,
        bucket: &str,
        prefix: &str,
        since: Timestamp,
    ) -> Result<LogDelivery, AwsError> {
        let operation = Operation::LIST_OBJECTS;
        let caller = self.caller.in_region(region);
        let call = caller.begin(operation).await;
        let request = self
            .s3_reads
            .list_objects_v2()
            .bucket(bucket)
            .prefix(prefix);
        let result = request
            .customize()
            .config_override(Config::builder().region(Region::new(region.to_owned())))
            .interceptor(call.probe())
            .send()
            .await;
        let page = caller.end(&call, result)?;
        let newest = page
            .contents()
            .iter()
            .filter_map(|object| times::from_sdk(object.last_modified()?))
            .max();
        match newest {
            Some(at) if at >= since => Ok(LogDelivery::Newest(at)),
            _ if page.is_truncated == Some(true) => {
                let message = format!("more objects begin with {prefix} than one page lists");
                let kind = AwsErrorKind::Server;
                Err(AwsError::new(operation, kind, "TooManyObjects", &message))
            }
            Some(at) => Ok(LogDelivery::Newest(at)),
            None => Ok(LogDelivery::Nothing),
        }
    }

    /// Removes an object; one that does not exist counts as removed.
    ///
    /// # Errors
    /// The call fails; repeating it is harmless.
    pub async fn delete_object(&self, bucket: &str, key: &str) -> Result<(), AwsError> {
        let call = self.caller.begin(Operation::DELETE_OBJECT).await;
        let request = self.s3_writes.delete_object().bucket(bucket).key(key);
        let result = request.customize().interceptor(call.probe()).send().await;
        match self.caller.end(&call, result) {
            Err(error) if error.kind == AwsErrorKind::NotFound => Ok(()),
            other => other.map(drop),
        }
    }
}
