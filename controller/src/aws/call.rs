//! One call to AWS from its budget to its metrics.
//!
//! Every call of every service goes through here, so that everything that is sent is paid for and counted.

use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use bytes::Bytes;

use super::budget::Budgets;
use super::error::{AwsError, classify};
use super::operation::Operation;
use super::probe::Probe;
use crate::clock::Clock;
use crate::metrics::Metrics;

/// Pays for, watches and counts the calls of one target.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    pub(super) account_id: String,
    pub(super) region: String,
    pub(super) budgets: Arc<Budgets>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) metrics: Metrics,
}

/// A call that is paid for and under way.
#[derive(Debug)]
pub(super) struct Call {
    operation: Operation,
    probe: Probe,
    started: Duration,
}

impl Call {
    /// The interceptor to send the call with.
    pub(super) fn probe(&self) -> Probe {
        self.probe.clone()
    }

    /// Returns the raw text of the answer.
    pub(super) fn raw_answer(&self) -> Result<String, AwsError> {
        self.probe.raw_answer().ok_or_else(|| {
            let kind = if self.operation.write {
                super::AwsErrorKind::Ambiguous
            } else {
                super::AwsErrorKind::Server
            };
            let message = "the response is larger than 16 MiB or is not text";
            AwsError::new(self.operation, kind, "UnreadableAnswer", message)
        })
    }
}

impl Caller {
    /// Returns the same for calls to another region, which has budgets of its own.
    pub(super) fn in_region(&self, region: &str) -> Self {
        Self {
            region: region.to_owned(),
            ..self.clone()
        }
    }

    /// Waits for the budget of `operation`.
    pub(super) async fn begin(&self, operation: Operation) -> Call {
        self.begin_with_body(operation, None).await
    }

    /// Waits for the budget of `operation`; `body` replaces the request body.
    pub(super) async fn begin_with_body(&self, operation: Operation, body: Option<Bytes>) -> Call {
        let bucket = self
            .budgets
            .bucket(&self.account_id, &self.region, operation.bucket);
        bucket.acquire().await;
        Call {
            operation,
            probe: Probe::new(bucket, body, operation.service == "ecs"),
            started: self.clock.elapsed(),
        }
    }

    /// Classifies and counts how the call ended.
    pub(super) fn end<T, E>(
        &self,
        call: &Call,
        result: Result<T, SdkError<E, HttpResponse>>,
    ) -> Result<T, AwsError>
    where
        E: ProvideErrorMetadata + StdError + 'static,
    {
        let operation = call.operation;
        let result = result.map_err(|error| {
            let error = classify(operation, &error, call.probe.was_sent());
            error.explained(operation, &self.account_id, &self.region)
        });
        let outcome = result
            .as_ref()
            .err()
            .map_or("ok", |error| error.kind.outcome());
        self.metrics
            .aws_requests
            .with_label_values(&[operation.service, operation.name, outcome])
            .inc();
        let took = self.clock.elapsed().saturating_sub(call.started);
        self.metrics
            .aws_request_seconds
            .with_label_values(&[operation.service, operation.name])
            .observe(took.as_secs_f64());
        if let Err(error) = &result {
            if error.is_about_credentials() {
                self.metrics.credentials_errors.inc();
            }
            tracing::debug!(
                account = self.account_id,
                region = self.region,
                operation = operation.name,
                code = error.code,
                error = %error.message,
                "call to AWS failed"
            );
        }
        result
    }
}
