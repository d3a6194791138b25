//! The outputs of a policy, looked up and compiled for one task.
//!
//! Outputs that no routed container uses are left out: their permissions would be asked for in vain.

use std::collections::BTreeMap;

use firelens_fluent::outputs::{CompiledOutput, ImageLine, OutputInUse, OutputScope};
use firelens_fluent::text::check_pattern;
use firelens_types::v1alpha1::{LogDestinationSpec, Output};

use crate::containers::Routed;
use crate::context::TargetContext;
use crate::refusal::{Reason, Refusal};

/// The outputs that are used, by their place in the policy.
pub(crate) fn compile(
    target: &TargetContext<'_>,
    used: &[usize],
) -> Result<BTreeMap<usize, CompiledOutput>, Refusal> {
    let scope = OutputScope {
        region: target.region,
        account_id: target.account_id,
        partition: target.partition,
        image_line: ImageLine::of(&target.policy.spec.router.image),
    };
    let mut compiled = BTreeMap::new();
    for (index, output) in target
        .policy
        .spec
        .outputs
        .iter()
        .enumerate()
        .filter(|(index, _)| used.contains(index))
    {
        let (destination, place) = destination_of(target, index, output)?;
        let router = target.policy.spec.router.type_;
        let mut one = firelens_fluent::outputs::compile_for(router, destination, &scope).map_err(
            |error| {
                Refusal::new(
                    Reason::InvalidOutput,
                    format!("{place}.{}: {}", error.field, error.message),
                )
            },
        )?;
        for (field, pattern) in [
            ("includePattern", &output.include_pattern),
            ("excludePattern", &output.exclude_pattern),
        ] {
            if let Some(problem) = pattern
                .as_ref()
                .and_then(|pattern| check_pattern(pattern).err())
            {
                let message = format!("spec.outputs[{index}].{field}: {problem}");
                return Err(Refusal::new(Reason::InvalidOutput, message));
            }
        }
        one.name = Some(output.name.clone());
        one.include_pattern.clone_from(&output.include_pattern);
        one.exclude_pattern.clone_from(&output.exclude_pattern);
        compiled.insert(index, one);
    }
    Ok(compiled)
}

/// The outputs, each with its containers.
pub(crate) fn in_use(
    routed: &[Routed],
    outputs: &BTreeMap<usize, CompiledOutput>,
) -> Vec<OutputInUse> {
    let users = |index: &usize| {
        let users = routed.iter().filter(|one| one.outputs.contains(index));
        users.map(|one| one.name.clone()).collect()
    };
    outputs
        .iter()
        .map(|(index, output)| OutputInUse {
            name: output.name.clone().unwrap_or_default(),
            plugin: output.plugin.clone(),
            options: output.options.clone(),
            containers: users(index),
        })
        .collect()
}

/// The destination of an output, and how messages name it.
fn destination_of<'a>(
    target: &TargetContext<'a>,
    index: usize,
    output: &'a Output,
) -> Result<(&'a LogDestinationSpec, String), Refusal> {
    if let Some(destination) = &output.destination {
        return Ok((destination, format!("spec.outputs[{index}].destination")));
    }
    let name = output
        .destination_ref
        .as_ref()
        .map(|reference| reference.name.as_str())
        .unwrap_or_default();
    match target.destinations.get(name) {
        Some(found) => Ok((&found.spec, format!("LogDestination {name}: spec"))),
        None => Err(Refusal::new(
            Reason::DestinationMissing,
            format!(
                "spec.outputs[{index}] references the LogDestination {name:?}, which does not exist; create it"
            ),
        )),
    }
}
