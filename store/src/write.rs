//! How object rows and their changes reach the database: revisions are taken last, so that the lock which orders
//! commits is held as shortly as possible. No row is written without its change, and no two changes get the same
//! revision.

use firelens_types::v1alpha1::Kind;
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::error::StoreError;
use crate::meta;
use crate::sql_changes::{self, ChangeColumns};
use crate::sql_objects::{self, Columns};
use crate::types::ChangeType;

/// One object to write.
pub(crate) struct Write {
    pub(crate) change: ChangeType,
    pub(crate) name: String,
    pub(crate) uid: Uuid,
    /// The object after the change; its last state where it is removed.
    pub(crate) object: Value,
    /// The object before, if it existed.
    pub(crate) before: Option<Value>,
}

/// Who must be notified of a write.
#[derive(Clone, Copy)]
pub(crate) struct Effect {
    /// Whether it changes what people request.
    pub(crate) desired: bool,
    /// Whether listeners are woken at once; otherwise they notice within a second.
    pub(crate) notify: bool,
}

/// Writes all of them; the i-th gets the i-th revision after the returned one. The rows must be locked, or known
/// to be missing, by the same transaction.
pub(crate) async fn write_all(
    conn: &mut PgConnection,
    kind: Kind,
    writes: &[Write],
    effect: Effect,
) -> Result<i64, StoreError> {
    let count = i64::try_from(writes.len()).unwrap_or(i64::MAX);
    let last = sql_objects::advance(conn, count, effect.desired, effect.notify).await?;
    let base = last - count;
    let mut sorted = Sorted::default();
    for (write, resource_version) in writes.iter().zip(base + 1..) {
        sorted.take(write, resource_version)?;
    }
    if !sorted.added.names.is_empty() {
        sql_objects::insert(conn, kind.name(), &sorted.added)
            .await
            .map_err(|error| taken(kind, &sorted.added, error))?;
    }
    if !sorted.modified.names.is_empty() {
        sql_objects::update(conn, kind.name(), &sorted.modified).await?;
    }
    if !sorted.deleted.is_empty() {
        sql_objects::delete(conn, kind.name(), &sorted.deleted).await?;
    }
    sql_changes::insert(conn, kind.name(), &sorted.changes).await?;
    Ok(base)
}

#[derive(Default)]
struct Sorted {
    added: Columns,
    modified: Columns,
    deleted: Vec<String>,
    changes: ChangeColumns,
}

impl Sorted {
    fn take(&mut self, write: &Write, resource_version: i64) -> Result<(), StoreError> {
        let labels = meta::labels(&write.object).or_else(|error| {
            // Labels that an older version accepted are no reason to refuse another change.
            match &write.before {
                Some(before) if meta::has_same_labels(before, &write.object) => {
                    Ok(meta::text_labels(&write.object))
                }
                _ => Err(error),
            }
        })?;
        let object = write.object.to_string();
        let before = write.before.as_ref();
        // Only a change of labels can move an object into or out of what a watch selects.
        let previous = match before.map(meta::labels) {
            Some(Ok(before_labels)) if before_labels == labels => None,
            _ => before.map(Value::to_string),
        };
        let columns = match write.change {
            ChangeType::Added => Some(&mut self.added),
            ChangeType::Modified => Some(&mut self.modified),
            ChangeType::Deleted => {
                self.deleted.push(write.name.clone());
                None
            }
        };
        if let Some(columns) = columns {
            columns.names.push(write.name.clone());
            columns.uids.push(write.uid);
            columns.generations.push(meta::generation(&write.object));
            columns.resource_versions.push(resource_version);
            columns.labels.push(labels.to_string());
            columns.objects.push(object.clone());
        }
        self.changes.resource_versions.push(resource_version);
        self.changes.names.push(write.name.clone());
        self.changes.types.push(write.change.name().to_owned());
        self.changes.objects.push(object);
        self.changes.previous.push(previous);
        Ok(())
    }
}

fn taken(kind: Kind, added: &Columns, error: sqlx::Error) -> StoreError {
    let is_taken = error
        .as_database_error()
        .is_some_and(|refusal| refusal.constraint() == Some("objects_pkey"));
    if is_taken {
        StoreError::AlreadyExists {
            kind,
            name: added.names.first().cloned().unwrap_or_default(),
        }
    } else {
        error.into()
    }
}
