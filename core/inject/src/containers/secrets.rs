//! Secret options that the ECS agent takes for ours.
//!
//! What counts is whose option it is, not the value of the secret.

use firelens_taskdef::{ContainerView, TaskDefinitionDoc};

use crate::containers::Routed;
use crate::refusal::{Reason, Refusal};

/// Refuses a task in which a container that is left out has secret options of its own log driver.
///
/// The agent collects the secret options of all containers of a FireLens task, whatever their driver,
/// and makes an output of each. Such an output has no name, so that the task ends before it starts.
/// Source: `collectFirelensLogEnvOptions` in
/// <https://github.com/aws/amazon-ecs-agent/blob/master/agent/api/task/task.go>.
pub(crate) fn refuse_of_other_drivers(
    doc: &TaskDefinitionDoc,
    routed: &[Routed],
) -> Result<(), Refusal> {
    let is_routed = |name: &str| routed.iter().any(|one| one.name == name);
    let others: Vec<String> = doc
        .containers()
        .filter(ContainerView::has_secret_options)
        .filter(|container| !is_routed(&container.name_text()))
        .filter_map(|container| {
            let driver = container.log_driver()?;
            (driver != "awsfirelens").then(|| format!("{} ({driver})", container.name()))
        })
        .collect();
    if others.is_empty() {
        return Ok(());
    }
    Err(Refusal::new(
        Reason::SecretOfOtherDriver,
        format!(
            "the log configuration of these containers has secretOptions, from which the ECS agent would create a \
             FireLens output without a name, so that the whole task stops: {}; route these containers as well, or pass \
             the secret to their log driver in another way",
            others.join(", ")
        ),
    ))
}
