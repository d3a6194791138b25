//! Writes the generated file for Fluent Bit as the agent's template does, white space included.
//!
//! Words are not checked, as the agent does not check them either. Configuration of our own is written by `render`.

use std::fmt::Write as _;

use firelens_fluent::render::{Document, Item, Section};

use crate::preview::model::{Generated, Grep, Pipe};

/// Byte for byte what the agent writes.
pub(crate) fn write(generated: &Generated) -> String {
    let mut out = String::new();
    for input in &generated.inputs {
        pipe(&mut out, "INPUT", "Tag", input);
    }
    for keep in &generated.keeps {
        grep(&mut out, keep, "Regex  log");
    }
    for drop in &generated.drops {
        grep(&mut out, drop, "Exclude log");
    }
    if let Some((tag, fields)) = &generated.metadata {
        let _ = write!(out, "\n[FILTER]\n    Name record_modifier\n    Match {tag}");
        for (key, value) in fields {
            let _ = write!(out, "\n    Record {key} {value}");
        }
        out.push('\n');
    }
    if let Some(path) = &generated.include {
        let _ = write!(out, "\n@INCLUDE {path}\n");
    }
    for output in &generated.outputs {
        pipe(&mut out, "OUTPUT", "Match", output);
    }
    out
}

fn pipe(out: &mut String, section: &str, tag_key: &str, pipe: &Pipe) {
    let _ = write!(out, "\n[{section}]\n    Name {}", pipe.name);
    if !pipe.tag.is_empty() {
        let _ = write!(out, "\n    {tag_key} {}", pipe.tag);
    }
    for (key, value) in &pipe.options {
        let _ = write!(out, "\n    {key} {value}");
    }
    out.push('\n');
}

fn grep(out: &mut String, grep: &Grep, rule: &str) {
    let Grep { tag, pattern } = grep;
    let _ = write!(
        out,
        "\n[FILTER]\n    Name   grep\n    Match {tag}\n    {rule} {pattern}\n"
    );
}

/// What Fluent Bit is meant to read in it.
pub(crate) fn meaning(generated: &Generated) -> Document {
    let mut items: Vec<Item> = Vec::new();
    items.extend(
        generated
            .inputs
            .iter()
            .map(|input| section("INPUT", "Tag", input).into()),
    );
    let filter = |grep: &Grep, rule: &str| {
        Section::new("FILTER")
            .with("Name", "grep")
            .with("Match", grep.tag.as_str())
            .with(rule, format!("log {}", grep.pattern))
    };
    items.extend(
        generated
            .keeps
            .iter()
            .map(|keep| filter(keep, "Regex").into()),
    );
    items.extend(
        generated
            .drops
            .iter()
            .map(|drop| filter(drop, "Exclude").into()),
    );
    if let Some((tag, fields)) = &generated.metadata {
        let mut records = Section::new("FILTER")
            .with("Name", "record_modifier")
            .with("Match", tag.as_str());
        for (key, value) in fields {
            records.push("Record", format!("{key} {value}"));
        }
        items.push(records.into());
    }
    items.extend(generated.include.iter().map(|path| Item::Command {
        name: "INCLUDE".to_owned(),
        argument: path.clone(),
    }));
    items.extend(
        generated
            .outputs
            .iter()
            .map(|output| section("OUTPUT", "Match", output).into()),
    );
    Document { items }
}

fn section(name: &str, tag_key: &str, pipe: &Pipe) -> Section {
    let mut section = Section::new(name).with("Name", pipe.name.as_str());
    if !pipe.tag.is_empty() {
        section.push(tag_key, pipe.tag.as_str());
    }
    for (key, value) in &pipe.options {
        section.push(key, value.as_str());
    }
    section
}
