//! Where each output of a container is written: its log options, or the router file.
//!
//! Never both: the agent's `[OUTPUT]` and one of the file match the same tag, so every record would be
//! delivered twice.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use firelens_fluent::outputs::CompiledOutput;
use firelens_fluent::render::Route;
use firelens_fluent::text::VARIABLE_NAME_BYTES;
use firelens_taskdef::Source;
use firelens_types::v1alpha1::{Filter, FilterBlock, LoggingPolicySpec, RouterType};

use crate::containers;
use crate::containers::Routed;
use crate::delivery::{Way, fluentd};
use crate::routing::Routing;

/// What the log configuration of a routed container says.
pub(crate) fn log_configuration(
    way: Way<'_>,
    spec: &LoggingPolicySpec,
    container: &Routed,
    routing: &Routing,
) -> Arc<Source> {
    let inline = match way {
        Way::OwnFile { all, .. } => in_options(spec, container, &routing.outputs, all),
        Way::Options { .. } | Way::InImage(_) => container.outputs.first().copied(),
    };
    Arc::clone(routing.log_configuration(inline))
}

/// The containers with the outputs that stand in the router file. One without any is still there:
/// filters are for it all the same.
pub(crate) fn in_file(
    spec: &LoggingPolicySpec,
    routed: &[Routed],
    outputs: &BTreeMap<usize, CompiledOutput>,
    all: bool,
) -> Vec<Routed> {
    routed
        .iter()
        .map(|container| Routed {
            name: container.name.clone(),
            outputs: match in_options(spec, container, outputs, all) {
                Some(_) => Vec::new(),
                None => container.outputs.clone(),
            },
        })
        .collect()
}

/// The one output that the container's log options say although there is a file.
///
/// Nothing changes by that for the records, since the agent matches the same tag, and all filters run
/// before any output. With `all` the whole routing stands in the file.
fn in_options(
    spec: &LoggingPolicySpec,
    container: &Routed,
    outputs: &BTreeMap<usize, CompiledOutput>,
    all: bool,
) -> Option<usize> {
    let [index] = container.outputs.as_slice() else {
        return None;
    };
    let output = outputs.get(index)?;
    let stays_in_file = all
        || output.needs_file()
        || changes_tags(spec, container)
        || joins_before_patterns(spec, container, output)
        || stays_in_fluentd_file(spec, container, output);
    (!stays_in_file).then_some(*index)
}

/// Whether records may leave the tag that the agent's `[OUTPUT]` matches. Of raw text the word is
/// enough, since plugins are named there without variables.
fn changes_tags(spec: &LoggingPolicySpec, container: &Routed) -> bool {
    let raw = spec.custom_config.as_deref().unwrap_or_default();
    raw.to_ascii_lowercase().contains("rewrite_tag")
        || spec.filters.iter().any(|filter| {
            matches!(filter.block(), Some(FilterBlock::RewriteTag(_))) && is_for(filter, container)
        })
}

/// Whether lines are joined before the patterns of the output see them. The agent's pattern filters
/// stand before the file, so as log options they would evaluate each line on its own.
fn joins_before_patterns(
    spec: &LoggingPolicySpec,
    container: &Routed,
    output: &CompiledOutput,
) -> bool {
    (output.include_pattern.is_some() || output.exclude_pattern.is_some())
        && spec.filters.iter().any(|filter| {
            matches!(filter.block(), Some(FilterBlock::Multiline(_))) && is_for(filter, container)
        })
}

/// Fluentd sends joined lines to a label, which the agent's `<match>` is not in; and it would misread
/// some patterns, which the agent writes bare.
fn stays_in_fluentd_file(
    spec: &LoggingPolicySpec,
    container: &Routed,
    output: &CompiledOutput,
) -> bool {
    let patterns = [&output.include_pattern, &output.exclude_pattern];
    let mut patterns = patterns.into_iter().flatten();
    let joins = |filter: &Filter| {
        matches!(filter.block(), Some(FilterBlock::Multiline(_))) && is_for(filter, container)
    };
    spec.router.type_ == RouterType::Fluentd
        && (spec.filters.iter().any(joins)
            || patterns.any(|pattern| !fluentd::is_bare_pattern(pattern)))
}

/// No globs stand for every container.
fn is_for(filter: &Filter, container: &Routed) -> bool {
    filter.containers.is_empty() || containers::matches_any(&filter.containers, &container.name)
}

/// The containers of the file with their outputs.
pub(crate) fn routes(in_file: &[Routed], outputs: &BTreeMap<usize, CompiledOutput>) -> Vec<Route> {
    in_file
        .iter()
        .map(|container| Route {
            container: container.name.clone(),
            outputs: container
                .outputs
                .iter()
                .filter_map(|index| outputs.get(index).cloned())
                .collect(),
        })
        .collect()
}

type SecretEnv = BTreeMap<(String, usize, String), String>;

/// One variable of the router for each secret option of an output in the file, whichever containers
/// use it. Secrets in log options get theirs from the agent.
pub(crate) fn secret_variables(
    spec: &LoggingPolicySpec,
    in_file: &[Routed],
    outputs: &BTreeMap<usize, CompiledOutput>,
) -> (Vec<(String, String)>, SecretEnv) {
    let mut taken: BTreeSet<String> = spec
        .router
        .environment
        .keys()
        .chain(spec.router.secrets.keys())
        .cloned()
        .collect();
    let mut secrets = Vec::new();
    let mut names: BTreeMap<(usize, &str), String> = BTreeMap::new();
    let used: BTreeSet<usize> = in_file
        .iter()
        .flat_map(|container| container.outputs.iter().copied())
        .collect();
    for (index, output) in outputs.iter().filter(|(index, _)| used.contains(index)) {
        for (option, value_from) in &output.secret_options {
            let name = free_name(&variable_name(output.name.as_deref(), option), &mut taken);
            secrets.push((name.clone(), value_from.clone()));
            names.insert((*index, option), name);
        }
    }
    let mut secret_env = SecretEnv::new();
    for container in in_file {
        for (place, index) in container.outputs.iter().enumerate() {
            let options = outputs
                .get(index)
                .into_iter()
                .flat_map(|output| output.secret_options.keys());
            for option in options {
                if let Some(name) = names.get(&(*index, option.as_str())) {
                    secret_env.insert(
                        (container.name.clone(), place, option.clone()),
                        name.clone(),
                    );
                }
            }
        }
    }
    (secrets, secret_env)
}

/// Longest variable name, in bytes, with room for a number behind it.
const LONGEST_VARIABLE: usize = VARIABLE_NAME_BYTES - 4;

/// Letters, digits and `_` only: the init image reads its environment through a shell. Cut to what
/// every Fluent Bit can hold.
fn variable_name(output: Option<&str>, option: &str) -> String {
    format!("FIRELENS_{}_{option}", output.unwrap_or("OUTPUT"))
        .chars()
        .take(LONGEST_VARIABLE)
        .map(|character| {
            if character.is_ascii_alphanumeric() {
                character.to_ascii_uppercase()
            } else {
                '_'
            }
        })
        .collect()
}

fn free_name(wanted: &str, taken: &mut BTreeSet<String>) -> String {
    let mut name = wanted.to_owned();
    let mut number = 2_u32;
    while !taken.insert(name.clone()) {
        name = format!("{wanted}_{number}");
        number += 1;
    }
    name
}
