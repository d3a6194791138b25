//! XML documents of IAM, STS and S3 as values of their shapes.
//! <https://smithy.io/2.0/aws/protocols/aws-query-protocol.html>
//! This is not a general parser: what AWS does not send (processing instructions, custom entities) is not supported.

use serde_json::{Map, Value};
use xmlparser::{ElementEnd, Token, Tokenizer};

use super::{Model, shape_of, strangers, typed};

/// One element.
#[derive(Debug, Default)]
pub(super) struct Node {
    pub(super) name: String,
    pub(super) text: String,
    pub(super) children: Vec<Node>,
}

impl Node {
    pub(super) fn child(&self, name: &str) -> Option<&Node> {
        self.children.iter().find(|child| child.name == name)
    }
}

/// The root element of a document.
pub(super) fn parse(body: &[u8]) -> Result<Node, String> {
    let text = std::str::from_utf8(body).map_err(|error| error.to_string())?;
    let mut open = vec![Node::default()];
    for token in Tokenizer::from(text) {
        match token.map_err(|error| error.to_string())? {
            Token::ElementStart { local, .. } => open.push(Node {
                name: local.to_string(),
                ..Node::default()
            }),
            Token::Text { text } => {
                if let Some(last) = open.last_mut() {
                    last.text.push_str(&unescape(text.as_str()));
                }
            }
            Token::ElementEnd {
                end: ElementEnd::Close(..) | ElementEnd::Empty,
                ..
            } => {
                let closed = open.pop().unwrap_or_default();
                let parent = open.last_mut().ok_or("an element is closed twice")?;
                parent.children.push(closed);
            }
            _ => {}
        }
    }
    let mut document = open.pop().unwrap_or_default();
    document
        .children
        .pop()
        .ok_or_else(|| "no element".to_owned())
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&amp;", "&")
}

/// The code of an error document.
pub(super) fn error_code(body: &[u8]) -> Option<Value> {
    let root = parse(body).ok()?;
    let error = root.child("Error").unwrap_or(&root);
    Some(Value::from(error.child("Code")?.text.as_str()))
}

/// What `<XResponse><XResult>` of the query protocol holds.
pub(super) fn result(model: &Model, shape: &str, body: &[u8]) -> (Value, Vec<String>) {
    let root = match parse(body) {
        Ok(root) => root,
        Err(error) => return (Value::Object(Map::new()), vec![error]),
    };
    let operation = model.content["name"].as_str().unwrap_or("");
    let mut wrong = Vec::new();
    if root.name != format!("{operation}Response") {
        wrong.push(format!("the document is a {}", root.name));
    }
    let id = root.child("ResponseMetadata");
    if id.and_then(|data| data.child("RequestId")).is_none() {
        wrong.push("ResponseMetadata.RequestId: is required".to_owned());
    }
    let empty = Node::default();
    let result_node = root.child(&format!("{operation}Result")).unwrap_or(&empty);
    let value = structure(model, shape, result_node, &mut wrong);
    (value, wrong)
}

/// An element as the structure it stands for; members that travel elsewhere than in the body are left out.
pub(super) fn structure(model: &Model, shape: &str, node: &Node, wrong: &mut Vec<String>) -> Value {
    let mut members = Map::new();
    for child in &node.children {
        let member = model.members(shape).find(|(name, member)| {
            let of = model.shape(shape_of(member));
            let flat = (of["flattened"] == true).then(|| of["member"]["locationName"].as_str());
            let at = flat.flatten().or_else(|| member["locationName"].as_str());
            member.get("location").is_none() && at.unwrap_or(name) == child.name
        });
        match member {
            Some((name, member)) => {
                let value = value(model, shape_of(member), child, wrong);
                match (members.get_mut(name), value) {
                    (Some(Value::Array(items)), Value::Array(more)) => items.extend(more),
                    (_, value) => {
                        members.insert(name.to_owned(), value);
                    }
                }
            }
            None if strangers::is_one(&child.name) => {}
            None => wrong.push(format!("{}: {shape} has no such member", child.name)),
        }
    }
    Value::Object(members)
}

fn value(model: &Model, name: &str, node: &Node, wrong: &mut Vec<String>) -> Value {
    let shape = model.shape(name);
    let of = shape_of(&shape["member"]);
    match shape["type"].as_str().unwrap_or("") {
        "structure" => structure(model, name, node, wrong),
        "list" if shape["flattened"] == true => Value::Array(vec![value(model, of, node, wrong)]),
        "list" => {
            let item = shape["member"]["locationName"].as_str();
            let item = item.unwrap_or("member");
            let mut items = Vec::new();
            for child in &node.children {
                if child.name == item {
                    items.push(value(model, of, child, wrong));
                } else if !strangers::is_one(&child.name) {
                    wrong.push(format!("{}: {name} has {item} only", child.name));
                }
            }
            Value::Array(items)
        }
        kind => typed(kind, &node.text),
    }
}
