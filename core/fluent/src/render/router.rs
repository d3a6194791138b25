//! The router's own configuration file, whole: service, filters, outputs, and what the policy adds.
//!
//! The ECS agent includes it behind its own inputs and filters and before its own outputs. A file is
//! only returned after it was read back and found equal to what was meant.

use std::collections::BTreeMap;

use wildmatch::WildMatch;

use super::custom::{CustomConfigProblem, read_custom_config};
use super::error::RenderError;
use super::outputs::Routed;
use super::reader::read;
use super::tree::{Document, Entry, Item, Section};
use super::writer::{INDENT, write};
use super::{filters, multiline, parser_names, parsers, tags, versions};
use crate::outputs::{CompiledOutput, ImageLine};
use crate::text::{LINE_BYTES_V2, VARIABLE_NAME_BYTES};
use firelens_types::v1alpha1::{Filter, FilterBlock, Parser};

/// Environment variable of the router that carries a secret option: by container, place of the
/// output among the container's outputs from 0, and option name as compiled.
pub(super) type SecretEnv = BTreeMap<(String, usize, String), String>;

/// One container and where its records go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Route {
    /// Name of the container, as in the task definition.
    pub container: String,
    /// Its outputs, in the order of the policy.
    pub outputs: Vec<CompiledOutput>,
}

/// Everything that a router file is made of.
#[derive(Clone, Debug, Default)]
pub struct RouterFileInput<'a> {
    /// Containers that log through the router and their outputs.
    pub routes: Vec<Route>,
    /// `spec.filters`.
    pub filters: &'a [Filter],
    /// `spec.parsers`.
    pub parsers: &'a [Parser],
    /// `spec.customConfig`.
    pub custom_config: &'a str,
    /// Port on 127.0.0.1 where the health check needs Fluent Bit's HTTP server, if it does.
    pub http_server: Option<u16>,
    /// Whether the agent's metadata filter is on (`enable-ecs-log-metadata`).
    pub ecs_metadata: bool,
    /// Environment variable of each secret option: (container, place of the output from 0, option).
    pub secret_env: BTreeMap<(String, usize, String), String>,
    /// Which Fluent Bit the router image has: 1.9.10 reads shorter lines and knows fewer options.
    pub image_line: ImageLine,
    /// Whether the router image is an aws-for-fluent-bit, so that its parsers are known.
    pub aws_image: bool,
}

/// The files to deliver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouterFiles {
    /// Pipeline sections.
    pub main: String,
    /// Parser sections, which Fluent Bit takes from a file of their own only (`-R`, which the init
    /// image passes for files with parsers in them).
    pub parsers: Option<String>,
    /// The `[SERVICE]` section of `main`, with what the policy's raw text says of it.
    pub service: Section,
}

/// A filter of the policy and the routed containers it is for.
pub(super) struct Scoped<'a> {
    /// Place in `spec.filters`.
    pub(super) index: usize,
    pub(super) filter: &'a Filter,
    containers: Vec<&'a str>,
    all: bool,
}

impl Scoped<'_> {
    /// The containers, or none for all.
    pub(super) fn containers(&self) -> Option<&[&str]> {
        (!self.all).then_some(self.containers.as_slice())
    }

    pub(super) fn overlaps(&self, other: &Self) -> bool {
        self.containers
            .iter()
            .any(|container| other.containers.contains(container))
    }
}

/// Renders the router file of one workload.
///
/// Order: `[SERVICE]`; multiline filters, which Fluent Bit wants first; copies and patterns of the
/// outputs, which so see the whole raw line as the agent's own patterns do; the other filters as
/// given; one `[OUTPUT]` per container and output; the raw text of the policy, written anew.
/// A filter whose containers are not in this task is left out.
pub fn router_file(input: &RouterFileInput<'_>) -> Result<RouterFiles, RenderError> {
    for (index, route) in input.routes.iter().enumerate() {
        if !tags::is_container_name(&route.container) {
            return Err(RenderError::Container { index });
        }
    }
    let custom = read_custom_config(input.custom_config).map_err(RenderError::CustomConfig)?;
    let scoped = scope(input);
    let parser_files = parser_names::files(input, &scoped, &custom)?;
    let routed: Vec<Routed<'_>> = input
        .routes
        .iter()
        .map(Routed::new)
        .collect::<Result<_, _>>()?;

    if input.image_line == ImageLine::V2 {
        refuse_filters_of_v3(&scoped)?;
    }
    let mut items = multiline::items(&scoped, input.ecs_metadata)?;
    for one in &routed {
        items.extend(one.filters(input.ecs_metadata).into_iter().map(Item::from));
    }
    items.extend(other_filters(input, &scoped)?);
    for one in &routed {
        items.extend(one.outputs(&input.secret_env)?.into_iter().map(Item::from));
    }
    let (services, custom): (Vec<Item>, Vec<Item>) = custom.items.into_iter().partition(is_service);
    items.extend(custom);

    let parsers = parsers::document(input.parsers, input.image_line)?;
    let mut service = service(input.http_server, &parser_files);
    for custom in services {
        change_service(&mut service, custom, input)?;
    }
    items.insert(0, service.clone().into());
    Ok(RouterFiles {
        service,
        main: proven(&Document { items }, input.image_line)?,
        parsers: match parsers.items.is_empty() {
            true => None,
            false => Some(parsers::marked(proven(&parsers, input.image_line)?)),
        },
    })
}

fn refuse_filters_of_v3(scoped: &[Scoped<'_>]) -> Result<(), RenderError> {
    for one in scoped {
        if let Some(message) = versions::filter_refused_by_v2(one.filter) {
            return Err(RenderError::Filter {
                index: one.index,
                message,
            });
        }
    }
    Ok(())
}

fn scope<'a>(input: &'a RouterFileInput<'_>) -> Vec<Scoped<'a>> {
    let routed: Vec<&str> = input.routes.iter().map(|r| r.container.as_str()).collect();
    let mut scoped = Vec::new();
    for (index, filter) in input.filters.iter().enumerate() {
        let matches = |container: &&str| {
            filter.containers.is_empty()
                || filter
                    .containers
                    .iter()
                    .any(|glob| WildMatch::new(glob).matches(container))
        };
        let containers: Vec<&str> = routed.iter().copied().filter(matches).collect();
        if !containers.is_empty() {
            scoped.push(Scoped {
                index,
                filter,
                all: containers.len() == routed.len(),
                containers,
            });
        }
    }
    scoped
}

fn other_filters(
    input: &RouterFileInput<'_>,
    scoped: &[Scoped<'_>],
) -> Result<Vec<Item>, RenderError> {
    let routed: Vec<&str> = input.routes.iter().map(|r| r.container.as_str()).collect();
    let mut items = Vec::new();
    for one in scoped {
        let matched = tags::of_containers(one.containers());
        match one.filter.block() {
            Some(FilterBlock::Multiline(_)) => continue,
            Some(FilterBlock::RewriteTag(rewrite)) => {
                for rule in &rewrite.rule {
                    let template = rule.split_whitespace().rev().nth(1).unwrap_or_default();
                    if tags::loops(template, &matched, &routed) {
                        return Err(RenderError::Filter {
                            index: one.index,
                            message: "the new tag would meet the same rule again, for ever; begin \
                                      it with a word and a dot, such as `audit.$TAG`"
                                .to_owned(),
                        });
                    }
                }
            }
            _ => {}
        }
        let sections = filters::sections(one.index, one.filter, &matched)?;
        items.extend(sections.into_iter().map(Item::from));
    }
    Ok(items)
}

/// Flush and grace as AWS recommends them against loss at the end of a task; the router's stop
/// timeout has to be longer than the grace.
/// <https://github.com/aws/aws-for-fluent-bit/blob/mainline/configs/minimize-log-loss.conf>
fn service(http_server: Option<u16>, parser_files: &[&str]) -> Section {
    let mut service = Section::new("SERVICE")
        .with("Flush", "1")
        .with("Grace", "30");
    if let Some(port) = http_server {
        service.push("HTTP_Server", "On");
        service.push("HTTP_Listen", "127.0.0.1");
        service.push("HTTP_Port", port.to_string());
    }
    for file in parser_files {
        service.push("Parsers_File", *file);
    }
    service
}

fn is_service(item: &Item) -> bool {
    matches!(item, Item::Section(section) if section.name == "SERVICE")
}

/// Puts the keys of a raw `[SERVICE]` section into the one there is, where they win: Fluent Bit
/// documents a single such section. `Parsers_File` may stand several times.
fn change_service(
    service: &mut Section,
    custom: Item,
    input: &RouterFileInput<'_>,
) -> Result<(), RenderError> {
    const HEALTH_CHECK: [&str; 3] = ["http_server", "http_listen", "http_port"];
    let Item::Section(custom) = custom else {
        return Ok(());
    };
    for entry in custom.entries {
        let is = |key: &str| entry.key.eq_ignore_ascii_case(key);
        if input.http_server.is_some() && HEALTH_CHECK.into_iter().any(is) {
            return Err(RenderError::CustomConfig(CustomConfigProblem::Key {
                section: custom.name,
                key: entry.key,
                hint: "the health check of the router needs it as it is",
            }));
        }
        let known = |old: &Entry| old.key.eq_ignore_ascii_case(&entry.key);
        let several = is("parsers_file");
        if several
            && service
                .entries
                .iter()
                .any(|old| known(old) && old.value == entry.value)
        {
            continue;
        }
        service.entries.retain(|old| several || !known(old));
        service.entries.push(entry);
    }
    Ok(())
}

/// Writes a tree and reads it back.
fn proven(document: &Document, image_line: ImageLine) -> Result<String, RenderError> {
    if image_line == ImageLine::V2 {
        refuse_what_1_9_overruns(document)?;
    }
    let text = write(document).map_err(RenderError::Write)?;
    match read(&text) {
        Ok(back) if back == *document => Ok(text),
        Ok(_) => Err(RenderError::RoundTrip(None)),
        Err(error) => Err(RenderError::RoundTrip(Some(error))),
    }
}

/// Fluent Bit 1.9.10 has fixed buffers for a line and for the name of a variable.
fn refuse_what_1_9_overruns(document: &Document) -> Result<(), RenderError> {
    for section in document.sections() {
        for Entry { key, value } in &section.entries {
            let line_bytes = INDENT.len() + key.len() + 1 + value.len();
            let message = if line_bytes > LINE_BYTES_V2 {
                format!("is {line_bytes} bytes long, and the 2.x images read {LINE_BYTES_V2}")
            } else if versions::has_long_variable(value) {
                format!(
                    "names a variable of more than {VARIABLE_NAME_BYTES} characters, which overruns a buffer of the \
                     2.x images"
                )
            } else {
                continue;
            };
            return Err(RenderError::OldImage {
                section: section.name.clone(),
                key: key.clone(),
                message,
            });
        }
    }
    Ok(())
}
