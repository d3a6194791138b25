//! Things in AWS that the operator made: who owns them, and who may remove them.
//!
//! One thing can have several owners: an object in a bucket that two targets share, or a role policy that an older
//! version wrote for all targets of an account. Each target has a row of its own. A row exists before its target
//! reads or writes the thing; a target that removes a thing notes that in its row first, and only as its last
//! owner. So nothing is removed on which another target has begun to rely.

use std::collections::{BTreeMap, BTreeSet};

use firelens_aws::record::{OwnedResource, ResourceId};
use serde::Deserialize;

use crate::Store;
use crate::error::StoreError;
use crate::leases::{Lease, check_fence};
use crate::records::{BATCH_MAX, to_json};
use crate::sql_resources as sql;

/// How long a removal that was begun keeps others from what it removes, in seconds: longer than a call to AWS can
/// take (15 s), so that one whose process died blocks nobody for ever.
pub const REMOVAL_SECONDS: i32 = 60;

/// What an owner of a thing may do that no longer wants it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Release {
    /// It was the last owner: remove the thing, then delete its row.
    Remove,
    /// Another target owns it too: it stays in AWS, and the row here is already deleted.
    Kept,
}

impl Store {
    /// Returns everything that the operator made in a target, or was about to make, as far as this version can
    /// read it: a caller that must know whether anything is left calls [`Store::unreadable_resources`] as well. A
    /// resource whose removal was begun counts as not read.
    ///
    /// # Errors
    /// The database fails.
    pub async fn resources(&self, target: &str) -> Result<Vec<OwnedResource>, StoreError> {
        let rows = self.resource_rows(target).await?;
        let resources = rows.into_iter().filter_map(|row| {
            let read = serde_json::from_value::<OwnedResource>(row.resource);
            let mut resource = read
                .inspect_err(|error| {
                    tracing::warn!(target_name = target, %error, "a resource of the operator cannot be read");
                })
                .ok()?;
            if row.is_going {
                resource.verified_at = None;
            }
            Some(resource)
        });
        Ok(resources.collect())
    }

    /// Returns how many resources of a target another version recorded in a way that this one cannot read. Their
    /// rows stay.
    ///
    /// # Errors
    /// The database fails.
    pub async fn unreadable_resources(&self, target: &str) -> Result<usize, StoreError> {
        let rows = self.resource_rows(target).await?;
        let is_unreadable = |row: &sql::Row| OwnedResource::deserialize(&row.resource).is_err();
        Ok(rows.iter().filter(|row| is_unreadable(row)).count())
    }

    async fn resource_rows(&self, target: &str) -> Result<Vec<sql::Row>, StoreError> {
        self.within_deadline(async {
            let mut conn = self.acquire().await?;
            Ok(sql::resources(&mut conn, target).await?)
        })
        .await
    }

    /// Records resources of one target; to be called before they are made, and before what was seen of them is
    /// relied on. Returns those that were not recorded, because another target is removing them at this moment:
    /// they must not be made nor relied on now.
    ///
    /// # Errors
    /// [`StoreError::Fenced`], or the database fails: then they must not be made.
    pub async fn put_resources(
        &self,
        lease: &Lease,
        resources: &[OwnedResource],
    ) -> Result<Vec<ResourceId>, StoreError> {
        // One statement must not touch a row twice; the last one counts.
        let by_id: BTreeMap<(&str, String), &OwnedResource> = resources
            .iter()
            .map(|resource| {
                (
                    (resource.target.as_str(), resource.id.to_string()),
                    resource,
                )
            })
            .collect();
        let rows: Vec<_> = by_id.into_iter().collect();
        self.within_deadline(async {
            let mut tx = self.begin().await?;
            check_fence(&mut tx, lease).await?;
            sql::let_nobody_remove(&mut tx).await?;
            let mut going = Vec::new();
            for batch in rows.chunks(BATCH_MAX) {
                let targets: Vec<String> = batch.iter().map(|(k, _)| k.0.to_owned()).collect();
                let ids: Vec<String> = batch.iter().map(|(k, _)| k.1.clone()).collect();
                let taken =
                    sql::removed_by_others(&mut tx, &targets, &ids, REMOVAL_SECONDS).await?;
                let taken: BTreeSet<(String, String)> = taken.into_iter().collect();
                let is_taken = |(target, id): &(&str, String)| {
                    taken.contains(&((*target).to_owned(), id.clone()))
                };
                let (gone, kept): (Vec<_>, Vec<_>) = batch.iter().partition(|(k, _)| is_taken(k));
                going.extend(gone.iter().map(|(_, resource)| resource.id.clone()));
                let targets: Vec<String> = kept.iter().map(|(k, _)| k.0.to_owned()).collect();
                let ids: Vec<String> = kept.iter().map(|(k, _)| k.1.clone()).collect();
                let values: Vec<&OwnedResource> = kept.iter().map(|(_, r)| *r).collect();
                sql::put_resources(&mut tx, &targets, &ids, &to_json(&values)?).await?;
            }
            self.commit(tx).await?;
            Ok(going)
        })
        .await
    }

    /// Notes that a target no longer wants a thing; to be called before it is removed. Where it is the last owner,
    /// the removal is noted until the row is deleted, and nobody else begins to rely on it.
    ///
    /// # Errors
    /// [`StoreError::Fenced`], or the database fails: then it must not be removed.
    pub async fn release_resource(
        &self,
        lease: &Lease,
        target: &str,
        id: &ResourceId,
    ) -> Result<Release, StoreError> {
        let id = id.to_string();
        self.within_deadline(async {
            let mut tx = self.begin().await?;
            check_fence(&mut tx, lease).await?;
            sql::let_nobody_own(&mut tx).await?;
            let shared = sql::is_owned_elsewhere(&mut tx, target, &id).await?;
            if shared {
                sql::delete_resources(&mut tx, target, &[id]).await?;
            } else {
                sql::begin_removal(&mut tx, target, &id).await?;
            }
            self.commit(tx).await?;
            Ok(if shared {
                Release::Kept
            } else {
                Release::Remove
            })
        })
        .await
    }

    /// Deletes the rows of resources; to be called after they are gone, or to leave them as they are.
    ///
    /// # Errors
    /// [`StoreError::Fenced`], or the database fails.
    pub async fn delete_resources(
        &self,
        lease: &Lease,
        target: &str,
        ids: &[ResourceId],
    ) -> Result<(), StoreError> {
        let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
        self.within_deadline(async {
            let mut tx = self.begin().await?;
            check_fence(&mut tx, lease).await?;
            sql::delete_resources(&mut tx, target, &ids).await?;
            self.commit(tx).await
        })
        .await
    }
}
