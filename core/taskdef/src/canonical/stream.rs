//! The canonical form as text, written straight from a document that was read.
//!
//! Never says anything else than [`super::canonical`] does: that one is the definition, this one is
//! many times faster, because what is canonical already is copied as it stands.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::Value;

use super::{
    ABSENT_WHEN_EMPTY, BLANK_CONTAINER, EMPTY_CONTAINER, EMPTY_LOG, EMPTY_TOP,
    HEALTH_CHECK_DEFAULTS, READ_ONLY_MEMBERS, UNORDERED_CONTAINER, default_network_mode,
    sha256_hex, size_text, tidy, tidy_task_member,
};
use crate::{CONTAINERS, Json, JsonKind, RawObject, TAGS, TaskDefinitionDoc};

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
        write_object(&mut out, self.top.members(), |name, value, out| {
            if is_absent(name, value, lists_fargate) {
                return false;
            }
            match name {
                CONTAINERS => self.write_containers(out),
                "cpu" => write_size(value, "vcpu", out),
                "memory" => write_size(value, "gb", out),
                TAGS => write_sorted(value, "key", out, write_tidy),
                "requiresCompatibilities" | "volumes" => write_task_member(name, value, out),
                _ => write_tidy(value, out),
            }
            true
        });
        out
    }

    fn write_containers(&self, out: &mut String) {
        let shares_host_ports = self.shares_host_ports();
        out.push('[');
        for (index, container) in self.containers.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            write_container(container, shares_host_ports, out);
        }
        out.push(']');
    }

    /// Whether a host port that is the container port says nothing.
    fn shares_host_ports(&self) -> bool {
        self.lists_fargate() || matches!(self.network_mode(), Some("awsvpc" | "host"))
    }
}

/// The canonical text of one member of a container; none when it means the same as its absence.
pub fn canonical_member(container: &RawObject, name: &str) -> Option<String> {
    let value = container.json(name)?;
    if is_absent_in_container(container, name, value) {
        return None;
    }
    let mut text = String::new();
    write_member(name, value, false, &mut text);
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

/// Task-level members that are not in the canonical form.
fn is_absent(name: &str, value: Json<'_>, lists_fargate: bool) -> bool {
    match name {
        CONTAINERS => false,
        TAGS => !value.items().any(is_sent),
        "enableFaultInjection" if value.text() == "false" => true,
        "networkMode" if value.is_text(default_network_mode(lists_fargate)) => true,
        _ => {
            is_nothing(value, &ABSENT_WHEN_EMPTY, &EMPTY_TOP, name)
                || READ_ONLY_MEMBERS.contains(&name)
        }
    }
}

/// Nulls, and what means the same empty and absent.
fn is_nothing(value: Json<'_>, blank: &[&str], empty: &[&str], name: &str) -> bool {
    match value.text() {
        "null" => true,
        "\"\"" => blank.contains(&name),
        "[]" | "{}" => empty.contains(&name),
        _ => false,
    }
}

fn is_sent(tag: Json<'_>) -> bool {
    !super::super::is_reserved_tag(tag)
}

fn write_size(value: Json<'_>, unit: &str, out: &mut String) {
    let digits = value.quoted();
    if digits.is_some_and(|text| text.bytes().all(|byte| byte.is_ascii_digit())) {
        out.push_str(value.text());
        return;
    }
    match value.value().and_then(|value| size_text(&value, unit)) {
        Some(size) => write_text(&size, out),
        None => write_tidy(value, out),
    }
}

/// Members that are rare or small: by way of a tree.
fn write_task_member(name: &str, value: Json<'_>, out: &mut String) {
    // One launch type is sorted already.
    if name == "requiresCompatibilities" && value.is_plain() && value.items().nth(1).is_none() {
        out.push_str(value.text());
        return;
    }
    let mut tree = value.value().unwrap_or_default();
    tidy_task_member(name, &mut tree);
    out.push_str(&tidy(tree).to_string());
}

fn write_container(container: &RawObject, shares_host_ports: bool, out: &mut String) {
    write_object(out, container.members(), |name, value, out| {
        if is_absent_in_container(container, name, value) {
            return false;
        }
        write_member(name, value, shares_host_ports, out);
        true
    });
}

fn is_absent_in_container(container: &RawObject, name: &str, value: Json<'_>) -> bool {
    match name {
        "cpu" if is_zero(value) => true,
        "essential" if value.text() == "true" => true,
        // ECS fills it in for the FireLens container.
        "user" if value.is_text("0") && is_router(container) => true,
        _ => is_nothing(value, &BLANK_CONTAINER, &EMPTY_CONTAINER, name),
    }
}

fn is_router(container: &RawObject) -> bool {
    container
        .json("firelensConfiguration")
        .is_some_and(|router| router.kind() == JsonKind::Object)
}

fn write_member(name: &str, value: Json<'_>, shares_host_ports: bool, out: &mut String) {
    let order = UNORDERED_CONTAINER
        .iter()
        .find(|(list, _)| *list == name)
        .map(|(_, member)| *member);
    match (name, order) {
        ("portMappings", Some(order)) => write_sorted(value, order, out, |entry, out| {
            write_some(entry, out, |name, value| {
                keeps_port_member(entry, name, value, shares_host_ports)
            });
        }),
        (_, Some(order)) => write_sorted(value, order, out, write_tidy),
        ("mountPoints", _) if value.kind() == JsonKind::List => {
            write_list(value.items(), out, |entry, out| {
                write_some(entry, out, |name, value| {
                    name != "readOnly" || value.text() != "false"
                });
            });
        }
        ("healthCheck", _) => write_some(value, out, |name, value| {
            let default = HEALTH_CHECK_DEFAULTS
                .iter()
                .find(|(known, _)| *known == name);
            default.is_none_or(|(_, default)| value.whole() != Some(*default))
        }),
        ("firelensConfiguration", _) => {
            write_some(value, out, |name, value| {
                name != "options" || !value.is_empty()
            });
        }
        ("logConfiguration", _) if value.kind() == JsonKind::Object => {
            write_log_configuration(value, out);
        }
        _ => write_tidy(value, out),
    }
}

fn write_log_configuration(value: Json<'_>, out: &mut String) {
    write_object(out, named(value), |name, value, out| {
        if value.is_null() || EMPTY_LOG.contains(&name) && value.is_empty() {
            return false;
        }
        if name == "secretOptions" {
            write_sorted(value, "name", out, write_tidy);
        } else {
            write_tidy(value, out);
        }
        true
    });
}

fn keeps_port_member(
    entry: Json<'_>,
    name: &str,
    value: Json<'_>,
    shares_host_ports: bool,
) -> bool {
    match name {
        "protocol" => !value.is_text("tcp"),
        "hostPort" => {
            let same = || {
                entry
                    .member("containerPort")
                    .is_some_and(|port| means_the_same(port, value))
            };
            !(is_zero(value) || shares_host_ports && same())
        }
        _ => true,
    }
}

fn means_the_same(one: Json<'_>, other: Json<'_>) -> bool {
    one.text() == other.text() || one.value() == other.value()
}

fn is_zero(value: Json<'_>) -> bool {
    value.text() == "0" || !value.is_plain() && value.number() == Some(0.0)
}

/// By what an entry of a list is sorted; entries of unlike kinds have an order too.
#[derive(PartialEq)]
pub(super) enum SortKey<'a> {
    Other,
    Number(f64),
    Text(Cow<'a, str>),
}

impl SortKey<'_> {
    pub(super) fn order(&self, other: &Self) -> Ordering {
        let rank = |key: &Self| match key {
            SortKey::Other => 0,
            SortKey::Number(_) => 1,
            SortKey::Text(_) => 2,
        };
        match (self, other) {
            (Self::Text(one), Self::Text(other)) => one.cmp(other),
            (Self::Number(one), Self::Number(other)) => one.total_cmp(other),
            _ => rank(self).cmp(&rank(other)),
        }
    }
}

fn sort_key<'a>(entry: Json<'a>, member: &str) -> SortKey<'a> {
    let Some(value) = entry.member(member) else {
        return SortKey::Other;
    };
    match value.kind() {
        JsonKind::Text => value.string().map_or(SortKey::Other, SortKey::Text),
        JsonKind::Number => value.number().map_or(SortKey::Other, SortKey::Number),
        _ => SortKey::Other,
    }
}

/// A list sorted by a member of its entries. Tags that AWS keeps for itself are in no list but that
/// of the tags, and are left out of it.
fn write_sorted<'a>(
    list: Json<'a>,
    member: &str,
    out: &mut String,
    write: impl Fn(Json<'a>, &mut String),
) {
    if list.kind() != JsonKind::List {
        write_tidy(list, out);
        return;
    }
    let mut entries: Vec<(SortKey<'_>, Json<'_>)> = Vec::with_capacity(32);
    entries.extend(
        list.items()
            .filter(|entry| member != "key" || is_sent(*entry))
            .map(|entry| (sort_key(entry, member), entry)),
    );
    entries.sort_by(|one, other| one.0.order(&other.0));
    write_list(entries.into_iter().map(|(_, entry)| entry), out, write);
}

fn write_list<'a>(
    entries: impl Iterator<Item = Json<'a>>,
    out: &mut String,
    write: impl Fn(Json<'a>, &mut String),
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

/// An object with some of its members; anything else as it is.
fn write_some(json: Json<'_>, out: &mut String, keep: impl Fn(&str, Json<'_>) -> bool) {
    let keeps_all = || {
        json.members()
            .all(|(name, value)| name.string().is_some_and(|name| keep(&name, value)))
    };
    if json.kind() != JsonKind::Object || keeps_all() {
        write_tidy(json, out);
        return;
    }
    write_object(out, named(json), |name, value, out| {
        let is_kept = !value.is_null() && keep(name, value);
        if is_kept {
            write_tidy(value, out);
        }
        is_kept
    });
}

/// Any value with keys sorted, nulls in objects gone, and whole numbers written as such.
pub(super) fn write_tidy(json: Json<'_>, out: &mut String) {
    if json.is_plain() {
        out.push_str(json.text());
        return;
    }
    match json.kind() {
        JsonKind::Object => write_object(out, named(json), |_, value, out| {
            if !value.is_null() {
                write_tidy(value, out);
            }
            !value.is_null()
        }),
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

/// Members in the order of their names; `write` answers whether it wrote the value.
fn write_object<'a, N: AsRef<str>>(
    out: &mut String,
    members: impl Iterator<Item = (N, Json<'a>, Json<'a>)>,
    mut write: impl FnMut(&str, Json<'a>, &mut String) -> bool,
) {
    let mut ordered: Vec<(N, Json<'a>, Json<'a>)> = Vec::with_capacity(20);
    ordered.extend(members);
    ordered.sort_unstable_by(|one, other| one.0.as_ref().cmp(other.0.as_ref()));
    out.push('{');
    let first = out.len();
    for (name, written, value) in ordered {
        let start = out.len();
        if start > first {
            out.push(',');
        }
        write_tidy(written, out);
        out.push(':');
        if !write(name.as_ref(), value, out) {
            out.truncate(start);
        }
    }
    out.push('}');
}

fn write_text(text: &str, out: &mut String) {
    out.push_str(&Value::from(text).to_string());
}
