//! Compares a workload that is about to change with the container instances of its cluster.
//!
//! Requests the instances only where a task on EC2 is about to change: an unchanged fleet costs nothing here.
//! Instances that could not be read stop the change: a task that no instance can place would leave the deployment
//! unfinished.

use crate::input::PlanInput;
use crate::model::{Decision, Wait};
use crate::select::launch_type;
use crate::workload::draft::Draft;
use firelens_aws::fit::{Footprint, InstanceFit, added_attributes, compare};
use firelens_aws::observe::{Needs, Observed};
use firelens_aws::size::TaskSize;
use firelens_inject::{Note, NoteCode, Reason, Refusal};
use firelens_taskdef::TaskDefinitionDoc;
use firelens_types::v1alpha1::LaunchType;

/// What a change from one revision to another requires of the instances.
pub(crate) fn footprint(from: &TaskDefinitionDoc, to: &TaskDefinitionDoc) -> Footprint {
    Footprint {
        attributes: added_attributes(to, from),
        before: TaskSize::taken_by(from),
        after: TaskSize::taken_by(to),
    }
}

/// Returns what prevents the change, if anything, and notes for people.
pub(crate) fn evaluate(
    input: &PlanInput<'_>,
    draft: &Draft<'_>,
    needs: &mut Needs,
) -> (Option<Decision>, Vec<Note>) {
    let asks = draft
        .desired
        .change
        .as_ref()
        .and_then(|change| change.footprint.as_ref());
    let Some(mut footprint) = asks
        .cloned()
        .filter(|_| launch_type(draft.service) == LaunchType::Ec2)
    else {
        return (None, Vec::new());
    };
    let wait = |read: String| (Some(Decision::Waiting(Wait::Read(read))), Vec::new());
    if let Err(read) = add_what_ecs_lists(input, draft, &mut footprint, needs) {
        return wait(read);
    }
    let cluster = &draft.cluster.arn;
    match input.observation.container_instances.get(cluster) {
        None => {
            needs.container_instances.insert(cluster.clone());
            wait(format!("reading the container instances of {cluster}"))
        }
        Some(Observed::Unknown(why)) => wait(format!(
            "cannot read the container instances of {cluster}: {why}"
        )),
        Some(Observed::Absent) => (None, Vec::new()),
        Some(Observed::Present(instances)) => {
            decide(&compare(&footprint, draft.service, instances), draft)
        }
    }
}

/// Once the revision is registered, ECS itself has listed its required attributes.
fn add_what_ecs_lists(
    input: &PlanInput<'_>,
    draft: &Draft<'_>,
    footprint: &mut Footprint,
    needs: &mut Needs,
) -> Result<(), String> {
    let seen = &input.observation.task_definitions;
    let wanted = draft.desired.change.as_ref().map(|change| &change.hash);
    let registered = draft.record.registered.as_ref();
    let Some(known) = registered.filter(|known| Some(&known.hash) == wanted) else {
        return Ok(());
    };
    let before = seen
        .get(&draft.service.task_definition)
        .and_then(Observed::present);
    match (seen.get(&known.arn), before) {
        (Some(Observed::Present(revision)), Some(before)) => {
            footprint
                .attributes
                .extend(added_attributes(revision, before));
            Ok(())
        }
        (None, _) => {
            needs.task_definitions.insert(known.arn.clone());
            Err(known.arn.clone())
        }
        // Without the list, what was computed from the content stays.
        _ => Ok(()),
    }
}

fn decide(fit: &InstanceFit, draft: &Draft<'_>) -> (Option<Decision>, Vec<Note>) {
    let cluster = &draft.cluster.name;
    let full = |message: String| Note::new(NoteCode::NoRoomOnInstances, message);
    match fit {
        InstanceFit::Fine => (None, Vec::new()),
        InstanceFit::NoInstances => (
            None,
            vec![full(format!(
                "cluster {cluster} has no container instance available for this service; its tasks start when one joins"
            ))],
        ),
        InstanceFit::Incapable {
            missing,
            newest_agent,
        } => {
            let newest = newest_agent.as_ref().map_or_else(String::new, |version| {
                format!(" (the newest agent there is {version})")
            });
            let message = format!(
                "no container instance of cluster {cluster} can place the task with the router: missing {}{newest}; \
                 update the ECS agents, or the AMI of the instances",
                InstanceFit::words(missing)
            );
            let refusal = Refusal::new(Reason::CapabilityMissing, message);
            (Some(Decision::Refused(refusal)), Vec::new())
        }
        InstanceFit::Tight {
            incapable,
            no_room,
            too_large,
        } => {
            let mut notes = Vec::new();
            if let Some((lacking, total)) = incapable {
                notes.push(Note::new(
                    NoteCode::SomeInstancesIncapable,
                    format!(
                        "{lacking} of {total} container instances of cluster {cluster} cannot run the router: their ECS \
                         agents are too old; tasks are placed on the others only"
                    ),
                ));
            }
            if *too_large {
                notes.push(full(format!(
                    "with the router the task is larger than any container instance of cluster {cluster}"
                )));
            } else if *no_room {
                notes.push(full(format!(
                    "no container instance of cluster {cluster} has room now for the task with the router; the \
                     deployment waits until one has"
                )));
            }
            (None, notes)
        }
    }
}
