//! The kinds of the API and their names.
//!
//! A name cannot be changed: it is part of every stored object and of users' scripts.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The API group.
pub const GROUP: &str = "firelens.dev";
/// The API version.
pub const VERSION: &str = "v1alpha1";
/// Group and version, as in the field `apiVersion`.
pub const API_VERSION: &str = "firelens.dev/v1alpha1";
/// Finalizer of a policy: it is kept until nothing of the policy is left in any target.
pub const RESTORE_FINALIZER: &str = "firelens.dev/restore";

/// Finalizer of a target: it is kept until no service of the target that still exists runs our router.
pub const IN_USE_FINALIZER: &str = "firelens.dev/in-use";
/// Annotation of a target. With the value [`RETAIN`] the target can be deleted although routers run there: they
/// are not changed, and keep their rights and files.
pub const DELETION_POLICY_ANNOTATION: &str = "firelens.dev/deletion-policy";
/// The value of [`DELETION_POLICY_ANNOTATION`] that allows the deletion.
pub const RETAIN: &str = "Retain";

/// A kind of object. All kinds are cluster-scoped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// Who gets which routing, and how it is rolled out. Written by users.
    LoggingPolicy,
    /// A named, shared place for logs. Written by users.
    LogDestination,
    /// An AWS account and region to look after. Written by users.
    AwsTarget,
    /// A time in which nothing is started. Written by users.
    Freeze,
    /// One per ECS service found. Written by the controller.
    Workload,
    /// One per policy generation and target. Written by the controller.
    Rollout,
}

impl Kind {
    /// All kinds, in the order in which discovery lists them.
    pub const ALL: [Kind; 6] = [
        Kind::LoggingPolicy,
        Kind::LogDestination,
        Kind::AwsTarget,
        Kind::Freeze,
        Kind::Workload,
        Kind::Rollout,
    ];

    /// Returns the name as in the field `kind`, such as `LoggingPolicy`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Kind::LoggingPolicy => "LoggingPolicy",
            Kind::LogDestination => "LogDestination",
            Kind::AwsTarget => "AwsTarget",
            Kind::Freeze => "Freeze",
            Kind::Workload => "Workload",
            Kind::Rollout => "Rollout",
        }
    }

    /// Returns the plural, as in paths, such as `loggingpolicies`.
    #[must_use]
    pub const fn plural(self) -> &'static str {
        match self {
            Kind::LoggingPolicy => "loggingpolicies",
            Kind::LogDestination => "logdestinations",
            Kind::AwsTarget => "awstargets",
            Kind::Freeze => "freezes",
            Kind::Workload => "workloads",
            Kind::Rollout => "rollouts",
        }
    }

    /// Returns the singular that `kubectl` accepts, such as `loggingpolicy`.
    #[must_use]
    pub const fn singular(self) -> &'static str {
        match self {
            Kind::LoggingPolicy => "loggingpolicy",
            Kind::LogDestination => "logdestination",
            Kind::AwsTarget => "awstarget",
            Kind::Freeze => "freeze",
            Kind::Workload => "workload",
            Kind::Rollout => "rollout",
        }
    }

    /// Returns the short names that `kubectl` accepts, such as `lp`.
    #[must_use]
    pub const fn short_names(self) -> &'static [&'static str] {
        match self {
            Kind::LoggingPolicy => &["lp"],
            Kind::LogDestination => &["ld"],
            Kind::AwsTarget => &["at"],
            Kind::Freeze => &["fz"],
            Kind::Workload => &["wl"],
            Kind::Rollout => &["ro"],
        }
    }

    /// Returns the kind with this plural.
    #[must_use]
    pub fn from_plural(plural: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.plural() == plural)
    }

    /// Returns the kind with exactly this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Whether users write objects of this kind; only the controller writes the others.
    #[must_use]
    pub const fn written_by_users(self) -> bool {
        matches!(
            self,
            Kind::LoggingPolicy | Kind::LogDestination | Kind::AwsTarget | Kind::Freeze
        )
    }

    /// Whether users write `spec.control` of objects of this kind, and the controller everything else.
    #[must_use]
    pub const fn is_controlled_by_users(self) -> bool {
        matches!(self, Kind::Rollout)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_found_by_its_names() {
        for kind in Kind::ALL {
            assert_eq!(Kind::from_plural(kind.plural()), Some(kind));
            assert_eq!(Kind::from_name(kind.name()), Some(kind));
            assert_eq!(kind.singular(), kind.name().to_lowercase());
            assert_eq!(kind.to_string(), kind.name());
        }
        assert_eq!(Kind::from_name("loggingPolicy"), None);
    }
}
