//! What the controller writes into objects: `Workload` and `Rollout`, the `status` of others. Every write is
//! fenced. Nothing is written that is stored already, so a pass without news causes no change; and what people
//! write to the control of a rollout is never overwritten.

use std::collections::BTreeMap;

use firelens_types::v1alpha1::Kind;
use jiff::Timestamp;
use serde_json::{Value, json};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::error::StoreError;
use crate::leases::{Lease, check_fence};
use crate::objects::{database_time, expect, lock_one, write_one};
use crate::sql_objects::{self, Row};
use crate::types::{Applied, ChangeType, Expected, GeneratedObject};
use crate::write::{Effect, Write, write_all};
use crate::{Store, meta};

/// The number of objects in a transaction: it holds the revision row, and other writers wait for it no longer than
/// some tens of milliseconds.
const BATCH_MAX: usize = 500;
/// Watchers notice by the poll of every second, or at once in the same process: the rollout of a fleet must not
/// take the lock of NOTIFY thousands of times.
const QUIETLY: Effect = Effect {
    desired: false,
    notify: false,
};
const REPORTED: Effect = Effect {
    desired: false,
    notify: true,
};

impl Store {
    /// Makes objects that only the controller writes as given here, and removes those named in `delete`. In
    /// batches of 500, each written completely or not at all. The caller keeps `lastTransitionTime` where nothing
    /// changed: times are compared like everything else. Of rollouts, `spec.control` and the labels that are not
    /// given stay as people wrote them, also those written meanwhile.
    ///
    /// # Errors
    /// [`StoreError::Fenced`], or the database fails; batches before the failure stay.
    pub async fn apply_generated(
        &self,
        lease: &Lease,
        kind: Kind,
        objects: &[GeneratedObject],
        delete: &[String],
    ) -> Result<Applied, StoreError> {
        let mut total = Applied::default();
        for batch in objects.chunks(BATCH_MAX) {
            // Where a name is given twice, the last one counts.
            let by_name: BTreeMap<&str, &GeneratedObject> = batch
                .iter()
                .map(|object| (object.name.as_str(), object))
                .collect();
            let names: Vec<String> = by_name.keys().map(|name| (*name).to_owned()).collect();
            let decide = |name: &str, row: Option<Row>, now| match (row, by_name.get(name)) {
                (Some(row), Some(wanted)) => Ok(replacement(kind, row, wanted)),
                (None, Some(wanted)) => addition(kind, wanted, now).map(Some),
                (_, None) => Ok(None),
            };
            let done = self
                .within_deadline(self.apply_batch(lease, kind, &names, decide))
                .await?;
            total.created += done.created;
            total.updated += done.updated;
            total.unchanged += names.len() - done.created - done.updated;
        }
        for names in delete.chunks(BATCH_MAX) {
            let decide = |_: &str, row: Option<Row>, _| Ok(row.map(removal));
            let done = self
                .within_deadline(self.apply_batch(lease, kind, names, decide))
                .await?;
            total.deleted += done.deleted;
        }
        Ok(total)
    }

    /// Reads first and locks only what must be written: a lock is a write as well.
    async fn apply_batch(
        &self,
        lease: &Lease,
        kind: Kind,
        names: &[String],
        decide: impl Fn(&str, Option<Row>, Timestamp) -> Result<Option<Write>, StoreError> + Send,
    ) -> Result<Applied, StoreError> {
        let mut tx = self.begin().await?;
        check_fence(&mut tx, lease).await?;
        let now = database_time(sql_objects::now_s(&mut tx).await?);
        let seen = sql_objects::find_all(&mut tx, kind.name(), names).await?;
        let differing = decide_all(names, seen, |name, row| decide(name, row, now))?;
        if differing.is_empty() {
            return Ok(Applied::default());
        }
        let names: Vec<String> = differing.into_iter().map(|write| write.name).collect();
        let locked = sql_objects::lock(&mut tx, kind.name(), &names).await?;
        let writes = decide_all(&names, locked, |name, row| decide(name, row, now))?;
        if writes.is_empty() {
            return Ok(Applied::default());
        }
        write_all(&mut tx, kind, &writes, QUIETLY).await?;
        self.finish(tx).await?;
        self.poke();
        let count = |change| writes.iter().filter(|write| write.change == change).count();
        Ok(Applied {
            created: count(ChangeType::Added),
            updated: count(ChangeType::Modified),
            deleted: count(ChangeType::Deleted),
            unchanged: 0,
        })
    }

    /// Writes the `status` of an object that people own, if it differs, and returns the object.
    ///
    /// # Errors
    /// [`StoreError::Fenced`], [`StoreError::NotFound`], [`StoreError::Conflict`], or the database
    /// fails.
    pub async fn write_status_fenced(
        &self,
        lease: &Lease,
        kind: Kind,
        name: &str,
        expected: &Expected,
        status: Value,
    ) -> Result<Value, StoreError> {
        self.within_deadline(async {
            let mut tx = self.begin().await?;
            check_fence(&mut tx, lease).await?;
            let row = lock_one(&mut tx, kind, name).await?;
            expect_state(kind, &row, expected)?;
            if row.object.get("status") == Some(&status) {
                return Ok(meta::with_resource_version(
                    row.object,
                    row.resource_version,
                ));
            }
            let mut object = row.object.clone();
            meta::set_member(&mut object, "status", Some(status));
            let write = Write {
                change: ChangeType::Modified,
                name: row.name,
                uid: row.uid,
                object,
                before: Some(row.object),
            };
            let (object, version) = write_one(&mut tx, kind, write, REPORTED).await?;
            self.finish(tx).await?;
            Ok(meta::with_resource_version(object, version))
        })
        .await
    }

    /// Adds a finalizer to an object that does not have it and is not being deleted.
    ///
    /// # Errors
    /// [`StoreError::Fenced`], [`StoreError::Conflict`] where the name belongs to another object by
    /// now, or the database fails.
    pub async fn add_finalizer_fenced(
        &self,
        lease: &Lease,
        kind: Kind,
        name: &str,
        uid: &str,
        finalizer: &str,
    ) -> Result<(), StoreError> {
        self.within_deadline(async {
            let mut tx = self.begin().await?;
            check_fence(&mut tx, lease).await?;
            let Some(row) = find_locked(&mut tx, kind, name).await? else {
                return Ok(());
            };
            expect(kind, &row, "uid", &row.uid.to_string(), Some(uid))?;
            let mut finalizers = meta::finalizers(&row.object);
            if meta::is_deleting(&row.object) || finalizers.contains(&finalizer) {
                return Ok(());
            }
            finalizers.push(finalizer);
            let mut object = row.object.clone();
            object["metadata"]["finalizers"] = json!(finalizers);
            let write = Write {
                change: ChangeType::Modified,
                name: row.name,
                uid: row.uid,
                object,
                before: Some(row.object),
            };
            write_one(&mut tx, kind, write, REPORTED).await?;
            self.finish(tx).await
        })
        .await
    }

    /// Removes one finalizer from an object; an object that is being deleted is removed with the last one. Returns
    /// `None` where the object does not exist or does not have it.
    ///
    /// # Errors
    /// [`StoreError::Fenced`], [`StoreError::Conflict`] where the name belongs to another object by
    /// now, or the database fails.
    pub async fn remove_finalizer_fenced(
        &self,
        lease: &Lease,
        kind: Kind,
        name: &str,
        uid: &str,
        finalizer: &str,
    ) -> Result<Option<Value>, StoreError> {
        self.within_deadline(async {
            let mut tx = self.begin().await?;
            check_fence(&mut tx, lease).await?;
            let Some(row) = find_locked(&mut tx, kind, name).await? else {
                return Ok(None);
            };
            expect(kind, &row, "uid", &row.uid.to_string(), Some(uid))?;
            let before = meta::finalizers(&row.object);
            let rest: Vec<&str> = before.iter().copied().filter(|f| *f != finalizer).collect();
            if rest.len() == before.len() {
                return Ok(None);
            }
            let goes = rest.is_empty() && meta::is_deleting(&row.object);
            let mut object = row.object.clone();
            if let Some(list) = object.pointer_mut("/metadata/finalizers") {
                *list = json!(rest);
            }
            let write = Write {
                change: if goes {
                    ChangeType::Deleted
                } else {
                    ChangeType::Modified
                },
                name: row.name,
                uid: row.uid,
                object,
                before: Some(row.object),
            };
            let (object, version) = write_one(&mut tx, kind, write, REPORTED).await?;
            self.finish(tx).await?;
            Ok(Some(meta::with_resource_version(object, version)))
        })
        .await
    }
}

async fn find_locked(
    conn: &mut PgConnection,
    kind: Kind,
    name: &str,
) -> Result<Option<Row>, StoreError> {
    match lock_one(conn, kind, name).await {
        Ok(row) => Ok(Some(row)),
        Err(StoreError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

fn expect_state(kind: Kind, row: &Row, expected: &Expected) -> Result<(), StoreError> {
    expect(
        kind,
        row,
        "uid",
        &row.uid.to_string(),
        expected.uid.as_deref(),
    )?;
    let generation = expected.generation.map(|generation| generation.to_string());
    let stored = meta::generation(&row.object).to_string();
    expect(kind, row, "generation", &stored, generation.as_deref())?;
    let version = row.resource_version.to_string();
    expect(
        kind,
        row,
        "resourceVersion",
        &version,
        expected.resource_version.as_deref(),
    )
}

/// Returns the writes that are needed, name by name.
fn decide_all(
    names: &[String],
    rows: Vec<Row>,
    decide: impl Fn(&str, Option<Row>) -> Result<Option<Write>, StoreError>,
) -> Result<Vec<Write>, StoreError> {
    let mut rows: BTreeMap<String, Row> = rows
        .into_iter()
        .map(|row| (row.name.clone(), row))
        .collect();
    let writes = names
        .iter()
        .filter_map(|name| decide(name, rows.remove(name)).transpose());
    writes.collect()
}

fn addition(kind: Kind, wanted: &GeneratedObject, now: Timestamp) -> Result<Write, StoreError> {
    let uid = Uuid::new_v4();
    let name = meta::name_for(&json!({"metadata": {"name": wanted.name}}), uid)?;
    let object = json!({"metadata": {"labels": wanted.labels}, "spec": wanted.spec});
    let mut object = meta::new_object(kind, object, &name, uid, now)?;
    meta::set_member(&mut object, "status", wanted.status.clone());
    Ok(Write {
        change: ChangeType::Added,
        name,
        uid,
        object,
        before: None,
    })
}

fn replacement(kind: Kind, row: Row, wanted: &GeneratedObject) -> Option<Write> {
    let stored = &row.object;
    let (spec, labels) = wanted_parts(kind, stored, wanted);
    let has_spec = stored.get("spec") == Some(&spec);
    let has_labels = stored.pointer("/metadata/labels") == Some(&labels);
    if has_spec && has_labels && stored.get("status") == wanted.status.as_ref() {
        return None;
    }
    let mut object = row.object.clone();
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.insert("labels".to_owned(), labels);
    }
    if !has_spec {
        meta::set_member(&mut object, "spec", Some(spec));
        meta::bump_generation(&mut object);
    }
    meta::set_member(&mut object, "status", wanted.status.clone());
    Some(Write {
        change: ChangeType::Modified,
        name: row.name,
        uid: row.uid,
        object,
        before: Some(row.object),
    })
}

/// `spec` and labels to be stored: with what people wrote, where they may.
fn wanted_parts(kind: Kind, stored: &Value, wanted: &GeneratedObject) -> (Value, Value) {
    let (mut spec, mut labels) = (wanted.spec.clone(), wanted.labels.clone());
    if !kind.is_controlled_by_users() {
        return (spec, labels);
    }
    if let (Some(control), Some(members)) = (stored.pointer("/spec/control"), spec.as_object_mut())
    {
        members.insert("control".to_owned(), control.clone());
    }
    if let (Some(kept), Some(given)) = (
        stored
            .pointer("/metadata/labels")
            .and_then(Value::as_object),
        labels.as_object_mut(),
    ) {
        for (key, value) in kept {
            given.entry(key).or_insert_with(|| value.clone());
        }
    }
    (spec, labels)
}

fn removal(row: Row) -> Write {
    Write {
        change: ChangeType::Deleted,
        name: row.name,
        uid: row.uid,
        object: row.object.clone(),
        before: Some(row.object),
    }
}
