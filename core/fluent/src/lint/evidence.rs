//! Whether a rollout that waits for its logs can ever see them.
//!
//! A destination that is not known counts as one where they can be seen.

use std::collections::BTreeMap;

use super::output::Output;
use super::policy::Subject;
use super::{Code, Findings};
use crate::locations;
use firelens_types::v1alpha1::{LogDestination, RouterType};

/// Checks `spec.rollout.requireLogs`.
pub(super) fn check(
    subject: &Subject<'_>,
    destinations: &BTreeMap<String, LogDestination>,
    findings: &mut Findings,
) {
    let spec = subject.spec;
    if !spec.rollout.require_logs {
        return;
    }
    let is_fluentd = spec.router.type_ == RouterType::Fluentd;
    let may_be_shown = spec.outputs.iter().any(|output| {
        let named = output.destination_ref.as_ref();
        let known = named.map(|named| destinations.get(&named.name));
        match (&output.destination, known) {
            (Some(destination), _) => shows(subject, &Output::of_spec("", destination)),
            (None, Some(Some(known))) => shows(subject, &Output::of_spec("", &known.spec)),
            // A destination that is not known, or the log groups that containers had.
            (None, Some(None) | None) => true,
        }
    });
    if is_fluentd || !may_be_shown {
        let message = match is_fluentd {
            true => "the destinations of a Fluentd router cannot be checked through AWS",
            false => "none of the destinations can be checked through AWS",
        };
        findings.add(Code::LogsNotShown, "spec.rollout.requireLogs", message);
    }
}

fn shows(subject: &Subject<'_>, outputs: &[Output]) -> bool {
    outputs
        .iter()
        .any(|output| locations::is_shown(subject.spec, &output.plugin, output.effective()))
}
