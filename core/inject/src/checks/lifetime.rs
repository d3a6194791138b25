//! What ends a task: its essential containers, and what the router does to that.
//!
//! An injection that would make a job run for ever is refused; one that can lose logs gets a note.
//! Source: `essential` in
//! <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html>.

use firelens_taskdef::TaskDefinitionDoc;
use firelens_types::v1alpha1::{HealthCheckType, Router};

use crate::refusal::{Note, NoteCode, Reason, Refusal};

/// Path of Fluent Bit's check that fails when outputs fail.
/// <https://docs.fluentbit.io/manual/administration/monitoring>
const DEEP_CHECK: &str = "/api/v1/health";

/// Refuses a task that nobody but the router would end, or keep; notes what a router that is not
/// essential means, and an essential one with a deep health check.
pub(crate) fn check(
    doc: &TaskDefinitionDoc,
    router: &Router,
    notes: &mut Vec<Note>,
) -> Result<(), Refusal> {
    let essential = doc
        .containers()
        .any(|container| !container.is_router() && container.essential());
    if !essential {
        return Err(Refusal::new(
            Reason::NoEssentialContainer,
            if router.essential {
                "no container besides the router is essential: the router never exits, so the task would keep running \
                 after its work is done; mark the container that does the work as essential"
            } else {
                "no container besides the router is essential, router.essential is false, and ECS rejects task \
                 definitions without an essential container; mark the container that does the work as essential"
            },
        ));
    }
    if !router.essential {
        notes.push(Note::new(
            NoteCode::RouterNotEssential,
            "router.essential is false: when the router stops, the task keeps running and its logs are lost without \
             notice",
        ));
    }
    let deep = router.health_check.type_ == HealthCheckType::Custom
        && router
            .health_check
            .command
            .iter()
            .any(|word| word.contains(DEEP_CHECK));
    if deep && router.essential {
        notes.push(Note::new(
            NoteCode::DeepHealthCheck,
            format!(
                "router.healthCheck.command requests {DEEP_CHECK}, which fails when a destination fails, and the \
                 router is essential: an outage of the destination restarts every task; request /api/v1/uptime instead"
            ),
        ));
    }
    Ok(())
}
