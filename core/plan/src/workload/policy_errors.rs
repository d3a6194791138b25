//! The linter's errors of the policies, once for all workloads of a pass.
//!
//! Only errors of policies in `Enforce` stop something, and only a change: what already runs is left.

use std::collections::BTreeMap;

use crate::input::PlanInput;
use firelens_fluent::lint::{self, Finding};
use firelens_inject::{Reason, Refusal};
use firelens_types::v1alpha1::{LoggingPolicy, Mode};

/// The number of findings that a refusal names; more are only counted.
const NAMED: usize = 3;

/// Errors by uid of the policy.
#[derive(Debug, Default)]
pub(crate) struct PolicyErrors(BTreeMap<String, Vec<Finding>>);

impl PolicyErrors {
    pub(crate) fn of(input: &PlanInput<'_>) -> Self {
        let enforced = input
            .policies
            .iter()
            .filter(|policy| policy.spec.mode == Mode::Enforce && !policy.is_deleting());
        let errors = enforced.filter_map(|policy| {
            let mut findings = lint::policy(policy, input.destinations, None);
            findings.retain(Finding::is_error);
            (!findings.is_empty()).then(|| (policy.uid().to_owned(), findings))
        });
        Self(errors.collect())
    }

    /// Returns why this policy is not carried out, if it is not.
    pub(crate) fn refusal(&self, policy: &LoggingPolicy) -> Option<Refusal> {
        let errors = self.0.get(policy.uid())?;
        let mut named: Vec<String> = errors.iter().take(NAMED).map(Finding::to_string).collect();
        let more = errors.len().saturating_sub(NAMED);
        if more > 0 {
            named.push(format!("and {more} more"));
        }
        Some(Refusal::new(Reason::PolicyHasErrors, named.join("; ")))
    }
}
