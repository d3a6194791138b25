//! Which records a section is for: the `Match` lines over FireLens tags.
//!
//! The ECS agent tags a record `CONTAINER-firelens-TASK`, where neither part holds a dot; copies
//! made here add `.OUTPUT` at the end. Never matches `firelens-healthcheck`, the tag of the agent's
//! own health check input, nor a tag that a policy's rewrite_tag filter makes by a prefix with a dot.

use super::tree::Entry;

/// Every record of one container, copies included: what the agent itself writes into outputs.
/// <https://github.com/aws/amazon-ecs-agent/blob/master/agent/taskresource/firelens/firelensconfig_unix.go>
pub(super) fn of_container(container: &str) -> Entry {
    matching(format!("{container}-firelens*"))
}

/// The copies of one container that are for one group of outputs.
pub(super) fn of_copy(container: &str, copy: &str) -> Entry {
    matching(format!("{container}-firelens-*.{copy}"))
}

/// The records of one container as they arrived, without the copies.
pub(super) fn of_originals(container: &str) -> Entry {
    matching_regex(format!("^{container}-firelens-[^.]*$"))
}

/// The records of some containers, copies included; none stands for all of them.
pub(super) fn of_containers(containers: Option<&[&str]>) -> Entry {
    match containers {
        Some([one]) => of_container(one),
        containers => matching_regex(format!("^{}-firelens-", any_of(containers))),
    }
}

/// The records of some containers as they arrived.
pub(super) fn originals_of_containers(containers: Option<&[&str]>) -> Entry {
    matching_regex(format!("^{}-firelens-[^.]*$", any_of(containers)))
}

/// Container names need no escapes in a pattern: letters, digits, `_` and `-` outside a class.
fn any_of(containers: Option<&[&str]>) -> String {
    match containers {
        None => "[A-Za-z0-9_-]+".to_owned(),
        Some(names) => format!("(?:{})", names.join("|")),
    }
}

fn matching(pattern: String) -> Entry {
    Entry {
        key: "Match".to_owned(),
        value: pattern,
    }
}

fn matching_regex(pattern: String) -> Entry {
    Entry {
        key: "Match_Regex".to_owned(),
        value: pattern,
    }
}

/// Whether a container name is one that ECS takes; only such a name keeps tags apart.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html>
pub(super) fn is_container_name(name: &str) -> bool {
    (1..=255).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// Whether records that a rewrite_tag rule emits under `template` would meet the same rule again.
/// Record fields in the template are taken for words, `$TAG` for a tag of each container.
pub(super) fn loops(template: &str, matched: &Entry, containers: &[&str]) -> bool {
    containers.iter().any(|container| {
        let tag = template.replace("$TAG", &format!("{container}-firelens-0"));
        if matched.key == "Match" {
            return wildmatch::WildMatch::new(&matched.value).matches(&tag);
        }
        regex::Regex::new(&matched.value).is_ok_and(|pattern| pattern.is_match(&tag))
    })
}
