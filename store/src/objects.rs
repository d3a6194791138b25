//! Create, get, list, update and delete objects, as the Kubernetes API conventions define it. The content of
//! `spec` and `status` is not checked: that was done before.
//!
//! <https://github.com/kubernetes/community/blob/master/contributors/devel/sig-architecture/api-conventions.md>

use firelens_types::v1alpha1::Kind;
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::error::StoreError;
use crate::page::Cursor;
use crate::sql_objects::{self, Row};
use crate::types::{ChangeType, Deleted, ListOptions, ObjectList, Part, Preconditions, Update};
use crate::write::{Effect, Write, write_all};
use crate::{Store, meta};

/// People changed what they request: all who wait for that are woken.
const ASKED: Effect = Effect {
    desired: true,
    notify: true,
};
/// The operator reported something.
const REPORTED: Effect = Effect {
    desired: false,
    notify: true,
};

impl Store {
    /// Stores a new object and returns it with `uid`, `resourceVersion`, `generation` and `creationTimestamp` set.
    /// Its name is `metadata.name`, or made from `metadata.generateName`. A `status` is left out, as the API
    /// conventions define it.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`], [`StoreError::Invalid`], or the database fails.
    pub async fn create(&self, kind: Kind, object: Value) -> Result<Value, StoreError> {
        self.within_deadline(async {
            let uid = Uuid::new_v4();
            let name = meta::name_for(&object, uid)?;
            let mut tx = self.begin().await?;
            let now = database_time(sql_objects::now_s(&mut tx).await?);
            let object = meta::new_object(kind, object, &name, uid, now)?;
            let write = Write {
                change: ChangeType::Added,
                name,
                uid,
                object,
                before: None,
            };
            let (object, version) = write_one(&mut tx, kind, write, ASKED).await?;
            self.finish(tx).await?;
            Ok(self.shown(object, version, None))
        })
        .await
    }

    /// Reads one object; `None` where it does not exist.
    ///
    /// # Errors
    /// The database fails.
    pub async fn get(&self, kind: Kind, name: &str) -> Result<Option<Value>, StoreError> {
        self.within_deadline(async {
            let mut conn = self.acquire().await?;
            let row = sql_objects::find(&mut conn, kind.name(), name).await?;
            Ok(row.map(|row| meta::with_resource_version(row.object, row.resource_version)))
        })
        .await
    }

    /// Reads objects in the order of their names, in pages where a limit is given.
    ///
    /// One page is one snapshot. A later page shows its objects as they are when it is read, with the revision of
    /// the first page: an informer, which lists and then watches from that revision, gets everything that changed
    /// between pages once more and ends in the right state.
    ///
    /// # Errors
    /// [`StoreError::Expired`] where the first page is so old that a watch from it is no longer
    /// possible, [`StoreError::Invalid`] for a token that is not ours, or the database fails.
    pub async fn list(&self, kind: Kind, options: &ListOptions) -> Result<ObjectList, StoreError> {
        self.within_deadline(async {
            let cursor = options
                .continue_token
                .as_deref()
                .map(Cursor::parse)
                .transpose()?;
            let limit = options.limit.filter(|limit| *limit > 0);
            let after = cursor.as_ref().map_or("", |cursor| cursor.after.as_str());
            let mut conn = self.acquire().await?;
            let rows = sql_objects::list(
                &mut conn,
                kind.name(),
                after,
                options.name.as_deref(),
                &options.label_selector.to_json(),
                // One more than requested shows whether there is another page.
                limit.map(|limit| i64::from(limit) + 1),
            )
            .await?;
            let mut page = crate::page::cut(rows, limit, cursor.as_ref())?;
            let is_filtered = options.name.is_some() || !options.label_selector.is_empty();
            if let (Some(last), false) = (page.last.take(), is_filtered) {
                let count = sql_objects::count_after(&mut conn, kind.name(), &last).await?;
                page.list.remaining_item_count = Some(count);
            }
            Ok(page.list)
        })
        .await
    }

    /// Applies one part of an object and returns the result. Where nothing differs, nothing is written and the
    /// resourceVersion stays. A change of `spec` counts `generation`. An object that is being deleted is removed
    /// with its last finalizer; its last state is returned.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Conflict`], [`StoreError::Invalid`], or the database
    /// fails.
    pub async fn update(
        &self,
        kind: Kind,
        name: &str,
        update: Update,
    ) -> Result<Value, StoreError> {
        self.within_deadline(async {
            let mut tx = self.begin().await?;
            let row = lock_one(&mut tx, kind, name).await?;
            let version = row.resource_version;
            expect_version(kind, &row, update.expected_resource_version.as_deref())?;
            expect_uid(kind, &row, update.expected_uid.as_deref())?;
            let object = meta::merged(kind, &row.object, update.object, update.part)?;
            let goes = meta::is_deleting(&object) && meta::finalizers(&object).is_empty();
            if object == row.object && !goes {
                return Ok(meta::with_resource_version(row.object, version));
            }
            let effect = if update.part == Part::Status {
                REPORTED
            } else {
                ASKED
            };
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
            let (object, written) = write_one(&mut tx, kind, write, effect).await?;
            self.finish(tx).await?;
            Ok(self.shown(object, written, Some(version)))
        })
        .await
    }

    /// Deletes an object, or marks it as being deleted while finalizers hold it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Conflict`], or the database fails.
    pub async fn delete(
        &self,
        kind: Kind,
        name: &str,
        preconditions: &Preconditions,
    ) -> Result<Deleted, StoreError> {
        self.within_deadline(async {
            let mut tx = self.begin().await?;
            let row = lock_one(&mut tx, kind, name).await?;
            let version = row.resource_version;
            expect_version(kind, &row, preconditions.resource_version.as_deref())?;
            expect_uid(kind, &row, preconditions.uid.as_deref())?;
            let is_held = !meta::finalizers(&row.object).is_empty();
            if is_held && meta::is_deleting(&row.object) {
                return Ok(Deleted::Marked(meta::with_resource_version(
                    row.object, version,
                )));
            }
            let (change, object) = if is_held {
                let now = database_time(sql_objects::now_s(&mut tx).await?);
                (ChangeType::Modified, meta::marked(&row.object, now))
            } else {
                (ChangeType::Deleted, row.object.clone())
            };
            let write = Write {
                change,
                name: row.name,
                uid: row.uid,
                object,
                before: Some(row.object),
            };
            let (object, written) = write_one(&mut tx, kind, write, ASKED).await?;
            self.finish(tx).await?;
            let object = self.shown(object, written, Some(version));
            Ok(if is_held {
                Deleted::Marked(object)
            } else {
                Deleted::Gone(object)
            })
        })
        .await
    }

    /// The object with the version `written`; in a dry run with the one that it keeps, if any.
    fn shown(&self, object: Value, written: i64, kept: Option<i64>) -> Value {
        match (self.is_dry_run(), kept) {
            (false, _) => meta::with_resource_version(object, written),
            (true, Some(kept)) => meta::with_resource_version(object, kept),
            (true, None) => object,
        }
    }
}

/// Converts a time of the database clock.
pub(crate) fn database_time(seconds: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
}

pub(crate) async fn write_one(
    conn: &mut PgConnection,
    kind: Kind,
    write: Write,
    effect: Effect,
) -> Result<(Value, i64), StoreError> {
    let writes = [write];
    let base = write_all(conn, kind, &writes, effect).await?;
    let [write] = writes;
    Ok((write.object, base + 1))
}

pub(crate) async fn lock_one(
    conn: &mut PgConnection,
    kind: Kind,
    name: &str,
) -> Result<Row, StoreError> {
    let names = [name.to_owned()];
    let rows = sql_objects::lock(conn, kind.name(), &names).await?;
    rows.into_iter()
        .next()
        .ok_or_else(|| StoreError::not_found(kind, name))
}

fn expect_version(kind: Kind, row: &Row, expected: Option<&str>) -> Result<(), StoreError> {
    expect(
        kind,
        row,
        "resourceVersion",
        &row.resource_version.to_string(),
        expected,
    )
}

fn expect_uid(kind: Kind, row: &Row, expected: Option<&str>) -> Result<(), StoreError> {
    expect(kind, row, "uid", &row.uid.to_string(), expected)
}

/// Refuses where the caller decided on another state than the stored one.
pub(crate) fn expect(
    kind: Kind,
    row: &Row,
    field: &'static str,
    actual: &str,
    expected: Option<&str>,
) -> Result<(), StoreError> {
    match expected {
        Some(expected) if expected != actual => Err(StoreError::Conflict {
            kind,
            name: row.name.clone(),
            field,
            expected: expected.to_owned(),
            actual: actual.to_owned(),
        }),
        _ => Ok(()),
    }
}
