//! How to reach PostgreSQL, with every wait bounded. The connection string is never printed: it may contain a
//! password.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sqlx::Connection;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};

use crate::error::StoreError;

/// The number of connections of one process. More are not faster: on two cores, reads by key were quicker with 10
/// than with 32.
pub const MAX_CONNECTIONS_DEFAULT: u32 = 10;
/// A request that waits longer for a connection should get a 503 (the driver's default is 30 s).
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);
/// No statement of ours needs a second, even over 10,000 objects.
const STATEMENT_TIMEOUT_MS: &str = "5000";
/// The longest time that a write waits for another writer. Kubernetes wants 1 s at the 99th percentile.
const LOCK_TIMEOUT_MS: &str = "2000";
/// A process that stops in the middle of a transaction must not hold the revision row for long.
const IDLE_IN_TRANSACTION_TIMEOUT_MS: &str = "5000";
/// Lets the server detect a client that vanished: idle seconds before the first probe.
const SERVER_KEEPALIVE_IDLE_S: &str = "30";
/// Seconds between probes, and how many go unanswered before the session ends.
const SERVER_KEEPALIVE_INTERVAL_S: &str = "10";
const SERVER_KEEPALIVE_COUNT: &str = "3";
/// A connection that was idle for longer is tested before use. Testing each would cost a round trip for each
/// request; testing none would return errors after a failover.
const TEST_AFTER_IDLE: Duration = Duration::from_secs(5);
/// The time in which a connection that was left in the middle of a call must prove that it works.
const PROVE_ALIVE_TIMEOUT: Duration = Duration::from_secs(2);
/// The time after an abandoned call for which connections must prove that they work.
const DOUBT_MS: u64 = 60_000;
/// Connections are renewed after this time, so that load spreads again after a failover.
const MAX_LIFETIME: Duration = Duration::from_secs(30 * 60);

/// The address of the database.
#[derive(Clone)]
pub struct StoreConfig {
    /// `postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=verify-full`. It must lead to the server
    /// itself or to a pooler in session mode: LISTEN and migrations need a session.
    pub url: String,
    /// The most connections at once, in addition to one for LISTEN.
    pub max_connections: u32,
    /// Shown in `pg_stat_activity`.
    pub application_name: String,
}

impl StoreConfig {
    /// The defaults, for a database URL.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            max_connections: MAX_CONNECTIONS_DEFAULT,
            application_name: "firelens-operator".to_owned(),
        }
    }

    pub(crate) fn connect_options(&self) -> Result<PgConnectOptions, StoreError> {
        // The error of the parser may repeat the password, so it is not passed on.
        let options = PgConnectOptions::from_str(&self.url)
            .map_err(|_| StoreError::invalid("DATABASE_URL", "is not a postgres:// address"))?;
        Ok(options.application_name(&self.application_name).options([
            ("statement_timeout", STATEMENT_TIMEOUT_MS),
            ("lock_timeout", LOCK_TIMEOUT_MS),
            (
                "idle_in_transaction_session_timeout",
                IDLE_IN_TRANSACTION_TIMEOUT_MS,
            ),
            ("tcp_keepalives_idle", SERVER_KEEPALIVE_IDLE_S),
            ("tcp_keepalives_interval", SERVER_KEEPALIVE_INTERVAL_S),
            ("tcp_keepalives_count", SERVER_KEEPALIVE_COUNT),
        ]))
    }
}

impl fmt::Debug for StoreConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreConfig")
            .field("max_connections", &self.max_connections)
            .field("application_name", &self.application_name)
            .finish_non_exhaustive()
    }
}

/// Whether calls were abandoned recently, so that the network may be dead.
#[derive(Debug)]
pub(crate) struct Doubt {
    started: Instant,
    /// End of the doubt, in milliseconds after `started`.
    until_ms: AtomicU64,
}

impl Doubt {
    pub(crate) fn new() -> Self {
        Self {
            started: Instant::now(),
            until_ms: AtomicU64::new(0),
        }
    }

    pub(crate) fn raise(&self) {
        self.until_ms
            .store(self.now_ms() + DOUBT_MS, Ordering::Relaxed);
    }

    fn is_raised(&self) -> bool {
        self.now_ms() < self.until_ms.load(Ordering::Relaxed)
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX - DOUBT_MS)
    }
}

/// Opens the pool and its first connection. While in doubt, a connection that is returned must answer a ping in
/// time or is dropped: the driver's own test would wait for ever on a dead network, and keep the slot in the pool.
pub(crate) async fn open_pool(
    config: &StoreConfig,
    doubt: Arc<Doubt>,
) -> Result<PgPool, StoreError> {
    let pool = PgPoolOptions::new()
        .max_connections(config.max_connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .max_lifetime(MAX_LIFETIME)
        .test_before_acquire(false)
        .before_acquire(|connection, meta| {
            Box::pin(async move {
                if meta.idle_for < TEST_AFTER_IDLE {
                    return Ok(true);
                }
                let ping = tokio::time::timeout(PROVE_ALIVE_TIMEOUT, connection.ping()).await;
                Ok(matches!(ping, Ok(Ok(()))))
            })
        })
        .after_release(move |connection, _| {
            let doubt = Arc::clone(&doubt);
            Box::pin(async move {
                if !doubt.is_raised() {
                    return Ok(true);
                }
                match tokio::time::timeout(PROVE_ALIVE_TIMEOUT, connection.ping()).await {
                    Ok(answer) => answer.map(|()| true),
                    Err(_) => Err(sqlx::Error::PoolTimedOut),
                }
            })
        })
        .connect_with(config.connect_options()?)
        .await?;
    Ok(pool)
}

/// A pool of one connection for LISTEN, apart from the other pool: the connection is never returned.
pub(crate) fn listener_pool(config: &StoreConfig) -> Result<PgPool, StoreError> {
    Ok(PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .max_lifetime(None)
        .idle_timeout(None)
        .connect_lazy_with(config.connect_options()?))
}
