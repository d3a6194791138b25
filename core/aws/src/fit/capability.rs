//! The capability attributes that an ECS agent needs to run a router.
//!
//! Attributes that the owner's task needs anyway are left out: the task runs with them already.
//! Source: <https://github.com/aws/amazon-ecs-agent/blob/master/agent/app/agent_capability.go>; the
//! versions are from <https://github.com/aws/amazon-ecs-agent/blob/master/CHANGELOG.md>.

use std::collections::BTreeSet;

use serde_json::Value;

use firelens_taskdef::{ContainerView, TaskDefinitionDoc};

const LOG_DRIVER: &str = "com.amazonaws.ecs.capability.logging-driver.awsfirelens";
const BUFFER_LIMIT: &str = "ecs.capability.logging-driver.awsfirelens.log-driver-buffer-limit";
const NON_ROOT_USER: &str = "ecs.capability.firelens.non-root-user";
const ORDERING: &str = "ecs.capability.container-ordering";

/// Attributes, each with the first agent version that has it.
const VERSIONS: [(&str, &str); 8] = [
    (LOG_DRIVER, "1.30.0"),
    ("ecs.capability.firelens.fluentd", "1.30.0"),
    ("ecs.capability.firelens.fluentbit", "1.30.0"),
    ("ecs.capability.firelens.options.config.file", "1.31.0"),
    ("ecs.capability.firelens.options.config.s3", "1.31.0"),
    (BUFFER_LIMIT, "1.55.0"),
    (NON_ROOT_USER, "1.96.0"),
    (ORDERING, "1.26.0"),
];

/// Returns the first ECS agent version that has an attribute, if it is known.
#[must_use]
pub fn agent_version_of(attribute: &str) -> Option<&'static str> {
    VERSIONS
        .iter()
        .find(|(name, _)| *name == attribute)
        .map(|(_, version)| *version)
}

/// Returns the attributes for FireLens and start order that a task definition needs, derived from its
/// content.
#[must_use]
pub fn required_attributes(document: &TaskDefinitionDoc) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for container in document.containers() {
        if container.log_driver().as_deref() == Some("awsfirelens") {
            names.insert(LOG_DRIVER.to_owned());
        }
        if container.log_option("log-driver-buffer-limit").is_some() {
            names.insert(BUFFER_LIMIT.to_owned());
        }
        if !container.depends_on().is_empty() {
            names.insert(ORDERING.to_owned());
        }
        if let Some(router) = container.firelens_configuration() {
            of_router(&container, &router, &mut names);
        }
    }
    names
}

fn of_router(container: &ContainerView<'_>, router: &Value, names: &mut BTreeSet<String>) {
    if let Some(kind) = router["type"].as_str() {
        names.insert(format!("ecs.capability.firelens.{kind}"));
    }
    if let Some(kind) = router["options"]["config-file-type"].as_str() {
        names.insert(format!("ecs.capability.firelens.options.config.{kind}"));
    }
    let user = container.raw().string("user").unwrap_or_default();
    let uid = user.split(':').next().unwrap_or_default();
    if !["", "0", "root"].contains(&uid) {
        names.insert(NON_ROOT_USER.to_owned());
    }
}

/// Returns the attributes that `with` needs and `base` does not: from the content of both, and from the lists
/// of ECS (`requiresAttributes`) where they were read.
#[must_use]
pub fn added_attributes(with: &TaskDefinitionDoc, base: &TaskDefinitionDoc) -> BTreeSet<String> {
    let mut names = required_attributes(with);
    names.extend(listed(with));
    let known: BTreeSet<String> = required_attributes(base)
        .into_iter()
        .chain(listed(base))
        .collect();
    names.retain(|name| !known.contains(name));
    names
}

/// Returns `requiresAttributes` of a response of ECS.
fn listed(document: &TaskDefinitionDoc) -> BTreeSet<String> {
    let Some(Value::Array(attributes)) = document.value("requiresAttributes") else {
        return BTreeSet::new();
    };
    attributes
        .iter()
        .filter_map(|attribute| attribute["name"].as_str().map(str::to_owned))
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn doc(containers: &str, more: &str) -> TaskDefinitionDoc {
        let text = format!(r#"{{"family":"f","containerDefinitions":[{containers}]{more}}}"#);
        TaskDefinitionDoc::parse(&text).unwrap()
    }

    const ROUTED: &str = r#"{"name":"a","dependsOn":[{"containerName":"r","condition":"START"}],"logConfiguration":{"logDriver":"awsfirelens","options":{"Name":"s3","log-driver-buffer-limit":"9"}}},{"name":"r","user":"1000","firelensConfiguration":{"type":"fluentbit","options":{"config-file-type":"s3"}}}"#;

    #[test]
    fn each_feature_of_a_router_needs_its_attribute() {
        let names = required_attributes(&doc(ROUTED, ""));
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        assert_eq!(
            names,
            [
                LOG_DRIVER,
                ORDERING,
                "ecs.capability.firelens.fluentbit",
                NON_ROOT_USER,
                "ecs.capability.firelens.options.config.s3",
                BUFFER_LIMIT,
            ]
        );
        assert!(names.iter().all(|name| agent_version_of(name).is_some()));
    }

    #[test]
    fn a_router_that_runs_as_root_needs_no_more() {
        for user in ["", "0", "0:0", "root"] {
            let text = ROUTED.replace("1000", user);
            assert!(
                !required_attributes(&doc(&text, "")).contains(NON_ROOT_USER),
                "{user}"
            );
        }
    }

    #[test]
    fn what_the_owner_needs_already_is_not_asked_for() {
        let base = doc(
            r#"{"name":"a","dependsOn":[{"containerName":"b","condition":"START"}]},{"name":"b"}"#,
            r#","requiresAttributes":[{"name":"ecs.capability.task-eni"}]"#,
        );
        let with = doc(
            ROUTED,
            r#","requiresAttributes":[{"name":"ecs.capability.task-eni"},{"name":"new.one"}]"#,
        );
        let added = added_attributes(&with, &base);
        assert!(added.contains("new.one") && added.contains(LOG_DRIVER));
        assert!(!added.contains(ORDERING) && !added.contains("ecs.capability.task-eni"));
        assert!(added_attributes(&with, &with).is_empty());
    }
}
