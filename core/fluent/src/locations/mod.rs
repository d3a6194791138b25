//! From an output of the router to the place where AWS shows what arrived.
//!
//! A place whose name depends on what records hold is none: to look at the wrong one and find nothing
//! would be a false alarm.

use crate::outputs::OutputInUse;
use firelens_aws::observe::LogLocation;
use firelens_types::v1alpha1::LoggingPolicySpec;

/// Variable with the id of the task, which the init process of aws-for-fluent-bit exports.
/// <https://github.com/aws/aws-for-fluent-bit/tree/mainline/use_cases/init-process-for-fluent-bit>
pub const TASK_ID: &str = "${ECS_TASK_ID}";

/// Key of objects when nothing is said:
/// <https://docs.fluentbit.io/manual/data-pipeline/outputs/s3>.
const DEFAULT_S3_KEY_FORMAT: &str = "/fluent-bit-logs/$TAG/%Y/%m/%d/%H/%M/%S";

/// The tag of a record in a key format.
const TAG: &str = "$TAG";

/// Where to look for what an output sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// Region of the destination.
    pub region: String,
    /// Where in it.
    pub place: LogLocation,
    /// Whether nothing but one task writes there, so that whatever is there proves it.
    pub of_one_task: bool,
}

/// A task and a container in it.
#[derive(Clone, Copy, Debug, Default)]
pub struct LogSource<'a> {
    /// Name of the container.
    pub container: &'a str,
    /// Id of the task: the last part of its ARN.
    pub task_id: &'a str,
}

impl LogSource<'_> {
    /// The tag that the ECS agent gives:
    /// <https://github.com/aws/amazon-ecs-agent/blob/master/agent/engine/docker_task_engine.go>.
    fn tag(&self) -> String {
        format!("{}-firelens-{}", self.container, self.task_id)
    }
}

/// Where the records of `source` arrive when `output` sends them from `region`.
///
/// # Errors
/// AWS cannot show it; the text says why.
pub fn of(
    output: &OutputInUse,
    source: LogSource<'_>,
    region: &str,
    changes_tags: bool,
) -> Result<Location, &'static str> {
    let option = |name: &str| {
        let found = output
            .options
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    };
    if option("role_arn").is_some() {
        return Err("it is sent with a role of its own");
    }
    let (place, of_one_task) = match output.plugin.as_str() {
        "cloudwatch_logs" | "cloudwatch" => log_streams(&option, source, changes_tags)?,
        "kinesis_firehose" | "firehose" => {
            let stream = plain(option("delivery_stream"))?;
            (LogLocation::Firehose { stream }, false)
        }
        "kinesis_streams" | "kinesis" => {
            let stream = plain(option("stream"))?;
            (LogLocation::KinesisStream { stream }, false)
        }
        "s3" => objects(&option, source, changes_tags)?,
        _ => return Err("it is no destination that AWS shows"),
    };
    Ok(Location {
        region: plain(Some(option("region").unwrap_or(region)))?,
        place,
        of_one_task,
    })
}

/// A value that is the same for every record.
fn plain(value: Option<&str>) -> Result<String, &'static str> {
    match value {
        Some(value) if !value.is_empty() && !value.contains('$') => Ok(value.to_owned()),
        _ => Err("its name depends on what the router finds"),
    }
}

fn log_streams<'o>(
    option: &impl Fn(&str) -> Option<&'o str>,
    source: LogSource<'_>,
    changes_tags: bool,
) -> Result<(LogLocation, bool), &'static str> {
    if option("log_group_template").is_some() || option("log_stream_template").is_some() {
        return Err("its streams are named by what records hold");
    }
    let group = plain(option("log_group_name"))?;
    let (prefix, of_one_task) = match (option("log_stream_prefix"), option("log_stream_name")) {
        (Some(_), _) if changes_tags => return Err("a filter of the policy changes tags"),
        (Some(""), _) => (source.tag(), true),
        (Some(prefix), _) => (format!("{}{}", plain(Some(prefix))?, source.tag()), true),
        (None, Some(name)) => {
            let named = name.replace(TASK_ID, source.task_id);
            (plain(Some(&named))?, named != name)
        }
        (None, None) => return Err("its streams are named by what records hold"),
    };
    Ok((LogLocation::LogStreams { group, prefix }, of_one_task))
}

fn objects<'o>(
    option: &impl Fn(&str) -> Option<&'o str>,
    source: LogSource<'_>,
    changes_tags: bool,
) -> Result<(LogLocation, bool), &'static str> {
    let bucket = plain(option("bucket"))?;
    let format = option("s3_key_format").unwrap_or(DEFAULT_S3_KEY_FORMAT);
    let format = format.strip_prefix('/').unwrap_or(format);
    // `$TAG[n]` is a part of the tag.
    let tagged = format
        .split_once(TAG)
        .filter(|(before, after)| !before.contains(['$', '%']) && !after.starts_with('['));
    let (whole, of_one_task) = match tagged {
        Some(_) if changes_tags => return Err("a filter of the policy changes tags"),
        Some((before, after)) => (format!("{before}{}{after}", source.tag()), true),
        None => (format.to_owned(), false),
    };
    let end = whole.find(['$', '%']).unwrap_or(whole.len());
    let prefix = whole.get(..end).unwrap_or_default().to_owned();
    if prefix.is_empty() {
        return Err("its keys begin with what records hold");
    }
    Ok((LogLocation::Objects { bucket, prefix }, of_one_task))
}

/// How long an output holds records back because its policy says so, in seconds; beyond the ten
/// minutes of S3 that everybody is given.
pub fn delay_seconds(output: &OutputInUse) -> i64 {
    let timeout = output.options.get("upload_timeout");
    timeout
        .filter(|_| output.plugin == "s3")
        .and_then(|text| {
            let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
            let unit_seconds = match text.get(digits.len()..)? {
                "" | "s" | "S" => 1,
                "m" | "M" => 60,
                "h" | "H" => 3600,
                _ => return None,
            };
            digits.parse::<i64>().ok()?.checked_mul(unit_seconds)
        })
        .unwrap_or(0)
}

/// A location as it is named in messages.
pub fn describe(place: &LogLocation) -> String {
    match place {
        LogLocation::LogStreams { group, .. } => format!("log group {group}"),
        LogLocation::Firehose { stream } => format!("Firehose stream {stream}"),
        LogLocation::KinesisStream { stream } => format!("Kinesis stream {stream}"),
        LogLocation::Objects { bucket, .. } => format!("bucket {bucket}"),
    }
}

/// Whether AWS can show what an output of a policy sends, as far as that is known before it runs: `plugin` with
/// all its plain options.
#[must_use]
pub fn is_shown<'o>(
    spec: &LoggingPolicySpec,
    plugin: &str,
    options: impl Iterator<Item = (&'o str, &'o str)>,
) -> bool {
    let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    let output = OutputInUse {
        name: String::new(),
        plugin: plugin.to_owned(),
        options: options.map(own).collect(),
        containers: Vec::new(),
    };
    // Which container, task and region it is makes no difference.
    of(
        &output,
        LogSource::default(),
        "us-east-1",
        changes_tags(spec),
    )
    .is_ok()
}

/// Whether records may carry other tags than the ECS agent gives them.
#[must_use]
pub fn changes_tags(spec: &LoggingPolicySpec) -> bool {
    let raw = spec
        .custom_config
        .as_deref()
        .is_some_and(|text| !text.trim().is_empty());
    raw || spec.config.file.is_some()
        || spec
            .filters
            .iter()
            .any(|filter| filter.rewrite_tag.is_some())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn output(plugin: &str, options: &[(&str, &str)]) -> OutputInUse {
        OutputInUse {
            name: "main".to_owned(),
            plugin: plugin.to_owned(),
            options: options
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            containers: vec!["web".to_owned()],
        }
    }

    fn place(plugin: &str, options: &[(&str, &str)], changes_tags: bool) -> String {
        let source = LogSource {
            container: "web",
            task_id: "abc",
        };
        match of(&output(plugin, options), source, "us-east-1", changes_tags) {
            Err(why) => why.to_owned(),
            Ok(found) => {
                let what = match found.place {
                    LogLocation::LogStreams { group, prefix } => format!("{group} {prefix}"),
                    LogLocation::Objects { bucket, prefix } => format!("{bucket} {prefix}"),
                    LogLocation::Firehose { stream } | LogLocation::KinesisStream { stream } => {
                        stream
                    }
                };
                let whose = if found.of_one_task { "task" } else { "shared" };
                format!("{}: {what}: {whose}", found.region)
            }
        }
    }

    type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str);

    #[track_caller]
    fn check(cases: &[Case<'_>]) {
        for (plugin, options, expected) in cases {
            let found = place(plugin, options, false);
            assert_eq!(found, *expected, "{plugin} {options:?}");
        }
    }

    #[test]
    fn log_streams_are_looked_up_by_task_where_possible() {
        let group = ("log_group_name", "/x");
        check(&[
            (
                "cloudwatch_logs",
                &[group, ("log_stream_prefix", "all-")],
                "us-east-1: /x all-web-firelens-abc: task",
            ),
            (
                "cloudwatch",
                &[group, ("log_stream_prefix", ""), ("region", "eu-west-1")],
                "eu-west-1: /x web-firelens-abc: task",
            ),
            (
                "cloudwatch_logs",
                &[group, ("log_stream_name", "app/web/${ECS_TASK_ID}")],
                "us-east-1: /x app/web/abc: task",
            ),
            (
                "cloudwatch_logs",
                &[group, ("log_stream_name", "everything")],
                "us-east-1: /x everything: shared",
            ),
            (
                "cloudwatch_logs",
                &[
                    group,
                    ("log_stream_prefix", "a"),
                    ("log_stream_template", "$x"),
                ],
                "its streams are named by what records hold",
            ),
            (
                "cloudwatch_logs",
                &[
                    ("log_group_name", "$(ecs_cluster)"),
                    ("log_stream_prefix", "a"),
                ],
                "its name depends on what the router finds",
            ),
        ]);
    }

    #[test]
    fn other_outputs_have_a_lookup_location_or_a_reason() {
        check(&[
            (
                "kinesis_firehose",
                &[("delivery_stream", "d"), ("role_arn", "arn:x")],
                "it is sent with a role of its own",
            ),
            (
                "kinesis_firehose",
                &[("delivery_stream", "d")],
                "us-east-1: d: shared",
            ),
            ("kinesis", &[("stream", "k")], "us-east-1: k: shared"),
            (
                "s3",
                &[("bucket", "b")],
                "us-east-1: b fluent-bit-logs/web-firelens-abc/: task",
            ),
            (
                "s3",
                &[("bucket", "b"), ("s3_key_format", "/logs/%Y/$TAG")],
                "us-east-1: b logs/: shared",
            ),
            (
                "s3",
                &[("bucket", "b"), ("s3_key_format", "/logs/$TAG[1]/x")],
                "us-east-1: b logs/: shared",
            ),
            (
                "s3",
                &[("bucket", "b"), ("s3_key_format", "/%Y")],
                "its keys begin with what records hold",
            ),
            (
                "datadog",
                &[("apikey", "x")],
                "it is no destination that AWS shows",
            ),
        ]);
    }

    #[test]
    fn tag_based_lookup_is_skipped_when_filters_change_tags() {
        let changed = "a filter of the policy changes tags";
        let streams = [("log_group_name", "/x"), ("log_stream_prefix", "a")];
        assert_eq!(place("cloudwatch_logs", &streams, true), changed);
        assert_eq!(place("s3", &[("bucket", "b")], true), changed);
        assert_eq!(
            place("firehose", &[("delivery_stream", "d")], true),
            "us-east-1: d: shared"
        );
    }
}
