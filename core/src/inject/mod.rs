//! Adds FireLens to a task definition, and takes exactly that away again.
//!
//! Never changes what it does not have to: a member that injection does not name keeps its text, and
//! a refusal leaves everything as it was.

mod awslogs;
mod build;
mod containers;
mod current;
mod delivery;
mod delivery_fluentd;
mod dependencies;
mod destinations;
mod eject;
mod foreign;
mod grants;
mod graph;
mod health;
mod injector;
mod labels;
mod lifetime;
mod neighbours;
mod overflow;
mod placement;
mod platform;
mod prepared;
mod refusal;
mod restore;
mod review;
mod router;
mod router_image;
mod secrets;
mod size;
mod stop;
mod texts;

use std::collections::BTreeMap;

use indexmap::IndexMap;

use crate::doc::TaskDefinitionDoc;
use crate::iam::Grant;
use crate::v1alpha1::{ConfigBucket, IamMode, LogDestination, LoggingPolicy};

pub(crate) use awslogs::TASK_ID;
pub use current::is_current;
pub use eject::{EjectError, eject};
pub use injector::Injector;
pub use labels::{
    LABEL_BASE, LABEL_GENERATION, LABEL_HASH, LABEL_INSTALLATION, LABEL_POLICY, LABEL_POLICY_UID,
    LABEL_RESTORE, Marks, is_untouched, marks,
};
pub use overflow::inject;
pub use platform::{EXPRESS_TAG, EXPRESS_TAG_VALUE, Platform};
pub use prepared::Prepared;
pub(crate) use refusal::words;
pub use refusal::{Note, NoteCode, Reason, Refusal};

/// What an injection is made from, beside the task definition.
#[derive(Clone, Debug)]
pub struct InjectContext<'a> {
    /// The policy, defaults applied.
    pub policy: &'a LoggingPolicy,
    /// All destinations, by name.
    pub destinations: &'a BTreeMap<String, LogDestination>,
    /// Where the tasks run.
    pub platform: Platform,
    /// Account of the task definition, 12 digits.
    pub account_id: &'a str,
    /// Region of the task definition.
    pub region: &'a str,
    /// Partition of the region: `aws`, `aws-cn`, `aws-us-gov`.
    pub partition: &'a str,
    /// Where configuration files go; needed only by policies that do not fit into options.
    pub config_bucket: Option<&'a ConfigBucket>,
    /// ARN of the owner's revision that this is made from. None: what the marks of the document say,
    /// else the ARN of the document itself.
    pub base_arn: Option<&'a str>,
    /// Id of the installation that the revision is made by; none where no operator stands behind it.
    pub installation: Option<&'a str>,
    /// Name of the cluster, for messages.
    pub cluster: Option<&'a str>,
    /// Name of the service, for messages.
    pub service: Option<&'a str>,
}

/// A task definition with FireLens in it, and what it needs beside itself.
#[derive(Clone, Debug)]
pub struct Injection {
    /// The document.
    pub document: TaskDefinitionDoc,
    /// The body of the `RegisterTaskDefinition` call, byte for byte.
    pub register_input: String,
    /// What the label [`LABEL_HASH`] says.
    pub hash: String,
    /// Files that must be in S3 before a task starts.
    pub objects: Vec<ConfigObject>,
    /// What the roles of the task must be allowed to do; empty with `iam.mode: Ignore`.
    pub grants: Vec<Grant>,
    /// What is to be done about the grants: with `Verify` they are reported and never written.
    pub iam_mode: IamMode,
    /// Container name of the router.
    pub router: String,
    /// Containers that send their logs through the router, in document order.
    pub containers: Vec<String>,
    /// Where they send them, in the order of the policy; what a raw configuration adds is not known.
    pub outputs: Vec<OutputInUse>,
    /// Hints for people, sorted.
    pub notes: Vec<Note>,
}

/// An output of the router and the containers that send to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputInUse {
    /// Name of the output in its policy.
    pub name: String,
    /// Output plugin of the router.
    pub plugin: String,
    /// Plain options of the plugin; a secret one is not among them.
    pub options: IndexMap<String, String>,
    /// Container names, in document order.
    pub containers: Vec<String>,
}

/// A file in S3. Its key holds the hash of its body, so it is never overwritten.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConfigObject {
    /// Bucket name.
    pub bucket: String,
    /// Key, prefix included.
    pub key: String,
    /// Content, UTF-8.
    pub body: String,
    /// SHA-256 of the body, 64 lower-case hexadecimal digits.
    pub sha256: String,
}

/// A task definition with our injection taken out.
#[derive(Clone, Debug)]
pub struct Ejection {
    /// The document. Read-only members are still those of the revision it was taken from.
    pub document: TaskDefinitionDoc,
    /// What the labels said.
    pub marks: Marks,
    /// What could not be put in order, since it is not ours.
    pub notes: Vec<Note>,
}
