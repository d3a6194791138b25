//! `spec.customConfig` of a Fluentd router: read, evaluated by an allowlist and written anew.
//!
//! The raw text is not passed on; comments are lost. What runs a program or code is refused.

use super::FluentdProblem;
use super::element::Element;
use super::reader::read_fluentd;
use crate::render::CUSTOM_CONFIG_BYTES;

/// Plugins that run a program of the configuration's choice.
/// <https://docs.fluentd.org/output/exec>
const RUNS_PROGRAMS: [&str; 2] = ["exec", "exec_filter"];

/// Parameters that run code or programs, with their elements' own words for it.
const RUNS_CODE: [(&str, &str); 2] = [
    ("enable_ruby", "it runs Ruby code inside the router"),
    (
        "aws_credential_process",
        "it runs a program inside the router",
    ),
];

/// Reads and evaluates the raw text. An empty text gives no elements.
///
/// Allowed are `<source>`, `<filter>`, `<match>` and `<label>` with any plugin that runs no program
/// and no code.
///
/// # Errors
/// What is not allowed, or not readable, with its line.
pub fn read_fluentd_custom_config(text: &str) -> Result<Vec<Element>, FluentdProblem> {
    if text.len() > CUSTOM_CONFIG_BYTES {
        return Err(FluentdProblem::TooLong);
    }
    let elements = read_fluentd(text)?;
    for element in &elements {
        check_top(element)?;
    }
    Ok(elements)
}

fn check_top(element: &Element) -> Result<(), FluentdProblem> {
    match element.name.as_str() {
        "label" => {
            if !element.argument.starts_with('@') {
                return Err(refused(element, "a label has a name that begins with `@`"));
            }
            element.children.iter().try_for_each(|child| {
                if child.name == "label" {
                    return Err(refused(child, "labels do not nest"));
                }
                check_top(child)
            })
        }
        "source" | "filter" | "match" => {
            if element.text_of("@type").is_none() {
                return Err(refused(element, "it needs an `@type`"));
            }
            check_allowed(element)
        }
        _ => Err(refused(element, "only source, filter, match and label are")),
    }
}

fn check_allowed(element: &Element) -> Result<(), FluentdProblem> {
    if let Some((_, kind)) = element.params.iter().find(|(name, _)| name == "@type") {
        match kind.as_text() {
            Some(kind) if !RUNS_PROGRAMS.contains(&kind) => {}
            Some(_) => {
                return Err(refused(element, "it runs programs inside the router"));
            }
            None => return Err(refused(element, "`@type` is a plain word")),
        }
    }
    for (param, hint) in RUNS_CODE {
        if element.params.iter().any(|(name, _)| name == param) {
            return Err(FluentdProblem::Param {
                name: element.name.clone(),
                param: param.to_owned(),
                hint,
            });
        }
    }
    if element.name == "process_credentials" {
        return Err(refused(element, "it runs a program inside the router"));
    }
    element.children.iter().try_for_each(check_allowed)
}

fn refused(element: &Element, hint: &'static str) -> FluentdProblem {
    FluentdProblem::Element {
        name: element.name.clone(),
        hint,
    }
}
