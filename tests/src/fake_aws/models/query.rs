//! Forms of the query protocol (IAM, STS) as values: `Names.member.1=a` is `{"Names": ["a"]}`.
//! <https://smithy.io/2.0/aws/protocols/aws-query-protocol.html>
//! Parameters that the shape does not have are reported as wrong.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{Model, shape_of, typed};

/// What every form has beside the members.
const ALWAYS: [&str; 2] = ["Action", "Version"];

/// The value of a form, and what of it belongs to no member.
pub(super) fn read(model: &Model, shape: &str, form: &Value) -> (Value, Vec<String>) {
    let none = Map::new();
    let mut reader = Reader {
        model,
        form: form.as_object().unwrap_or(&none),
        used: BTreeSet::new(),
    };
    let value = reader.value(shape, "").unwrap_or_default();
    let value = if value.is_null() {
        Value::Object(Map::new())
    } else {
        value
    };
    let mut wrong: Vec<String> = reader
        .form
        .keys()
        .filter(|name| !ALWAYS.contains(&name.as_str()) && !reader.used.contains(*name))
        .map(|name| format!("{name}: {shape} has no such member"))
        .collect();
    let version = &model.content["version"];
    if form["Version"] != *version {
        wrong.push(format!("Version: {} instead of {version}", form["Version"]));
    }
    (value, wrong)
}

struct Reader<'a> {
    model: &'a Model,
    form: &'a Map<String, Value>,
    used: BTreeSet<String>,
}

impl Reader<'_> {
    fn value(&mut self, name: &str, path: &str) -> Option<Value> {
        let model = self.model;
        let shape = model.shape(name);
        match shape["type"].as_str().unwrap_or("") {
            "structure" => {
                let below = format!("{path}.");
                let there = path.is_empty() || self.form.keys().any(|key| key.starts_with(&below));
                there.then(|| self.structure(name, path))
            }
            "list" => self.list(shape, path),
            kind => {
                let text = self.form.get(path)?.as_str()?;
                self.used.insert(path.to_owned());
                Some(typed(kind, text))
            }
        }
    }

    fn structure(&mut self, name: &str, path: &str) -> Value {
        let model = self.model;
        let mut members = Map::new();
        for (member, member_shape) in model.members(name) {
            let at = member_shape["locationName"].as_str().unwrap_or(member);
            let at = match path {
                "" => at.to_owned(),
                path => format!("{path}.{at}"),
            };
            if let Some(value) = self.value(shape_of(member_shape), &at) {
                members.insert(member.to_owned(), value);
            }
        }
        Value::Object(members)
    }

    /// An empty list is sent as its bare name.
    fn list(&mut self, shape: &Value, path: &str) -> Option<Value> {
        let base = if shape["flattened"] == true {
            path.to_owned()
        } else {
            format!("{path}.member")
        };
        let mut items = Vec::new();
        while let Some(item) = {
            let at = format!("{base}.{}", items.len() + 1);
            self.value(shape_of(&shape["member"]), &at)
        } {
            items.push(item);
        }
        if items.is_empty() {
            self.form.get(path)?;
            self.used.insert(path.to_owned());
        }
        Some(Value::Array(items))
    }
}
