//! The change log: the source of watches, and its compaction. Each change is returned once and in order; a caller
//! who comes too late gets an error.

use firelens_types::v1alpha1::Kind;

use crate::error::StoreError;
use crate::sql_changes::{self, ChangeRow};
use crate::types::{Change, ChangePage, ChangeType};
use crate::{Store, meta};

impl Store {
    /// Returns the changes after revision `since`, of one kind or of all, in order and at most `limit`. The next
    /// call continues from [`ChangePage::resource_version`].
    ///
    /// # Errors
    /// [`StoreError::Expired`] where `since` is older than the log or newer than anything written
    /// (the database lost commits), or the database fails.
    pub async fn changes(
        &self,
        kind: impl Into<Option<Kind>> + Send,
        since: i64,
        limit: u32,
    ) -> Result<ChangePage, StoreError> {
        let kind = kind.into();
        self.within_deadline(async move {
            let mut conn = self.acquire().await?;
            let limit = i64::from(limit.max(1));
            let rows = sql_changes::since(&mut conn, kind.map(Kind::name), since, limit).await?;
            read(rows, since, limit)
        })
        .await
    }
}

fn read(rows: Vec<ChangeRow>, since: i64, limit: i64) -> Result<ChangePage, StoreError> {
    let (head, compacted) = rows.first().map_or((0, 0), |row| (row.head, row.compacted));
    if since < compacted || since > head {
        return Err(StoreError::Expired {
            requested: since,
            oldest: compacted,
            newest: head,
        });
    }
    let is_full = i64::try_from(rows.len()).is_ok_and(|count| count >= limit);
    let last = rows.last().and_then(|row| row.resource_version);
    // A full page may be followed by more; otherwise this snapshot was read to its end.
    let resource_version = last.filter(|_| is_full).unwrap_or(head);
    let changes = rows.into_iter().filter_map(change).collect();
    Ok(ChangePage {
        changes,
        resource_version,
    })
}

/// Converts a row; `None` for the empty one, and for a kind that only a newer version has.
fn change(row: ChangeRow) -> Option<Change> {
    let resource_version = row.resource_version?;
    Some(Change {
        resource_version,
        kind: Kind::from_name(&row.kind?)?,
        name: row.name?,
        change_type: ChangeType::from_name(&row.change_type?)?,
        object: meta::with_resource_version(row.object?, resource_version),
        previous: row.previous,
    })
}
