//! Writes the generated file for Fluentd as the agent's template does, white space included.
//!
//! Words are not checked, as the agent does not check them either.

use std::fmt::Write as _;

use crate::preview::model::{Generated, Grep, Pipe};

/// Byte for byte what the agent writes.
pub(crate) fn write(generated: &Generated) -> String {
    let mut out = String::new();
    for input in &generated.inputs {
        out.push_str("\n<source>");
        plugin(&mut out, input);
        out.push_str("\n</source>\n");
    }
    for keep in &generated.keeps {
        grep(&mut out, keep, "regexp");
    }
    for drop in &generated.drops {
        grep(&mut out, drop, "exclude");
    }
    if let Some((tag, fields)) = &generated.metadata {
        let _ = write!(
            out,
            "\n<filter {tag}>\n    @type record_transformer\n    <record>"
        );
        for (key, value) in fields {
            let _ = write!(out, "\n        {key} {value}");
        }
        out.push_str("\n    </record>\n</filter>\n");
    }
    if let Some(path) = &generated.include {
        let _ = write!(out, "\n@include {path}\n");
    }
    for output in &generated.outputs {
        let _ = write!(out, "\n<match {}>", output.tag);
        plugin(&mut out, output);
        out.push_str("\n</match>\n");
    }
    out
}

fn plugin(out: &mut String, pipe: &Pipe) {
    let _ = write!(out, "\n    @type {}", pipe.name);
    for (key, value) in &pipe.options {
        let _ = write!(out, "\n    {key} {value}");
    }
}

fn grep(out: &mut String, grep: &Grep, rule: &str) {
    let Grep { tag, pattern } = grep;
    let _ = write!(
        out,
        "\n<filter {tag}>\n    @type  grep\n    <{rule}>\n        key log\n        pattern {pattern}\n    </{rule}>\n</filter>\n"
    );
}
