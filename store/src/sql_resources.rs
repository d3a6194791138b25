//! The statements over things that the operator made in AWS, one function each. A statement does what its name
//! says; decisions are made by the callers.
//!
//! Two rows name the same thing when their ids are the same and, for what is only unique in an account, their
//! targets lead to the same account. Names of buckets are unique in all of AWS.

use serde_json::Value;
use sqlx::PgConnection;

/// The key of the advisory lock that orders new owners and removals: owners share it, a removal holds it
/// exclusively.
const OWNERS_LOCK: i64 = 7_318_640_127;

/// A resource as it is stored.
pub(crate) struct Row {
    pub(crate) resource: Value,
    pub(crate) is_going: bool,
}

/// Reads the resources of a target.
pub(crate) async fn resources(conn: &mut PgConnection, target: &str) -> sqlx::Result<Vec<Row>> {
    sqlx::query_as!(
        Row,
        r#"SELECT resource, removing_at IS NOT NULL AS "is_going!"
           FROM owned_resources WHERE target = $1 ORDER BY id"#,
        target
    )
    .fetch_all(conn)
    .await
}

/// Waits for removals that are being begun, and prevents others until the transaction ends.
pub(crate) async fn let_nobody_remove(conn: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!(
        "SELECT pg_advisory_xact_lock_shared($1)::text AS locked",
        OWNERS_LOCK
    )
    .fetch_one(conn)
    .await
    .map(drop)
}

/// Waits for owners that are being written, and prevents others until the transaction ends.
pub(crate) async fn let_nobody_own(conn: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!(
        "SELECT pg_advisory_xact_lock($1)::text AS locked",
        OWNERS_LOCK
    )
    .fetch_one(conn)
    .await
    .map(drop)
}

/// Returns those of the resources that another target is removing, as target and id. All vectors have one entry
/// per row.
pub(crate) async fn removed_by_others(
    conn: &mut PgConnection,
    targets: &[String],
    ids: &[String],
    within_s: i32,
) -> sqlx::Result<Vec<(String, String)>> {
    let rows = sqlx::query!(
        r#"SELECT t.target AS "target!", t.id AS "id!"
           FROM unnest($1::text[], $2::text[]) AS t (target, id)
           WHERE EXISTS (
               SELECT 1 FROM owned_resources other
               WHERE other.id = t.id AND other.target <> t.target
                 AND other.removing_at > clock_timestamp() - make_interval(secs => $3)
                 AND (other.id LIKE 's3://%' OR
                      (SELECT object #>> '{spec,accountId}' FROM objects
                       WHERE kind = 'AwsTarget' AND name = other.target) =
                      (SELECT object #>> '{spec,accountId}' FROM objects
                       WHERE kind = 'AwsTarget' AND name = t.target)))"#,
        targets,
        ids,
        f64::from(within_s)
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.target, row.id)).collect())
}

/// Whether another target owns the same thing.
pub(crate) async fn is_owned_elsewhere(
    conn: &mut PgConnection,
    target: &str,
    id: &str,
) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (
               SELECT 1 FROM owned_resources other
               WHERE other.id = $2 AND other.target <> $1
                 AND (other.id LIKE 's3://%' OR
                      (SELECT object #>> '{spec,accountId}' FROM objects
                       WHERE kind = 'AwsTarget' AND name = other.target) =
                      (SELECT object #>> '{spec,accountId}' FROM objects
                       WHERE kind = 'AwsTarget' AND name = $1))) AS "is_owned!""#,
        target,
        id
    )
    .fetch_one(conn)
    .await
}

/// Notes that a target is removing a thing.
pub(crate) async fn begin_removal(
    conn: &mut PgConnection,
    target: &str,
    id: &str,
) -> sqlx::Result<u64> {
    sqlx::query!(
        "UPDATE owned_resources SET removing_at = clock_timestamp() WHERE target = $1 AND id = $2",
        target,
        id
    )
    .execute(conn)
    .await
    .map(|done| done.rows_affected())
}

/// Writes the resources that differ from the stored ones; a removal that was begun is over.
pub(crate) async fn put_resources(
    conn: &mut PgConnection,
    targets: &[String],
    ids: &[String],
    resources: &[Value],
) -> sqlx::Result<u64> {
    sqlx::query!(
        "INSERT INTO owned_resources AS kept (target, id, resource)
         SELECT t.target, t.id, t.resource
         FROM unnest($1::text[], $2::text[], $3::jsonb[]) AS t (target, id, resource)
         ON CONFLICT (target, id) DO UPDATE SET resource = excluded.resource, removing_at = NULL
         WHERE kept.resource IS DISTINCT FROM excluded.resource OR kept.removing_at IS NOT NULL",
        targets,
        ids,
        resources
    )
    .execute(conn)
    .await
    .map(|done| done.rows_affected())
}

/// Removes resources.
pub(crate) async fn delete_resources(
    conn: &mut PgConnection,
    target: &str,
    ids: &[String],
) -> sqlx::Result<u64> {
    sqlx::query!(
        "DELETE FROM owned_resources WHERE target = $1 AND id = ANY ($2)",
        target,
        ids
    )
    .execute(conn)
    .await
    .map(|done| done.rows_affected())
}
