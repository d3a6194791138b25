//! Field selectors: parses what a client sent and matches objects against it.
//! An invalid selector is an error: it must not select everything.

use serde_json::Value;

use crate::status::ApiError;

/// A field selector: `path=value`, `path==value` or `path!=value`, separated by commas.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct FieldSelector(Vec<FieldTerm>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct FieldTerm {
    field: String,
    equal: bool,
    value: String,
}

impl FieldSelector {
    /// Parses a selector. Fields other than `known` are refused: to match nothing or everything would be wrong.
    pub(crate) fn parse(text: &str, known: &[&str]) -> Result<Self, ApiError> {
        let mut terms = Vec::new();
        for part in split_escaped(text).iter().filter(|p| !p.is_empty()) {
            let term = parse_field_term(part).ok_or_else(|| {
                ApiError::BadRequest(format!("unable to parse the field selector {part:?}"))
            })?;
            if !known.contains(&term.field.as_str()) {
                return Err(ApiError::BadRequest(format!(
                    "field label not supported: {}: use {}",
                    term.field,
                    known.join(", ")
                )));
            }
            terms.push(term);
        }
        Ok(Self(terms))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the only name that this selector can match, if there is one.
    pub(crate) fn name(&self) -> Option<&str> {
        self.only("metadata.name")
    }

    /// Returns the only value of `field` that this selector can match, if there is one.
    pub(crate) fn only(&self, field: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|term| term.field == field && term.equal)
            .map(|term| term.value.as_str())
    }

    /// Whether the object matches. An absent field counts as empty, as in Kubernetes.
    pub(crate) fn matches(&self, object: &Value) -> bool {
        self.0.iter().all(|term| {
            let pointer = format!("/{}", term.field.replace('.', "/"));
            let value = object.pointer(&pointer).and_then(Value::as_str);
            (value.unwrap_or_default() == term.value) == term.equal
        })
    }
}

/// Splits at commas that are not escaped with a backslash.
fn split_escaped(text: &str) -> Vec<String> {
    let (mut parts, mut current, mut escaped) = (Vec::new(), String::new(), false);
    for character in text.chars() {
        match character {
            ',' if !escaped => parts.push(std::mem::take(&mut current)),
            _ => current.push(character),
        }
        escaped = character == '\\' && !escaped;
    }
    parts.push(current);
    parts
}

fn parse_field_term(part: &str) -> Option<FieldTerm> {
    let (field, equal, value) = if let Some((field, value)) = part.split_once("!=") {
        (field, false, value)
    } else {
        let (field, value) = part.split_once("==").or_else(|| part.split_once('='))?;
        (field, true, value)
    };
    let value = value
        .replace("\\,", ",")
        .replace("\\=", "=")
        .replace("\\\\", "\\");
    let field = field.trim().to_owned();
    (!field.is_empty()).then_some(FieldTerm {
        field,
        equal,
        value,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_selector_that_is_not_understood_is_an_error() {
        assert!(FieldSelector::parse("spec.mode=Audit", &["metadata.name"]).is_err());
        assert!(FieldSelector::parse("metadata.name", &["metadata.name"]).is_err());
    }

    #[test]
    fn field_selectors_match_and_name_their_object() {
        let known = ["metadata.name", "metadata.namespace"];
        let object = json!({"metadata": {"name": "x"}});
        for (text, wanted) in [
            ("metadata.name=x", true),
            ("metadata.name==x,metadata.namespace=", true),
            ("metadata.name!=x", false),
            ("metadata.name=y", false),
        ] {
            let selector = FieldSelector::parse(text, &known).unwrap();
            assert_eq!(selector.matches(&object), wanted, "{text}");
        }
        let selector = FieldSelector::parse("metadata.name=x", &known).unwrap();
        assert_eq!(selector.name(), Some("x"));
    }
}
