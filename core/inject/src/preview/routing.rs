//! What the agent gives each container: tag, log driver, variables, start order.
//!
//! Of a secret it says where it comes from, not its value.

use std::collections::BTreeMap;

use firelens_taskdef::TaskDefinitionDoc;
use firelens_types::v1alpha1::LaunchType;

use crate::preview::model::{FORWARD_PORT, RouterKind};
use crate::preview::options::Routed;
use crate::preview::router::{Network, RouterSpec};
use crate::preview::{ContainerPreview, RouterVariable, Runtime, Waits};

/// Stands for the address of the router on the bridge, which is known when it runs.
const ROUTER_ADDRESS: &str = "ROUTER_ADDRESS";

pub(crate) fn containers(
    doc: &TaskDefinitionDoc,
    router: &RouterSpec,
    routed: &[Routed],
    runtime: &Runtime,
) -> Vec<ContainerPreview> {
    routed
        .iter()
        .map(|container| {
            let tag = format!("{}-firelens-{}", container.name, runtime.task_id());
            ContainerPreview {
                log_options: log_options(container, &tag, runtime),
                environment: fluent_variables(router.network),
                waits: waits(doc, router, &container.name),
                name: container.name.clone(),
                tag,
            }
        })
        .collect()
}

/// Options of Docker's fluentd driver: all that the agent sets on instances. Where AWS runs the
/// hosts, the address and the buffering are its own.
fn log_options(container: &Routed, tag: &str, runtime: &Runtime) -> BTreeMap<String, String> {
    let mut options = BTreeMap::from([
        ("tag".to_owned(), tag.to_owned()),
        ("fluentd-sub-second-precision".to_owned(), "true".to_owned()),
    ]);
    if let Some(limit) = &container.buffer_limit {
        options.insert("fluentd-buffer-limit".to_owned(), limit.clone());
    }
    if runtime.launch_type != LaunchType::Fargate {
        options.insert("fluentd-async".to_owned(), "true".to_owned());
        options.insert(
            "fluentd-address".to_owned(),
            format!(
                "unix:///var/lib/ecs/data/firelens/{}/socket/fluent.sock",
                runtime.task_id()
            ),
        );
    }
    options
}

fn fluent_variables(network: Network) -> BTreeMap<String, String> {
    let host = match network {
        Network::Awsvpc => Network::LOOPBACK,
        Network::Bridge => ROUTER_ADDRESS,
        Network::Other => return BTreeMap::new(),
    };
    BTreeMap::from([
        ("FLUENT_HOST".to_owned(), host.to_owned()),
        ("FLUENT_PORT".to_owned(), FORWARD_PORT.to_owned()),
    ])
}

pub(crate) fn waits(doc: &TaskDefinitionDoc, router: &RouterSpec, container: &str) -> Waits {
    if container == router.name {
        return Waits::Itself;
    }
    let declared = doc.container(container).and_then(|container| {
        container
            .depends_on()
            .into_iter()
            .find(|dependency| dependency.container == router.name)
    });
    match declared {
        Some(dependency) => Waits::TaskDefinition {
            condition: dependency.condition,
        },
        None if router.has_dependencies => Waits::Nobody,
        None => Waits::Agent,
    }
}

/// Variables that the agent adds to the router.
pub(crate) fn router_environment(kind: RouterKind, routed: &[Routed]) -> Vec<RouterVariable> {
    let mut variables: Vec<RouterVariable> = routed
        .iter()
        .flat_map(|container| {
            container.secrets.iter().map(|secret| RouterVariable {
                name: secret.variable.clone(),
                value: None,
                value_from: Some(secret.value_from.clone()),
                container: Some(container.name.clone()),
            })
        })
        .collect();
    if kind == RouterKind::Fluentd {
        variables.push(RouterVariable {
            name: "FLUENT_UID".to_owned(),
            value: Some("0".to_owned()),
            value_from: None,
            container: None,
        });
    }
    variables
}
