//! The parts of the generated file, before they are text.
//!
//! The order is that of the agent's template: kinds of sections in a fixed order, keys by their bytes.

use std::collections::BTreeMap;

use crate::preview::options::Routed;
use crate::preview::router::{Network, RouterSpec};
use crate::preview::{Runtime, fluentbit, fluentd};

/// Socket that the log driver writes to.
const SOCKET: &str = "/var/run/fluent.sock";
/// Port of the forward input on TCP.
pub(crate) const FORWARD_PORT: &str = "24224";
/// Port of the health check input.
pub(crate) const HEALTH_PORT: &str = "8877";
/// Tag of what the health check input takes.
const HEALTH_TAG: &str = "firelens-healthcheck";

/// Program of the router.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RouterKind {
    Fluentbit,
    Fluentd,
}

impl RouterKind {
    pub(crate) fn of(type_name: &str) -> Option<Self> {
        [Self::Fluentbit, Self::Fluentd]
            .into_iter()
            .find(|kind| kind.type_name() == type_name)
    }

    pub(crate) const fn type_name(self) -> &'static str {
        match self {
            Self::Fluentbit => "fluentbit",
            Self::Fluentd => "fluentd",
        }
    }

    /// Option that names the plugin of an output.
    pub(crate) const fn output_key(self) -> &'static str {
        match self {
            Self::Fluentbit => "Name",
            Self::Fluentd => "@type",
        }
    }

    /// What stands for any rest of a tag.
    const fn wildcard(self) -> &'static str {
        match self {
            Self::Fluentbit => "*",
            Self::Fluentd => "**",
        }
    }

    /// Where the agent mounts the generated file.
    pub(crate) const fn main_path(self) -> &'static str {
        match self {
            Self::Fluentbit => "/fluent-bit/etc/fluent-bit.conf",
            Self::Fluentd => "/fluentd/etc/fluent.conf",
        }
    }

    /// Where the agent mounts the file that it fetched from S3.
    pub(crate) const fn external_path(self) -> &'static str {
        match self {
            Self::Fluentbit => "/fluent-bit/etc/external.conf",
            Self::Fluentd => "/fluentd/etc/external.conf",
        }
    }

    /// What stands in the file for a variable.
    pub(crate) fn placeholder(self, variable: &str) -> String {
        match self {
            Self::Fluentbit => format!("${{{variable}}}"),
            Self::Fluentd => format!("\"#{{ENV['{variable}']}}\""),
        }
    }

    pub(crate) fn write(self, generated: &Generated) -> String {
        match self {
            Self::Fluentbit => fluentbit::write(generated),
            Self::Fluentd => fluentd::write(generated),
        }
    }
}

/// Tags that the agent matches for a container.
pub(crate) fn pattern(container: &str, kind: RouterKind) -> String {
    format!("{container}-firelens{}", kind.wildcard())
}

/// An input or an output.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pipe {
    pub(crate) name: String,
    /// Tag that an input gives, or pattern that an output takes; empty for none.
    pub(crate) tag: String,
    pub(crate) options: BTreeMap<String, String>,
}

/// A filter on the key `log`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Grep {
    pub(crate) tag: String,
    pub(crate) pattern: String,
}

/// The generated file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Generated {
    pub(crate) inputs: Vec<Pipe>,
    pub(crate) keeps: Vec<Grep>,
    pub(crate) drops: Vec<Grep>,
    /// Pattern and fields that are added to every record.
    pub(crate) metadata: Option<(String, BTreeMap<String, String>)>,
    pub(crate) include: Option<String>,
    pub(crate) outputs: Vec<Pipe>,
}

pub(crate) fn generate(
    router: &RouterSpec,
    kind: RouterKind,
    routed: &[Routed],
    runtime: &Runtime,
) -> Generated {
    let mut generated = Generated {
        inputs: inputs(router, kind),
        metadata: router
            .metadata
            .then(|| (kind.wildcard().to_owned(), metadata(runtime))),
        include: router
            .external
            .as_ref()
            .map(|external| external.included_path(kind)),
        ..Generated::default()
    };
    if kind == RouterKind::Fluentbit && router.network.listen_address().is_some() {
        generated.outputs.push(Pipe {
            name: "null".to_owned(),
            tag: HEALTH_TAG.to_owned(),
            options: BTreeMap::new(),
        });
    }
    for container in routed {
        let tag = pattern(&container.name, kind);
        let grep = |pattern: &String| Grep {
            tag: tag.clone(),
            pattern: pattern.clone(),
        };
        generated.keeps.extend(container.include.as_ref().map(grep));
        generated.drops.extend(container.exclude.as_ref().map(grep));
        generated
            .outputs
            .extend(container.output.as_ref().map(|name| Pipe {
                name: name.clone(),
                tag: tag.clone(),
                options: container.options.clone(),
            }));
    }
    generated
}

fn inputs(router: &RouterSpec, kind: RouterKind) -> Vec<Pipe> {
    let pipe = |name: &str, tag: &str, options: &[(&str, &str)]| Pipe {
        name: name.to_owned(),
        tag: tag.to_owned(),
        options: options
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect(),
    };
    let address = router.network.listen_address();
    match kind {
        RouterKind::Fluentd => {
            let mut inputs = vec![pipe("unix", "", &[("path", SOCKET)])];
            inputs.extend(
                address.map(|at| pipe("forward", "", &[("bind", at), ("port", FORWARD_PORT)])),
            );
            inputs
        }
        RouterKind::Fluentbit => {
            let limit = format!("{}MB", router.mem_buf_limit_mb());
            let mut inputs = vec![pipe(
                "forward",
                "",
                &[("unix_path", SOCKET), ("Mem_Buf_Limit", &limit)],
            )];
            if let Some(at) = address {
                inputs.push(pipe(
                    "forward",
                    "",
                    &[("Listen", at), ("Port", FORWARD_PORT)],
                ));
                let local = Network::LOOPBACK;
                inputs.push(pipe(
                    "tcp",
                    HEALTH_TAG,
                    &[("Listen", local), ("Port", HEALTH_PORT)],
                ));
            }
            inputs
        }
    }
}

fn metadata(runtime: &Runtime) -> BTreeMap<String, String> {
    let mut fields = BTreeMap::from([
        ("ecs_cluster".to_owned(), runtime.cluster.clone()),
        ("ecs_task_arn".to_owned(), runtime.task_arn.clone()),
        (
            "ecs_task_definition".to_owned(),
            runtime.task_definition.clone(),
        ),
    ]);
    if let Some(id) = runtime.instance_id_in_records() {
        fields.insert("ec2_instance_id".to_owned(), id.to_owned());
    }
    fields
}
