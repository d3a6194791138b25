//! Label selectors as Kubernetes writes them: `app=web,tier in (a, b),!legacy`.
//! What Kubernetes refuses is refused here too.
//!
//! <https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors>

use serde::Serialize;
use serde_json::Value;

use crate::error::StoreError;

/// The longest name part of a label key, and the longest label value, in bytes.
const LABEL_BYTES_MAX: usize = 63;
/// The longest prefix of a label key, in bytes.
const PREFIX_BYTES_MAX: usize = 253;
/// The most terms of one selector: each costs time for every object.
const TERMS_MAX: usize = 64;

/// A selector whose terms must all hold. Without terms it matches everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LabelSelector {
    terms: Vec<Term>,
}

/// One requirement on one label.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Term {
    key: String,
    operator: Operator,
    values: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
enum Operator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
}

impl LabelSelector {
    /// Parses the value of the query parameter `labelSelector`.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for what Kubernetes would refuse as well, and for more than 64 terms.
    pub fn parse(text: &str) -> Result<Self, StoreError> {
        let terms = Parser::new(text).selector()?;
        if terms.len() > TERMS_MAX {
            return Err(refused(&format!("more than {TERMS_MAX} requirements")));
        }
        Ok(Self { terms })
    }

    /// Selects objects that have that label with that value. A value that no label can have selects nothing.
    #[must_use]
    pub fn of_label(key: &str, value: &str) -> Self {
        Self {
            terms: vec![Term {
                key: key.to_owned(),
                operator: Operator::In,
                values: vec![value.to_owned()],
            }],
        }
    }

    /// Whether the selector has no term.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether the `metadata.labels` of a whole object match.
    #[must_use]
    pub fn matches(&self, object: &Value) -> bool {
        let labels = object.pointer("/metadata/labels");
        self.terms.iter().all(|term| {
            let value = labels
                .and_then(|labels| labels.get(&term.key))
                .and_then(Value::as_str);
            let listed = value.is_some_and(|value| term.values.iter().any(|v| v == value));
            match term.operator {
                Operator::In => listed,
                Operator::NotIn => !listed,
                Operator::Exists => value.is_some(),
                Operator::DoesNotExist => value.is_none(),
            }
        })
    }

    /// The terms for the statement that evaluates them:
    /// `[{"key": …, "operator": "In", "values": […]}]`.
    pub(crate) fn to_json(&self) -> Value {
        serde_json::to_value(&self.terms).unwrap_or_default()
    }
}

fn refused(detail: &str) -> StoreError {
    StoreError::invalid(
        "labelSelector",
        format!("unable to parse requirement: {detail}"),
    )
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Not,
    Equals,
    NotEquals,
    Open,
    Close,
    Comma,
    End,
}

/// The grammar of `k8s.io/apimachinery/pkg/labels`, without its numeric `>` and `<`, which the documentation of
/// label selectors does not mention.
struct Parser {
    tokens: Vec<Token>,
    at: usize,
}

impl Parser {
    fn new(text: &str) -> Self {
        let mut tokens = Vec::new();
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            tokens.push(match c {
                ' ' | '\t' | '\r' | '\n' => continue,
                '(' => Token::Open,
                ')' => Token::Close,
                ',' => Token::Comma,
                '=' => {
                    chars.next_if_eq(&'=');
                    Token::Equals
                }
                '!' if chars.next_if_eq(&'=').is_some() => Token::NotEquals,
                '!' => Token::Not,
                first => {
                    let mut word = String::from(first);
                    while let Some(next) = chars.next_if(|c| !" \t\r\n(),=!".contains(*c)) {
                        word.push(next);
                    }
                    Token::Word(word)
                }
            });
        }
        Self { tokens, at: 0 }
    }

    fn peek(&self) -> Token {
        self.tokens.get(self.at).cloned().unwrap_or(Token::End)
    }

    fn next(&mut self) -> Token {
        let token = self.peek();
        self.at += 1;
        token
    }

    fn selector(&mut self) -> Result<Vec<Term>, StoreError> {
        let mut terms = Vec::new();
        if self.peek() == Token::End {
            return Ok(terms);
        }
        loop {
            terms.push(self.term()?);
            match self.next() {
                Token::End => return Ok(terms),
                Token::Comma => {}
                other => {
                    return Err(refused(&format!(
                        "found {other:?}, expected ',' or the end"
                    )));
                }
            }
        }
    }

    fn term(&mut self) -> Result<Term, StoreError> {
        let absent = self.peek() == Token::Not;
        if absent {
            self.next();
        }
        let Token::Word(key) = self.next() else {
            return Err(refused("a label key is missing"));
        };
        check_key(&key)?;
        let of = |operator, values| Term {
            key: key.clone(),
            operator,
            values,
        };
        if absent {
            return Ok(of(Operator::DoesNotExist, Vec::new()));
        }
        if matches!(self.peek(), Token::End | Token::Comma) {
            return Ok(of(Operator::Exists, Vec::new()));
        }
        let term = match self.next() {
            Token::Equals => of(Operator::In, vec![self.exact_value()?]),
            Token::NotEquals => of(Operator::NotIn, vec![self.exact_value()?]),
            Token::Word(word) if word == "in" => of(Operator::In, self.values()?),
            Token::Word(word) if word == "notin" => of(Operator::NotIn, self.values()?),
            other => return Err(refused(&format!("found {other:?}, expected an operator"))),
        };
        for value in &term.values {
            check_value(value)?;
        }
        Ok(term)
    }

    /// The value after `=`: nothing at all is the empty string.
    fn exact_value(&mut self) -> Result<String, StoreError> {
        match self.peek() {
            Token::End | Token::Comma => Ok(String::new()),
            Token::Word(word) => {
                self.next();
                Ok(word)
            }
            other => Err(refused(&format!("found {other:?}, expected a value"))),
        }
    }

    /// `(a, b)`. Nothing between commas is the empty string; `()` is refused.
    fn values(&mut self) -> Result<Vec<String>, StoreError> {
        if self.next() != Token::Open {
            return Err(refused("expected '(' after in or notin"));
        }
        if self.peek() == Token::Close {
            return Err(refused(
                "for 'in', 'notin' operators, values set can't be empty",
            ));
        }
        let mut values = Vec::new();
        loop {
            match self.next() {
                Token::Word(word) => {
                    values.push(word);
                    match self.next() {
                        Token::Close => return Ok(values),
                        Token::Comma if self.peek() == Token::Close => {}
                        Token::Comma => continue,
                        _ => return Err(refused("expected ',' or ')'")),
                    }
                }
                Token::Comma => values.push(String::new()),
                Token::Close => {
                    values.push(String::new());
                    return Ok(values);
                }
                _ => return Err(refused("expected a value, ',' or ')'")),
            }
        }
    }
}

/// A label key: `[prefix/]name`.
fn check_key(key: &str) -> Result<(), StoreError> {
    let (prefix, name) = key
        .split_once('/')
        .map_or((None, key), |(p, n)| (Some(p), n));
    let prefix_holds = prefix.is_none_or(|prefix| {
        prefix.len() <= PREFIX_BYTES_MAX && prefix.split('.').all(is_dns_label)
    });
    if prefix_holds && !name.is_empty() && is_label_text(name) {
        Ok(())
    } else {
        Err(refused(&format!("{key:?} is not a label key")))
    }
}

fn check_value(value: &str) -> Result<(), StoreError> {
    if value.is_empty() || is_label_text(value) {
        Ok(())
    } else {
        Err(refused(&format!("{value:?} is not a label value")))
    }
}

/// `([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]`, at most 63 bytes.
fn is_label_text(text: &str) -> bool {
    let bytes = text.as_bytes();
    text.len() <= LABEL_BYTES_MAX
        && bytes
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(b))
        && bytes.first().is_some_and(u8::is_ascii_alphanumeric)
        && bytes.last().is_some_and(u8::is_ascii_alphanumeric)
}

/// `[a-z0-9]([-a-z0-9]*[a-z0-9])?`.
fn is_dns_label(text: &str) -> bool {
    let bytes = text.as_bytes();
    let plain = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    bytes.iter().all(|b| plain(b) || *b == b'-')
        && bytes.first().is_some_and(plain)
        && bytes.last().is_some_and(plain)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object() -> Value {
        json!({"metadata": {"labels": {"app": "web", "tier": "front", "empty": "", "a.b/c": "1"}}})
    }

    #[test]
    fn selectors_match_as_kubernetes_matches_them() {
        let cases = [
            ("", true),
            ("app", true),
            ("!app", false),
            ("! nope", true),
            ("nope", false),
            ("app=web", true),
            ("app == web", true),
            ("app=db", false),
            ("app!=web", false),
            ("app!=db", true),
            ("nope!=db", true),
            ("app in (web, db)", true),
            ("app in (db)", false),
            ("nope in (db)", false),
            ("app notin (db)", true),
            ("app notin (web)", false),
            ("nope notin (web)", true),
            ("empty=", true),
            ("empty=,app=web", true),
            ("empty", true),
            ("app in (,web)", true),
            ("empty in (x,)", true),
            ("empty in (,)", true),
            ("app=web,tier=front", true),
            ("app=web,tier=back", false),
            ("a.b/c=1", true),
            ("in=1", false),
            ("app in (in, web)", true),
            ("app=in", false),
        ];
        for (text, expected) in cases {
            let selector = LabelSelector::parse(text).unwrap();
            assert_eq!(selector.matches(&object()), expected, "{text}");
        }
    }

    #[test]
    fn an_object_without_labels_matches_only_what_asks_for_absence() {
        let bare = json!({"metadata": {"name": "x"}});
        assert!(
            LabelSelector::parse("!app,app!=web,app notin (a)")
                .unwrap()
                .matches(&bare)
        );
        assert!(!LabelSelector::parse("app").unwrap().matches(&bare));
    }

    #[test]
    fn what_kubernetes_refuses_is_refused() {
        for text in [
            ",",
            "app,",
            ",app",
            "app in",
            "app in ()",
            "app in (a",
            "app in a",
            "=web",
            "app=a b",
            "!app=web",
            "app=-web",
            "-app",
            "a/b/c",
            "/x",
            "UP/x=1",
            "app in (a b)",
            "(app)",
            "app===web",
            "app=!web",
            "app><web",
        ] {
            assert!(LabelSelector::parse(text).is_err(), "{text}");
        }
        let long = "x".repeat(64);
        assert!(LabelSelector::parse(&format!("{long}=1")).is_err());
        assert!(LabelSelector::parse(&format!("app={long}")).is_err());
    }
}
