//! The id of this installation: created once, kept in the database, restored by people who lost it. It is changed
//! only on request.

use firelens_aws::installation::check_installation_id;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::Store;
use crate::error::StoreError;

/// The number of characters of an id that the store creates.
const MADE_CHARS: usize = 12;

/// The result of naming an installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InstallationNamed {
    /// It has that id, now or already.
    Same,
    /// It had another id, which was replaced.
    Replaced {
        /// The former id.
        before: String,
    },
    /// It has another id, which is kept.
    Differs {
        /// The id that is kept.
        kept: String,
    },
}

impl Store {
    /// Returns the id of this installation. One is created where there is none.
    ///
    /// # Errors
    /// The database fails.
    pub async fn installation(&self) -> Result<String, StoreError> {
        self.within_deadline(async {
            let mut conn = self.acquire().await?;
            if let Some(id) = select(&mut conn).await? {
                return Ok(id);
            }
            let made: String = Uuid::new_v4().simple().to_string();
            let made: String = made.chars().take(MADE_CHARS).collect();
            insert(&mut conn, &made).await?;
            Ok(select(&mut conn).await?.unwrap_or(made))
        })
        .await
    }

    /// Gives this installation an id: where it has none, and with `replace` also where it has another.
    ///
    /// # Errors
    /// The text can be no id, or the database fails.
    pub async fn name_installation(
        &self,
        id: &str,
        replace: bool,
    ) -> Result<InstallationNamed, StoreError> {
        check_installation_id(id).map_err(|why| StoreError::invalid("installation", why))?;
        self.within_deadline(async {
            let mut tx = self.begin().await?;
            insert(&mut tx, id).await?;
            let kept = select_for_update(&mut tx).await?;
            let named = if kept == id {
                InstallationNamed::Same
            } else if replace {
                update(&mut tx, id).await?;
                InstallationNamed::Replaced { before: kept }
            } else {
                InstallationNamed::Differs { kept }
            };
            self.commit(tx).await?;
            Ok(named)
        })
        .await
    }
}

/// Reads the id.
async fn select(conn: &mut PgConnection) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar!("SELECT id FROM installation")
        .fetch_optional(conn)
        .await
}

/// Reads the id and keeps others from changing it.
async fn select_for_update(conn: &mut PgConnection) -> sqlx::Result<String> {
    sqlx::query_scalar!("SELECT id FROM installation FOR UPDATE")
        .fetch_one(conn)
        .await
}

/// Writes the id unless there is one.
async fn insert(conn: &mut PgConnection, id: &str) -> sqlx::Result<u64> {
    sqlx::query!(
        "INSERT INTO installation (id) VALUES ($1) ON CONFLICT (only_row) DO NOTHING",
        id
    )
    .execute(conn)
    .await
    .map(|done| done.rows_affected())
}

/// Writes another id.
async fn update(conn: &mut PgConnection, id: &str) -> sqlx::Result<u64> {
    sqlx::query!("UPDATE installation SET id = $1, made_at = now()", id)
        .execute(conn)
        .await
        .map(|done| done.rows_affected())
}
