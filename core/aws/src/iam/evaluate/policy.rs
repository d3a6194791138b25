//! Reads policy documents as IAM writes them.
//!
//! A document that cannot be read is an error, not an empty policy.

use std::collections::BTreeSet;

use serde_json::Value;

use super::pattern::Pattern;

/// The version of the policy language that has variables.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html>
const VERSION_WITH_VARIABLES: &str = "2012-10-17";

/// How much of the evaluated action or resource is matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// Nothing.
    None,
    /// A part, or it is not known how much.
    Part,
    /// All of it.
    All,
}

/// The statements of one policy.
#[derive(Clone, Debug)]
pub(super) struct Policy {
    pub(super) name: String,
    pub(super) statements: Vec<PolicyStatement>,
}

/// One statement.
#[derive(Clone, Debug)]
pub(super) struct PolicyStatement {
    pub(super) allows: bool,
    actions: Names,
    resources: Names,
    /// Keys of its conditions.
    pub(super) condition_keys: BTreeSet<String>,
}

/// `Action` and `Resource`, or `NotAction` and `NotResource`.
#[derive(Clone, Debug)]
enum Names {
    Of(Vec<Pattern>),
    AllBut(Vec<Pattern>),
}

impl Names {
    fn reach(&self, asked: &Pattern) -> Reach {
        let (names, covered, clear) = match self {
            Self::Of(names) => (names, Reach::All, Reach::None),
            Self::AllBut(names) => (names, Reach::None, Reach::All),
        };
        if names.iter().any(|name| name.covers(asked)) {
            covered
        } else if names.iter().any(|name| name.meets(asked)) {
            Reach::Part
        } else {
            clear
        }
    }
}

impl PolicyStatement {
    /// Returns how much the statement matches, without its conditions.
    pub(super) fn reach(&self, action: &str, resource: &Pattern) -> Reach {
        let action = Pattern::new(&action.to_ascii_lowercase(), false);
        match self.actions.reach(&action) {
            Reach::None => Reach::None,
            Reach::Part if self.resources.reach(resource) == Reach::None => Reach::None,
            Reach::Part => Reach::Part,
            Reach::All => self.resources.reach(resource),
        }
    }
}

impl Policy {
    /// Reads a document. Source of the grammar:
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>.
    ///
    /// # Errors
    /// The document is not a policy of IAM; the text describes where.
    pub(super) fn parse(name: &str, document: &str) -> Result<Self, String> {
        let document: Value = serde_json::from_str(document).map_err(|error| error.to_string())?;
        let variables = document["Version"] == VERSION_WITH_VARIABLES;
        let statements = match &document["Statement"] {
            Value::Array(statements) => statements
                .iter()
                .map(|raw| statement(raw, variables))
                .collect::<Result<_, _>>()?,
            raw @ Value::Object(_) => vec![statement(raw, variables)?],
            _ => return Err("it has no Statement".to_owned()),
        };
        Ok(Self {
            name: name.to_owned(),
            statements,
        })
    }
}

fn statement(raw: &Value, variables: bool) -> Result<PolicyStatement, String> {
    let allows = match raw["Effect"].as_str() {
        Some("Allow") => true,
        Some("Deny") => false,
        _ => return Err("a statement has neither Allow nor Deny".to_owned()),
    };
    let conditions = match &raw["Condition"] {
        Value::Null => BTreeSet::new(),
        Value::Object(operators) => operators
            .values()
            .filter_map(Value::as_object)
            .flat_map(|keys| keys.keys().cloned())
            .collect(),
        _ => return Err("a Condition is no object".to_owned()),
    };
    Ok(PolicyStatement {
        allows,
        // Actions are case-insensitive and have no variables.
        actions: names(raw, "Action", |text| {
            Pattern::new(&text.to_ascii_lowercase(), false)
        })?,
        resources: names(raw, "Resource", |text| Pattern::new(text, variables))?,
        condition_keys: conditions,
    })
}

fn names(raw: &Value, member: &str, read: impl Fn(&str) -> Pattern) -> Result<Names, String> {
    let list = |value: &Value| -> Result<Vec<Pattern>, String> {
        let texts = match value {
            Value::Array(texts) => texts.iter().collect(),
            text => vec![text],
        };
        texts
            .into_iter()
            .map(|text| text.as_str().map(&read))
            .collect::<Option<_>>()
            .ok_or_else(|| format!("{member} holds something else than text"))
    };
    match (raw.get(member), raw.get(format!("Not{member}"))) {
        (Some(of), None) => list(of).map(Names::Of),
        (None, Some(but)) => list(but).map(Names::AllBut),
        _ => Err(format!(
            "a statement needs {member} or Not{member}, and one only"
        )),
    }
}
