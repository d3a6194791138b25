//! The statements over objects, changes and their revision, one function each. A statement does what its name
//! says; decisions are made by the callers.

use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::types::Head;

/// An object as it is stored.
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) uid: Uuid,
    pub(crate) resource_version: i64,
    pub(crate) object: Value,
}

/// One row of a list, or only the revision of the snapshot where nothing matched.
pub(crate) struct ListRow {
    pub(crate) head: i64,
    pub(crate) compacted: i64,
    pub(crate) name: Option<String>,
    pub(crate) resource_version: Option<i64>,
    pub(crate) object: Option<Value>,
}

/// Reads the database clock, in whole seconds since 1970.
pub(crate) async fn now_s(conn: &mut PgConnection) -> sqlx::Result<i64> {
    sqlx::query_scalar!(r#"SELECT extract(epoch FROM clock_timestamp())::bigint AS "now_s!""#)
        .fetch_one(conn)
        .await
}

/// Reads the newest revisions.
pub(crate) async fn head(conn: &mut PgConnection) -> sqlx::Result<Head> {
    sqlx::query_as!(
        Head,
        r#"SELECT value AS resource_version, desired, timeline,
                  (SELECT coalesce(max(id), 0) FROM plan_requests) AS "asked!"
           FROM revision"#
    )
    .fetch_one(conn)
    .await
}

/// Invalidates all resourceVersions given out so far.
pub(crate) async fn renew_timeline(conn: &mut PgConnection) -> sqlx::Result<Uuid> {
    sqlx::query_scalar!("UPDATE revision SET timeline = gen_random_uuid() RETURNING timeline")
        .fetch_one(conn)
        .await
}

/// Reads one object.
pub(crate) async fn find(
    conn: &mut PgConnection,
    kind: &str,
    name: &str,
) -> sqlx::Result<Option<Row>> {
    sqlx::query_as!(
        Row,
        "SELECT name, uid, resource_version, object FROM objects WHERE kind = $1 AND name = $2",
        kind,
        name
    )
    .fetch_optional(conn)
    .await
}

/// Reads objects.
pub(crate) async fn find_all(
    conn: &mut PgConnection,
    kind: &str,
    names: &[String],
) -> sqlx::Result<Vec<Row>> {
    sqlx::query_as!(
        Row,
        "SELECT name, uid, resource_version, object FROM objects
         WHERE kind = $1 AND name = ANY ($2)",
        kind,
        names
    )
    .fetch_all(conn)
    .await
}

/// Reads objects and locks them until the transaction ends, in the order of their names: every caller that locks
/// several does it in the same order, so there is no deadlock.
pub(crate) async fn lock(
    conn: &mut PgConnection,
    kind: &str,
    names: &[String],
) -> sqlx::Result<Vec<Row>> {
    sqlx::query_as!(
        Row,
        "SELECT name, uid, resource_version, object FROM objects
         WHERE kind = $1 AND name = ANY ($2) ORDER BY name FOR UPDATE",
        kind,
        names
    )
    .fetch_all(conn)
    .await
}

/// Reads a page of objects after a name together with their revision: one statement is one snapshot. `terms` is a
/// label selector.
pub(crate) async fn list(
    conn: &mut PgConnection,
    kind: &str,
    after: &str,
    only: Option<&str>,
    terms: &Value,
    limit: Option<i64>,
) -> sqlx::Result<Vec<ListRow>> {
    sqlx::query_as!(
        ListRow,
        r#"SELECT r.value AS head, r.compacted, o.name AS "name?",
                  o.resource_version AS "resource_version?", o.object AS "object?"
           FROM revision r LEFT JOIN LATERAL (
               SELECT name, resource_version, object FROM objects
               WHERE kind = $1 AND name > $2 AND ($3::text IS NULL OR name = $3)
                 AND NOT EXISTS (
                   SELECT 1 FROM jsonb_to_recordset($4)
                       AS term (key text, operator text, "values" text[])
                   WHERE NOT CASE term.operator
                       WHEN 'In' THEN coalesce(labels ->> term.key = ANY (term."values"), false)
                       WHEN 'NotIn' THEN NOT coalesce(labels ->> term.key = ANY (term."values"), false)
                       WHEN 'Exists' THEN labels ? term.key
                       ELSE NOT labels ? term.key
                   END)
               ORDER BY name LIMIT $5
           ) o ON true ORDER BY o.name"#,
        kind,
        after,
        only,
        terms,
        limit
    )
    .fetch_all(conn)
    .await
}

/// Counts the objects after a name.
pub(crate) async fn count_after(
    conn: &mut PgConnection,
    kind: &str,
    after: &str,
) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM objects WHERE kind = $1 AND name > $2"#,
        kind,
        after
    )
    .fetch_one(conn)
    .await
}

/// Takes `count` revisions and, with them, the lock that keeps commits in their order. Returns the last of them.
/// `notify` wakes listeners when the transaction commits; the hint carries no data.
pub(crate) async fn advance(
    conn: &mut PgConnection,
    count: i64,
    desired: bool,
    notify: bool,
) -> sqlx::Result<i64> {
    sqlx::query!(
        r#"WITH head AS (
               UPDATE revision SET value = value + $1,
                   desired = CASE WHEN $2 THEN value + $1 ELSE desired END
               RETURNING value)
           SELECT value AS "value!",
                  CASE WHEN $3 THEN pg_notify('firelens_changes', '')::text END AS hint
           FROM head"#,
        count,
        desired,
        notify
    )
    .fetch_one(conn)
    .await
    .map(|row| row.value)
}

/// The columns of several objects or changes; all vectors have one entry per row.
#[derive(Default)]
pub(crate) struct Columns {
    pub(crate) names: Vec<String>,
    pub(crate) uids: Vec<Uuid>,
    pub(crate) generations: Vec<i64>,
    pub(crate) resource_versions: Vec<i64>,
    pub(crate) labels: Vec<String>,
    pub(crate) objects: Vec<String>,
}

/// Inserts objects that do not exist. A name that is taken violates `objects_pkey`.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    kind: &str,
    columns: &Columns,
) -> sqlx::Result<u64> {
    sqlx::query!(
        "INSERT INTO objects (kind, name, uid, generation, resource_version, labels, object)
         SELECT $1, t.name, t.uid, t.generation, t.resource_version, t.labels::jsonb, t.object::json
         FROM unnest($2::text[], $3::uuid[], $4::bigint[], $5::bigint[], $6::text[], $7::text[])
             AS t (name, uid, generation, resource_version, labels, object)",
        kind,
        &columns.names,
        &columns.uids,
        &columns.generations,
        &columns.resource_versions,
        &columns.labels,
        &columns.objects
    )
    .execute(conn)
    .await
    .map(|done| done.rows_affected())
}

/// Overwrites objects that exist.
pub(crate) async fn update(
    conn: &mut PgConnection,
    kind: &str,
    columns: &Columns,
) -> sqlx::Result<u64> {
    sqlx::query!(
        "UPDATE objects o SET generation = t.generation, resource_version = t.resource_version,
                labels = t.labels::jsonb, object = t.object::json
         FROM unnest($2::text[], $3::uuid[], $4::bigint[], $5::bigint[], $6::text[], $7::text[])
             AS t (name, uid, generation, resource_version, labels, object)
         WHERE o.kind = $1 AND o.name = t.name AND o.uid = t.uid",
        kind,
        &columns.names,
        &columns.uids,
        &columns.generations,
        &columns.resource_versions,
        &columns.labels,
        &columns.objects
    )
    .execute(conn)
    .await
    .map(|done| done.rows_affected())
}

/// Removes objects.
pub(crate) async fn delete(
    conn: &mut PgConnection,
    kind: &str,
    names: &[String],
) -> sqlx::Result<u64> {
    sqlx::query!(
        "DELETE FROM objects WHERE kind = $1 AND name = ANY ($2)",
        kind,
        names
    )
    .execute(conn)
    .await
    .map(|done| done.rows_affected())
}
