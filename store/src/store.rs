//! The store itself: its pool, the deadline on every call, transactions, migrations. No data is cached in memory:
//! what another replica wrote is seen at once.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::postgres::PgPool;
use sqlx::{Postgres, Transaction};
use tokio::sync::OnceCell;
use uuid::Uuid;

use crate::config::{Doubt, StoreConfig, open_pool};
use crate::error::StoreError;
use crate::hints::Feed;
use crate::sql_objects;
use crate::types::Head;

/// The longest time that any call takes. Beyond `statement_timeout` (5 s) only a dead network is left to wait for,
/// which the server cannot end.
const CALL_DEADLINE: Duration = Duration::from_secs(8);

/// The migrations of this version, in their order.
pub(crate) static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("../migrations");

/// A handle on the database; cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    pub(crate) inner: Arc<Inner>,
    dry_run: bool,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) pool: PgPool,
    pub(crate) config: StoreConfig,
    /// Set when a call was abandoned; see [`Doubt`].
    doubt: Arc<Doubt>,
    /// Started by the first subscriber.
    pub(crate) feed: OnceCell<Feed>,
}

impl Store {
    /// Opens the database. The schema is not checked: see [`Store::migrate`].
    ///
    /// # Errors
    /// The address is invalid, or the database cannot be reached.
    pub async fn connect(config: &StoreConfig) -> Result<Self, StoreError> {
        let doubt = Arc::new(Doubt::new());
        let pool = open_pool(config, Arc::clone(&doubt)).await?;
        let inner = Inner {
            pool,
            config: config.clone(),
            doubt,
            feed: OnceCell::new(),
        };
        Ok(Self::of(Arc::new(inner)))
    }

    pub(crate) const fn of(inner: Arc<Inner>) -> Self {
        Self {
            inner,
            dry_run: false,
        }
    }

    /// Migrates the schema to this version. Several processes may do so at once: one migrates, the others wait for
    /// it. A schema that is newer than this binary is left alone and is no error, because while a deployment rolls
    /// the old version runs on the new schema.
    ///
    /// # Errors
    /// A migration fails, or one that was applied differs from the one of this binary.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        let mut migrator = sqlx::migrate::Migrator {
            migrations: MIGRATOR.migrations.clone(),
            ..sqlx::migrate::Migrator::DEFAULT
        };
        migrator.set_ignore_missing(true);
        // Outside the pool: a migration may take longer than ordinary statements.
        let options = self
            .inner
            .config
            .connect_options()?
            .options([("statement_timeout", "0"), ("lock_timeout", "30000")]);
        let mut conn = sqlx::ConnectOptions::connect(&options).await?;
        let done = migrator.run(&mut conn).await;
        sqlx::Connection::close(conn).await?;
        done.map_err(|error| StoreError::Database(Box::new(error)))
    }

    /// Checks that the database responds, over a connection of the pool.
    ///
    /// # Errors
    /// There is no response in time.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.within_deadline(async {
            let mut conn = self.acquire().await?;
            sqlx::Connection::ping(&mut *conn).await?;
            Ok(())
        })
        .await
    }

    /// Returns the same store, where every object write is checked, its result returned and then rolled back
    /// (`?dryRun=All`). An object created so has no resourceVersion.
    #[must_use]
    pub fn dry_run(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
            dry_run: true,
        }
    }

    /// Returns the newest revisions.
    ///
    /// # Errors
    /// The database fails.
    pub async fn head(&self) -> Result<Head, StoreError> {
        self.within_deadline(async {
            let mut conn = self.acquire().await?;
            Ok(sql_objects::head(&mut conn).await?)
        })
        .await
    }

    /// Returns the newest resourceVersion.
    ///
    /// # Errors
    /// The database fails.
    pub async fn current_resource_version(&self) -> Result<i64, StoreError> {
        Ok(self.head().await?.resource_version)
    }

    /// Returns the id of the history to which resourceVersions belong.
    ///
    /// # Errors
    /// The database fails.
    pub async fn timeline(&self) -> Result<Uuid, StoreError> {
        Ok(self.head().await?.timeline)
    }

    /// Begins a new history: to be called once after the database was restored or failed over with a loss, so that
    /// watchers list again instead of assuming that they have seen everything.
    ///
    /// # Errors
    /// The database fails.
    pub async fn renew_timeline(&self) -> Result<Uuid, StoreError> {
        self.within_deadline(async {
            let mut conn = self.acquire().await?;
            Ok(sql_objects::renew_timeline(&mut conn).await?)
        })
        .await
    }

    /// The number of connections that are open and, of those, idle. For metrics.
    #[must_use]
    pub fn pool_size(&self) -> (u32, usize) {
        (self.inner.pool.size(), self.inner.pool.num_idle())
    }

    /// Closes all connections, once calls under way are done.
    pub async fn close(&self) {
        self.inner.pool.close().await;
    }

    pub(crate) const fn is_dry_run(&self) -> bool {
        self.dry_run
    }

    pub(crate) async fn acquire(&self) -> Result<PoolConnection<Postgres>, StoreError> {
        Ok(self.inner.pool.acquire().await?)
    }

    pub(crate) async fn begin(&self) -> Result<Transaction<'static, Postgres>, StoreError> {
        Ok(self.inner.pool.begin().await?)
    }

    /// Commits, or rolls everything back in a dry run. An error here leaves open which of the two.
    pub(crate) async fn finish(
        &self,
        tx: Transaction<'static, Postgres>,
    ) -> Result<(), StoreError> {
        if self.dry_run {
            return Ok(tx.rollback().await?);
        }
        self.commit(tx).await
    }

    /// Commits.
    pub(crate) async fn commit(
        &self,
        tx: Transaction<'static, Postgres>,
    ) -> Result<(), StoreError> {
        tx.commit().await.map_err(StoreError::at_commit)
    }

    /// Runs a call under the deadline. A call that is abandoned, here or by its caller, leaves its connection in
    /// doubt, which is noted for when it is returned to the pool.
    pub(crate) async fn within_deadline<T>(
        &self,
        call: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        let guard = GivenUp {
            doubt: &self.inner.doubt,
            done: false,
        };
        let answer = tokio::time::timeout(CALL_DEADLINE, call).await;
        match answer {
            Ok(answer) => {
                guard.done();
                answer
            }
            Err(elapsed) => Err(StoreError::Unavailable {
                maybe_done: true,
                source: Box::new(elapsed),
            }),
        }
    }
}

/// Marks the connections as in doubt unless the call completed.
struct GivenUp<'a> {
    doubt: &'a Doubt,
    done: bool,
}

impl GivenUp<'_> {
    fn done(mut self) {
        self.done = true;
    }
}

impl Drop for GivenUp<'_> {
    fn drop(&mut self) {
        if !self.done {
            self.doubt.raise();
        }
    }
}
