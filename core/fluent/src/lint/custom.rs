//! Fluent Bit text in classic format: custom configuration, and any router file.
//!
//! Includes are not followed, and a value that may be a secret is not repeated.

use std::collections::BTreeSet;

use super::options::{self, Place};
use super::output::{Around, Output};
use super::policy::{Subject, check_output};
use super::{Code, Findings, secret, tags, variable};
use crate::catalogue::{FluentBitVersion, PluginKind};
use crate::render::{CustomConfigProblem, Document, Item, Section, read, read_custom_config};
use firelens_types::v1alpha1::HealthCheckType;
use firelens_types::v1alpha1::validate::secrets;

/// Ports of the inputs that the ECS agent makes.
const AGENT_PORTS: [&str; 2] = ["24224", "8877"];
/// The tag of the agent's own health check.
const HEALTH_TAG: &str = "firelens-healthcheck";

/// What is known around a file.
struct FilePlace<'a> {
    at: &'a str,
    around: Around<'a>,
    /// Tags that may be there, as globs.
    tags: Vec<String>,
    readonly_root: bool,
    metadata: bool,
}

/// Checks the custom configuration of a policy.
pub(super) fn check_policy(subject: &Subject<'_>, findings: &mut Findings) {
    let Some(text) = subject.spec.custom_config.as_deref() else {
        return;
    };
    let at = "spec.customConfig";
    if let Err(problem) = read_custom_config(text) {
        let code = match &problem {
            CustomConfigProblem::Section { section, .. } if section.ends_with("PARSER") => {
                Code::ParserSection
            }
            _ => Code::CustomConfigRefused,
        };
        findings.add(code, at, firelens_types::error_chain(&problem));
    }
    let mut all: Vec<String> = subject
        .spec
        .containers
        .include
        .iter()
        .map(|glob| tags::of_containers(glob))
        .collect();
    let rules = subject
        .spec
        .filters
        .iter()
        .filter_map(|filter| filter.rewrite_tag.as_ref());
    all.extend(
        rules
            .flat_map(|filter| &filter.rule)
            .filter_map(|rule| Some(tags::of_template(rule.split_whitespace().nth(2)?))),
    );
    let place = FilePlace {
        at,
        around: Around {
            version: subject.version,
            variables: subject.variables(),
        },
        tags: all,
        readonly_root: subject.spec.router.readonly_root_filesystem,
        metadata: subject.spec.router.ecs_metadata,
    };
    check_document(&place, &subject.custom, findings);
    check_service(subject, findings);
}

/// Checks a whole file.
pub(super) fn check_file(at: &str, text: &str, version: FluentBitVersion, findings: &mut Findings) {
    let document = match read(text) {
        Ok(document) => document,
        Err(problem) => {
            findings.add(Code::CustomConfigRefused, at, problem.to_string());
            return;
        }
    };
    let place = FilePlace {
        at,
        around: Around {
            version,
            variables: None,
        },
        tags: vec![tags::of_containers("*")],
        readonly_root: false,
        metadata: true,
    };
    let mut seen = BTreeSet::new();
    for item in &document.items {
        match item {
            Item::Command { name, argument } if name == "INCLUDE" && !seen.insert(argument) => {
                let message = format!("{argument} is included twice");
                findings.add(Code::IncludeTwice, at, message);
            }
            Item::Section(section) if section.name.ends_with("PARSER") => {
                let message = format!("[{}] is in the main file", section.name);
                findings.add(Code::ParserSection, at, message);
            }
            _ => {}
        }
    }
    check_document(&place, &document, findings);
}

fn check_document(place: &FilePlace<'_>, document: &Document, findings: &mut Findings) {
    let inputs = document
        .sections()
        .filter(|section| section.name == "INPUT");
    let mut all = place.tags.clone();
    all.push(HEALTH_TAG.to_owned());
    all.extend(inputs.map(|section| section.value("tag").unwrap_or("*").to_owned()));
    let emitters = document
        .sections()
        .flat_map(|section| section.values("rule"));
    all.extend(
        emitters.filter_map(|rule| Some(tags::of_template(rule.split_whitespace().nth(2)?))),
    );
    let mut databases: BTreeSet<&str> = BTreeSet::new();
    for (index, section) in document.sections().enumerate() {
        let at = format!("{}[{index}]", place.at);
        for entry in &section.entries {
            let field = format!("{at}.{}", entry.key);
            let hidden = secrets::is_secret_option(&entry.key)
                || (entry.key.eq_ignore_ascii_case("header")
                    && secrets::is_secret_header(&entry.value));
            if hidden && !entry.value.contains("${") {
                let message = format!("{} is a secret, and is in plain text here", entry.key);
                findings.add(Code::SecretInCustomConfig, &field, message);
            } else if section.name != "OUTPUT" {
                secret::check_value(&entry.key, &entry.value, &field, findings);
            }
            if section.name != "OUTPUT" {
                variable::check(&entry.value, &field, place.around.variables, findings);
            }
        }
        match PluginKind::of_section(&section.name) {
            Some(PluginKind::Input) => check_input(place, section, &at, &mut databases, findings),
            Some(kind) => {
                check_match(section, kind, &all, &at, findings);
                check_plugin(place, section, kind, &at, findings);
            }
            None => {}
        }
    }
}

fn check_plugin(
    place: &FilePlace<'_>,
    section: &Section,
    kind: PluginKind,
    at: &str,
    findings: &mut Findings,
) {
    if kind == PluginKind::Output {
        let output = Output::of_section(at, section);
        let mut theirs = Findings::default();
        check_output(&output, &place.around, place.metadata, true, &mut theirs);
        // Secrets of a file have a code of their own, with their own fix.
        for finding in theirs.finish() {
            if !matches!(finding.code, Code::SecretInOption | Code::SecretInHeader) {
                findings.add(finding.code, finding.field, finding.message);
            }
        }
        return;
    }
    check_options(place, section, kind, at, findings);
}

fn check_options(
    place: &FilePlace<'_>,
    section: &Section,
    kind: PluginKind,
    at: &str,
    findings: &mut Findings,
) {
    let name = section.value("name").unwrap_or_default();
    let plugin_at = Place {
        kind,
        plugin: name,
        version: place.around.version,
    };
    let Some(plugin) = options::check_plugin(&plugin_at, &format!("{at}.Name"), findings) else {
        return;
    };
    for entry in &section.entries {
        let field = format!("{at}.{}", entry.key);
        options::check_option(
            &plugin_at,
            plugin,
            &entry.key,
            Some(&entry.value),
            &field,
            findings,
        );
    }
}

fn check_match(
    section: &Section,
    kind: PluginKind,
    tags: &[String],
    at: &str,
    findings: &mut Findings,
) {
    if section.value("match_regex").is_some() {
        return;
    }
    let Some(glob) = section.value("match") else {
        let message = format!("[{}] has no Match, and gets no records", section.name);
        findings.add(Code::MatchMissing, at, message);
        return;
    };
    let field = format!("{at}.Match");
    if glob == "*" && kind == PluginKind::Output {
        let message = "it receives the lines of every container and of the health check";
        findings.add(Code::MatchEverything, field, message);
    } else if !glob.contains("${") && !tags.iter().any(|tag| tags::can_meet(tag, glob)) {
        let message = format!("no tag matches {glob:?}");
        findings.add(Code::MatchNothing, field, message);
    }
}

fn check_input<'a>(
    place: &FilePlace<'_>,
    section: &'a Section,
    at: &str,
    databases: &mut BTreeSet<&'a str>,
    findings: &mut Findings,
) {
    check_options(place, section, PluginKind::Input, at, findings);
    let name = section
        .value("name")
        .unwrap_or_default()
        .to_ascii_lowercase();
    let port = section.value("port");
    let default_port = name == "forward" && port.is_none() && section.value("unix_path").is_none();
    if default_port || port.is_some_and(|port| AGENT_PORTS.contains(&port)) {
        let message = format!(
            "the ECS agent has an input on port {}",
            port.unwrap_or("24224")
        );
        findings.add(Code::AgentPort, format!("{at}.Port"), message);
    }
    if name != "tail" {
        return;
    }
    let field = format!("{at}.DB");
    match section.value("db") {
        None => {
            let message = "the input does not keep its position";
            findings.add(Code::TailWithoutDatabase, at, message);
        }
        Some(path) if !databases.insert(path) => {
            let message = format!("another input uses the database {path}");
            findings.add(Code::TailDatabaseShared, &field, message);
        }
        Some(_) => {}
    }
    if place.readonly_root && section.value("db").is_some() {
        let message = "the database cannot be written on a read-only root filesystem";
        findings.add(Code::PathReadOnly, field, message);
    }
}

/// Settings that replace what the operator and the health check rely on.
fn check_service(subject: &Subject<'_>, findings: &mut Findings) {
    let uptime = subject.spec.router.health_check.type_ == HealthCheckType::Auto;
    let services = subject
        .custom
        .sections()
        .enumerate()
        .filter(|(_, section)| section.name == "SERVICE");
    for (index, section) in services {
        for entry in &section.entries {
            let (key, value) = (entry.key.to_ascii_lowercase(), entry.value.as_str());
            let number = value.parse::<u32>().ok();
            let problem = match key.as_str() {
                "http_server" if uptime && super::output::boolean(value) == Some(false) => {
                    "the health check uses the HTTP server"
                }
                "http_port" if uptime && value != "2020" => "the health check uses port 2020",
                "grace" if number.is_some_and(|seconds| seconds < 5) => {
                    "the time is too short to flush the buffers"
                }
                "flush" if number.is_some_and(|seconds| seconds > 10) => {
                    "lines stay in memory for a long time"
                }
                "parsers_file" if !subject.spec.parsers.is_empty() => {
                    "spec.parsers has its own file"
                }
                "log_level" if value.eq_ignore_ascii_case("trace") => {
                    "records are written to the log of the router"
                }
                _ => continue,
            };
            let field = format!("spec.customConfig[{index}].{}", entry.key);
            let message = format!("{} {value}: {problem}", entry.key);
            findings.add(Code::ServiceOverride, field, message);
        }
    }
}
