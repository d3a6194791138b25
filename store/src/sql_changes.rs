//! The statements over the change log, one function each. A statement does what its name says; decisions are made
//! by the callers.

use serde_json::Value;
use sqlx::PgConnection;

/// The columns of several changes; all vectors have one entry per row.
#[derive(Default)]
pub(crate) struct ChangeColumns {
    pub(crate) resource_versions: Vec<i64>,
    pub(crate) names: Vec<String>,
    pub(crate) types: Vec<String>,
    pub(crate) objects: Vec<String>,
    pub(crate) previous: Vec<Option<String>>,
}

/// One change, or only the revisions of the snapshot where there is none.
pub(crate) struct ChangeRow {
    pub(crate) head: i64,
    pub(crate) compacted: i64,
    pub(crate) resource_version: Option<i64>,
    pub(crate) kind: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) change_type: Option<String>,
    pub(crate) object: Option<Value>,
    pub(crate) previous: Option<Value>,
}

/// Inserts into the log.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    kind: &str,
    columns: &ChangeColumns,
) -> sqlx::Result<u64> {
    sqlx::query!(
        "INSERT INTO changes (resource_version, kind, name, type, object, previous)
         SELECT t.resource_version, $1, t.name, t.type, t.object::json, t.previous::json
         FROM unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[])
             AS t (resource_version, name, type, object, previous)",
        kind,
        &columns.resource_versions,
        &columns.names,
        &columns.types,
        &columns.objects,
        &columns.previous as &[Option<String>]
    )
    .execute(conn)
    .await
    .map(|done| done.rows_affected())
}

/// Reads changes after a revision, of one kind or of all, with the revisions of the same snapshot.
pub(crate) async fn since(
    conn: &mut PgConnection,
    kind: Option<&str>,
    after: i64,
    limit: i64,
) -> sqlx::Result<Vec<ChangeRow>> {
    sqlx::query_as!(
        ChangeRow,
        r#"SELECT r.value AS head, r.compacted, c.resource_version AS "resource_version?",
                  c.kind AS "kind?", c.name AS "name?", c.type AS "change_type?",
                  c.object AS "object?", c.previous AS "previous?"
           FROM revision r LEFT JOIN LATERAL (
               SELECT * FROM changes
               WHERE resource_version > $1 AND ($2::text IS NULL OR kind = $2)
               ORDER BY resource_version LIMIT $3
           ) c ON true ORDER BY c.resource_version"#,
        after,
        kind,
        limit
    )
    .fetch_all(conn)
    .await
}

/// Reads the newest revision that compaction may remove: beyond `rows_max` rows, or older than `age_max_s` and
/// beyond `rows_min` rows. 0 where there is none.
pub(crate) async fn compaction_end(
    conn: &mut PgConnection,
    rows_min: i64,
    rows_max: i64,
    age_max_s: f64,
) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"SELECT greatest(
               r.value - $2,
               (SELECT max(resource_version) FROM changes
                WHERE resource_version <= r.value - $1
                  AND changed_at < now() - make_interval(secs => $3)),
               0) AS "end!"
           FROM revision r"#,
        rows_min,
        rows_max,
        age_max_s
    )
    .fetch_one(conn)
    .await
}

/// Records that changes up to a revision are no longer kept.
pub(crate) async fn raise_compacted(conn: &mut PgConnection, end: i64) -> sqlx::Result<u64> {
    sqlx::query!(
        "UPDATE revision SET compacted = $1 WHERE compacted < $1",
        end
    )
    .execute(conn)
    .await
    .map(|done| done.rows_affected())
}

/// Removes at most `limit` changes that are no longer kept.
pub(crate) async fn delete_compacted(conn: &mut PgConnection, limit: i64) -> sqlx::Result<u64> {
    sqlx::query!(
        "DELETE FROM changes WHERE resource_version IN (
             SELECT c.resource_version FROM changes c, revision r
             WHERE c.resource_version <= r.compacted ORDER BY c.resource_version LIMIT $1)",
        limit
    )
    .execute(conn)
    .await
    .map(|done| done.rows_affected())
}
