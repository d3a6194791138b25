//! The output `awslogs`: what each container's own awslogs configuration says, as outputs, filters
//! and parsers of a policy.
//!
//! An `awslogs` output is replaced by one CloudWatch Logs output for each container, so that all
//! that follows treats it as any other. The retention of a group is not changed, and every option that
//! is dropped is named in a note or a refusal.

mod class;
mod datetime;
mod escape;
mod pattern;
mod settings;

use firelens_fluent::locations::TASK_ID;
use firelens_taskdef::{ContainerView, TaskDefinitionDoc};
use firelens_types::v1alpha1::{
    AwslogsFormat, AwslogsMultiline, AwslogsOutput, AwslogsStreams, CloudWatchLogs, Delivery,
    Filter, FilterBlock, LogDestinationSpec, LoggingPolicy, LoggingPolicySpec, MultilineFilter,
    MultilineParser, MultilineRule, Output, Parser,
};

use crate::containers::matches_any;
use crate::refusal::{Note, NoteCode, Reason, Refusal};
use settings::{Awslogs, Start, Streams};

/// Milliseconds after which a record that no further line belongs to is sent on. Fluent Bit loses what
/// is still open when it is told to stop, so this is short; awslogs waits five seconds and sends the
/// rest when the container ends.
const FLUSH_MILLISECONDS: u32 = 1_000;

/// A policy whose `awslogs` outputs are written in full for one task definition.
#[derive(Clone, Debug)]
pub(crate) struct Expanded {
    pub(crate) policy: LoggingPolicy,
    /// Whether a stream is named by [`TASK_ID`], so that the init image is needed whatever carries
    /// the rest.
    pub(crate) needs_task_id: bool,
}

/// Writes the `awslogs` outputs in full; none when the policy has no such output.
///
/// The document is the owner's, without our injection.
pub(crate) fn expand(
    document: &TaskDefinitionDoc,
    policy: &LoggingPolicy,
    notes: &mut Vec<Note>,
) -> Result<Option<Expanded>, Refusal> {
    if policy.spec.outputs.iter().all(|one| one.awslogs.is_none()) {
        return Ok(None);
    }
    let mut expansion = Expansion {
        before: &policy.spec,
        spec: policy.spec.clone(),
        needs_task_id: false,
        starts: Vec::new(),
    };
    // Places in `spec.outputs` stay, since messages name them; what is meant comes behind.
    for output in &mut expansion.spec.outputs {
        if output.awslogs.is_some() {
            output.containers.clear();
        }
    }
    for container in document.containers() {
        expansion.container(&container, notes)?;
    }
    let mut policy = policy.clone();
    policy.spec = expansion.spec;
    Ok(Some(Expanded {
        policy,
        needs_task_id: expansion.needs_task_id,
    }))
}

struct Expansion<'a> {
    before: &'a LoggingPolicySpec,
    spec: LoggingPolicySpec,
    needs_task_id: bool,
    /// Start patterns that have a parser: the pattern for Fluent Bit, the name of the parser.
    starts: Vec<(String, String)>,
}

impl Expansion<'_> {
    fn container(
        &mut self,
        container: &ContainerView<'_>,
        notes: &mut Vec<Note>,
    ) -> Result<(), Refusal> {
        let name = container.name();
        let selected = matches_any(&self.before.containers.include, &name)
            && !matches_any(&self.before.containers.exclude, &name);
        let outputs = self.before.outputs.iter().enumerate();
        let mut outputs = outputs.filter_map(|(index, output)| {
            let awslogs = output.awslogs.as_ref()?;
            matches_any(&output.containers, &name).then_some((index, output, awslogs))
        });
        let Some((index, output, wanted)) = outputs.next().filter(|_| selected) else {
            return Ok(());
        };
        if let Some((other, ..)) = outputs.next() {
            return Err(Refusal::new(
                Reason::InvalidOutput,
                format!(
                    "spec.outputs[{index}] and spec.outputs[{other}] are both awslogs outputs for container {name}, so \
                     its lines would be stored twice in its log group; give them different containers"
                ),
            ));
        }
        let settings = settings::read(container).map_err(|why| untranslatable(&name, &why))?;
        let Some(settings) = settings else {
            let driver = container.log_driver();
            notes.push(Note::new(
                NoteCode::AwslogsMissing,
                format!(
                    "output {} does not apply to container {name}, whose log driver is {}",
                    output.name,
                    driver.as_deref().unwrap_or("not set")
                ),
            ));
            return Ok(());
        };
        note_dropped(&name, &settings, notes);
        let start = settings.start.as_ref();
        if let Some(start) = start.filter(|_| wanted.multiline == AwslogsMultiline::Keep) {
            self.join(index, &name, start, notes)?;
        }
        self.needs_task_id |= wanted.streams == AwslogsStreams::Keep
            && matches!(settings.streams, Streams::Prefix(_));
        let destination = destination(&name, wanted, settings);
        self.spec.outputs.push(Output {
            name: output.name.clone(),
            destination: Some(LogDestinationSpec {
                cloud_watch_logs: Some(destination),
                ..LogDestinationSpec::default()
            }),
            containers: vec![name],
            include_pattern: output.include_pattern.clone(),
            exclude_pattern: output.exclude_pattern.clone(),
            ..Output::default()
        });
        Ok(())
    }

    /// Adds the parser and the filter that join lines as awslogs does: a line that matches the start
    /// pattern begins a record, all others belong to the one before.
    fn join(
        &mut self,
        index: usize,
        container: &str,
        start: &Start,
        notes: &mut Vec<Note>,
    ) -> Result<(), Refusal> {
        let option = start.option;
        if self.joins_already(container) {
            notes.push(Note::new(
                NoteCode::AwslogsChanged,
                format!("{option} of container {container} is ignored, because a multiline filter of the policy joins its lines"),
            ));
            return Ok(());
        }
        if !matches!(self.before.config.delivery, Delivery::Auto | Delivery::Init) {
            return Err(Refusal::new(
                Reason::DeliveryUnsupported,
                format!(
                    "{option} of container {container} needs parsers in a separate file; set config.delivery to Auto \
                     or Init, or set spec.outputs[{index}].awslogs.multiline to Drop"
                ),
            ));
        }
        let expression = pattern::to_onigmo(&start.expression).map_err(|problem| {
            untranslatable(container, &format!(
                "{option} cannot be kept: {problem}; set spec.outputs[{index}].awslogs.multiline to Drop, or change the option"
            ))
        })?;
        let shared =
            self.before.outputs.iter().any(|output| {
                output.awslogs.is_none() && matches_any(&output.containers, container)
            });
        if shared {
            notes.push(Note::new(
                NoteCode::AwslogsChanged,
                format!(
                    "lines of container {container} are joined by its {option} for all of its outputs while \
                     spec.outputs[{index}] exists"
                ),
            ));
        }
        let parser = self.parser(&expression);
        self.filter(container, parser);
        Ok(())
    }

    /// One filter for each parser: it keeps the lines of its containers apart by their tags.
    fn filter(&mut self, container: &str, parser: String) {
        let ours = self.spec.filters.iter_mut().skip(self.before.filters.len());
        let of_parser = |filter: &&mut Filter| {
            let block = filter.multiline.as_ref();
            block.is_some_and(|block| block.multiline_parser.contains(&parser))
        };
        if let Some(filter) = ours.into_iter().find(of_parser) {
            filter.containers.push(container.to_owned());
            return;
        }
        self.spec.filters.push(Filter {
            containers: vec![container.to_owned()],
            multiline: Some(MultilineFilter {
                multiline_parser: vec![parser],
                flush_ms: Some(FLUSH_MILLISECONDS),
                ..MultilineFilter::default()
            }),
            ..Filter::default()
        });
    }

    /// Joining what Docker split goes together with joining lines; two that join lines do not.
    fn joins_already(&self, container: &str) -> bool {
        self.before.filters.iter().any(|filter| {
            let is_for = filter.containers.is_empty() || matches_any(&filter.containers, container);
            let joins_lines = match filter.block() {
                Some(FilterBlock::Multiline(block)) => {
                    block.mode.as_deref() != Some("partial_message")
                }
                _ => false,
            };
            is_for && joins_lines
        })
    }

    /// The parser for a start pattern, one for all containers that have it.
    fn parser(&mut self, expression: &str) -> String {
        if let Some((_, name)) = self.starts.iter().find(|(known, _)| known == expression) {
            return name.clone();
        }
        let taken = |name: &String| self.spec.parsers.iter().any(|one| one.name == *name);
        let mut number = self.starts.len() + 1;
        let mut name = format!("awslogs-{number}");
        while taken(&name) {
            number += 1;
            name = format!("awslogs-{number}");
        }
        let rule = |state: &str, regex: String| MultilineRule {
            state: state.to_owned(),
            regex,
            next: "continued".to_owned(),
        };
        let parser = Parser {
            name: name.clone(),
            multiline: Some(MultilineParser {
                // A line goes on with the record unless it starts one: Fluent Bit looks at that first.
                rules: vec![
                    rule("start_state", expression.to_owned()),
                    rule("continued", format!("^(?!.*(?:{expression}))")),
                ],
                ..MultilineParser::default()
            }),
            ..Parser::default()
        };
        self.spec.parsers.push(parser);
        self.starts.push((expression.to_owned(), name.clone()));
        name
    }
}

fn untranslatable(container: &str, why: &str) -> Refusal {
    Refusal::new(
        Reason::AwslogsUntranslatable,
        format!("container {container}: {why}"),
    )
}

fn note_dropped(container: &str, settings: &Awslogs, notes: &mut Vec<Note>) {
    if !settings.dropped.is_empty() {
        notes.push(Note::new(
            NoteCode::AwslogsChanged,
            format!(
                "container {container}: awslogs options that have no effect with the router are left out: {}",
                settings.dropped.join(", ")
            ),
        ));
    }
}

/// The group and the streams. Without a prefix awslogs names a stream by the id of the container,
/// which Docker writes into each record.
fn destination(container: &str, wanted: &AwslogsOutput, settings: Awslogs) -> CloudWatchLogs {
    let mut block = CloudWatchLogs {
        region: settings.region,
        log_group_name: settings.group,
        log_key: (wanted.format == AwslogsFormat::Line).then(|| "log".to_owned()),
        log_format: settings.log_format,
        auto_create_group: settings.create_group.then_some(true),
        retry_limit: wanted.retry_limit.clone(),
        ..CloudWatchLogs::default()
    };
    match (settings.streams, wanted.streams) {
        (Streams::Prefix(prefix), AwslogsStreams::Keep) => {
            block.log_stream_name = Some(format!("{prefix}/{container}/{TASK_ID}"));
        }
        (Streams::Prefix(prefix), AwslogsStreams::Tag) => {
            block.log_stream_prefix = Some(format!("{prefix}/{container}/"));
        }
        (Streams::Fixed(stream), _) => block.log_stream_name = Some(stream),
        (Streams::ContainerId, _) => {
            block.log_stream_template = Some("$container_id".to_owned());
            block.log_stream_prefix = Some(format!("{container}/"));
        }
    }
    if let Some(endpoint) = settings.endpoint {
        block.endpoint = Some(endpoint.host);
        let port = endpoint.port.map(|port| ("port".to_owned(), port));
        block.options.extend(port);
    }
    block
}
