//! Lenient typed views of what decisions need from a container.
//!
//! Never an error: a member of an unexpected shape counts as absent, since ECS is the judge of shapes.

use std::collections::BTreeMap;

use serde_json::Value;

use super::RawObject;

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

    /// Image reference.
    #[must_use]
    pub fn image(&self) -> Option<String> {
        self.raw.string("image")
    }

    /// Whether the task stops with it; `true` when nothing is said.
    #[must_use]
    pub fn essential(&self) -> bool {
        self.raw
            .value("essential")
            .and_then(|value| value.as_bool())
            .unwrap_or(true)
    }

    /// `logConfiguration`, decoded.
    #[must_use]
    pub fn log_configuration(&self) -> Option<Value> {
        self.raw.value("logConfiguration")
    }

    /// `logConfiguration.logDriver`.
    #[must_use]
    pub fn log_driver(&self) -> Option<String> {
        Some(
            self.log_configuration()?
                .get("logDriver")?
                .as_str()?
                .to_owned(),
        )
    }

    /// One text of `logConfiguration.options`.
    #[must_use]
    pub fn log_option(&self, name: &str) -> Option<String> {
        Some(
            self.log_configuration()?
                .get("options")?
                .get(name)?
                .as_str()?
                .to_owned(),
        )
    }

    /// `firelensConfiguration`, decoded.
    #[must_use]
    pub fn firelens_configuration(&self) -> Option<Value> {
        self.raw.value("firelensConfiguration")
    }

    /// `dependsOn`; entries without a name are left out.
    #[must_use]
    pub fn depends_on(&self) -> Vec<Dependency> {
        let text =
            |entry: &Value, name: &str| entry.get(name).and_then(Value::as_str).map(str::to_owned);
        self.list("dependsOn")
            .iter()
            .filter_map(|entry| {
                Some(Dependency {
                    container: text(entry, "containerName")?,
                    condition: text(entry, "condition").unwrap_or_default(),
                })
            })
            .collect()
    }

    /// `portMappings`.
    #[must_use]
    pub fn port_mappings(&self) -> Vec<PortMapping> {
        let port = |entry: &Value, name: &str| entry.get(name).and_then(Value::as_u64);
        self.list("portMappings")
            .iter()
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
        let text =
            |entry: &Value, name: &str| entry.get(name).and_then(Value::as_str).map(str::to_owned);
        self.list("environment")
            .iter()
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
        let Some(Value::Object(labels)) = self.raw.value("dockerLabels") else {
            return BTreeMap::new();
        };
        labels
            .into_iter()
            .filter_map(|(name, value)| match value {
                Value::String(text) => Some((name, text)),
                _ => None,
            })
            .collect()
    }

    fn list(&self, name: &str) -> Vec<Value> {
        match self.raw.value(name) {
            Some(Value::Array(entries)) => entries,
            _ => Vec::new(),
        }
    }

    fn number(&self, name: &str) -> Option<u64> {
        match self.raw.value(name)? {
            Value::Number(number) => number.as_u64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        }
    }
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
