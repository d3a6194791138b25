//! How the routing reaches the router: log options, files of the image, or files in S3.
//!
//! What is decided is a row of `table`; this module finds the row and says it in words. A way that would
//! fail only when a task starts is not taken.

pub(crate) mod fluentd;
pub(crate) mod placement;

mod files;
mod table;

use std::collections::BTreeMap;

use firelens_aws::image::{Product, RouterImage};
use firelens_fluent::outputs::CompiledOutput;
use firelens_types::v1alpha1::{Delivery, Filter, FilterBlock, LoggingPolicySpec, RouterType};

use crate::containers;
use crate::containers::Routed;
use crate::context::InjectContext;
use crate::refusal::{Reason, Refusal};
use crate::router::health::Chosen;

pub(crate) use files::{Shipment, object, object_arn, refused_file, ship};
pub(crate) use table::{BuiltIn, Fetcher};
use table::{Content, InitImage, Obstacle, Row, decide};

/// The way that the routing takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way<'a> {
    /// Log options, and files that the image has: one for the agent, one for the init process.
    Options {
        agent: Option<BuiltIn>,
        init: Option<BuiltIn>,
    },
    /// Log options, and the file of `config.file`.
    InImage(&'a str),
    /// A file of ours; `all` when not even the one output of a container stays in its log options.
    OwnFile { by: Fetcher, all: bool },
}

/// What the way is chosen from.
pub(crate) struct Choice<'a> {
    pub(crate) context: InjectContext<'a>,
    pub(crate) image: &'a RouterImage<'a>,
    pub(crate) routed: &'a [Routed],
    pub(crate) outputs: &'a BTreeMap<usize, CompiledOutput>,
    /// Whether everything has to go into a file, since the task definition has no room for it.
    pub(crate) all_in_file: bool,
}

impl<'a> Choice<'a> {
    fn spec(&self) -> &'a LoggingPolicySpec {
        &self.context.target.policy.spec
    }

    /// Finds the way, or refuses with what prevents it.
    pub(crate) fn way(&self, health: &Chosen) -> Result<Way<'a>, Refusal> {
        let spec = self.spec();
        let why = self.what_needs_a_file();
        let row = Row {
            delivery: spec.config.delivery,
            has_file: spec.config.file.is_some(),
            router: spec.router.type_,
            content: self.content(why),
            agent_fetches: !self.context.workload.platform.needs_init_image(),
            init: self.init_image(),
            has_bucket: self.context.target.config_bucket.is_some(),
            http_server: health.http_port.is_some(),
        };
        let way = decide(&row)
            .map_err(|obstacle| self.refused(obstacle, why.unwrap_or("the routing")))?;
        Ok(match way {
            table::Way::Options { agent, init } => Way::Options { agent, init },
            table::Way::InImage => Way::InImage(spec.config.file.as_deref().unwrap_or_default()),
            table::Way::OwnFile(by) => Way::OwnFile {
                by,
                // Who asks for S3 or Init asks for the whole routing in the file.
                all: self.all_in_file || spec.config.delivery != Delivery::Auto,
            },
        })
    }

    /// Whether the routing goes into a file of ours, whatever the health check.
    pub(crate) fn needs_own_file(&self) -> bool {
        matches!(self.way(&Chosen::default()), Ok(Way::OwnFile { .. }))
    }

    fn content(&self, why: Option<&str>) -> Content {
        if !self.spec().parsers.is_empty() {
            Content::SectionsAndParsers
        } else if self.all_in_file {
            Content::Sections
        } else if why.is_none() {
            Content::Options
        } else if self.is_only_json() {
            Content::BuiltInJson
        } else {
            Content::Sections
        }
    }

    /// What does not fit into the log options of one container, if anything.
    fn what_needs_a_file(&self) -> Option<&'static str> {
        let spec = self.spec();
        if self.several_outputs() {
            Some("several outputs of one container")
        } else if !spec.filters.is_empty() {
            Some("filters")
        } else if !spec.parsers.is_empty() {
            Some("parsers")
        } else if has_custom_config(spec) {
            Some("lines of customConfig")
        } else if let Some(why) = fluentd::needs_file(spec, self.outputs) {
            Some(why)
        } else if self.outputs.values().any(CompiledOutput::needs_file) {
            Some("options that are given several times")
        } else {
            None
        }
    }

    fn several_outputs(&self) -> bool {
        self.routed
            .iter()
            .any(|container| container.outputs.len() > 1)
    }

    /// Whether the one filter is what the image has as a file. That file matches every record, so
    /// the filter must be for every routed container.
    fn is_only_json(&self) -> bool {
        let spec = self.spec();
        let [filter] = spec.filters.as_slice() else {
            return false;
        };
        let for_all = |container: &Routed| {
            filter.containers.is_empty()
                || containers::matches_any(&filter.containers, &container.name)
        };
        self.image.product() == Product::AwsForFluentBit
            && spec.router.type_ == RouterType::Fluentbit
            && is_json_of_log(filter)
            && self.routed.iter().all(for_all)
            && !self.several_outputs()
            && !has_custom_config(spec)
            && !self.outputs.values().any(CompiledOutput::needs_file)
    }

    fn init_image(&self) -> InitImage {
        match self.image.init_variant() {
            None => InitImage::Unknown,
            Some(_)
                if self.spec().router.readonly_root_filesystem
                    && !self.image.init_starts_on_readonly_root() =>
            {
                InitImage::NeedsWritableRoot
            }
            Some(_) => InitImage::Usable,
        }
    }

    fn refused(&self, obstacle: Obstacle, what: &str) -> Refusal {
        let unsupported = |message: String| Refusal::new(Reason::DeliveryUnsupported, message);
        match obstacle {
            Obstacle::FluentdInit => unsupported(
                "there is no init image for Fluentd; set config.delivery to Auto".to_owned(),
            ),
            Obstacle::FluentdNowhere => unsupported(format!(
                "the routing needs a configuration file, the ECS agent cannot fetch one from S3 on {}, and there is no \
                 init image for Fluentd; add the file to your image and set config.delivery to File, or set \
                 router.type to fluentbit",
                self.context.workload.platform.launch_type
            )),
            Obstacle::NoFile => {
                unsupported("config.delivery is File and config.file is empty; set config.file".to_owned())
            }
            Obstacle::BesideFile => unsupported(format!(
                "{what} need a configuration file of the operator in addition to config.file; leave config.file empty, \
                 or add them to that file"
            )),
            Obstacle::NotInline => unsupported(format!(
                "{what} cannot be expressed as log options; set config.delivery to Auto"
            )),
            Obstacle::AgentCannot => unsupported(format!(
                "the ECS agent cannot fetch a configuration file from S3 on {}; set config.delivery to Auto or Init",
                self.context.workload.platform.launch_type
            )),
            Obstacle::ParsersNeedInit => unsupported(
                "parsers need a second file, which only the init image can fetch; set config.delivery to Auto or Init"
                    .to_owned(),
            ),
            Obstacle::NoBucket => Refusal::new(
                Reason::ConfigBucketRequired,
                "the routing cannot be expressed as log options and needs a configuration file in S3; set \
                 spec.configBucket of the AwsTarget",
            ),
            Obstacle::NoInitImage => self.no_init_image(
                "the init variant of aws-for-fluent-bit must fetch the configuration",
                "set config.delivery to File",
            ),
            Obstacle::ReadonlyRoot => self.readonly_root(),
        }
    }

    /// Makes the router know the id of its task, as a variable, which the init process sets.
    pub(crate) fn tell_task_id(&self, shipment: &mut Shipment) -> Result<(), Refusal> {
        if shipment.image.is_some() {
            return Ok(());
        }
        match self.init_image() {
            InitImage::Usable => {
                shipment.image = self.image.init_variant();
                Ok(())
            }
            InitImage::NeedsWritableRoot => Err(self.readonly_root()),
            InitImage::Unknown => Err(self.no_init_image(
                "log streams named by task ID, as the awslogs log driver names them, need the init variant of \
                 aws-for-fluent-bit",
                "set awslogs.streams to Tag",
            )),
        }
    }

    fn no_init_image(&self, why: &str, way_out: &str) -> Refusal {
        Refusal::new(
            Reason::InitImageRequired,
            format!(
                "{why}, and no init variant is known for {}; use an aws-for-fluent-bit image with a version as its \
                 tag, or {way_out}",
                self.spec().router.image
            ),
        )
    }

    fn readonly_root(&self) -> Refusal {
        Refusal::new(
            Reason::ReadonlyRootFilesystemUnsupported,
            format!(
                "{} cannot start on a read-only root filesystem; use version 2.33.0 or later, or set \
                 router.readonlyRootFilesystem to false",
                self.image.init_variant().unwrap_or_default()
            ),
        )
    }
}

fn has_custom_config(spec: &LoggingPolicySpec) -> bool {
    let text = spec.custom_config.as_deref();
    text.is_some_and(|text| !text.trim().is_empty())
}

/// The filter of `/fluent-bit/configs/parse-json.conf`.
/// <https://github.com/aws/aws-for-fluent-bit/blob/mainline/configs/parse-json.conf>
fn is_json_of_log(filter: &Filter) -> bool {
    let plain = filter.alias.is_none()
        && filter.log_level.is_none()
        && filter.log_suppress_interval.is_none();
    match filter.block() {
        Some(FilterBlock::Parser(parser)) => {
            plain
                && parser.key_name == "log"
                && parser.parser == ["json"]
                && parser.reserve_data == Some(true)
                && parser.preserve_key != Some(true)
        }
        _ => false,
    }
}

/// `config-file-type` and `config-file-value`.
pub(crate) fn config_file<'a>(
    way: Way<'a>,
    shipment: &'a Shipment,
) -> Option<(&'static str, &'a str)> {
    match way {
        Way::InImage(path) => Some(("file", path)),
        Way::Options { agent, .. } => agent.map(|file| ("file", file.path())),
        Way::OwnFile { .. } => {
            let arn = shipment.config_file_arn.as_deref();
            arn.map(|arn| ("s3", arn))
        }
    }
}
