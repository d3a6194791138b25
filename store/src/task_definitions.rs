//! The cache of task definitions: a revision never changes, so none is read from AWS twice, not even after a
//! restart. Documents are stored and returned unaltered.

use std::collections::BTreeMap;

use sqlx::PgConnection;

use crate::Store;
use crate::error::StoreError;

/// The number of documents in a statement; at 64 KiB each, the most ECS allows, 16 MiB.
const BATCH_MAX: usize = 256;

impl Store {
    /// Returns the stored documents of these ARNs, as AWS returned them. Those that are not stored are missing in
    /// the result. `status` and tags in a document are those of the time when it was read.
    ///
    /// # Errors
    /// The database fails.
    pub async fn task_definitions(
        &self,
        arns: &[String],
    ) -> Result<BTreeMap<String, String>, StoreError> {
        let mut documents = BTreeMap::new();
        for batch in arns.chunks(BATCH_MAX) {
            let rows = self
                .within_deadline(async {
                    let mut conn = self.acquire().await?;
                    Ok(read(&mut conn, batch).await?)
                })
                .await?;
            documents.extend(rows.into_iter().map(|row| (row.arn, row.document)));
        }
        Ok(documents)
    }

    /// Stores documents by ARN, over those stored before.
    ///
    /// # Errors
    /// The database fails.
    pub async fn put_task_definitions(
        &self,
        documents: &BTreeMap<String, String>,
    ) -> Result<(), StoreError> {
        let rows: Vec<(&String, &String)> = documents.iter().collect();
        for batch in rows.chunks(BATCH_MAX) {
            let arns: Vec<String> = batch.iter().map(|(arn, _)| (*arn).clone()).collect();
            let texts: Vec<String> = batch.iter().map(|(_, text)| (*text).clone()).collect();
            self.within_deadline(async {
                let mut conn = self.acquire().await?;
                put(&mut conn, &arns, &texts).await?;
                Ok(())
            })
            .await?;
        }
        Ok(())
    }
}

struct Document {
    arn: String,
    document: String,
}

/// Reads documents and records, once a day, that they are still in use.
async fn read(conn: &mut PgConnection, arns: &[String]) -> sqlx::Result<Vec<Document>> {
    sqlx::query_as!(
        Document,
        "WITH touched AS (
             UPDATE task_definitions SET used_at = now()
             WHERE arn = ANY ($1) AND used_at < now() - interval '1 day')
         SELECT arn, document FROM task_definitions WHERE arn = ANY ($1)",
        arns
    )
    .fetch_all(conn)
    .await
}

/// Writes documents.
async fn put(conn: &mut PgConnection, arns: &[String], documents: &[String]) -> sqlx::Result<u64> {
    sqlx::query!(
        "INSERT INTO task_definitions AS kept (arn, document)
         SELECT t.arn, t.document FROM unnest($1::text[], $2::text[]) AS t (arn, document)
         ON CONFLICT (arn) DO UPDATE SET document = excluded.document, used_at = now()
         WHERE kept.document <> excluded.document",
        arns,
        documents
    )
    .execute(conn)
    .await
    .map(|done| done.rows_affected())
}

/// Removes at most `limit` documents that were not used for a long time.
pub(crate) async fn delete_unused(
    conn: &mut PgConnection,
    unused_max_s: f64,
    limit: i64,
) -> sqlx::Result<u64> {
    sqlx::query!(
        "DELETE FROM task_definitions WHERE arn IN (
             SELECT arn FROM task_definitions
             WHERE used_at < now() - make_interval(secs => $1) ORDER BY used_at LIMIT $2)",
        unused_max_s,
        limit
    )
    .execute(conn)
    .await
    .map(|done| done.rows_affected())
}
