//! An injection that is worked out and not written yet.
//!
//! A revision that is as it should be needs neither the hash nor the body of the call, and most
//! revisions are so; hence both are written only when asked for.

use std::collections::BTreeMap;
use std::rc::Rc;

use firelens_aws::iam::Grant;
use firelens_taskdef::{MAX_REGISTER_BODY_BYTES, TaskDefinitionDoc};
use firelens_types::v1alpha1::IamMode;

use crate::containers::Routed;
use crate::context::{ConfigObject, Injection};
use crate::refusal::{Note, Reason, Refusal};
use crate::routing::destinations;
use crate::{current, marks};
use firelens_fluent::outputs::{CompiledOutput, OutputInUse};

/// What [`crate::injector::Injector::prepare`] returns.
pub struct Prepared {
    /// The document, without the labels for the hash and the installation.
    pub(crate) document: TaskDefinitionDoc,
    pub(crate) objects: Vec<ConfigObject>,
    pub(crate) grants: Vec<Grant>,
    pub(crate) iam_mode: IamMode,
    pub(crate) installation: Option<String>,
    pub(crate) router: String,
    pub(crate) routed: Vec<Routed>,
    /// By index in the policy.
    pub(crate) outputs: Rc<BTreeMap<usize, CompiledOutput>>,
    pub(crate) notes: Vec<Note>,
}

impl Prepared {
    /// As [`crate::current::is_current`].
    #[must_use]
    pub fn is_current(&self, live: &TaskDefinitionDoc) -> bool {
        current::has_all_of(live, &self.document, &self.router)
    }

    /// As [`Injection::hash`].
    #[must_use]
    pub fn hash(&self) -> String {
        self.document.canonical_hash()
    }

    /// As [`Injection::objects`].
    #[must_use]
    pub fn objects(&self) -> &[ConfigObject] {
        &self.objects
    }

    /// As [`Injection::grants`].
    #[must_use]
    pub fn grants(&self) -> &[Grant] {
        &self.grants
    }

    /// As [`Injection::iam_mode`].
    #[must_use]
    pub const fn iam_mode(&self) -> IamMode {
        self.iam_mode
    }

    /// As [`Injection::notes`].
    #[must_use]
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// As [`Injection::outputs`].
    #[must_use]
    pub fn outputs(&self) -> Vec<OutputInUse> {
        destinations::in_use(&self.routed, &self.outputs)
    }

    /// Marks the router with the installation and the hash of everything else, and writes the body of
    /// the call.
    #[must_use]
    pub fn seal(self) -> Injection {
        let (hash, outputs) = (self.hash(), self.outputs());
        let mut document = self.document;
        if let Some(container) = document.container_mut(&self.router) {
            marks::seal(container, self.installation.as_deref(), &hash);
        }
        Injection {
            register_input: document.to_register_input(),
            document,
            hash,
            objects: self.objects,
            grants: self.grants,
            iam_mode: self.iam_mode,
            router: self.router,
            containers: self.routed.into_iter().map(|one| one.name).collect(),
            outputs,
            notes: self.notes,
        }
    }
}

/// Refuses a document that ECS would not take once it is sealed. The body is written only where it may be
/// too large.
pub(crate) fn refuse_too_large(
    document: &TaskDefinitionDoc,
    installation: Option<&str>,
) -> Result<(), Refusal> {
    let seal_bytes = marks::seal_bytes(installation);
    if document.text_bytes() + seal_bytes <= MAX_REGISTER_BODY_BYTES {
        return Ok(());
    }
    let bytes = document.register_size_bytes() + seal_bytes;
    if bytes <= MAX_REGISTER_BODY_BYTES {
        return Ok(());
    }
    Err(Refusal::new(
        Reason::TaskDefinitionTooLarge,
        format!(
            "with the router, the task definition has {bytes} bytes, and ECS accepts at most \
             {MAX_REGISTER_BODY_BYTES}; move environment variables to files or parameters, or set config.delivery to \
             Init or S3"
        ),
    ))
}
