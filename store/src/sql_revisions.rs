//! The statements over revisions that the operator registered, one function each. A statement does what its name
//! says; decisions are made by the callers.

use serde_json::Value;
use sqlx::PgConnection;

/// Reads the revisions of a target.
pub(crate) async fn revisions(conn: &mut PgConnection, target: &str) -> sqlx::Result<Vec<Value>> {
    sqlx::query_scalar!(
        "SELECT revision FROM owned_revisions WHERE target = $1",
        target
    )
    .fetch_all(conn)
    .await
}

/// Writes revisions, over the stored ones.
pub(crate) async fn put_revisions(
    conn: &mut PgConnection,
    targets: &[String],
    arns: &[String],
    revisions: &[Value],
) -> sqlx::Result<u64> {
    sqlx::query!(
        "INSERT INTO owned_revisions (target, arn, revision)
         SELECT DISTINCT ON (t.target, t.arn) t.target, t.arn, t.revision
         FROM unnest($1::text[], $2::text[], $3::jsonb[]) AS t (target, arn, revision)
         ON CONFLICT (target, arn) DO UPDATE SET revision = excluded.revision",
        targets,
        arns,
        revisions
    )
    .execute(conn)
    .await
    .map(|done| done.rows_affected())
}

/// Removes revisions.
pub(crate) async fn delete_revisions(
    conn: &mut PgConnection,
    target: &str,
    arns: &[String],
) -> sqlx::Result<u64> {
    sqlx::query!(
        "DELETE FROM owned_revisions WHERE target = $1 AND arn = ANY ($2)",
        target,
        arns
    )
    .execute(conn)
    .await
    .map(|done| done.rows_affected())
}
