//! Keeps the tables that only grow within their bounds. Objects, records, intents and resources are not touched.

use std::time::Duration;

use crate::error::StoreError;
use crate::{Store, events, policy_plans, sql_changes, task_definitions};

/// The number of rows in a statement: a deletion must not block others for long.
const BATCH_MAX: i64 = 5_000;
/// The number of statements for each table and call; the rest waits for the next call.
const BATCHES_MAX: u32 = 20;

/// How much history is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retention {
    /// The number of changes that are kept whatever their age, so that a quiet system never expires a watch.
    pub changes_rows_min: i64,
    /// The most changes kept: at 4 KiB each, with their objects, some 200 MiB.
    pub changes_rows_max: i64,
    /// The age beyond which changes are removed. A watch is opened again within minutes; etcd keeps 5.
    pub changes_age_max: Duration,
    /// The age beyond which events are removed. Kubernetes keeps them for an hour, which is over before the people
    /// of a night shift have looked.
    pub events_age_max: Duration,
    /// The most events kept.
    pub events_rows_max: i64,
    /// Task definitions that were not used for this time are removed. They can be read from AWS again.
    pub task_definitions_unused_max: Duration,
    /// Questions to the controller that nobody withdrew in this time are removed.
    pub questions_age_max: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        const HOUR: Duration = Duration::from_secs(3600);
        Self {
            changes_rows_min: 1_000,
            changes_rows_max: 50_000,
            changes_age_max: Duration::from_secs(600),
            events_age_max: HOUR * 24,
            events_rows_max: 20_000,
            task_definitions_unused_max: HOUR * 24 * 30,
            questions_age_max: Duration::from_secs(300),
        }
    }
}

/// The number of rows that were removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// Changes.
    pub changes: u64,
    /// Events.
    pub events: u64,
    /// Task definitions.
    pub task_definitions: u64,
    /// Questions to the controller.
    pub questions: u64,
}

impl Store {
    /// Removes what is beyond its bounds. To be called every minute; calls by several replicas do no harm.
    ///
    /// # Errors
    /// The database fails; call it again.
    pub async fn maintain(&self, retention: &Retention) -> Result<Removed, StoreError> {
        self.compact(retention).await?;
        let mut removed = Removed::default();
        for _ in 0..BATCHES_MAX {
            let round = self.within_deadline(self.remove_batch(retention)).await?;
            removed.changes += round.changes;
            removed.events += round.events;
            removed.task_definitions += round.task_definitions;
            removed.questions += round.questions;
            if round == Removed::default() {
                break;
            }
        }
        Ok(removed)
    }

    /// Records first that changes are no longer kept and removes them later, so that a reader never sees an
    /// unreported gap in the log.
    async fn compact(&self, retention: &Retention) -> Result<(), StoreError> {
        self.within_deadline(async {
            let mut conn = self.acquire().await?;
            let end = sql_changes::compaction_end(
                &mut conn,
                retention.changes_rows_min,
                retention.changes_rows_max,
                retention.changes_age_max.as_secs_f64(),
            )
            .await?;
            sql_changes::raise_compacted(&mut conn, end).await?;
            Ok(())
        })
        .await
    }

    async fn remove_batch(&self, retention: &Retention) -> Result<Removed, StoreError> {
        let mut conn = self.acquire().await?;
        let unused_max_s = retention.task_definitions_unused_max.as_secs_f64();
        Ok(Removed {
            changes: sql_changes::delete_compacted(&mut conn, BATCH_MAX).await?,
            events: events::delete_old(
                &mut conn,
                retention.events_age_max.as_secs_f64(),
                retention.events_rows_max,
                BATCH_MAX,
            )
            .await?,
            task_definitions: task_definitions::delete_unused(&mut conn, unused_max_s, BATCH_MAX)
                .await?,
            questions: policy_plans::delete_old(
                &mut conn,
                retention.questions_age_max.as_secs_f64(),
                BATCH_MAX,
            )
            .await?,
        })
    }
}
