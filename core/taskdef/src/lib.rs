//! A task definition as an ordered raw JSON document.
//!
//! There is no struct that lists fields: a member that is not touched keeps its exact text, so a field
//! that ECS adds later survives. A document changes only where a caller changes it.

mod canonical;
mod json;
mod json_writer;
mod parse;
mod scan;
mod source;
mod unique;
mod views;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use canonical::rules::{self, Absent};
use json::Writing;

pub use canonical::{canonical, canonical_hash, sha256_hex};
pub use canonical::{canonical_dependencies, canonical_member, sorted};
pub use json::RawObject;
pub use json_writer::{ObjectText, array, quote};
pub use source::{Json, JsonKind, Source};
pub use views::wait;
pub use views::{ContainerView, Dependency, PortMapping};

/// Largest register body that ECS takes, in bytes ("Max allowed length is '65536' bytes").
/// Source: <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html>.
pub const MAX_REGISTER_BODY_BYTES: usize = 65_536;

/// Most containers of one task definition.
/// Source: <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html>.
pub const MAX_CONTAINERS: usize = 10;

const CONTAINERS: &str = "containerDefinitions";
const TAGS: &str = "tags";

/// Why a text is not a task definition.
#[derive(Debug, thiserror::Error)]
pub enum DocError {
    /// Not a JSON object, or a member name is there twice.
    #[error("the task definition is not a JSON object: {0}")]
    Json(#[from] serde_json::Error),
    /// There is no list of containers.
    #[error(
        "no list `containerDefinitions`: give an answer of describe-task-definition or an input of register-task-definition"
    )]
    NoContainers,
    /// A container has no name.
    #[error("containerDefinitions[{0}] has no name")]
    Unnamed(usize),
    /// Two containers have one name.
    #[error("two containers are named {0:?}")]
    SameName(String),
}

/// A task definition: top-level members and containers in order, every value as it was written.
#[derive(Clone, PartialEq, Eq)]
pub struct TaskDefinitionDoc {
    /// Members of the task definition. Of `containerDefinitions` only its place counts: what it says
    /// is in `containers`.
    top: RawObject,
    containers: Vec<RawObject>,
    identity: Arc<Identity>,
}

/// Decoded top-level texts.
#[derive(Clone, Default, PartialEq, Eq)]
struct Identity {
    family: Option<String>,
    arn: Option<String>,
    status: Option<String>,
    task_role_arn: Option<String>,
    execution_role_arn: Option<String>,
    network_mode: Option<String>,
}

impl Identity {
    fn of(top: &RawObject) -> Self {
        let text = |name| top.string(name).filter(|text| !text.is_empty());
        Self {
            family: text("family"),
            arn: text("taskDefinitionArn"),
            status: text("status"),
            task_role_arn: text("taskRoleArn"),
            execution_role_arn: text("executionRoleArn"),
            network_mode: text("networkMode"),
        }
    }
}

/// Shows what it is about and no values: environment variables may hold what is not for logs.
impl fmt::Debug for TaskDefinitionDoc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskDefinitionDoc")
            .field("family", &self.identity.family)
            .field("arn", &self.identity.arn)
            .field("containers", &self.container_names())
            .finish_non_exhaustive()
    }
}

/// The whole document, read-only members and tags included, without white space between tokens.
impl fmt::Display for TaskDefinitionDoc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.write(|_, _, _| Writing::AsItIs))
    }
}

impl TaskDefinitionDoc {
    /// Family name.
    #[must_use]
    pub fn family(&self) -> Option<&str> {
        self.identity.family.as_deref()
    }

    /// ARN with revision; only in answers of ECS.
    #[must_use]
    pub fn arn(&self) -> Option<&str> {
        self.identity.arn.as_deref()
    }

    /// `ACTIVE`, `INACTIVE`, `DELETE_IN_PROGRESS`; only in answers of ECS.
    #[must_use]
    pub fn status(&self) -> Option<&str> {
        self.identity.status.as_deref()
    }

    /// Task role: an ARN or a bare role name. An empty text counts as absent.
    #[must_use]
    pub fn task_role_arn(&self) -> Option<&str> {
        self.identity.task_role_arn.as_deref()
    }

    /// Execution role: an ARN or a bare role name. An empty text counts as absent.
    #[must_use]
    pub fn execution_role_arn(&self) -> Option<&str> {
        self.identity.execution_role_arn.as_deref()
    }

    /// `bridge`, `awsvpc`, `host`, `none`.
    #[must_use]
    pub fn network_mode(&self) -> Option<&str> {
        self.identity.network_mode.as_deref()
    }

    /// Names of the containers in order.
    #[must_use]
    pub fn container_names(&self) -> Vec<String> {
        self.containers()
            .map(|container| container.name())
            .collect()
    }

    /// The text of a top-level member other than `containerDefinitions`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        if name == CONTAINERS {
            None
        } else {
            self.top.get(name)
        }
    }

    /// A top-level member other than `containerDefinitions`, decoded; `null` counts as absent.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<serde_json::Value> {
        self.get(name)?;
        self.top.value(name)
    }

    /// A text inside a top-level member, decoded.
    pub fn text_in(&self, name: &str, member: &str) -> Option<Cow<'_, str>> {
        self.json(name)?.member(member)?.string()
    }

    /// A top-level member other than `containerDefinitions`.
    pub fn json(&self, name: &str) -> Option<Json<'_>> {
        (name != CONTAINERS).then(|| self.top.json(name)).flatten()
    }

    /// Whether `requiresCompatibilities` lists `FARGATE`.
    pub fn lists_fargate(&self) -> bool {
        self.json("requiresCompatibilities")
            .is_some_and(|kinds| kinds.items().any(|kind| kind.is_text("FARGATE")))
    }

    /// Sets a top-level member other than `containerDefinitions`, in its place or at the end.
    pub fn set(&mut self, name: &str, value: &serde_json::Value) {
        self.set_text(name, value.to_string());
    }

    /// As [`TaskDefinitionDoc::set`], for text that is known to be JSON without white space.
    pub fn set_text(&mut self, name: &str, value: String) {
        if name != CONTAINERS {
            self.top.set_text(name, value);
            self.identity = Arc::new(Identity::of(&self.top));
        }
    }

    /// Takes a top-level member other than `containerDefinitions` out.
    pub fn remove(&mut self, name: &str) -> Option<String> {
        if name == CONTAINERS {
            return None;
        }
        let removed = self.top.remove(name);
        self.identity = Arc::new(Identity::of(&self.top));
        removed
    }

    /// The containers in order.
    pub fn containers(&self) -> impl Iterator<Item = ContainerView<'_>> {
        self.containers.iter().map(ContainerView::new)
    }

    /// The container of that name.
    #[must_use]
    pub fn container(&self, name: &str) -> Option<ContainerView<'_>> {
        self.containers().find(|container| container.is_named(name))
    }

    /// The container of that name, to be changed. Its name must stay.
    pub fn container_mut(&mut self, name: &str) -> Option<&mut RawObject> {
        self.containers
            .iter_mut()
            .find(|container| container.is_text("name", name))
    }

    /// The containers in order, to be changed. Their names must stay.
    pub fn containers_mut(&mut self) -> impl Iterator<Item = &mut RawObject> {
        self.containers.iter_mut()
    }

    /// Puts a container behind the others.
    ///
    /// # Errors
    /// It has no name, or one that is taken.
    pub fn append_container(&mut self, container: RawObject) -> Result<(), DocError> {
        self.insert_container(self.containers.len(), container)
    }

    /// Puts a container at that place, or behind the others when there are fewer.
    ///
    /// # Errors
    /// It has no name, or one that is taken.
    pub fn insert_container(&mut self, index: usize, container: RawObject) -> Result<(), DocError> {
        let Some(name) = container.string("name").filter(|name| !name.is_empty()) else {
            return Err(DocError::Unnamed(self.containers.len()));
        };
        if self.container(&name).is_some() {
            return Err(DocError::SameName(name));
        }
        self.containers
            .insert(index.min(self.containers.len()), container);
        Ok(())
    }

    /// Takes the container of that name out.
    pub fn remove_container(&mut self, name: &str) -> Option<RawObject> {
        let at = self
            .containers()
            .position(|container| container.is_named(name))?;
        Some(self.containers.remove(at))
    }

    /// The body of a `RegisterTaskDefinition` call: read-only members and empty roles left out, tags
    /// included unless their key starts with `aws:`, all else as it was written.
    /// Source: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html>.
    #[must_use]
    pub fn to_register_input(&self) -> String {
        self.write(|name, value, out| match name {
            TAGS => write_tags(value, out),
            _ if is_left_out(name, value) => Writing::LeaveOut,
            _ => Writing::AsItIs,
        })
    }

    /// Size of the register body, in bytes; at most [`MAX_REGISTER_BODY_BYTES`].
    #[must_use]
    pub fn register_size_bytes(&self) -> usize {
        self.to_register_input().len()
    }

    fn write(&self, mut how: impl FnMut(&str, Json<'_>, &mut String) -> Writing) -> String {
        let mut out = String::with_capacity(self.text_bytes() + 1024);
        self.top.write(&mut out, |name, value, out| {
            if name != CONTAINERS {
                return how(name, value, out);
            }
            out.push('[');
            for (index, container) in self.containers.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                container.write(out, |_, _, _| Writing::AsItIs);
            }
            out.push(']');
            Writing::Done
        });
        out
    }

    /// At least as many bytes as the text has, and few more.
    pub fn text_bytes(&self) -> usize {
        let objects = self.containers.iter().chain([&self.top]);
        objects.map(|object| object.text_bytes() + 1).sum::<usize>() + 2
    }
}

/// What a register input does not have: nulls, what only answers have, and empty texts that stand for nothing.
fn is_left_out(name: &str, value: Json<'_>) -> bool {
    let is_listed =
        |absent| rules::find(rules::TASK, name).is_some_and(|rule| rule.absent.contains(&absent));
    value.is_null() || is_listed(Absent::Always) || value.is_text("") && is_listed(Absent::Blank)
}

/// Writes the tags that may be sent.
fn write_tags(tags: Json<'_>, out: &mut String) -> Writing {
    let sent = || tags.items().filter(|tag| !is_reserved_tag(*tag));
    if tags.kind() != JsonKind::List || sent().next().is_none() {
        return Writing::LeaveOut;
    }
    out.push('[');
    for (index, tag) in sent().enumerate() {
        if index > 0 {
            out.push(',');
        }
        out.push_str(tag.text());
    }
    out.push(']');
    Writing::Done
}

/// Tags that AWS keeps for itself and refuses in requests.
/// Source: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Tag.html>.
fn is_reserved_tag(tag: Json<'_>) -> bool {
    tag.member("key")
        .and_then(Json::string)
        .is_some_and(|key| key.to_ascii_lowercase().starts_with("aws:"))
}
