//! How the routing reaches the router: log options, or a file and the way it takes.
//!
//! Never overwrites an object: its key holds the hash of its body, since the agent reads the object
//! at each task start, of old revisions too.

use std::collections::BTreeMap;

use crate::doc::sha256_hex;
use crate::error_chain;
use crate::outputs::{CompiledOutput, ImageLine};
use crate::render::{RenderError, RouterFileInput, RouterFiles, router_file};
use crate::v1alpha1::{ConfigBucket, Delivery, LoggingPolicySpec, RouterType};

use super::containers::Routed;
use super::health::{BUILT_IN_CONFIG, Chosen};
use super::image::RouterImage;
use super::{ConfigObject, InjectContext, Reason, Refusal, delivery_fluentd, placement};

/// Prefix of the variables that tell the init process which files to fetch.
/// Source: <https://github.com/aws/aws-for-fluent-bit/tree/mainline/use_cases/init-process-for-fluent-bit>.
const INIT_VARIABLE: &str = "aws_fluent_bit_init_s3_";

/// Whether everything fits into log options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way<'a> {
    /// Log options.
    Inline,
    /// Log options, and a file that is in the image already.
    InImage(&'a str),
    /// A file of ours.
    OwnFile,
}

/// Decides whether a file of ours is needed.
pub(super) fn way<'a>(
    spec: &'a LoggingPolicySpec,
    routed: &[Routed],
    outputs: &BTreeMap<usize, CompiledOutput>,
) -> Result<Way<'a>, Refusal> {
    let needs_file = needs_file(spec, routed, outputs);
    match (spec.config.delivery, spec.config.file.as_deref()) {
        (Delivery::File, None) => Err(unsupported(
            "config.delivery is File and config.file is empty".to_owned(),
        )),
        (Delivery::File | Delivery::Auto, Some(path)) => match needs_file {
            None => Ok(Way::InImage(path)),
            Some(why) => Err(unsupported(format!(
                "{why} need a file of ours beside config.file; leave config.file empty, or put them into that file"
            ))),
        },
        (Delivery::Inline, _) => match needs_file {
            None => Ok(Way::Inline),
            Some(why) => Err(unsupported(format!(
                "{why} do not fit into log options; use config.delivery Auto"
            ))),
        },
        (Delivery::Auto, None) if needs_file.is_none() => Ok(Way::Inline),
        (Delivery::Auto | Delivery::S3 | Delivery::Init, _) => Ok(Way::OwnFile),
    }
}

pub(super) fn unsupported(message: String) -> Refusal {
    Refusal::new(Reason::DeliveryUnsupported, message)
}

/// What does not fit into the log options of one container, if anything.
fn needs_file(
    spec: &LoggingPolicySpec,
    routed: &[Routed],
    outputs: &BTreeMap<usize, CompiledOutput>,
) -> Option<&'static str> {
    let has_text = |text: &String| !text.trim().is_empty();
    if routed.iter().any(|container| container.outputs.len() > 1) {
        Some("several outputs of one container")
    } else if !spec.filters.is_empty() {
        Some("filters")
    } else if !spec.parsers.is_empty() {
        Some("parsers")
    } else if spec.custom_config.as_ref().is_some_and(has_text) {
        Some("lines of customConfig")
    } else if let Some(why) = delivery_fluentd::needs_file(spec, outputs) {
        Some(why)
    } else if outputs.values().any(CompiledOutput::needs_file) {
        Some("options that are given several times")
    } else {
        None
    }
}

/// A file of ours on its way.
#[derive(Clone, Debug, Default)]
pub(super) struct Shipment {
    /// Image of the router, when it must be another than the policy's.
    pub(super) image: Option<String>,
    /// `config-file-type: s3` with this ARN.
    pub(super) config_file_arn: Option<String>,
    /// Variables of the router.
    pub(super) environment: Vec<(String, String)>,
    /// Secrets of the router: variable, `valueFrom`.
    pub(super) secrets: Vec<(String, String)>,
    /// Objects to write first.
    pub(super) objects: Vec<ConfigObject>,
}

/// Renders the file and decides who fetches it: the ECS agent on instances, the init image elsewhere
/// and wherever parsers need a file of their own.
pub(super) fn ship(
    context: &InjectContext<'_>,
    image: &RouterImage<'_>,
    routed: &[Routed],
    outputs: &BTreeMap<usize, CompiledOutput>,
    http_server: bool,
) -> Result<Shipment, Refusal> {
    let spec = &context.policy.spec;
    let bucket = context.config_bucket.ok_or_else(|| {
        Refusal::new(
            Reason::ConfigBucketRequired,
            "the routing does not fit into log options and needs a file in S3; set spec.configBucket of the AwsTarget",
        )
    })?;
    let in_file = placement::in_file(spec, routed, outputs);
    let (secrets, secret_env) = placement::secret_variables(spec, &in_file, outputs);
    let input = RouterFileInput {
        routes: placement::routes(&in_file, outputs),
        filters: &spec.filters,
        parsers: &spec.parsers,
        custom_config: spec.custom_config.as_deref().unwrap_or_default(),
        http_server,
        ecs_metadata: spec.router.ecs_metadata,
        secret_env,
        image_line: ImageLine::of(&spec.router.image),
        aws_image: image.is_aws,
    };
    if spec.router.type_ == RouterType::Fluentd {
        let shipment = delivery_fluentd::ship(context, bucket, &input)?;
        return Ok(Shipment {
            secrets,
            ..shipment
        });
    }
    let files = router_file(&input).map_err(|error| refused_file(&error))?;
    let mut shipment = if by_init(context, &files)? {
        init_shipment(context, image, bucket, &files)?
    } else {
        let object = object(context, bucket, "", &files.main);
        Shipment {
            config_file_arn: Some(object_arn(context, &object)),
            objects: vec![object],
            ..Shipment::default()
        }
    };
    shipment.secrets = secrets;
    Ok(shipment)
}

/// `config-file-type` and `config-file-value`.
pub(super) fn config_file<'a>(
    way: Way<'a>,
    shipment: &'a Shipment,
    health: &Chosen,
) -> Option<(&'a str, &'a str)> {
    match (way, &shipment.config_file_arn) {
        (Way::InImage(path), _) => Some(("file", path)),
        (Way::OwnFile, Some(arn)) => Some(("s3", arn)),
        (Way::OwnFile, None) => None,
        (Way::Inline, _) => health
            .needs_http_server
            .then_some(("file", BUILT_IN_CONFIG)),
    }
}

fn by_init(context: &InjectContext<'_>, files: &RouterFiles) -> Result<bool, Refusal> {
    let agent_cannot = context.platform.needs_init_image();
    match context.policy.spec.config.delivery {
        Delivery::Init => Ok(true),
        Delivery::S3 if agent_cannot => Err(unsupported(format!(
            "the ECS agent fetches no file from S3 on {}; use config.delivery Auto or Init",
            context.platform.launch_type
        ))),
        Delivery::S3 if files.parsers.is_some() => Err(unsupported(
            "parsers need a second file, which only the init image fetches; use config.delivery Auto or Init".to_owned(),
        )),
        _ => Ok(agent_cannot || files.parsers.is_some()),
    }
}

fn init_shipment(
    context: &InjectContext<'_>,
    image: &RouterImage<'_>,
    bucket: &ConfigBucket,
    files: &RouterFiles,
) -> Result<Shipment, Refusal> {
    let why = "the init variant of aws-for-fluent-bit has to fetch the configuration here";
    let init_image = init_image(context, image, why, "config.delivery File")?;
    let mut objects = vec![object(context, bucket, "", &files.main)];
    objects.extend(
        files
            .parsers
            .as_ref()
            .map(|parsers| object(context, bucket, "-parsers", parsers)),
    );
    let environment = objects
        .iter()
        .enumerate()
        .map(|(index, object)| {
            (
                format!("{INIT_VARIABLE}{}", index + 1),
                object_arn(context, object),
            )
        })
        .collect();
    Ok(Shipment {
        image: Some(init_image),
        environment,
        objects,
        ..Shipment::default()
    })
}

/// Makes the router know the id of its task, as a variable. The init process fetches nothing by it.
pub(super) fn tell_task_id(
    context: &InjectContext<'_>,
    image: &RouterImage<'_>,
    shipment: &mut Shipment,
) -> Result<(), Refusal> {
    if shipment.image.is_none() {
        let why = "streams named by the id of the task, as awslogs names them, need the init variant of \
                   aws-for-fluent-bit";
        shipment.image = Some(init_image(context, image, why, "awslogs.streams Tag")?);
    }
    Ok(())
}

/// The init variant of the router image, or the refusal when it is needed (`why`) and there is none;
/// `way_out` is what else can be done.
fn init_image(
    context: &InjectContext<'_>,
    image: &RouterImage<'_>,
    why: &str,
    way_out: &str,
) -> Result<String, Refusal> {
    let router = &context.policy.spec.router;
    let init_image = image.init_variant().ok_or_else(|| {
        Refusal::new(
            Reason::InitImageRequired,
            format!(
                "{why}, and none is known for {}; use an aws-for-fluent-bit image with a version as its tag, or \
                 {way_out}",
                router.image
            ),
        )
    })?;
    if router.readonly_root_filesystem && !image.init_starts_on_readonly_root() {
        return Err(Refusal::new(
            Reason::ReadonlyRootFilesystemUnsupported,
            format!(
                "{init_image} cannot start on a read-only root filesystem; use version 2.33.0 or later, or set \
                 router.readonlyRootFilesystem to false"
            ),
        ));
    }
    Ok(init_image)
}

pub(super) fn object(
    context: &InjectContext<'_>,
    bucket: &ConfigBucket,
    suffix: &str,
    body: &str,
) -> ConfigObject {
    let sha256 = sha256_hex(body.as_bytes());
    ConfigObject {
        bucket: bucket.name.clone(),
        key: format!(
            "{}{}/{sha256}{suffix}.conf",
            bucket.prefix,
            context.policy.name()
        ),
        body: body.to_owned(),
        sha256,
    }
}

pub(super) fn object_arn(context: &InjectContext<'_>, object: &ConfigObject) -> String {
    format!(
        "arn:{}:s3:::{}/{}",
        context.partition, object.bucket, object.key
    )
}

pub(super) fn refused_file(error: &RenderError) -> Refusal {
    let reason = match error {
        RenderError::Output { .. } => Reason::InvalidOutput,
        _ => Reason::InvalidConfiguration,
    };
    Refusal::new(reason, error_chain(error))
}
