//! The statements over what the controller remembers, one function each. A statement does what its name says;
//! decisions are made by the callers.

use firelens_aws::record::WorkloadKey;
use serde_json::Value;
use sqlx::PgConnection;

/// The columns of several workload keys; all vectors have one entry per row.
#[derive(Default)]
pub(crate) struct Keys {
    targets: Vec<String>,
    clusters: Vec<String>,
    services: Vec<String>,
}

impl Keys {
    pub(crate) fn of<'a>(keys: impl Iterator<Item = &'a WorkloadKey>) -> Self {
        let mut columns = Self::default();
        for key in keys {
            columns.targets.push(key.target.clone());
            columns.clusters.push(key.cluster.clone());
            columns.services.push(key.service.clone());
        }
        columns
    }
}

/// Reads the records of a target.
pub(crate) async fn records(conn: &mut PgConnection, target: &str) -> sqlx::Result<Vec<Value>> {
    sqlx::query_scalar!(
        "SELECT record FROM workload_records WHERE target = $1",
        target
    )
    .fetch_all(conn)
    .await
}

/// Writes the records that differ from the stored ones.
pub(crate) async fn put_records(
    conn: &mut PgConnection,
    keys: &Keys,
    records: &[Value],
) -> sqlx::Result<u64> {
    sqlx::query!(
        "INSERT INTO workload_records AS kept (target, cluster, service, record)
         SELECT DISTINCT ON (t.target, t.cluster, t.service) t.target, t.cluster, t.service, t.record
         FROM unnest($1::text[], $2::text[], $3::text[], $4::jsonb[])
             WITH ORDINALITY AS t (target, cluster, service, record, position)
         ORDER BY t.target, t.cluster, t.service, t.position DESC
         ON CONFLICT (target, cluster, service) DO UPDATE SET record = excluded.record
         WHERE kept.record IS DISTINCT FROM excluded.record",
        &keys.targets,
        &keys.clusters,
        &keys.services,
        records
    )
    .execute(conn)
    .await
    .map(|done| done.rows_affected())
}

/// Removes records.
pub(crate) async fn delete_records(conn: &mut PgConnection, keys: &Keys) -> sqlx::Result<u64> {
    sqlx::query!(
        "DELETE FROM workload_records kept
         USING unnest($1::text[], $2::text[], $3::text[]) AS t (target, cluster, service)
         WHERE kept.target = t.target AND kept.cluster = t.cluster AND kept.service = t.service",
        &keys.targets,
        &keys.clusters,
        &keys.services
    )
    .execute(conn)
    .await
    .map(|done| done.rows_affected())
}

/// Reads the intents of a target, oldest first.
pub(crate) async fn intents(conn: &mut PgConnection, target: &str) -> sqlx::Result<Vec<Value>> {
    sqlx::query_scalar!(
        "SELECT intent FROM intents WHERE target = $1 ORDER BY recorded_at, id",
        target
    )
    .fetch_all(conn)
    .await
}

/// Writes intents, over those that exist: one that is recorded again is about to be retried, and the wait for the
/// outcome of a lost answer begins anew.
pub(crate) async fn put_intents(
    conn: &mut PgConnection,
    targets: &[String],
    ids: &[String],
    intents: &[Value],
) -> sqlx::Result<u64> {
    sqlx::query!(
        "INSERT INTO intents (target, id, intent)
         SELECT DISTINCT ON (t.target, t.id) t.target, t.id, t.intent
         FROM unnest($1::text[], $2::text[], $3::jsonb[])
             WITH ORDINALITY AS t (target, id, intent, position)
         ORDER BY t.target, t.id, t.position DESC
         ON CONFLICT (target, id) DO UPDATE SET intent = excluded.intent, recorded_at = now()",
        targets,
        ids,
        intents
    )
    .execute(conn)
    .await
    .map(|done| done.rows_affected())
}

/// Removes an intent.
pub(crate) async fn delete_intent(
    conn: &mut PgConnection,
    target: &str,
    id: &str,
) -> sqlx::Result<u64> {
    sqlx::query!(
        "DELETE FROM intents WHERE target = $1 AND id = $2",
        target,
        id
    )
    .execute(conn)
    .await
    .map(|done| done.rows_affected())
}
