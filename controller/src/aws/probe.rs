//! An interceptor on every call: captures raw bodies, replaces and guards the request body, and pays for the
//! retries of the SDK.
//!
//! It must never log a body: task definitions are marked sensitive by the SDK.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::{
    AfterDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextMut,
    BeforeTransmitInterceptorContextRef,
};
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;
use bytes::Bytes;

use super::budget::TokenBucket;
use super::error::is_throttling;

/// The largest body whose raw text is kept, in bytes. A `DescribeServices` answer contains ten services with a
/// hundred events each.
const MAX_RAW_BODY_BYTES: usize = 16 * 1024 * 1024;

/// Watches one call; clones watch the same one.
#[derive(Clone, Debug)]
pub(super) struct Probe(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    bucket: Arc<TokenBucket>,
    attempts: AtomicU32,
    sent: AtomicBool,
    body_to_send: Option<Bytes>,
    keep_raw: bool,
    raw_answer: Mutex<Option<Bytes>>,
}

impl Probe {
    /// Watches a call whose first attempt is paid for. `body_to_send` replaces the body that the SDK made from the
    /// typed input; `keep_raw` keeps the text of the answer.
    pub(super) fn new(
        bucket: Arc<TokenBucket>,
        body_to_send: Option<Bytes>,
        keep_raw: bool,
    ) -> Self {
        Self(Arc::new(Inner {
            bucket,
            attempts: AtomicU32::new(0),
            sent: AtomicBool::new(false),
            body_to_send,
            keep_raw,
            raw_answer: Mutex::new(None),
        }))
    }

    /// Whether any attempt was sent.
    pub(super) fn was_sent(&self) -> bool {
        self.0.sent.load(Ordering::SeqCst)
    }

    /// The raw body of the last answer, when it was text.
    pub(super) fn raw_answer(&self) -> Option<String> {
        let mut raw = self
            .0
            .raw_answer
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        String::from_utf8(raw.take()?.to_vec()).ok()
    }
}

/// The error code in an AWS JSON error body, without its namespace.
fn error_code(body: &[u8]) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Error {
        #[serde(rename = "__type")]
        type_: String,
    }
    let error: Error = serde_json::from_slice(body).ok()?;
    error.type_.rsplit('#').next().map(str::to_owned)
}

#[dyn_dispatch_hint]
impl Intercept for Probe {
    fn name(&self) -> &'static str {
        "FirelensProbe"
    }

    /// Retries are paid on credit: the SDK cannot be made to wait here.
    fn read_before_attempt(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if self.0.attempts.fetch_add(1, Ordering::SeqCst) > 0 {
            self.0.bucket.debit();
        }
        Ok(())
    }

    /// Replaces the document that the SDK made by ours, before it is signed. The length must be corrected too: the
    /// SDK sends a body cut to the old length and reports success.
    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(body) = &self.0.body_to_send {
            let request = context.request_mut();
            *request.body_mut() = SdkBody::from(body.clone());
            request
                .headers_mut()
                .try_insert("content-length", body.len().to_string())?;
        }
        Ok(())
    }

    /// The last check before sending: the request is what was planned, byte for byte.
    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(planned) = &self.0.body_to_send {
            let request = context.request();
            let length = request.headers().get("content-length");
            if request.body().bytes() != Some(planned)
                || length != Some(planned.len().to_string().as_str())
            {
                return Err("the request differs from what was planned; it was not sent".into());
            }
        }
        self.0.sent.store(true, Ordering::SeqCst);
        Ok(())
    }

    /// The body is read after `read_before_deserialization`, so this is the first hook that sees it.
    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response();
        let body = response.body().bytes().unwrap_or_default();
        let status = response.status();
        let throttled = status.as_u16() == 429
            || (!status.is_success() && error_code(body).is_some_and(|code| is_throttling(&code)));
        if throttled {
            self.0.bucket.throttled();
        }
        if self.0.keep_raw && status.is_success() && body.len() <= MAX_RAW_BODY_BYTES {
            let mut raw = self
                .0
                .raw_answer
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            *raw = Some(Bytes::copy_from_slice(body));
        }
        Ok(())
    }
}
