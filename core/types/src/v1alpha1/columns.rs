//! The columns that `kubectl get` shows for each kind.
//!
//! A column shows a value that is in the object; nothing is computed.

use serde_json::Value;

use super::Kind;

/// A column of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Heading.
    pub name: &'static str,
    /// OpenAPI type of the cells: `string`, `integer`, `date`.
    pub type_: &'static str,
    /// OpenAPI format of the cells; `name` for the name of the object; often empty.
    pub format: &'static str,
    /// What the column shows.
    pub description: &'static str,
    /// 0: always shown; 1: shown by `-o wide`.
    pub priority: i32,
    /// Where the value is.
    pub path: ColumnPath,
}

/// Where the value of a column is in its object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnPath {
    /// A JSON pointer (RFC 6901), such as `/status/selected`.
    Pointer(&'static str),
    /// A member of the condition of a type, such as `Condition("Ready", "reason")`.
    Condition(&'static str, &'static str),
}

impl ColumnPath {
    /// Returns the value at this path; `None` if the object does not have it or it is null.
    #[must_use]
    pub fn find<'a>(&self, object: &'a Value) -> Option<&'a Value> {
        let value = match self {
            Self::Pointer(pointer) => object.pointer(pointer),
            Self::Condition(type_, member) => object
                .pointer("/status/conditions")
                .and_then(Value::as_array)
                .and_then(|conditions| {
                    conditions
                        .iter()
                        .find(|condition| condition["type"] == *type_)
                })
                .and_then(|condition| condition.get(member)),
        };
        value.filter(|value| !value.is_null())
    }
}

impl Column {
    /// Creates a column that is always shown, and whose cells have no format.
    #[must_use]
    pub const fn new(
        name: &'static str,
        type_: &'static str,
        description: &'static str,
        path: ColumnPath,
    ) -> Self {
        Self {
            name,
            type_,
            format: "",
            description,
            priority: 0,
            path,
        }
    }

    /// Returns the same column, shown by `-o wide` only.
    #[must_use]
    pub const fn wide(self) -> Self {
        Self {
            priority: 1,
            ..self
        }
    }
}

const NAME: Column = Column {
    name: "Name",
    type_: "string",
    format: "name",
    description: "Name of the object.",
    priority: 0,
    path: ColumnPath::Pointer("/metadata/name"),
};
const AGE: Column = Column::new(
    "Age",
    "date",
    "Time since the object was created.",
    ColumnPath::Pointer("/metadata/creationTimestamp"),
);
const READY: Column = Column::new(
    "Ready",
    "string",
    "Whether all is as wanted.",
    ColumnPath::Condition("Ready", "status"),
);
const REASON: Column = Column::new(
    "Reason",
    "string",
    "Why it is ready or not.",
    ColumnPath::Condition("Ready", "reason"),
);
const MESSAGE: Column = Column::new(
    "Message",
    "string",
    "Why, and what to do.",
    ColumnPath::Condition("Ready", "message"),
)
.wide();

const POLICY: &[Column] = &[
    NAME,
    Column::new(
        "Mode",
        "string",
        "Audit or Enforce.",
        ColumnPath::Pointer("/spec/mode"),
    ),
    Column::new(
        "Priority",
        "integer",
        "The highest decides.",
        ColumnPath::Pointer("/spec/priority"),
    ),
    Column::new(
        "Selected",
        "integer",
        "Workloads that the policy decides for.",
        ColumnPath::Pointer("/status/selected"),
    ),
    Column::new(
        "Injected",
        "integer",
        "Workloads that run what the policy wants.",
        ColumnPath::Pointer("/status/injected"),
    ),
    READY,
    REASON.wide(),
    Column::new(
        "Failed",
        "integer",
        "Workloads whose deployment failed.",
        ColumnPath::Pointer("/status/failed"),
    )
    .wide(),
    Column::new(
        "Skipped",
        "integer",
        "Workloads left alone.",
        ColumnPath::Pointer("/status/skipped"),
    )
    .wide(),
    AGE,
];

const DESTINATION: &[Column] = &[NAME, READY, REASON.wide(), AGE];

const TARGET: &[Column] = &[
    NAME,
    Column::new(
        "Account",
        "string",
        "The AWS account.",
        ColumnPath::Pointer("/spec/accountId"),
    ),
    Column::new(
        "Region",
        "string",
        "The AWS region.",
        ColumnPath::Pointer("/spec/region"),
    ),
    Column::new(
        "Clusters",
        "integer",
        "ECS clusters looked at.",
        ColumnPath::Pointer("/status/clusters"),
    ),
    Column::new(
        "Services",
        "integer",
        "ECS services found.",
        ColumnPath::Pointer("/status/services"),
    ),
    READY,
    REASON.wide(),
    Column::new(
        "Last Resync",
        "date",
        "Time since the last full look.",
        ColumnPath::Pointer("/status/lastResyncTime"),
    )
    .wide(),
    AGE,
];

const FREEZE: &[Column] = &[
    NAME,
    Column::new(
        "Reason",
        "string",
        "Why.",
        ColumnPath::Pointer("/spec/reason"),
    ),
    Column::new(
        "From",
        "string",
        "When it begins.",
        ColumnPath::Pointer("/spec/from"),
    ),
    Column::new(
        "Until",
        "string",
        "When it ends.",
        ColumnPath::Pointer("/spec/until"),
    ),
    Column::new(
        "Targets",
        "string",
        "The AwsTargets it is for.",
        ColumnPath::Pointer("/spec/targets"),
    )
    .wide(),
    AGE,
];

const WORKLOAD: &[Column] = &[
    NAME,
    Column::new(
        "Target",
        "string",
        "The AwsTarget.",
        ColumnPath::Pointer("/spec/target"),
    ),
    Column::new(
        "Cluster",
        "string",
        "The ECS cluster.",
        ColumnPath::Pointer("/spec/cluster"),
    ),
    Column::new(
        "Service",
        "string",
        "The ECS service.",
        ColumnPath::Pointer("/spec/service"),
    ),
    Column::new(
        "Policy",
        "string",
        "The policy that decides.",
        ColumnPath::Pointer("/status/policy/name"),
    ),
    Column::new(
        "Injected",
        "string",
        "Whether the service runs with the router.",
        ColumnPath::Condition("Injected", "status"),
    ),
    READY,
    REASON,
    MESSAGE,
    AGE,
];

const ROLLOUT: &[Column] = &[
    NAME,
    Column::new(
        "Policy",
        "string",
        "The policy.",
        ColumnPath::Pointer("/spec/policy"),
    ),
    Column::new(
        "Generation",
        "integer",
        "Generation of the policy.",
        ColumnPath::Pointer("/spec/generation"),
    ),
    Column::new(
        "Target",
        "string",
        "The AwsTarget.",
        ColumnPath::Pointer("/spec/target"),
    ),
    Column::new(
        "Selected",
        "integer",
        "Workloads that the policy decides for.",
        ColumnPath::Pointer("/status/selected"),
    ),
    Column::new(
        "Updated",
        "integer",
        "Workloads that run what the policy wants.",
        ColumnPath::Pointer("/status/updated"),
    ),
    Column::new(
        "Failed",
        "integer",
        "Workloads whose deployment failed.",
        ColumnPath::Pointer("/status/failed"),
    ),
    Column::new(
        "Complete",
        "string",
        "Whether the rollout has ended.",
        ColumnPath::Condition("Complete", "status"),
    ),
    Column::new(
        "Message",
        "string",
        "What happens now.",
        ColumnPath::Pointer("/status/message"),
    )
    .wide(),
    AGE,
];

/// Returns the columns of a kind, in order. The first is the name.
#[must_use]
pub const fn printer_columns(kind: Kind) -> &'static [Column] {
    match kind {
        Kind::LoggingPolicy => POLICY,
        Kind::LogDestination => DESTINATION,
        Kind::AwsTarget => TARGET,
        Kind::Freeze => FREEZE,
        Kind::Workload => WORKLOAD,
        Kind::Rollout => ROLLOUT,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;
    use crate::v1alpha1::schema;

    #[test]
    fn every_column_reads_a_field_that_there_is() {
        for kind in Kind::ALL {
            let schema = schema(kind);
            for column in printer_columns(kind) {
                let pointer = match column.path {
                    ColumnPath::Pointer(pointer) => pointer,
                    ColumnPath::Condition(_, _) => "/status/conditions",
                };
                let field = schema.pointer(&pointer.replace('/', "/properties/"));
                assert!(field.is_some(), "{kind}: {pointer}");
                assert!(!column.description.is_empty(), "{kind}: {}", column.name);
            }
            let headings: Vec<_> = printer_columns(kind).iter().map(|c| c.name).collect();
            assert_eq!(headings.first(), Some(&"Name"), "{kind}");
            assert_eq!(headings.last(), Some(&"Age"), "{kind}");
        }
    }

    #[test]
    fn paths_lead_to_what_an_object_says() {
        let object = json!({
            "metadata": {"name": "web"},
            "spec": {"targets": ["a", "b"], "none": null},
            "status": {"conditions": [{"type": "Ready", "status": "True"}, {"type": "Other", "status": "False"}]},
        });
        for (path, wanted) in [
            (ColumnPath::Pointer("/metadata/name"), Some(json!("web"))),
            (
                ColumnPath::Pointer("/spec/targets"),
                Some(json!(["a", "b"])),
            ),
            (ColumnPath::Pointer("/spec/none"), None),
            (ColumnPath::Pointer("/nope/nope"), None),
            (
                ColumnPath::Condition("Ready", "status"),
                Some(json!("True")),
            ),
            (ColumnPath::Condition("Ready", "reason"), None),
            (ColumnPath::Condition("None", "status"), None),
        ] {
            assert_eq!(path.find(&object), wanted.as_ref(), "{path:?}");
        }
    }
}
