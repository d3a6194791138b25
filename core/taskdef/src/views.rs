//! Lenient typed views of what decisions need from a container.
//!
//! A member of an unexpected shape is no error but counts as absent, since ECS checks shapes.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;

use super::{Json, JsonKind, RawObject};

/// One entry of `dependsOn`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependency {
    /// Container that is waited for.
    pub container: String,
    /// `START`, `COMPLETE`, `SUCCESS`, `HEALTHY`.
    pub condition: String,
}

/// One entry of `portMappings`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortMapping {
    /// Port inside the container.
    pub container_port: Option<u64>,
    /// Port on the host.
    pub host_port: Option<u64>,
}

/// A container definition, read only.
#[derive(Clone, Copy, Debug)]
pub struct ContainerView<'a> {
    raw: &'a RawObject,
}

impl<'a> ContainerView<'a> {
    /// A view of a container definition that stands outside a document.
    #[must_use]
    pub const fn new(raw: &'a RawObject) -> Self {
        Self { raw }
    }

    /// The container as it is written.
    #[must_use]
    pub const fn raw(&self) -> &'a RawObject {
        self.raw
    }

    /// Name.
    #[must_use]
    pub fn name(&self) -> String {
        self.raw.string("name").unwrap_or_default()
    }

    /// Name, where it need not be copied.
    pub fn name_text(&self) -> Cow<'a, str> {
        let name = self.raw.json("name").and_then(Json::string);
        name.unwrap_or_default()
    }

    /// Whether that is its name.
    #[must_use]
    pub fn is_named(&self, name: &str) -> bool {
        self.raw.is_text("name", name)
    }

    /// Image reference.
    #[must_use]
    pub fn image(&self) -> Option<String> {
        self.raw.string("image")
    }

    /// Whether the task stops with it; `true` when nothing is said.
    #[must_use]
    pub fn essential(&self) -> bool {
        self.raw.get("essential") != Some("false")
    }

    /// `logConfiguration`, decoded.
    #[must_use]
    pub fn log_configuration(&self) -> Option<Value> {
        self.raw.value("logConfiguration")
    }

    /// `logConfiguration.logDriver`.
    #[must_use]
    pub fn log_driver(&self) -> Option<String> {
        let driver = self.raw.json("logConfiguration")?.member("logDriver")?;
        driver.string().map(Cow::into_owned)
    }

    /// Whether `logConfiguration.logDriver` is this one.
    #[must_use]
    pub fn has_log_driver(&self, driver: &str) -> bool {
        self.raw
            .json("logConfiguration")
            .and_then(|log| log.member("logDriver"))
            .is_some_and(|found| found.is_text(driver))
    }

    /// One text of `logConfiguration.options`.
    #[must_use]
    pub fn log_option(&self, name: &str) -> Option<String> {
        self.log_option_text(name).map(Cow::into_owned)
    }

    /// As [`ContainerView::log_option`], where it need not be copied.
    pub fn log_option_text(&self, name: &str) -> Option<Cow<'a, str>> {
        let options = self.raw.json("logConfiguration")?.member("options")?;
        options.member(name)?.string()
    }

    /// Whether `logConfiguration.secretOptions` lists anything.
    pub fn has_secret_options(&self) -> bool {
        let log = self.raw.json("logConfiguration");
        let secrets = log.and_then(|log| log.member("secretOptions"));
        secrets.is_some_and(|secrets| secrets.items().next().is_some())
    }

    /// Whether it is a FireLens router.
    #[must_use]
    pub fn is_router(&self) -> bool {
        self.raw
            .json("firelensConfiguration")
            .is_some_and(|value| !value.is_null())
    }

    /// `firelensConfiguration`, decoded.
    #[must_use]
    pub fn firelens_configuration(&self) -> Option<Value> {
        self.raw.value("firelensConfiguration")
    }

    /// `dependsOn`; entries without a name are left out.
    #[must_use]
    pub fn depends_on(&self) -> Vec<Dependency> {
        self.waits()
            .map(|(on, condition)| Dependency {
                container: on.into_owned(),
                condition: condition.into_owned(),
            })
            .collect()
    }

    /// As [`ContainerView::depends_on`], where nothing need be copied: container, condition.
    pub fn waits(&self) -> impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)> + use<'a> {
        self.entries("dependsOn").filter_map(wait)
    }

    /// Whether `portMappings` has this port inside the container.
    pub fn has_container_port(&self, port: u64) -> bool {
        self.entries("portMappings").any(|entry| {
            let found = entry.member("containerPort");
            found.and_then(Json::whole) == Some(port)
        })
    }

    /// `portMappings`.
    #[must_use]
    pub fn port_mappings(&self) -> Vec<PortMapping> {
        let port = |entry: Json<'_>, name: &str| entry.member(name).and_then(Json::whole);
        self.entries("portMappings")
            .map(|entry| PortMapping {
                container_port: port(entry, "containerPort"),
                host_port: port(entry, "hostPort"),
            })
            .collect()
    }

    /// `healthCheck`, decoded.
    #[must_use]
    pub fn health_check(&self) -> Option<Value> {
        self.raw.value("healthCheck")
    }

    /// CPU units.
    #[must_use]
    pub fn cpu(&self) -> Option<u64> {
        self.number("cpu")
    }

    /// Hard limit, in MiB.
    #[must_use]
    pub fn memory_mib(&self) -> Option<u64> {
        self.number("memory")
    }

    /// Soft limit, in MiB.
    #[must_use]
    pub fn memory_reservation_mib(&self) -> Option<u64> {
        self.number("memoryReservation")
    }

    /// `stopTimeout`, in seconds.
    #[must_use]
    pub fn stop_timeout_seconds(&self) -> Option<u64> {
        self.number("stopTimeout")
    }

    /// `environment` as pairs.
    #[must_use]
    pub fn environment(&self) -> BTreeMap<String, String> {
        self.entries("environment")
            .filter_map(|entry| {
                Some((
                    text(entry, "name")?,
                    text(entry, "value").unwrap_or_default(),
                ))
            })
            .collect()
    }

    /// `dockerLabels`.
    #[must_use]
    pub fn docker_labels(&self) -> BTreeMap<String, String> {
        let labels = self.raw.json("dockerLabels");
        labels
            .into_iter()
            .flat_map(Json::members)
            .filter_map(|(name, value)| {
                Some((name.string()?.into_owned(), value.string()?.into_owned()))
            })
            .collect()
    }

    /// One text of `dockerLabels`.
    #[must_use]
    pub fn docker_label(&self, name: &str) -> Option<Cow<'a, str>> {
        self.raw.json("dockerLabels")?.member(name)?.string()
    }

    /// Whether `dockerLabels` has a text of that name.
    pub fn has_docker_label(&self, name: &str) -> bool {
        let labels = self.raw.json("dockerLabels");
        let label = labels.and_then(|labels| labels.member(name));
        label.is_some_and(|label| label.kind() == JsonKind::Text)
    }

    /// One text of `dockerLabels`, as it is written.
    pub fn written_docker_label(&self, name: &str) -> Option<&'a str> {
        Some(self.raw.json("dockerLabels")?.member(name)?.text())
    }

    /// Whether `dockerLabels` of both say the same, apart from labels of these names.
    pub fn has_labels_of(&self, other: &Self, ignored: &[&str]) -> bool {
        let labels = |view: &Self| {
            let labels = view.raw.json("dockerLabels").into_iter();
            // Names first: what is ignored may be long, and need not be decoded.
            labels
                .flat_map(Json::members)
                .filter_map(|(name, value)| Some((name.string()?, value)))
                .filter(|(name, _)| !ignored.contains(&name.as_ref()))
                .filter_map(|(name, value)| Some((name, value.string()?)))
        };
        labels(self).count() == labels(other).count()
            && labels(self).all(|(name, value)| other.docker_label(&name) == Some(value))
    }

    fn entries(&self, name: &str) -> impl Iterator<Item = Json<'a>> + use<'a> {
        self.raw.json(name).into_iter().flat_map(Json::items)
    }

    fn number(&self, name: &str) -> Option<u64> {
        let json = self.raw.json(name)?;
        match json.kind() {
            JsonKind::Text => json.string()?.trim().parse().ok(),
            _ => json.whole(),
        }
    }
}

/// Container and condition of one entry of `dependsOn`.
pub fn wait(entry: Json<'_>) -> Option<(Cow<'_, str>, Cow<'_, str>)> {
    let on = entry.member("containerName")?.string()?;
    let condition = entry.member("condition").and_then(Json::string);
    Some((on, condition.unwrap_or_default()))
}

fn text(entry: Json<'_>, name: &str) -> Option<String> {
    entry.member(name)?.string().map(Cow::into_owned)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn odd_shapes_count_as_absent() {
        let raw = RawObject::parse(
            r#"{"name":"a","essential":"no","logConfiguration":7,"dependsOn":{"a":1},"portMappings":[{"containerPort":"80"},{"containerPort":81,"hostPort":0}],"cpu":"64","memory":null,"dockerLabels":{"a":"b","c":1},"environment":[{"name":"A"},{"value":"x"}]}"#,
        )
        .unwrap();
        let view = ContainerView::new(&raw);
        assert!(view.essential());
        assert_eq!(view.log_driver(), None);
        assert!(view.depends_on().is_empty());
        assert_eq!(
            view.port_mappings()[1],
            PortMapping {
                container_port: Some(81),
                host_port: Some(0)
            }
        );
        assert_eq!(view.port_mappings()[0].container_port, None);
        assert_eq!((view.cpu(), view.memory_mib()), (Some(64), None));
        assert_eq!(view.docker_labels().len(), 1);
        assert_eq!(view.environment().get("A").map(String::as_str), Some(""));
    }
}
