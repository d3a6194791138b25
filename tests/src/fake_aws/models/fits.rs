//! Whether a value fits a shape: members, required ones, types, enums, patterns, lengths, ranges.
//! The meaning of a value is not checked.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use regex::Regex;
use serde_json::Value;

use super::strangers;
use super::{Model, shape_of};

/// Longest part of a value that is shown.
const SHOWN_CHARACTERS: usize = 60;

/// Patterns compiled so far; none for those that the engine does not know.
static PATTERNS: LazyLock<Mutex<BTreeMap<String, Option<Arc<Regex>>>>> =
    LazyLock::new(Mutex::default);

/// Everything that is wrong with `value`, each as `path: what`.
pub(super) fn check(model: &Model, shape: &str, value: &Value) -> Vec<String> {
    let mut check = Check {
        model,
        wrong: Vec::new(),
    };
    check.value(shape, value, "");
    check.wrong
}

struct Check<'a> {
    model: &'a Model,
    wrong: Vec<String>,
}

impl Check<'_> {
    fn fault(&mut self, path: &str, problem: &str) {
        let path = if path.is_empty() { "the whole" } else { path };
        self.wrong.push(format!("{path}: {problem}"));
    }

    fn value(&mut self, name: &str, value: &Value, path: &str) {
        let model = self.model;
        let shape = model.shape(name);
        let kind = shape["type"].as_str().unwrap_or("");
        match (kind, value) {
            ("structure", Value::Object(_)) => self.structure(name, value, path),
            ("list", Value::Array(items)) => {
                self.bounds(shape, count(items.len()), path, "entries");
                let of = shape_of(&shape["member"]);
                for (index, item) in items.iter().enumerate() {
                    self.value(of, item, &format!("{path}[{index}]"));
                }
            }
            ("map", Value::Object(entries)) => {
                self.bounds(shape, count(entries.len()), path, "entries");
                for (key, item) in entries {
                    let path = format!("{path}.{key}");
                    self.value(shape_of(&shape["key"]), &Value::from(key.as_str()), &path);
                    self.value(shape_of(&shape["value"]), item, &path);
                }
            }
            ("string", Value::String(text)) => self.text(shape, text, path),
            ("integer" | "long", Value::Number(number)) if number.as_i64().is_some() => {
                self.bounds(shape, number.as_f64().unwrap_or_default(), path, "");
            }
            ("float" | "double", Value::Number(number)) => {
                self.bounds(shape, number.as_f64().unwrap_or_default(), path, "");
            }
            ("boolean", Value::Bool(_))
            | ("timestamp", Value::Number(_))
            | ("blob", Value::String(_)) => {}
            _ => {
                let actual = shown(&value.to_string());
                self.fault(path, &format!("{actual} is no {kind}"));
            }
        }
    }

    fn structure(&mut self, name: &str, value: &Value, path: &str) {
        let model = self.model;
        let shape = model.shape(name);
        // A document may hold anything.
        if shape["document"] == true {
            return;
        }
        let below = |member: &str| match path {
            "" => member.to_owned(),
            path => format!("{path}.{member}"),
        };
        for member in shape["required"].as_array().into_iter().flatten() {
            let member = member.as_str().unwrap_or("");
            if value.get(member).is_none_or(Value::is_null) {
                self.fault(&below(member), "is required");
            }
        }
        for (member, item) in value.as_object().into_iter().flatten() {
            match shape["members"].get(member) {
                Some(member_shape) => self.value(shape_of(member_shape), item, &below(member)),
                None if strangers::is_one(member) => {}
                None => self.fault(&below(member), &format!("{name} has no such member")),
            }
        }
    }

    fn text(&mut self, shape: &Value, text: &str, path: &str) {
        if let Some(allowed) = shape["enum"].as_array() {
            if !allowed.iter().any(|allowed_value| allowed_value == text) {
                let text = shown(text);
                self.fault(path, &format!("{text:?} is none of {}", shape["enum"]));
            }
            return;
        }
        self.bounds(shape, count(text.chars().count()), path, "characters");
        if let Some(pattern) = shape["pattern"].as_str()
            && compiled(pattern).is_some_and(|regex| !regex.is_match(text))
        {
            let text = shown(text);
            self.fault(path, &format!("{text:?} does not match {pattern}"));
        }
    }

    fn bounds(&mut self, shape: &Value, size: f64, path: &str, unit: &str) {
        let beyond = |bound: &str, out: fn(f64, f64) -> bool| {
            let bound = shape[bound].as_f64()?;
            out(size, bound).then_some(bound)
        };
        if let Some(min) = beyond("min", |size, min| size < min) {
            self.fault(path, &format!("{size} {unit}, at least {min}"));
        }
        if let Some(max) = beyond("max", |size, max| size > max) {
            self.fault(path, &format!("{size} {unit}, at most {max}"));
        }
    }
}

/// As bounds are written.
fn count(number: usize) -> f64 {
    u32::try_from(number).map_or(f64::INFINITY, f64::from)
}

fn shown(text: &str) -> String {
    text.chars().take(SHOWN_CHARACTERS).collect()
}

/// A pattern for the whole text. Classes of letters come as the nearest the engine knows without Unicode's tables.
fn compiled(pattern: &str) -> Option<Arc<Regex>> {
    let mut patterns = PATTERNS.lock().unwrap_or_else(PoisonError::into_inner);
    let regex = patterns.entry(pattern.to_owned()).or_insert_with(|| {
        let near = pattern
            .replace("\\p{L}", "\\w")
            .replace("\\p{N}", "\\d")
            .replace("\\p{Zs}", "\\s")
            .replace("\\p{Z}", "\\s");
        Regex::new(&format!("^(?:{near})$")).ok().map(Arc::new)
    });
    regex.clone()
}
