//! Checks that passes which change nothing do not requeue at once, one after the other.
#![allow(clippy::expect_used)]

use std::collections::BTreeMap;
use std::time::Duration;

use firelens_aws::record::{WorkloadKey, WorkloadRecord};
use firelens_controller::PassOutcome;
use jiff::{SignedDuration, Timestamp};

use super::Harness;

/// A pass that is asked for sooner than this is asked for at once.
const AT_ONCE: Duration = Duration::from_secs(5);

/// A pass that asked for another one at once.
#[derive(Debug)]
pub(super) struct Restless {
    due: Timestamp,
    left: Trace,
    /// It left what the pass before it had left, which had asked for it at once.
    changed_nothing: bool,
}

/// What tells whether anything has changed.
#[derive(Debug, PartialEq)]
struct Trace {
    writes: usize,
    resource_version: i64,
    records: BTreeMap<WorkloadKey, WorkloadRecord>,
}

impl Harness {
    /// No pass that was asked for at once and changed nothing asks for another one at once, twice in a row. One
    /// that came before its time tells nothing. What a pass took itself counts: with many calls to IAM it
    /// waits seconds for its budget.
    pub(super) async fn assert_restful(
        &mut self,
        target: &str,
        began: Timestamp,
        outcome: &PassOutcome,
    ) {
        let before = self.restless.remove(target);
        let took = Duration::try_from(self.fake.now().duration_since(began)).unwrap_or_default();
        if took.saturating_add(outcome.requeue_after) >= AT_ONCE {
            return;
        }
        let left = self.trace(target).await;
        let before = before.filter(|before| began >= before.due);
        let changed_nothing = before.as_ref().is_some_and(|before| before.left == left);
        assert!(
            !changed_nothing || before.is_none_or(|before| !before.changed_nothing),
            "two passes over {target} changed nothing and asked for another one at once: {outcome:?}"
        );
        let asked = SignedDuration::try_from(outcome.requeue_after).unwrap_or_default();
        let due = self.fake.now() + asked;
        let restless = Restless {
            due,
            left,
            changed_nothing,
        };
        self.restless.insert(target.to_owned(), restless);
    }

    async fn trace(&self, target: &str) -> Trace {
        let head = self.store.head().await.expect("a readable store");
        let records = self.store.records(target).await;
        Trace {
            writes: self.fake.write_count(),
            resource_version: head.resource_version,
            records: records.expect("a readable store"),
        }
    }
}
