//! Calls that do not fit AWS's models: they get an error, and the test that made them fails.
//! The test fails when its handle is dropped, which then panics; the server itself continues.

#![allow(
    clippy::panic,
    reason = "a call that AWS does not know has failed the test"
)]

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use super::calls::{Call, Service};
use super::models;
use super::reply::{AwsError, Reply};
use super::state::Outcome;
use super::{Core, FakeAws, server};

/// The maximum number of misfits that a test shows.
const SHOWN: usize = 20;

/// What did not fit so far.
#[derive(Debug, Default)]
pub(super) struct Misfits {
    found: Mutex<Vec<String>>,
    allowed: AtomicBool,
    /// Seed of the members that no model knows.
    pub(super) strangers: Mutex<Option<u64>>,
}

impl Misfits {
    fn found(&self) -> Vec<String> {
        let misfits = self.found.lock();
        misfits.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The answer to a call of which `wrong` does not fit; none where all fits, or where the test wants such calls.
    fn evaluate(&self, call: &Call, part: &str, wrong: Vec<String>) -> Option<Outcome> {
        if wrong.is_empty() {
            return None;
        }
        let mut lines: Vec<String> = wrong
            .into_iter()
            .map(|wrong| format!("{} ({part}): {wrong}", call.operation))
            .collect();
        let message = lines.join("; ");
        let mut misfits = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        misfits.append(&mut lines);
        if self.allowed.load(Ordering::Relaxed) {
            return None;
        }
        let message = format!("not as AWS's models have it: {message}");
        let error = AwsError::new(400, "DoesNotFitTheModel", message);
        Some(Outcome::Answer(Reply::error(call.service, &error, false)))
    }

    /// As [`Self::evaluate`], for a request.
    pub(super) fn of_request(&self, call: &Call) -> Option<Outcome> {
        self.evaluate(call, "request", models::request(call))
    }

    /// The outcome of a call, unless its answer does not fit; with strangers where the test wants them.
    pub(super) fn of_outcome(&self, call: &Call, mut outcome: Outcome) -> Outcome {
        let Outcome::Answer(reply) = &mut outcome else {
            return outcome;
        };
        if let Some(misfit) = self.evaluate(call, "answer", models::answer(call, reply)) {
            return misfit;
        }
        let seed = self.strangers.lock();
        if let Some(seed) = *seed.unwrap_or_else(PoisonError::into_inner) {
            models::strangers::invite(seed, call, reply);
        }
        outcome
    }
}

impl FakeAws {
    /// Lets calls pass that do not fit AWS's models, for tests that send such ones on purpose.
    pub fn allow_misfits(&self) {
        self.core.misfits.allowed.store(true, Ordering::Relaxed);
    }

    /// What did not fit so far: operation, whether in the request or in the answer, path, and what is wrong.
    #[must_use]
    pub fn misfits(&self) -> Vec<String> {
        self.core.misfits.found()
    }

    /// Puts members that no model knows into the answers from now on, where and what as `seed` has it; none ends it.
    pub fn invite_strangers(&self, seed: Option<u64>) {
        let strangers = self.core.misfits.strangers.lock();
        *strangers.unwrap_or_else(PoisonError::into_inner) = seed;
    }
}

/// What of an answer of ECS AWS's models do not have, each as `path: what`; nothing where there are no models.
#[must_use]
pub fn misfits_of_answer(operation: &str, answer: &Value) -> Vec<String> {
    models::document(Service::Ecs, operation, answer).unwrap_or_default()
}

/// What each handle of a test holds: keeps the server up, and fails the test when something did not fit.
#[derive(Clone)]
pub(super) struct Held {
    pub(super) core: Arc<Core>,
    pub(super) _server: Arc<server::Guard>,
}

impl Drop for Held {
    fn drop(&mut self) {
        let misfits = self.core.misfits.found();
        let allowed = self.core.misfits.allowed.load(Ordering::Relaxed);
        // The first failure of a test is the one to read.
        if misfits.is_empty() || allowed || std::thread::panicking() {
            return;
        }
        let shown: Vec<&str> = misfits.iter().take(SHOWN).map(String::as_str).collect();
        panic!(
            "{} things in calls are not as AWS's models have them:\n{}",
            misfits.len(),
            shown.join("\n")
        );
    }
}
