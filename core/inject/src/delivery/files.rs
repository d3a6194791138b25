//! The files of a delivery: their keys, and the variables that tell the init process about them.
//!
//! Never overwrites an object: its key holds the hash of its body, since the agent reads the object
//! at each task start, of old revisions too. No two files have the same base name, since the init
//! process puts all of them into one folder.
//! <https://github.com/aws/aws-for-fluent-bit/blob/mainline/init/fluent_bit_init_process.go>

use firelens_aws::image::{ImageLine, Product};
use firelens_fluent::render::{
    RenderError, RouterFileInput, RouterFiles, Section, read, router_file,
};
use firelens_taskdef::sha256_hex;
use firelens_types::error_chain;
use firelens_types::v1alpha1::{ConfigBucket, Filter, RouterType};

use crate::context::{ConfigObject, TargetContext};
use crate::delivery::{Choice, Fetcher, Way, fluentd, placement};
use crate::refusal::{Reason, Refusal};

/// Prefix of the variables that tell the init process which objects to fetch. Their order is that
/// of the environment, not of their numbers, so nothing may depend on it: everything that has an
/// order stands in one file. The policy cannot set such variables.
const INIT_OBJECT: &str = "aws_fluent_bit_init_s3_";
/// The variable that tells the init process which file of the image to include.
const INIT_FILE: &str = "aws_fluent_bit_init_file_1";
/// What makes the init process take a file for a parser file, wherever it stands in the text.
const PARSER_MARKS: [&str; 2] = ["[PARSER]", "[MULTILINE_PARSER]"];

/// Files to deliver, and what the router needs for them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shipment {
    /// Image of the router, when it must be another than the policy's.
    pub(crate) image: Option<String>,
    /// `config-file-type: s3` with this ARN.
    pub(crate) config_file_arn: Option<String>,
    /// Variables of the router.
    pub(crate) environment: Vec<(String, String)>,
    /// Secrets of the router: variable, `valueFrom`.
    pub(crate) secrets: Vec<(String, String)>,
    /// Objects to write first.
    pub(crate) objects: Vec<ConfigObject>,
    /// The `[SERVICE]` section of the router file, where there is one of ours.
    pub(crate) service: Option<Section>,
}

impl Shipment {
    /// A value of the `[SERVICE]` section of the router file.
    pub(crate) fn service_value(&self, key: &str) -> Option<&str> {
        self.service.as_ref()?.value(key)
    }
}

/// Makes what the way needs.
pub(crate) fn ship(
    choice: &Choice<'_>,
    way: Way<'_>,
    filters: &[Filter],
    http_server: Option<u16>,
) -> Result<Shipment, Refusal> {
    match way {
        Way::Options {
            init: Some(file), ..
        } => Ok(Shipment {
            image: choice.image.init_variant(),
            environment: vec![(INIT_FILE.to_owned(), file.path().to_owned())],
            ..Shipment::default()
        }),
        Way::Options { init: None, .. } | Way::InImage(_) => Ok(Shipment::default()),
        Way::OwnFile { by, all } => own_files(choice, by, all, filters, http_server),
    }
}

fn own_files(
    choice: &Choice<'_>,
    by: Fetcher,
    all: bool,
    filters: &[Filter],
    http_server: Option<u16>,
) -> Result<Shipment, Refusal> {
    let spec = &choice.context.target.policy.spec;
    let in_file = placement::in_file(spec, choice.routed, choice.outputs, all);
    let (secrets, secret_env) = placement::secret_variables(spec, &in_file, choice.outputs);
    let input = RouterFileInput {
        routes: placement::routes(&in_file, choice.outputs),
        filters,
        parsers: &spec.parsers,
        custom_config: spec.custom_config.as_deref().unwrap_or_default(),
        http_server,
        ecs_metadata: spec.router.ecs_metadata,
        secret_env,
        image_line: ImageLine::of(&spec.router.image),
        aws_image: choice.image.product() == Product::AwsForFluentBit,
    };
    let bucket = choice.context.target.config_bucket.ok_or_else(no_bucket)?;
    if spec.router.type_ == RouterType::Fluentd {
        let shipment = fluentd::ship(choice.context.target, bucket, &input)?;
        return Ok(Shipment {
            secrets,
            ..shipment
        });
    }
    let files = router_file(&input).map_err(|error| refused_file(&error))?;
    let mut shipment = match by {
        Fetcher::Init => init_shipment(choice, bucket, &files)?,
        Fetcher::Agent => {
            let object = object(choice.context.target, bucket, "", &files.main);
            Shipment {
                config_file_arn: Some(object_arn(choice.context.target, &object)),
                objects: vec![object],
                ..Shipment::default()
            }
        }
    };
    shipment.secrets = secrets;
    shipment.service = Some(files.service);
    Ok(shipment)
}

fn no_bucket() -> Refusal {
    Refusal::new(
        Reason::ConfigBucketRequired,
        "a configuration file in S3 is needed; set spec.configBucket of the AwsTarget",
    )
}

fn init_shipment(
    choice: &Choice<'_>,
    bucket: &ConfigBucket,
    files: &RouterFiles,
) -> Result<Shipment, Refusal> {
    refuse_parser_marks(&files.main)?;
    let mut objects = vec![object(choice.context.target, bucket, "", &files.main)];
    objects.extend(
        files
            .parsers
            .as_ref()
            .map(|parsers| object(choice.context.target, bucket, "-parsers", parsers)),
    );
    let environment = objects
        .iter()
        .enumerate()
        .map(|(index, object)| {
            (
                format!("{INIT_OBJECT}{}", index + 1),
                object_arn(choice.context.target, object),
            )
        })
        .collect();
    Ok(Shipment {
        image: choice.image.init_variant(),
        environment,
        objects,
        ..Shipment::default()
    })
}

/// The init process looks for its marks in the whole text, values included: such a file would be
/// read as parsers, and the pipeline in it would be missing.
fn refuse_parser_marks(main: &str) -> Result<(), Refusal> {
    let marked = |text: &str| PARSER_MARKS.iter().any(|mark| text.contains(mark));
    if !marked(main) {
        return Ok(());
    }
    let document = read(main).unwrap_or_default();
    let sections = document.sections();
    let place = sections
        .flat_map(|section| section.entries.iter().map(move |entry| (section, entry)))
        .find(|(_, entry)| marked(&entry.value));
    let place = place.map_or_else(String::new, |(section, entry)| {
        format!("`{}` in [{}]", entry.key, section.name)
    });
    Err(Refusal::new(
        Reason::InvalidConfiguration,
        format!(
            "{place} contains `[PARSER]` or `[MULTILINE_PARSER]`, so the init image would treat the whole file as a \
             parsers file; write it differently, for example as `[[]PARSER]` in a pattern"
        ),
    ))
}

pub(crate) fn object(
    target: &TargetContext<'_>,
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
            target.policy.name()
        ),
        body: body.to_owned(),
        sha256,
    }
}

pub(crate) fn object_arn(target: &TargetContext<'_>, object: &ConfigObject) -> String {
    format!(
        "arn:{}:s3:::{}/{}",
        target.partition, object.bucket, object.key
    )
}

pub(crate) fn refused_file(error: &RenderError) -> Refusal {
    let reason = match error {
        RenderError::Output { .. } => Reason::InvalidOutput,
        _ => Reason::InvalidConfiguration,
    };
    Refusal::new(reason, error_chain(error))
}
