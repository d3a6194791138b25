//! Arguments and results of the store, apart from the objects themselves. They contain no database type: callers
//! do not depend on SQL.

use firelens_types::v1alpha1::Kind;
use serde_json::Value;
use uuid::Uuid;

use crate::selector::LabelSelector;

/// Which objects to list, and how many at once. The default lists all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListOptions {
    /// The number of objects in a page; `None` or 0 is all of them.
    pub limit: Option<u32>,
    /// The [`ObjectList::continue_token`] of the page before.
    pub continue_token: Option<String>,
    /// Lists only objects whose labels match.
    pub label_selector: LabelSelector,
    /// Lists only the object with this name (`fieldSelector=metadata.name=…`).
    pub name: Option<String>,
}

/// One page of objects, ordered by the bytes of their names.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectList {
    /// The complete objects.
    pub items: Vec<Value>,
    /// A watch from here misses nothing. Every page of a sequence has that of the first page.
    pub resource_version: i64,
    /// Set where there are more objects.
    pub continue_token: Option<String>,
    /// The number of objects that follow; unknown where a selector was given, as in Kubernetes.
    pub remaining_item_count: Option<i64>,
}

/// The part of an object that an update concerns. The other parts stay as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// `spec` and the members of `metadata` that users may set; never `status`.
    Object,
    /// `status` alone.
    Status,
}

/// A new version of an object.
#[derive(Clone, Debug, PartialEq)]
pub struct Update {
    /// The whole object as its author wants it; only `part` of it is used.
    pub object: Value,
    /// The part to apply.
    pub part: Part,
    /// Writes only over this `metadata.resourceVersion`; `None` writes over any.
    pub expected_resource_version: Option<String>,
    /// Writes only over this `metadata.uid`; `None` writes over any.
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

/// Preconditions of a deletion.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preconditions {
    /// Only this `metadata.uid`.
    pub uid: Option<String>,
    /// Only this `metadata.resourceVersion`.
    pub resource_version: Option<String>,
}

/// The state on which the controller based a status; `None` is not checked.
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
    /// The object is gone; with its last state.
    Gone(Value),
    /// Finalizers hold it: it has a `deletionTimestamp` and is removed with its last finalizer.
    Marked(Value),
}

impl Deleted {
    /// Returns the object, gone or not.
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
    /// Overwritten.
    Modified,
    /// Removed.
    Deleted,
}

impl ChangeType {
    /// Returns `ADDED`, `MODIFIED` or `DELETED`.
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
    /// The revision of the change; changes are returned in this order and each exactly once.
    pub resource_version: i64,
    /// The kind of the object.
    pub kind: Kind,
    /// The name of the object.
    pub name: String,
    /// The type of the change.
    pub change_type: ChangeType,
    /// The object after the change, or its last state where it was deleted; its
    /// `metadata.resourceVersion` is that of the change.
    pub object: Value,
    /// The object before, only where a change touched its labels.
    pub previous: Option<Value>,
}

impl Change {
    /// Returns the change as a watch with this selector sees it: an object that begins to match is `Added`, one
    /// that stops to match is `Deleted`, one that never matched is `None`.
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
    /// The changes, at most as many as requested.
    pub changes: Vec<Change>,
    /// Everything up to here was returned: the next call starts from here (also for bookmarks).
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

/// The number of generated objects, by what was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Created.
    pub created: usize,
    /// Overwritten, because something differed.
    pub updated: usize,
    /// Unchanged; nothing was written.
    pub unchanged: usize,
    /// Removed.
    pub deleted: usize,
}

/// The newest revisions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The newest resourceVersion.
    pub resource_version: i64,
    /// The newest resourceVersion that changed what people request (creation, spec, metadata, deletion).
    pub desired: i64,
    /// The id of the newest question to the controller; 0 when there is none.
    pub asked: i64,
    /// The id of the history. resourceVersions of another one mean nothing and are treated as expired.
    pub timeline: Uuid,
}
