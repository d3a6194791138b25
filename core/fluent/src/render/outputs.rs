//! Outputs of a container: one `[OUTPUT]` each, and copies where their patterns differ.
//!
//! Classic configuration has no filter per output. A container whose outputs all have the same
//! patterns gets grep filters on its own tag. Otherwise every group of outputs with equal patterns
//! gets a copy of each record under the tag `CONTAINER-firelens-TASK.GROUP`, grep filters on that
//! tag, and its outputs match it; the original is dropped behind the last copy.
//! <https://docs.fluentbit.io/manual/data-pipeline/filters/rewrite-tag>
//!
//! Never loops: the copying filters match tags without a dot, copies have one. Never copies ECS
//! metadata keys: a copy passes the agent's metadata filter again, which adds them.

use std::collections::BTreeMap;

use super::error::RenderError;
use super::multiline::ECS_METADATA_KEYS;
use super::router::{Route, SecretEnv};
use super::tags;
use super::tree::{Entry, Section};
use crate::outputs::CompiledOutput;
use crate::text::{check_key, check_name, check_pattern};

/// Outputs of one container that get the same records.
struct Group {
    /// Last part of the tag of their copies; none when they take the originals.
    copy: Option<String>,
    include: Option<String>,
    exclude: Option<String>,
    /// Places among the outputs of the container.
    members: Vec<usize>,
}

/// The groups of one container and everything rendered from them.
pub(super) struct Routed<'a> {
    route: &'a Route,
    groups: Vec<Group>,
}

impl<'a> Routed<'a> {
    pub(super) fn new(route: &'a Route) -> Result<Self, RenderError> {
        let mut groups: Vec<Group> = Vec::new();
        for (index, output) in route.outputs.iter().enumerate() {
            let refused = |message: String| RenderError::Output {
                container: route.container.clone(),
                output: index,
                message,
            };
            let include = pattern(output.include_pattern.as_deref()).map_err(refused)?;
            let exclude = pattern(output.exclude_pattern.as_deref()).map_err(refused)?;
            let group = groups
                .iter_mut()
                .find(|group| group.include == include && group.exclude == exclude);
            match group {
                Some(group) => group.members.push(index),
                None => groups.push(Group {
                    copy: Some(copy_name(index, output).map_err(refused)?),
                    include,
                    exclude,
                    members: vec![index],
                }),
            }
        }
        if let [only] = groups.as_mut_slice() {
            only.copy = None;
        }
        Ok(Self { route, groups })
    }

    /// Filters that copy records where they must be copied, and those that apply the patterns.
    pub(super) fn filters(&self, ecs_metadata: bool) -> Vec<Section> {
        let mut sections = self.copies(ecs_metadata);
        for group in &self.groups {
            let matched = self.matched(group);
            let rules = [("Regex", &group.include), ("Exclude", &group.exclude)];
            for (key, rule) in rules {
                if let Some(rule) = rule {
                    let mut section = filter("grep", matched.clone());
                    section.push(key, format!("log {rule}"));
                    sections.push(section);
                }
            }
        }
        sections
    }

    fn copies(&self, ecs_metadata: bool) -> Vec<Section> {
        let copies: Vec<&str> = self
            .groups
            .iter()
            .filter_map(|group| group.copy.as_deref())
            .collect();
        let originals = tags::of_originals(&self.route.container);
        let mut sections = Vec::new();
        if ecs_metadata && !copies.is_empty() {
            let mut section = filter("record_modifier", originals.clone());
            for key in ECS_METADATA_KEYS {
                section.push("Remove_key", key);
            }
            sections.push(section);
        }
        for (position, copy) in copies.iter().enumerate() {
            let keep = position + 1 < copies.len();
            let mut section = filter("rewrite_tag", originals.clone());
            section.push("Rule", format!("$log .* $TAG.{copy} {keep}"));
            sections.push(section);
        }
        sections
    }

    fn matched(&self, group: &Group) -> Entry {
        match &group.copy {
            Some(copy) => tags::of_copy(&self.route.container, copy),
            None => tags::of_container(&self.route.container),
        }
    }

    /// The `[OUTPUT]` sections, in the order of the outputs.
    pub(super) fn outputs(&self, secret_env: &SecretEnv) -> Result<Vec<Section>, RenderError> {
        let mut by_index: BTreeMap<usize, Section> = BTreeMap::new();
        for group in &self.groups {
            for index in &group.members {
                let Some(output) = self.route.outputs.get(*index) else {
                    continue;
                };
                let section = self
                    .output(*index, output, self.matched(group), secret_env)
                    .map_err(|message| RenderError::Output {
                        container: self.route.container.clone(),
                        output: *index,
                        message,
                    })?;
                by_index.insert(*index, section);
            }
        }
        Ok(by_index.into_values().collect())
    }

    fn output(
        &self,
        index: usize,
        output: &CompiledOutput,
        matched: Entry,
        secret_env: &SecretEnv,
    ) -> Result<Section, String> {
        check_name(&output.plugin).map_err(|problem| format!("plugin: {problem}"))?;
        let mut section = Section::new("OUTPUT").with("Name", output.plugin.as_str());
        section.entries.push(matched);
        let repeated = output.repeated.iter().map(|(key, value)| (key, value));
        for (key, value) in output.options.iter().chain(repeated) {
            section.push(key, value.as_str());
        }
        for option in output.secret_options.keys() {
            let key = (self.route.container.clone(), index, option.clone());
            let variable = secret_env
                .get(&key)
                .ok_or_else(|| format!("secret option {option} has no environment variable"))?;
            check_key(variable)
                .map_err(|_| format!("the environment variable of {option} has no plain name"))?;
            section.push(option, format!("${{{variable}}}"));
        }
        Ok(section)
    }
}

fn filter(plugin: &str, matched: Entry) -> Section {
    let mut section = Section::new("FILTER").with("Name", plugin);
    section.entries.push(matched);
    section
}

/// An empty pattern stands for none, as in the policy.
fn pattern(pattern: Option<&str>) -> Result<Option<String>, String> {
    let Some(pattern) = pattern.filter(|pattern| !pattern.is_empty()) else {
        return Ok(None);
    };
    check_pattern(pattern).map_err(|problem| format!("pattern: {problem}"))?;
    Ok(Some(pattern.to_owned()))
}

/// The name of the first output of the group, else its number; output names are DNS labels.
fn copy_name(index: usize, output: &CompiledOutput) -> Result<String, String> {
    let name = match &output.name {
        Some(name) => name.clone(),
        None => format!("output-{}", index + 1),
    };
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if plain && !name.is_empty() && name.len() <= 63 {
        Ok(name)
    } else {
        Err("the name of an output has letters, digits and `-` only".to_owned())
    }
}
