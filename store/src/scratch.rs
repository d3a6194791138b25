//! Temporary databases: each test has its own, copied from one that was migrated once. Not part of a release: the
//! feature `scratch` is for tests.

use std::str::FromStr;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};

use crate::StoreError;

/// The key of the advisory lock under which the template is made.
const TEMPLATE_LOCK: i64 = 0x6669_7265;

/// Creates `name` as a copy of `template`.
///
/// # Errors
/// The server refuses, or a name is not made of `a-z`, `0-9` and `_`.
pub async fn create_database(
    server_url: &str,
    name: &str,
    template: &str,
) -> Result<(), StoreError> {
    let statement = format!(
        "CREATE DATABASE {} TEMPLATE {}",
        checked(name)?,
        checked(template)?
    );
    let mut conn = connect(server_url).await?;
    conn.execute(AssertSqlSafe(statement)).await?;
    Ok(conn.close().await?)
}

/// Drops a database and ends its connections.
///
/// # Errors
/// The server refuses.
pub async fn drop_database(server_url: &str, name: &str) -> Result<(), StoreError> {
    let statement = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", checked(name)?);
    let mut conn = connect(server_url).await?;
    conn.execute(AssertSqlSafe(statement)).await?;
    Ok(conn.close().await?)
}

/// Ends every connection to a database, as a failover does.
///
/// # Errors
/// The server refuses.
pub async fn cut_connections(server_url: &str, name: &str) -> Result<(), StoreError> {
    let mut conn = connect(server_url).await?;
    sqlx::query!(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1",
        name
    )
    .fetch_all(&mut conn)
    .await?;
    Ok(conn.close().await?)
}

/// Runs statements inside a database of a test, to create what another version left there, or what the database
/// refuses.
///
/// # Errors
/// The server refuses.
pub async fn execute(database_url: &str, statements: &str) -> Result<(), StoreError> {
    let mut conn = connect(database_url).await?;
    conn.execute(AssertSqlSafe(statements.to_owned())).await?;
    Ok(conn.close().await?)
}

/// Creates a database with the schema of this version under the name `template`, unless it exists. Processes that
/// do so at once wait for each other.
///
/// # Errors
/// The server refuses, or a migration fails.
pub async fn ensure_template(server_url: &str, template: &str) -> Result<(), StoreError> {
    let draft = format!("{}_draft", checked(template)?);
    let mut conn = connect(server_url).await?;
    sqlx::query!("SELECT pg_advisory_lock($1)::text AS locked", TEMPLATE_LOCK)
        .fetch_one(&mut conn)
        .await?;
    let is_there = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1) AS "is_there!""#,
        template
    )
    .fetch_one(&mut conn)
    .await?;
    if !is_there {
        // Under a name of its own until it is complete: a run that is killed here leaves no partial schema.
        conn.execute(AssertSqlSafe(format!("DROP DATABASE IF EXISTS {draft}")))
            .await?;
        conn.execute(AssertSqlSafe(format!("CREATE DATABASE {draft}")))
            .await?;
        let mut inside = options(server_url)?.database(&draft).connect().await?;
        let done = crate::store::MIGRATOR.run(&mut inside).await;
        inside.close().await?;
        done.map_err(|error| StoreError::Database(Box::new(error)))?;
        let rename = format!("ALTER DATABASE {draft} RENAME TO {template}");
        conn.execute(AssertSqlSafe(rename)).await?;
    }
    // The advisory lock ends with the connection.
    Ok(conn.close().await?)
}

fn checked(name: &str) -> Result<&str, StoreError> {
    let is_plain = name
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if is_plain && (1..=55).contains(&name.len()) {
        Ok(name)
    } else {
        Err(StoreError::invalid(
            "database",
            "must be made of a-z, 0-9 and _",
        ))
    }
}

fn options(url: &str) -> Result<PgConnectOptions, StoreError> {
    PgConnectOptions::from_str(url)
        .map_err(|_| StoreError::invalid("url", "is not a postgres:// address"))
}

async fn connect(url: &str) -> Result<PgConnection, StoreError> {
    Ok(options(url)?.connect().await?)
}
