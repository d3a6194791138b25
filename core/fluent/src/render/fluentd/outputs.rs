//! One container: its filters and its outputs as elements.
//!
//! Outputs of a container that have different patterns get a label each, with a copy of every record;
//! a record so passes each filter once in each label and no output sees what another one dropped.
//! <https://docs.fluentd.org/output/copy> <https://docs.fluentd.org/output/relabel>
//!
//! Outside of a label a tag has only one match: of two, only the first would get records.

use super::element::{Element, Value};
use super::filters;
use crate::outputs::CompiledOutput;
use crate::render::error::RenderError;
use crate::render::router::{Route, RouterFileInput};
use crate::text::fluentd::check_fluentd_value;

/// Outputs with equal patterns, by their place among those of the container.
struct Group {
    include: Option<String>,
    exclude: Option<String>,
    members: Vec<usize>,
}

/// The elements of one container, in order.
pub(super) fn of_route(
    input: &RouterFileInput<'_>,
    route: &Route,
) -> Result<Vec<Element>, RenderError> {
    let pattern = format!("{}-firelens**", route.container);
    let label = format!("@firelens.{}", route.container);
    let joins = filters::joining(input, route, &pattern, &label)?;
    let groups = groups(route)?;
    let filters = filters::others(input, route, &pattern)?;
    if joins.is_empty() {
        return body(input, route, &pattern, &groups, &filters);
    }
    if route.outputs.is_empty() {
        let message = format!(
            "joined lines go to a label, and container {} has no output of the policy there; give it one",
            route.container
        );
        let index = filters::first_joining(input).unwrap_or_default();
        return Err(RenderError::Filter { index, message });
    }
    let (inner, labels): (Vec<Element>, Vec<Element>) =
        body(input, route, &pattern, &groups, &filters)?
            .into_iter()
            .partition(|element| element.name != "label");
    let mut elements = joins;
    elements.push(to_label("match", &pattern, &label));
    elements.push(Element {
        children: inner,
        ..Element::new("label", &label)
    });
    elements.extend(labels);
    Ok(elements)
}

/// Everything behind the joining of lines.
fn body(
    input: &RouterFileInput<'_>,
    route: &Route,
    pattern: &str,
    groups: &[Group],
    filters: &[Element],
) -> Result<Vec<Element>, RenderError> {
    if let [] | [_] = groups {
        let mut elements = Vec::new();
        for group in groups {
            elements.extend(patterns(group, pattern));
        }
        elements.extend(filters.iter().cloned());
        for group in groups {
            elements.push(matching(input, route, pattern, &group.members)?);
        }
        return Ok(elements);
    }
    let mut copy = Element::new("match", pattern)
        .with("@type", "copy")
        .with("copy_mode", "deep");
    let mut labels = Vec::new();
    for (number, group) in groups.iter().enumerate() {
        let first = group.members.first().and_then(|at| route.outputs.get(*at));
        let name = first.and_then(|output| output.name.clone());
        let name = name.unwrap_or_else(|| format!("output-{}", number + 1));
        let label = format!("@firelens.{}.{name}", route.container);
        copy.children
            .push(to_label("store", "ignore_error", &label));
        let mut inner = Element::new("label", &label);
        inner.children = patterns(group, pattern);
        inner.children.extend(filters.iter().cloned());
        inner
            .children
            .push(matching(input, route, pattern, &group.members)?);
        labels.push(inner);
    }
    let mut elements = vec![copy];
    elements.extend(labels);
    Ok(elements)
}

fn to_label(name: &str, argument: &str, label: &str) -> Element {
    Element::new(name, argument)
        .with("@type", "relabel")
        .with("@label", label)
}

fn groups(route: &Route) -> Result<Vec<Group>, RenderError> {
    let mut groups: Vec<Group> = Vec::new();
    for (index, output) in route.outputs.iter().enumerate() {
        let pattern = |pattern: &Option<String>| {
            let pattern = pattern.as_ref().filter(|pattern| !pattern.is_empty());
            if let Some(problem) = pattern.and_then(|text| check_fluentd_value(text).err()) {
                return Err(refused(route, index, format!("pattern: {problem}")));
            }
            Ok(pattern.cloned())
        };
        let include = pattern(&output.include_pattern)?;
        let exclude = pattern(&output.exclude_pattern)?;
        let known = groups
            .iter_mut()
            .find(|group| group.include == include && group.exclude == exclude);
        match known {
            Some(group) => group.members.push(index),
            None => groups.push(Group {
                include,
                exclude,
                members: vec![index],
            }),
        }
    }
    Ok(groups)
}

fn refused(route: &Route, output: usize, message: String) -> RenderError {
    RenderError::Output {
        container: route.container.clone(),
        output,
        message,
    }
}

fn patterns(group: &Group, pattern: &str) -> Vec<Element> {
    [("regexp", &group.include), ("exclude", &group.exclude)]
        .into_iter()
        .filter_map(|(section, rule)| {
            let rule = rule.as_ref()?;
            Some(filters::grep(pattern, section, "log", rule))
        })
        .collect()
}

/// `<match>` with one output, or with a copy for each.
fn matching(
    input: &RouterFileInput<'_>,
    route: &Route,
    pattern: &str,
    members: &[usize],
) -> Result<Element, RenderError> {
    if let [only] = members {
        return fill(input, route, *only, Element::new("match", pattern));
    }
    let mut copy = Element::new("match", pattern)
        .with("@type", "copy")
        .with("copy_mode", "deep");
    for member in members {
        let store = Element::new("store", "ignore_error");
        copy.children.push(fill(input, route, *member, store)?);
    }
    Ok(copy)
}

fn fill(
    input: &RouterFileInput<'_>,
    route: &Route,
    index: usize,
    mut element: Element,
) -> Result<Element, RenderError> {
    let Some(output) = route.outputs.get(index) else {
        return Ok(element);
    };
    let CompiledOutput {
        plugin,
        options,
        secret_options,
        ..
    } = output;
    element.push("@type", Value::text(plugin));
    for (name, value) in options {
        element.push_at(name, Value::text(value));
    }
    for name in secret_options.keys() {
        let key = (route.container.clone(), index, name.clone());
        let variable = input.secret_env.get(&key).ok_or_else(|| {
            let message = format!("secret option {name} has no environment variable");
            refused(route, index, message)
        })?;
        element.push_at(name, Value::env(variable));
    }
    Ok(element)
}
