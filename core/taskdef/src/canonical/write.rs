//! Writes the canonical form straight from a document that was read: what is canonical already is copied as
//! it stands.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::Value;

use super::rules::{self, Absent, CONTAINER, Form, Level, Rule, TASK};
use super::{sha256_hex, tidy};
use crate::{Json, JsonKind, RawObject, TaskDefinitionDoc, is_reserved_tag};

impl TaskDefinitionDoc {
    /// [`super::canonical_hash`] of the document.
    #[must_use]
    pub fn canonical_hash(&self) -> String {
        sha256_hex(self.canonical_text().as_bytes())
    }

    /// The canonical form as text.
    pub(super) fn canonical_text(&self) -> String {
        let mut out = String::with_capacity(self.text_bytes() + 1024);
        let lists_fargate = self.lists_fargate();
        let around = Around {
            lists_fargate,
            shares_host_ports: lists_fargate
                || matches!(self.network_mode(), Some("awsvpc" | "host")),
            sibling: &|name| self.top.json(name),
        };
        write_object(
            &mut out,
            self.top.members(),
            TASK,
            &around,
            |member, out| match member.rule.map(|rule| rule.form) {
                Some(Form::Containers) => {
                    write_list(self.containers.iter(), out, |container, out| {
                        write_container(container, &around, out);
                    });
                }
                _ => write_form(member, &around, out),
            },
        );
        out
    }
}

/// The canonical text of one member of a container; none when it means the same as its absence.
pub fn canonical_member(container: &RawObject, name: &str) -> Option<String> {
    let sibling = |name: &str| container.json(name);
    let around = Around::default().with(&sibling);
    let value = container.json(name)?;
    let rule = rules::find(CONTAINER, name);
    if is_absent(rule, value, &around) {
        return None;
    }
    let mut text = String::new();
    write_form(Member { rule, value }, &around, &mut text);
    Some(text)
}

/// The canonical text of the entries of `dependsOn` that are about one container.
pub fn canonical_dependencies(container: &RawObject, on: &str) -> Vec<String> {
    let entries = container
        .json("dependsOn")
        .into_iter()
        .flat_map(Json::items);
    entries
        .filter(|entry| {
            entry
                .member("containerName")
                .is_some_and(|name| name.is_text(on))
        })
        .map(|entry| {
            let mut text = String::new();
            write_tidy(entry, &mut text);
            text
        })
        .collect()
}

/// What rules look at beside the value.
#[derive(Clone, Copy)]
struct Around<'a> {
    /// Whether the task definition names Fargate among its launch types.
    lists_fargate: bool,
    /// Whether the network mode gives containers the ports of the host.
    shares_host_ports: bool,
    /// Another member of the same object.
    sibling: &'a dyn Fn(&str) -> Option<Json<'a>>,
}

impl Default for Around<'_> {
    fn default() -> Self {
        Self {
            lists_fargate: false,
            shares_host_ports: false,
            sibling: &|_| None,
        }
    }
}

impl Around<'_> {
    /// The same task definition around the members of another object.
    fn with<'a>(&self, sibling: &'a dyn Fn(&str) -> Option<Json<'a>>) -> Around<'a> {
        Around {
            lists_fargate: self.lists_fargate,
            shares_host_ports: self.shares_host_ports,
            sibling,
        }
    }
}

/// A member of an object with its rule.
#[derive(Clone, Copy)]
struct Member<'a> {
    rule: Option<&'static Rule>,
    value: Json<'a>,
}

fn write_container(container: &RawObject, task: &Around<'_>, out: &mut String) {
    let sibling = |name: &str| container.json(name);
    let around = task.with(&sibling);
    write_object(
        out,
        container.members(),
        CONTAINER,
        &around,
        |member, out| {
            write_form(member, &around, out);
        },
    );
}

/// Whether the value means the same as the absence of its member.
fn is_absent(rule: Option<&Rule>, value: Json<'_>, around: &Around<'_>) -> bool {
    let Some(rule) = rule else {
        return value.is_null();
    };
    match rule.form {
        Form::Containers => false,
        _ => value.is_null() || rule.absent.iter().any(|absent| absent.is(value, around)),
    }
}

impl Absent {
    fn is(self, value: Json<'_>, around: &Around<'_>) -> bool {
        match self {
            Self::Always => true,
            Self::Empty => value.is_empty(),
            Self::Blank => value.text() == "\"\"",
            Self::True => value.text() == "true",
            Self::False => value.text() == "false",
            Self::Zero => is_zero(value),
            Self::Number(number) => value.whole() == Some(number),
            Self::Text(text) => value.is_text(text),
            Self::NoTags => value.items().all(is_reserved_tag),
            Self::DefaultNetworkMode => value.is_text(match around.lists_fargate {
                true => "awsvpc",
                false => "bridge",
            }),
            Self::ContainerPort => {
                around.shares_host_ports
                    && (around.sibling)("containerPort").is_some_and(|port| is_equal(port, value))
            }
            Self::RouterUser => {
                value.is_text("0")
                    && (around.sibling)("firelensConfiguration")
                        .is_some_and(|router| router.kind() == JsonKind::Object)
            }
        }
    }
}

fn is_zero(value: Json<'_>) -> bool {
    value.text() == "0" || !value.is_plain() && value.number() == Some(0.0)
}

fn is_equal(left: Json<'_>, right: Json<'_>) -> bool {
    left.text() == right.text() || left.value() == right.value()
}

/// Writes a value as its rule says.
fn write_form(member: Member<'_>, around: &Around<'_>, out: &mut String) {
    let value = member.value;
    let form = member.rule.map_or(Form::AsWritten, |rule| rule.form);
    match (form, value.kind()) {
        (Form::Size(unit), _) => write_size(value, unit, out),
        (Form::Object(level), _) => write_level(value, level, around, out),
        (Form::List(level), JsonKind::List) => {
            write_list(value.items(), out, |entry, out| {
                write_level(entry, level, around, out);
            });
        }
        (Form::SortedBy(key, level), JsonKind::List) => {
            write_sorted(value.items(), key, out, |entry, out| {
                write_level(entry, level, around, out);
            });
        }
        (Form::Tags, JsonKind::List) => {
            let sent = value.items().filter(|tag| !is_reserved_tag(*tag));
            write_sorted(sent, "key", out, write_tidy);
        }
        (Form::Sorted, JsonKind::List) => write_sorted_texts(value, out),
        _ => write_tidy(value, out),
    }
}

/// An object by the rules of its level; anything else as it was written.
fn write_level(json: Json<'_>, level: Level, task: &Around<'_>, out: &mut String) {
    if json.kind() != JsonKind::Object || level.is_empty() {
        write_tidy(json, out);
        return;
    }
    let sibling = |name: &str| json.member(name);
    let around = task.with(&sibling);
    if json.is_plain() && keeps_all(json, level, &around) {
        out.push_str(json.text());
        return;
    }
    write_object(out, named(json), level, &around, |member, out| {
        write_form(member, &around, out);
    });
}

/// Whether no rule of the level changes anything in the object.
fn keeps_all(object: Json<'_>, level: Level, around: &Around<'_>) -> bool {
    object.members().all(|(name, value)| {
        let name = name.string().unwrap_or_default();
        let rule = rules::find(level, &name);
        let is_as_written = rule.is_none_or(|rule| matches!(rule.form, Form::AsWritten));
        is_as_written && !is_absent(rule, value, around)
    })
}

fn write_size(value: Json<'_>, unit: &str, out: &mut String) {
    let digits = value.quoted();
    if digits.is_some_and(|text| text.bytes().all(|byte| byte.is_ascii_digit())) {
        out.push_str(value.text());
        return;
    }
    match value.value().and_then(|value| size_text(&value, unit)) {
        Some(size) => out.push_str(&Value::from(size).to_string()),
        None => write_tidy(value, out),
    }
}

/// `1024` and `"1 vCPU"` become `1024`; `2048` and `"2 GB"` become `2048`.
fn size_text(value: &Value, unit: &str) -> Option<String> {
    let written = match value {
        Value::String(text) => text.trim().to_ascii_lowercase(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let Some(amount) = written.strip_suffix(unit) else {
        return Some(written);
    };
    let units = amount.trim().parse::<f64>().ok()? * 1024.0;
    (units.is_finite() && units >= 0.0).then(|| format!("{units:.0}"))
}

/// By what an entry of a list is sorted; entries of unlike kinds have an order too.
enum SortKey<'a> {
    Other,
    Number(f64),
    Text(Cow<'a, str>),
}

impl<'a> SortKey<'a> {
    fn of(entry: Json<'a>, member: &str) -> Self {
        let Some(value) = entry.member(member) else {
            return Self::Other;
        };
        match value.kind() {
            JsonKind::Text => value.string().map_or(Self::Other, Self::Text),
            JsonKind::Number => value.number().map_or(Self::Other, Self::Number),
            _ => Self::Other,
        }
    }

    fn order(&self, other: &Self) -> Ordering {
        let rank = |key: &Self| match key {
            SortKey::Other => 0,
            SortKey::Number(_) => 1,
            SortKey::Text(_) => 2,
        };
        match (self, other) {
            (Self::Text(left), Self::Text(right)) => left.cmp(right),
            (Self::Number(left), Self::Number(right)) => left.total_cmp(right),
            _ => rank(self).cmp(&rank(other)),
        }
    }
}

/// Stable: entries that are equal in that member keep their order, which then may mean something.
fn write_sorted<'a>(
    entries: impl Iterator<Item = Json<'a>>,
    member: &str,
    out: &mut String,
    write: impl Fn(Json<'a>, &mut String),
) {
    let mut keyed: Vec<(SortKey<'_>, Json<'_>)> = Vec::with_capacity(32);
    keyed.extend(entries.map(|entry| (SortKey::of(entry, member), entry)));
    keyed.sort_by(|left, right| left.0.order(&right.0));
    write_list(keyed.into_iter().map(|(_, entry)| entry), out, write);
}

fn write_sorted_texts(list: Json<'_>, out: &mut String) {
    let text = |entry| {
        let mut text = String::new();
        write_tidy(entry, &mut text);
        text
    };
    let mut texts: Vec<String> = list.items().map(text).collect();
    texts.sort_unstable();
    write_list(texts.iter(), out, |text, out| out.push_str(text));
}

fn write_list<T>(
    entries: impl Iterator<Item = T>,
    out: &mut String,
    write: impl Fn(T, &mut String),
) {
    out.push('[');
    for (index, entry) in entries.enumerate() {
        if index > 0 {
            out.push(',');
        }
        write(entry, out);
    }
    out.push(']');
}

/// Any value with keys sorted, nulls in objects gone, and whole numbers written as such.
fn write_tidy(json: Json<'_>, out: &mut String) {
    if json.is_plain() {
        out.push_str(json.text());
        return;
    }
    match json.kind() {
        JsonKind::Object => {
            write_object(out, named(json), &[], &Around::default(), |member, out| {
                write_tidy(member.value, out);
            });
        }
        JsonKind::List => write_list(json.items(), out, write_tidy),
        _ => out.push_str(&tidy(json.value().unwrap_or_default()).to_string()),
    }
}

/// Members with their names decoded.
fn named<'a>(object: Json<'a>) -> impl Iterator<Item = (Cow<'a, str>, Json<'a>, Json<'a>)> {
    object
        .members()
        .map(|(name, value)| (name.string().unwrap_or_default(), name, value))
}

/// The members that are not absent, in the order of their names; `write` writes a value.
fn write_object<'a, N: AsRef<str>>(
    out: &mut String,
    members: impl Iterator<Item = (N, Json<'a>, Json<'a>)>,
    level: Level,
    around: &Around<'_>,
    mut write: impl FnMut(Member<'a>, &mut String),
) {
    let mut ordered: Vec<(N, Json<'a>, Json<'a>)> = Vec::with_capacity(20);
    ordered.extend(members);
    ordered.sort_unstable_by(|left, right| left.0.as_ref().cmp(right.0.as_ref()));
    out.push('{');
    let first = out.len();
    for (name, written, value) in ordered {
        let name = name.as_ref();
        let rule = rules::find(level, name);
        if is_absent(rule, value, around) {
            continue;
        }
        if out.len() > first {
            out.push(',');
        }
        write_tidy(written, out);
        out.push(':');
        write(Member { rule, value }, out);
    }
    out.push('}');
}
