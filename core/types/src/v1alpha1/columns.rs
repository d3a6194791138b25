//! The columns that `kubectl get` shows for each kind.
//!
//! Only what can be read from the object: a column computes nothing.

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
    /// What the column says.
    pub description: &'static str,
    /// 0: always shown; 1: shown by `-o wide`.
    pub priority: i32,
    /// Where the value is, in JSONPath without the leading `$`: `.status.selected`, or
    /// `.status.conditions[?(@.type=="Ready")].status`.
    pub path: &'static str,
}

const fn column(
    name: &'static str,
    type_: &'static str,
    description: &'static str,
    path: &'static str,
) -> Column {
    Column {
        name,
        type_,
        format: "",
        description,
        priority: 0,
        path,
    }
}

const fn wide(column: Column) -> Column {
    Column {
        priority: 1,
        ..column
    }
}

const NAME: Column = Column {
    name: "Name",
    type_: "string",
    format: "name",
    description: "Name of the object.",
    priority: 0,
    path: ".metadata.name",
};
const AGE: Column = column(
    "Age",
    "date",
    "Time since the object was created.",
    ".metadata.creationTimestamp",
);
const READY: Column = column(
    "Ready",
    "string",
    "Whether all is as wanted.",
    ".status.conditions[?(@.type==\"Ready\")].status",
);
const REASON: Column = column(
    "Reason",
    "string",
    "Why it is ready or not.",
    ".status.conditions[?(@.type==\"Ready\")].reason",
);
const MESSAGE: Column = wide(column(
    "Message",
    "string",
    "Why, and what to do.",
    ".status.conditions[?(@.type==\"Ready\")].message",
));

const POLICY: &[Column] = &[
    NAME,
    column("Mode", "string", "Audit or Enforce.", ".spec.mode"),
    column(
        "Priority",
        "integer",
        "The highest decides.",
        ".spec.priority",
    ),
    column(
        "Selected",
        "integer",
        "Workloads that the policy decides for.",
        ".status.selected",
    ),
    column(
        "Injected",
        "integer",
        "Workloads that run what the policy wants.",
        ".status.injected",
    ),
    READY,
    wide(REASON),
    wide(column(
        "Failed",
        "integer",
        "Workloads whose deployment failed.",
        ".status.failed",
    )),
    wide(column(
        "Skipped",
        "integer",
        "Workloads left alone.",
        ".status.skipped",
    )),
    AGE,
];

const DESTINATION: &[Column] = &[NAME, READY, wide(REASON), AGE];

const TARGET: &[Column] = &[
    NAME,
    column("Account", "string", "The AWS account.", ".spec.accountId"),
    column("Region", "string", "The AWS region.", ".spec.region"),
    column(
        "Clusters",
        "integer",
        "ECS clusters looked at.",
        ".status.clusters",
    ),
    column(
        "Services",
        "integer",
        "ECS services found.",
        ".status.services",
    ),
    READY,
    wide(REASON),
    wide(column(
        "Last Resync",
        "date",
        "Time since the last full look.",
        ".status.lastResyncTime",
    )),
    AGE,
];

const FREEZE: &[Column] = &[
    NAME,
    column("Reason", "string", "Why.", ".spec.reason"),
    column("From", "string", "When it begins.", ".spec.from"),
    column("Until", "string", "When it ends.", ".spec.until"),
    wide(column(
        "Targets",
        "string",
        "The AwsTargets it is for.",
        ".spec.targets",
    )),
    AGE,
];

const WORKLOAD: &[Column] = &[
    NAME,
    column("Target", "string", "The AwsTarget.", ".spec.target"),
    column("Cluster", "string", "The ECS cluster.", ".spec.cluster"),
    column("Service", "string", "The ECS service.", ".spec.service"),
    column(
        "Policy",
        "string",
        "The policy that decides.",
        ".status.policy.name",
    ),
    column(
        "Injected",
        "string",
        "Whether the service runs with the router.",
        ".status.conditions[?(@.type==\"Injected\")].status",
    ),
    READY,
    REASON,
    MESSAGE,
    AGE,
];

const ROLLOUT: &[Column] = &[
    NAME,
    column("Policy", "string", "The policy.", ".spec.policy"),
    column(
        "Generation",
        "integer",
        "Generation of the policy.",
        ".spec.generation",
    ),
    column("Target", "string", "The AwsTarget.", ".spec.target"),
    column(
        "Selected",
        "integer",
        "Workloads that the policy decides for.",
        ".status.selected",
    ),
    column(
        "Updated",
        "integer",
        "Workloads that run what the policy wants.",
        ".status.updated",
    ),
    column(
        "Failed",
        "integer",
        "Workloads whose deployment failed.",
        ".status.failed",
    ),
    column(
        "Complete",
        "string",
        "Whether the rollout has ended.",
        ".status.conditions[?(@.type==\"Complete\")].status",
    ),
    wide(column(
        "Message",
        "string",
        "What happens now.",
        ".status.message",
    )),
    AGE,
];

/// The columns of a kind, in order. The first is the name.
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

    use super::*;
    use crate::v1alpha1::schema;

    #[test]
    fn every_column_reads_a_field_that_there_is() {
        for kind in Kind::ALL {
            let schema = schema(kind);
            for column in printer_columns(kind) {
                let plain = column.path.split("[?(").next().unwrap();
                let pointer = plain.replace('.', "/properties/");
                let field = schema.pointer(&pointer);
                assert!(field.is_some(), "{kind}: {}", column.path);
                assert!(!column.description.is_empty(), "{kind}: {}", column.name);
            }
            let headings: Vec<_> = printer_columns(kind).iter().map(|c| c.name).collect();
            assert_eq!(headings.first(), Some(&"Name"), "{kind}");
            assert_eq!(headings.last(), Some(&"Age"), "{kind}");
        }
    }
}
