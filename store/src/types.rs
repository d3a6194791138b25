//! What goes into the store and what comes out, as far as it is not an object itself.
//! Never holds a database type: callers know nothing of SQL.

use firelens_types::v1alpha1::Kind;
use serde_json::Value;
use uuid::Uuid;

use crate::selector::LabelSelector;

/// Which objects to list, and how many at once. The default lists all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListOptions {
    /// At most so many objects; `None` or 0 is all of them.
    pub limit: Option<u32>,
    /// [`ObjectList::continue_token`] of the page before.
    pub continue_token: Option<String>,
    /// Only objects whose labels match.
    pub label_selector: LabelSelector,
    /// Only the object of this name (`fieldSelector=metadata.name=…`).
    pub name: Option<String>,
}

/// One page of objects, ordered by the bytes of their names.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectList {
    /// Whole objects.
    pub items: Vec<Value>,
    /// A watch from here on misses nothing. Every page of a sequence carries that of the first page.
    pub resource_version: i64,
    /// Given where there are more objects.
    pub continue_token: Option<String>,
    /// How many objects follow; unknown where a selector was given, as in Kubernetes.
    pub remaining_item_count: Option<i64>,
}

/// Which part of an object an update is about. The other parts stay as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// `spec` and what users may set of `metadata`; never `status`.
    Object,
    /// `status` alone.
    Status,
}

/// A new version of an object.
#[derive(Clone, Debug, PartialEq)]
pub struct Update {
    /// The whole object as its author wants it; only `part` of it is looked at.
    pub object: Value,
    /// The part to take over.
    pub part: Part,
    /// Write only over this `metadata.resourceVersion`; `None` writes over any.
    pub expected_resource_version: Option<String>,
    /// Write only over this `metadata.uid`; `None` writes over any.
    pub expected_uid: Option<String>,
}

impl Update {
    /// An update of `spec` and metadata, over any version.
    #[must_use]
    pub const fn object(object: Value) -> Self {
        Self {
            object,
            part: Part::Object,
            expected_resource_version: None,
            expected_uid: None,
        }
    }

    /// An update of `status`, over any version.
    #[must_use]
    pub const fn status(object: Value) -> Self {
        Self {
            object,
            part: Part::Status,
            expected_resource_version: None,
            expected_uid: None,
        }
    }

    /// The same, refused unless the stored object has this `metadata.resourceVersion`.
    #[must_use]
    pub fn over(mut self, resource_version: impl Into<String>) -> Self {
        self.expected_resource_version = Some(resource_version.into());
        self
    }
}

/// What must hold for a deletion.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preconditions {
    /// Only this `metadata.uid`.
    pub uid: Option<String>,
    /// Only this `metadata.resourceVersion`.
    pub resource_version: Option<String>,
}

/// What the controller decided upon when it worked out a status; `None` is not checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// `metadata.uid`.
    pub uid: Option<String>,
    /// `metadata.generation`.
    pub generation: Option<i64>,
    /// `metadata.resourceVersion`; needed where several controllers write parts of one status.
    pub resource_version: Option<String>,
}

/// How a deletion ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Deleted {
    /// The object is gone; this was its last state.
    Gone(Value),
    /// Finalizers hold it: it carries a `deletionTimestamp` and goes with its last finalizer.
    Marked(Value),
}

impl Deleted {
    /// The object, gone or not.
    #[must_use]
    pub fn into_object(self) -> Value {
        match self {
            Self::Gone(object) | Self::Marked(object) => object,
        }
    }
}

/// What happened to an object, in the words of a Kubernetes watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeType {
    /// Created.
    Added,
    /// Written over.
    Modified,
    /// Gone.
    Deleted,
}

impl ChangeType {
    /// `ADDED`, `MODIFIED` or `DELETED`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Added => "ADDED",
            Self::Modified => "MODIFIED",
            Self::Deleted => "DELETED",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [Self::Added, Self::Modified, Self::Deleted]
            .into_iter()
            .find(|change| change.name() == name)
    }
}

/// One change of one object.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The revision it made; changes are told in this order and each exactly once.
    pub resource_version: i64,
    /// Kind of the object.
    pub kind: Kind,
    /// Name of the object.
    pub name: String,
    /// What happened.
    pub change_type: ChangeType,
    /// The object after the change, or its last state where it was deleted; its
    /// `metadata.resourceVersion` is that of the change.
    pub object: Value,
    /// The object before, only where a change touched its labels.
    pub previous: Option<Value>,
}

impl Change {
    /// What a watch with this selector is told: an object that begins to match is `Added`, one that
    /// stops to match is `Deleted`, one that never did is `None`.
    #[must_use]
    pub fn seen_through(&self, selector: &LabelSelector) -> Option<ChangeType> {
        let after = selector.matches(&self.object);
        let before = self
            .previous
            .as_ref()
            .map_or(after, |previous| selector.matches(previous));
        match (self.change_type, before, after) {
            (ChangeType::Added, _, true) => Some(ChangeType::Added),
            (ChangeType::Deleted, _, true) => Some(ChangeType::Deleted),
            (ChangeType::Modified, true, true) => Some(ChangeType::Modified),
            (ChangeType::Modified, false, true) => Some(ChangeType::Added),
            (ChangeType::Modified, true, false) => Some(ChangeType::Deleted),
            _ => None,
        }
    }
}

/// Changes in order.
#[derive(Clone, Debug, PartialEq)]
pub struct ChangePage {
    /// At most as many as asked for.
    pub changes: Vec<Change>,
    /// Everything up to here has been told: ask from here on next time (also for bookmarks).
    pub resource_version: i64,
}

/// An object that only the controller writes: `Workload` or `Rollout`.
#[derive(Clone, Debug, PartialEq)]
pub struct GeneratedObject {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.labels`, a JSON object of strings; others are removed.
    pub labels: Value,
    /// `spec`.
    pub spec: Value,
    /// `status`; `None` has none.
    pub status: Option<Value>,
}

/// How many generated objects were written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// New ones.
    pub created: usize,
    /// Written over, because something differed.
    pub updated: usize,
    /// As they should be; nothing was written.
    pub unchanged: usize,
    /// Removed.
    pub deleted: usize,
}

/// The newest revisions there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Newest resourceVersion.
    pub resource_version: i64,
    /// Newest resourceVersion that changed what people ask for (creation, spec, metadata, deletion).
    pub desired: i64,
    /// Id of the newest question to the controller; 0 when there is none.
    pub asked: i64,
    /// resourceVersions given out under another timeline mean nothing; answer them as expired.
    pub timeline: Uuid,
}
