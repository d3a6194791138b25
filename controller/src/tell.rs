//! Events of a target: what was done with revisions that the operator registered.
//!
//! Not one for each revision: a generation of a large fleet has thousands.

use firelens_store::{Event, EventType, StoreError};
use firelens_types::v1alpha1::Kind;

use crate::apply::Applied;
use crate::labels::COMPONENT;
use crate::report::Report;

/// The number of revisions that an event names; more are only counted.
const NAMED_MAX: usize = 5;

impl Report<'_> {
    /// Reports which revisions were deregistered, and why one could not be.
    ///
    /// # Errors
    /// The store fails.
    pub(crate) async fn tell_of_revisions(&self) -> Result<(), StoreError> {
        let events: Vec<Event> = events_of(self.applied)
            .into_iter()
            .map(|(event_type, reason, message)| Event {
                object_kind: Kind::AwsTarget.name().to_owned(),
                object_name: self.target().name().to_owned(),
                object_uid: self.target().uid().to_owned(),
                event_type,
                reason: reason.to_owned(),
                message,
                component: COMPONENT.to_owned(),
            })
            .collect();
        if events.is_empty() {
            return Ok(());
        }
        self.store().record_events(events).await
    }
}

fn events_of(applied: &Applied) -> Vec<(EventType, &'static str, String)> {
    let mut events = Vec::new();
    if !applied.deregistered.is_empty() {
        let message = format!(
            "deregistered task definitions of the operator that no service runs and that ECS cannot roll back to: {}",
            names(&applied.deregistered)
        );
        events.push((EventType::Normal, "RevisionsDeregistered", message));
    }
    if let Some(why) = &applied.not_deregistered {
        let message = format!(
            "cannot deregister a task definition of the operator that no longer runs; the role policies and files that it needs are kept until then: {why}"
        );
        events.push((EventType::Warning, "RevisionNotDeregistered", message));
    }
    events
}

/// Returns `FAMILY:REVISION` of the first, and how many more there are.
fn names(arns: &[String]) -> String {
    let short = |arn: &String| arn.rsplit('/').next().unwrap_or(arn).to_owned();
    let named: Vec<String> = arns.iter().take(NAMED_MAX).map(short).collect();
    let named = named.join(", ");
    match arns.len().saturating_sub(NAMED_MAX) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_names_a_few_revisions_and_counts_the_rest() {
        let arn =
            |number| format!("arn:aws:ecs:us-east-1:111122223333:task-definition/web:{number}");
        let arns: Vec<String> = (1..8).map(arn).collect();
        assert_eq!(names(&arns[..2]), "web:1, web:2");
        assert_eq!(names(&arns), "web:1, web:2, web:3, web:4, web:5 and 2 more");
    }
}
