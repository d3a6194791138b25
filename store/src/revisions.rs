//! Revisions of task definitions that the operator registered, until they are deregistered. Writes are fenced by a
//! lease.

use std::collections::BTreeMap;

use firelens_aws::record::OwnedRevision;
use serde_json::Value;

use crate::Store;
use crate::error::StoreError;
use crate::leases::{Lease, check_fence};
use crate::sql_revisions as sql;

/// The number of rows in a statement.
const BATCH_MAX: usize = 500;

impl Store {
    /// Returns the revisions that were registered in a target and not deregistered, by ARN. One that cannot be
    /// read is left out and logged: it stays as it is.
    ///
    /// # Errors
    /// The database fails.
    pub async fn revisions(
        &self,
        target: &str,
    ) -> Result<BTreeMap<String, OwnedRevision>, StoreError> {
        self.within_deadline(async {
            let mut conn = self.acquire().await?;
            let rows = sql::revisions(&mut conn, target).await?;
            let revisions = rows.into_iter().filter_map(readable);
            Ok(revisions
                .map(|revision| (revision.arn.clone(), revision))
                .collect())
        })
        .await
    }

    /// Records revisions that were registered.
    ///
    /// # Errors
    /// [`StoreError::Fenced`], or the database fails; nothing is recorded then.
    pub async fn put_revisions(
        &self,
        lease: &Lease,
        revisions: &[OwnedRevision],
    ) -> Result<(), StoreError> {
        self.within_deadline(async {
            let mut tx = self.begin().await?;
            check_fence(&mut tx, lease).await?;
            for batch in revisions.chunks(BATCH_MAX) {
                let targets: Vec<String> = batch
                    .iter()
                    .map(|revision| revision.target.clone())
                    .collect();
                let arns: Vec<String> = batch.iter().map(|revision| revision.arn.clone()).collect();
                let values: Result<Vec<Value>, _> =
                    batch.iter().map(serde_json::to_value).collect();
                let values = values.map_err(|error| StoreError::Database(Box::new(error)))?;
                sql::put_revisions(&mut tx, &targets, &arns, &values).await?;
            }
            self.commit(tx).await
        })
        .await
    }

    /// Deletes the rows of revisions; to be called after they are deregistered.
    ///
    /// # Errors
    /// [`StoreError::Fenced`], or the database fails.
    pub async fn delete_revisions(
        &self,
        lease: &Lease,
        target: &str,
        arns: &[String],
    ) -> Result<(), StoreError> {
        self.within_deadline(async {
            let mut tx = self.begin().await?;
            check_fence(&mut tx, lease).await?;
            sql::delete_revisions(&mut tx, target, arns).await?;
            self.commit(tx).await
        })
        .await
    }
}

fn readable(value: Value) -> Option<OwnedRevision> {
    match serde_json::from_value(value) {
        Ok(revision) => Some(revision),
        Err(error) => {
            tracing::warn!(%error, "a registered revision cannot be read and is skipped");
            None
        }
    }
}
