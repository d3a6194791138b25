//! A policy document in one form, whatever it was written in: lists sorted, single texts as lists.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// A policy and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    /// File and part, for messages.
    pub(crate) name: String,
    pub(crate) document: Document,
}

/// The statements, by what they say; their ids do not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Document(pub(crate) BTreeSet<Statement>);

#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Statement {
    pub(crate) allows: bool,
    pub(crate) principals: BTreeSet<String>,
    pub(crate) actions: BTreeSet<String>,
    pub(crate) not_actions: BTreeSet<String>,
    pub(crate) resources: BTreeSet<String>,
    /// Operator and key to values.
    pub(crate) conditions: BTreeMap<(String, String), BTreeSet<String>>,
}

impl Document {
    /// Reads the JSON of a policy. Nothing of it may be left out: an unknown member fails the test.
    pub(crate) fn of(value: &Value) -> Self {
        assert_eq!(value["Version"], "2012-10-17", "{value}");
        let statements = match &value["Statement"] {
            Value::Array(statements) => statements.clone(),
            statement => vec![statement.clone()],
        };
        Self(statements.iter().map(Statement::of).collect())
    }

    /// All statements of several documents.
    pub(crate) fn union(documents: impl IntoIterator<Item = Self>) -> Self {
        Self(
            documents
                .into_iter()
                .flat_map(|document| document.0)
                .collect(),
        )
    }
}

impl Statement {
    fn of(value: &Value) -> Self {
        let mut statement = Self::default();
        for (member, content) in value.as_object().expect("a statement is an object") {
            match member.as_str() {
                "Sid" => {}
                "Effect" => statement.allows = content == "Allow",
                "Principal" => statement.principals = principals(content),
                "Action" => statement.actions = texts(content),
                "NotAction" => statement.not_actions = texts(content),
                "Resource" => statement.resources = texts(content),
                "Condition" => statement.conditions = conditions(content),
                other => panic!("a statement with {other}: {value}"),
            }
        }
        statement
    }
}

fn texts(value: &Value) -> BTreeSet<String> {
    let list = match value {
        Value::Array(list) => list.clone(),
        single => vec![single.clone()],
    };
    let text = |text_value: &Value| {
        text_value
            .as_str()
            .unwrap_or_else(|| panic!("no text: {value}"))
            .to_owned()
    };
    list.iter().map(text).collect()
}

fn principals(value: &Value) -> BTreeSet<String> {
    match value {
        Value::Object(kinds) => {
            let each = |(kind, of): (&String, &Value)| {
                let named = texts(of)
                    .into_iter()
                    .map(|resource| format!("{kind} {resource}"));
                named.collect::<Vec<_>>()
            };
            kinds.iter().flat_map(each).collect()
        }
        all => texts(all),
    }
}

fn conditions(value: &Value) -> BTreeMap<(String, String), BTreeSet<String>> {
    let mut conditions = BTreeMap::new();
    for (operator, keys) in value.as_object().expect("operators") {
        for (key, values) in keys.as_object().expect("keys") {
            conditions.insert((operator.clone(), key.clone()), texts(values));
        }
    }
    conditions
}
