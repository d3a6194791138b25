//! The labels of our router: a managed revision explains itself with them.
//!
//! They must be enough to take the injection out when our database is gone.

pub(crate) mod restore;

use std::borrow::Cow;

use firelens_taskdef::{ContainerView, RawObject, TaskDefinitionDoc, quote};

/// Name of the policy.
pub const LABEL_POLICY: &str = "firelens.dev/policy";
/// Uid of the policy.
pub const LABEL_POLICY_UID: &str = "firelens.dev/policy-uid";
/// Generation of the policy.
pub const LABEL_GENERATION: &str = "firelens.dev/generation";
/// ARN of the base revision.
pub const LABEL_BASE: &str = "firelens.dev/base";
/// Id of the installation that made the revision; absent in revisions of older versions, and of
/// `firelens patch` where nobody named one.
pub const LABEL_INSTALLATION: &str = "firelens.dev/installation";
/// Canonical hash of the register input without this label and without [`LABEL_INSTALLATION`].
pub const LABEL_HASH: &str = "firelens.dev/hash";
/// Restore record, as JSON text.
pub const LABEL_RESTORE: &str = "firelens.dev/restore";

/// What the labels of our router say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marks {
    /// Container name of the router.
    pub router: String,
    /// Name of the policy.
    pub policy: String,
    /// Uid of the policy; empty when it was never stored.
    pub policy_uid: String,
    /// Generation of the policy.
    pub generation: i64,
    /// ARN of the base revision, when it was known.
    pub base: Option<String>,
    /// Id of the installation that made it, when the labels say.
    pub installation: Option<String>,
    /// What [`LABEL_HASH`] says; empty when the label is gone.
    pub hash: String,
    /// Restore record, as it is written.
    pub restore: String,
}

impl Marks {
    /// Whether another installation than this one made it. What says nothing is nobody's in particular.
    #[must_use]
    pub fn is_foreign_to(&self, installation: &str) -> bool {
        self.installation
            .as_deref()
            .is_some_and(|found| found != installation)
    }

    /// Whether this very installation made it, by its labels.
    #[must_use]
    pub fn is_of(&self, installation: &str) -> bool {
        self.installation.as_deref() == Some(installation)
    }
}

/// The marks of our injection; none when there is no router of ours.
///
/// A container is our router when it has a `firelensConfiguration` and the labels
/// [`LABEL_POLICY`] and [`LABEL_RESTORE`].
#[must_use]
pub fn marks(doc: &TaskDefinitionDoc) -> Option<Marks> {
    marks_of(&our_router(doc)?)
}

/// Whether nobody changed a managed revision since we made it: its content still has the hash that
/// its label says. A document without marks is not a managed revision.
#[must_use]
pub fn is_untouched(doc: &TaskDefinitionDoc) -> bool {
    marks(doc).is_some_and(|marks| content_hash(doc, &marks.router) == marks.hash)
}

/// The router of ours, if there is one: the container that [`marks`] reads.
pub(crate) fn our_router(doc: &TaskDefinitionDoc) -> Option<ContainerView<'_>> {
    doc.containers().find(|container| {
        let has = |label| container.has_docker_label(label);
        container.is_router() && has(LABEL_POLICY) && has(LABEL_RESTORE)
    })
}

pub(crate) fn marks_of(container: &ContainerView<'_>) -> Option<Marks> {
    let label = |name| container.docker_label(name).map(Cow::into_owned);
    Some(Marks {
        router: container.name(),
        policy: label(LABEL_POLICY)?,
        policy_uid: label(LABEL_POLICY_UID).unwrap_or_default(),
        generation: label(LABEL_GENERATION)
            .and_then(|text| text.parse().ok())
            .unwrap_or_default(),
        base: base_of(container),
        installation: label(LABEL_INSTALLATION).filter(|id| !id.is_empty()),
        hash: label(LABEL_HASH).unwrap_or_default(),
        restore: label(LABEL_RESTORE)?,
    })
}

/// ARN of the base revision that our router names.
pub(crate) fn base_of(router: &ContainerView<'_>) -> Option<String> {
    let base = router.docker_label(LABEL_BASE);
    base.filter(|arn| !arn.is_empty()).map(Cow::into_owned)
}

/// Canonical hash of the register input without the labels [`LABEL_HASH`] and [`LABEL_INSTALLATION`].
pub(crate) fn content_hash(doc: &TaskDefinitionDoc, router: &str) -> String {
    let labels = doc
        .container(router)
        .and_then(|container| container.raw().value("dockerLabels"));
    let Some(serde_json::Value::Object(mut labels)) = labels else {
        return doc.canonical_hash();
    };
    let sealed = [LABEL_HASH, LABEL_INSTALLATION].map(|name| labels.shift_remove(name));
    if sealed.iter().all(Option::is_none) {
        return doc.canonical_hash();
    }
    let mut plain = doc.clone();
    if let Some(container) = plain.container_mut(router) {
        container.set("dockerLabels", &serde_json::Value::Object(labels));
    }
    plain.canonical_hash()
}

/// Bytes that [`seal`] adds to a document.
pub(crate) fn seal_bytes(installation: Option<&str>) -> usize {
    let label = |name: &str, value: usize| ",\"\":\"\"".len() + name.len() + value;
    let installation = installation.map_or(0, |id| label(LABEL_INSTALLATION, id.len()));
    installation + label(LABEL_HASH, HASH_DIGITS)
}

/// Hexadecimal digits of a SHA-256.
const HASH_DIGITS: usize = 64;

/// Puts the labels [`LABEL_INSTALLATION`] and [`LABEL_HASH`] behind the others, of which there are some.
pub(crate) fn seal(router: &mut RawObject, installation: Option<&str>, hash: &str) {
    let labels = router
        .get("dockerLabels")
        .and_then(|text| text.strip_suffix('}'));
    if let Some(labels) = labels {
        let mut labels = labels.to_owned();
        let installation = installation.map(|id| (LABEL_INSTALLATION, id));
        for (name, value) in installation.into_iter().chain([(LABEL_HASH, hash)]) {
            labels.push_str(&format!(",{}:{}", quote(name), quote(value)));
        }
        labels.push('}');
        router.set_text("dockerLabels", labels);
    }
}
