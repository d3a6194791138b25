//! What an injection is made from, and what comes out of it.

use std::collections::BTreeMap;

use firelens_aws::iam::Grant;
use firelens_fluent::outputs::OutputInUse;
use firelens_taskdef::TaskDefinitionDoc;
use firelens_types::v1alpha1::{ConfigBucket, IamMode, LogDestination, LoggingPolicy};

use crate::marks::Marks;
use crate::platform::Platform;
use crate::refusal::Note;

/// What all injections of one policy into one target have in common.
#[derive(Clone, Debug)]
pub struct TargetContext<'a> {
    /// The policy, defaults applied.
    pub policy: &'a LoggingPolicy,
    /// All destinations, by name.
    pub destinations: &'a BTreeMap<String, LogDestination>,
    /// Account of the task definitions, 12 digits.
    pub account_id: &'a str,
    /// Region of the task definitions.
    pub region: &'a str,
    /// Partition of the region: `aws`, `aws-cn`, `aws-us-gov`.
    pub partition: &'a str,
    /// Bucket of the configuration files; needed only by policies that do not fit into options.
    pub config_bucket: Option<&'a ConfigBucket>,
    /// ID of the installation that makes the revisions; none where no operator is involved.
    pub installation: Option<&'a str>,
}

/// What an injection is made from that differs from workload to workload, beside the task definition.
#[derive(Clone, Debug)]
pub struct WorkloadContext<'a> {
    /// Where the tasks run.
    pub platform: Platform,
    /// ARN of the owner's revision that the injection starts from. None: the one named by the marks of
    /// the document, else the ARN of the document itself.
    pub base_arn: Option<&'a str>,
}

/// Both parts, for the steps of an injection that need both.
#[derive(Clone, Copy)]
pub(crate) struct InjectContext<'a> {
    pub(crate) target: &'a TargetContext<'a>,
    pub(crate) workload: &'a WorkloadContext<'a>,
}

/// A task definition with FireLens in it, and what it needs beside itself.
#[derive(Clone, Debug)]
pub struct Injection {
    /// The document.
    pub document: TaskDefinitionDoc,
    /// The body of the `RegisterTaskDefinition` call, byte for byte.
    pub register_input: String,
    /// What the label [`crate::LABEL_HASH`] says.
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
