//! Leases: which process works on what, evaluated only by the clock of the database, and the fence that refuses
//! writes of a process that lost its lease. Correctness must not depend on a lease: AWS has no fences, so two
//! holders must do no harm.

use std::time::Duration;

use sqlx::PgConnection;
use tokio::time::Instant;

use crate::Store;
use crate::error::StoreError;

/// A lease that was held when the database last responded.
#[derive(Clone, Debug)]
pub struct Lease {
    /// What it is for, such as `target/prod-us`.
    pub name: String,
    /// The holder; unique per process, since a holder never gets a lease that it already has.
    pub holder: String,
    /// Grows each time the lease gets another holder.
    pub epoch: i64,
    ttl: Duration,
    /// The time just before the database was asked: the lease is valid at least its duration after this.
    asked_at: Instant,
}

impl Lease {
    /// Returns how much of the lease is left at least, by a monotonic clock. Call AWS only with more left than the
    /// call may take.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        self.ttl.saturating_sub(self.asked_at.elapsed())
    }

    /// The duration of the lease when it was last acquired or renewed.
    #[must_use]
    pub const fn ttl(&self) -> Duration {
        self.ttl
    }
}

/// A lease as others see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseHolder {
    /// Name of the lease.
    pub name: String,
    /// The holder.
    pub holder: String,
    /// Its epoch.
    pub epoch: i64,
}

impl Store {
    /// Acquires a lease that nobody holds, or whose time has run out. Returns `None` while it is held, even by the
    /// same holder: a lease that a process forgot must run out first.
    ///
    /// # Errors
    /// The database fails.
    pub async fn acquire_lease(
        &self,
        name: &str,
        holder: &str,
        ttl: Duration,
    ) -> Result<Option<Lease>, StoreError> {
        self.within_deadline(async {
            let asked_at = Instant::now();
            let mut conn = self.acquire().await?;
            let epoch = take(&mut conn, name, holder, ttl.as_secs_f64()).await?;
            Ok(epoch.map(|epoch| Lease {
                name: name.to_owned(),
                holder: holder.to_owned(),
                epoch,
                ttl,
                asked_at,
            }))
        })
        .await
    }

    /// Extends a lease for another `ttl`. One whose time has run out is not revived.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] where it was lost. On [`StoreError::Unavailable`] the old one may still
    /// run: see [`Lease::remaining`].
    pub async fn renew_lease(&self, lease: &Lease) -> Result<Lease, StoreError> {
        self.within_deadline(async {
            let asked_at = Instant::now();
            let mut conn = self.acquire().await?;
            let ttl_s = lease.ttl.as_secs_f64();
            if extend(&mut conn, &lease.name, &lease.holder, lease.epoch, ttl_s).await? == 0 {
                return Err(fenced(lease));
            }
            Ok(Lease {
                asked_at,
                ..lease.clone()
            })
        })
        .await
    }

    /// Releases a lease, so that another may acquire it at once. Releasing a lost one does nothing.
    ///
    /// # Errors
    /// The database fails; the lease then runs out by itself.
    pub async fn release_lease(&self, lease: &Lease) -> Result<(), StoreError> {
        self.within_deadline(async {
            let mut conn = self.acquire().await?;
            end(&mut conn, &lease.name, &lease.holder, lease.epoch).await?;
            Ok(())
        })
        .await
    }

    /// Returns all leases that are held, by name. Replicas share the work by it.
    ///
    /// # Errors
    /// The database fails.
    pub async fn lease_holders(&self) -> Result<Vec<LeaseHolder>, StoreError> {
        self.within_deadline(async {
            let mut conn = self.acquire().await?;
            Ok(running(&mut conn).await?)
        })
        .await
    }
}

/// Refuses unless the lease is still held, and keeps it from getting another holder until the transaction ends.
pub(crate) async fn check_fence(conn: &mut PgConnection, lease: &Lease) -> Result<(), StoreError> {
    match hold(conn, &lease.name, &lease.holder, lease.epoch).await? {
        Some(_) => Ok(()),
        None => Err(fenced(lease)),
    }
}

fn fenced(lease: &Lease) -> StoreError {
    StoreError::Fenced {
        lease: lease.name.clone(),
        epoch: lease.epoch,
    }
}

/// Acquires a free lease and returns its new epoch. `clock_timestamp()`, as `now()` is the time before a wait for
/// another transaction.
async fn take(
    conn: &mut PgConnection,
    name: &str,
    holder: &str,
    ttl_s: f64,
) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar!(
        "INSERT INTO leases AS held (name, holder, epoch, acquired_at, expires_at)
         VALUES ($1, $2, 1, clock_timestamp(), clock_timestamp() + make_interval(secs => $3))
         ON CONFLICT (name) DO UPDATE
             SET holder = $2, epoch = held.epoch + 1, acquired_at = clock_timestamp(),
                 expires_at = clock_timestamp() + make_interval(secs => $3)
             WHERE held.expires_at <= clock_timestamp()
         RETURNING epoch",
        name,
        holder,
        ttl_s
    )
    .fetch_optional(conn)
    .await
}

/// Moves the end of a held lease.
async fn extend(
    conn: &mut PgConnection,
    name: &str,
    holder: &str,
    epoch: i64,
    ttl_s: f64,
) -> sqlx::Result<u64> {
    sqlx::query!(
        "UPDATE leases SET expires_at = clock_timestamp() + make_interval(secs => $4)
         WHERE name = $1 AND holder = $2 AND epoch = $3 AND expires_at > clock_timestamp()",
        name,
        holder,
        epoch,
        ttl_s
    )
    .execute(conn)
    .await
    .map(|done| done.rows_affected())
}

/// Ends a held lease now. The row stays: its epoch must go on growing.
async fn end(conn: &mut PgConnection, name: &str, holder: &str, epoch: i64) -> sqlx::Result<u64> {
    sqlx::query!(
        "UPDATE leases SET expires_at = clock_timestamp()
         WHERE name = $1 AND holder = $2 AND epoch = $3 AND expires_at > clock_timestamp()",
        name,
        holder,
        epoch
    )
    .execute(conn)
    .await
    .map(|done| done.rows_affected())
}

/// Finds a held lease and locks it against a change of its holder.
async fn hold(
    conn: &mut PgConnection,
    name: &str,
    holder: &str,
    epoch: i64,
) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar!(
        "SELECT epoch FROM leases
         WHERE name = $1 AND holder = $2 AND epoch = $3 AND expires_at > clock_timestamp()
         FOR SHARE",
        name,
        holder,
        epoch
    )
    .fetch_optional(conn)
    .await
}

/// Reads the leases that are held.
async fn running(conn: &mut PgConnection) -> sqlx::Result<Vec<LeaseHolder>> {
    sqlx::query_as!(
        LeaseHolder,
        "SELECT name, holder, epoch FROM leases WHERE expires_at > clock_timestamp() ORDER BY name"
    )
    .fetch_all(conn)
    .await
}
