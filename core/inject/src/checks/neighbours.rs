//! What the other containers of a task mean for the router: a mesh proxy, loggers over TCP, and a
//! router that ours takes the place of.
//!
//! These are hints about what cannot be settled from here; no container is changed.

use serde_json::Value;

use firelens_taskdef::{ContainerView, RawObject, TaskDefinitionDoc};
use firelens_types::v1alpha1::Router;

use crate::refusal::{Note, NoteCode};
use crate::router::health::Network;

/// Members of a router that is taken over which ours does not have by itself, and why that counts.
const LEFT_BEHIND: [(&str, &str); 6] = [
    (
        "dependsOn",
        "the router of the operator has no dependencies, because the ECS agent makes no container depend on a router \
         that has dependencies",
    ),
    (
        "restartPolicy",
        "the router of the operator has none, because a router that restarts loses its buffered records and, in \
         network mode bridge, its address",
    ),
    (
        "mountPoints",
        "the router of the operator cannot read files on them",
    ),
    (
        "environmentFiles",
        "use router.environment and router.secrets",
    ),
    (
        "entryPoint",
        "the router of the operator starts as its image defines",
    ),
    (
        "command",
        "the router of the operator starts as its image defines",
    ),
];

/// Notes what ours lacks of the router that it takes the place of.
pub(crate) fn note_left_behind(router: &RawObject, notes: &mut Vec<Note>) {
    let name = router.string("name").unwrap_or_default();
    for (member, why) in LEFT_BEHIND {
        let given = match router.value(member) {
            None | Some(Value::Null) => false,
            Some(Value::Array(entries)) => !entries.is_empty(),
            Some(Value::Object(members)) => members.get("enabled") != Some(&Value::Bool(false)),
            Some(_) => true,
        };
        if given {
            notes.push(Note::new(
                NoteCode::RouterReplaced,
                format!("{member} of {name} is not carried over: {why}"),
            ));
        }
    }
}

/// Notes a mesh proxy that the router's own traffic goes through.
/// Source: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ProxyConfiguration.html>.
pub(crate) fn note_mesh(doc: &TaskDefinitionDoc, router: &Router, notes: &mut Vec<Note>) {
    let Some(proxy) = doc.value("proxyConfiguration").filter(Value::is_object) else {
        return;
    };
    let property = |name: &str| {
        let properties = proxy.get("properties")?.as_array()?;
        let found = properties.iter().find(|one| one["name"] == name)?;
        let value = found["value"].as_str()?.trim();
        (!value.is_empty()).then(|| value.to_owned())
    };
    let (user, group) = match router.user.split_once(':') {
        Some((user, group)) => (user, Some(group)),
        None => (router.user.as_str(), None),
    };
    let ignored = property("IgnoredUID");
    if ignored.as_deref() == Some(user)
        || group.is_some() && property("IgnoredGID").as_deref() == group
    {
        return;
    }
    let container = proxy["containerName"].as_str().unwrap_or("of the mesh");
    let ignored = ignored.map_or_else(String::new, |user| {
        format!("; to bypass the proxy, set router.user to {user}, its IgnoredUID")
    });
    notes.push(Note::new(
        NoteCode::MeshProxy,
        format!(
            "traffic of the router goes through the proxy {container}: log lines sent before the proxy starts or after \
             it stops are not delivered, and the mesh must allow traffic to the destination (EgressIgnoredIPs or a \
             virtual service){ignored}"
        ),
    ));
}

/// Notes routed containers that seem to log over TCP, by the address that the ECS agent gives them.
pub(crate) fn note_fluent_host(
    doc: &TaskDefinitionDoc,
    routed: &[String],
    network: Network,
    notes: &mut Vec<Note>,
) {
    let what = match network {
        Network::Bridge => {
            "the address is set when the router starts for the first time; it is wrong after the router restarts"
        }
        Network::Host => "the ECS agent sets it in network modes bridge and awsvpc only",
        Network::Awsvpc => return,
    };
    for container in doc.containers() {
        let name = container.name_text();
        if !routed.iter().any(|one| *one == name) || !mentions_fluent_host(&container) {
            continue;
        }
        notes.push(Note::new(
            NoteCode::FluentHost,
            format!("container {name} uses FLUENT_HOST: {what}"),
        ));
    }
}

fn mentions_fluent_host(container: &ContainerView<'_>) -> bool {
    ["command", "entryPoint", "environment"]
        .iter()
        .filter_map(|member| container.raw().get(member))
        .any(|text| text.contains("FLUENT_HOST"))
}

/// Notes containers behind the router that this injection does not select: only the ECS agent makes
/// them wait for it.
pub(crate) fn note_unselected(doc: &TaskDefinitionDoc, routed: &[String], notes: &mut Vec<Note>) {
    for container in doc.containers() {
        if !container.has_log_driver("awsfirelens") {
            continue;
        }
        let name = container.name_text();
        if !routed.iter().any(|one| *one == name) {
            notes.push(Note::new(
                NoteCode::DanglingFirelens,
                format!(
                    "container {name} uses awsfirelens with its own options and the policy does not select it; its \
                     logs also go through the router"
                ),
            ));
        }
    }
}
