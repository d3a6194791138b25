//! The errors of the store, sorted by what a caller does about them.
//! Never shows a connection string or the content of an object.

use std::error::Error;

use firelens_types::v1alpha1::Kind;

/// Why the store did not do what it was asked. The API answers the HTTP status given with each.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There is no such object (404).
    #[error("{kind} {name:?} not found", kind = .kind.name())]
    NotFound {
        /// Kind asked for.
        kind: Kind,
        /// Name asked for.
        name: String,
    },
    /// The name is taken (409, reason `AlreadyExists`).
    #[error("{kind} {name:?} already exists", kind = .kind.name())]
    AlreadyExists {
        /// Kind to create.
        kind: Kind,
        /// Name that is taken.
        name: String,
    },
    /// The object is not the one the caller decided upon (409, reason `Conflict`).
    #[error("{kind} {name:?} has changed: {field} is {actual:?}, not {expected:?}", kind = .kind.name())]
    Conflict {
        /// Kind written to.
        kind: Kind,
        /// Name written to.
        name: String,
        /// The member of `metadata` that differs: `resourceVersion`, `uid` or `generation`.
        field: &'static str,
        /// What the caller expected.
        expected: String,
        /// What is stored.
        actual: String,
    },
    /// History from that resourceVersion on is not known (any more): list again (410).
    #[error("resourceVersion {requested} is not between {oldest} and {newest}")]
    Expired {
        /// What was asked for.
        requested: i64,
        /// Oldest revision a watch may start from.
        oldest: i64,
        /// Newest revision there is.
        newest: i64,
    },
    /// The lease was lost; the writer must stop and look at the world anew. Nothing was written.
    #[error("lease {lease:?} with epoch {epoch} is no longer held")]
    Fenced {
        /// Name of the lease.
        lease: String,
        /// Epoch the writer believed in.
        epoch: i64,
    },
    /// The argument cannot be stored (422; 400 where it came from a query parameter).
    #[error("{field}: {detail}")]
    Invalid {
        /// Dotted path of the member, or name of the parameter.
        field: String,
        /// What is wrong with it.
        detail: String,
    },
    /// The database did not answer in time, or refuses work for now (503). Worth a retry.
    #[error("the database is not available")]
    Unavailable {
        /// Whether the write may have happened all the same: the answer to a commit was lost.
        maybe_done: bool,
        /// What the driver said.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The database refused the statement, or holds what this version cannot read (500).
    #[error("the database rejected the request")]
    Database(#[source] Box<dyn Error + Send + Sync>),
}

impl StoreError {
    /// Whether the store refused what was to be written for what it holds: it would refuse it again, and
    /// takes anything else.
    #[must_use]
    pub fn refuses_content(&self) -> bool {
        match self {
            Self::Invalid { .. } => true,
            Self::Database(source) => source
                .downcast_ref::<sqlx::Error>()
                .and_then(sqlx::Error::as_database_error)
                .and_then(sqlx::error::DatabaseError::code)
                .is_some_and(|code| is_of_content(&code)),
            _ => false,
        }
    }

    pub(crate) fn invalid(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Invalid {
            field: field.into(),
            detail: detail.into(),
        }
    }

    pub(crate) fn not_found(kind: Kind, name: &str) -> Self {
        Self::NotFound {
            kind,
            name: name.to_owned(),
        }
    }

    /// Says that the answer to a commit is missing: what was to be written may be there.
    pub(crate) fn at_commit(error: sqlx::Error) -> Self {
        match Self::from(error) {
            Self::Unavailable { source, .. } => Self::Unavailable {
                maybe_done: true,
                source,
            },
            other => other,
        }
    }
}

/// SQLSTATEs that pass by themselves.
/// <https://www.postgresql.org/docs/current/errcodes-appendix.html>
fn passes_by_itself(code: &str) -> bool {
    // Connection exceptions, transaction rollback (deadlock, serialization), insufficient resources.
    code.starts_with("08")
        || code.starts_with("40")
        || code.starts_with("53")
        || matches!(
            code,
            "25006"     // read only: a failover is under way
            | "55P03"   // lock_timeout
            | "57014"   // statement_timeout
            | "57P01" | "57P02" | "57P03" | "57P05" // shutdown, crash, starting up, idle timeout
            | "25P03" // idle_in_transaction_session_timeout
        )
}

/// SQLSTATEs that speak of the values in a statement: data exceptions, constraints, limits.
/// <https://www.postgresql.org/docs/current/errcodes-appendix.html>
fn is_of_content(code: &str) -> bool {
    code.starts_with("22") || code.starts_with("23") || code.starts_with("54")
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let unavailable = match &error {
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::BeginFailed => true,
            sqlx::Error::Database(refusal) => {
                refusal.code().is_some_and(|code| passes_by_itself(&code))
            }
            _ => false,
        };
        if unavailable {
            Self::Unavailable {
                maybe_done: false,
                source: Box::new(error),
            }
        } else {
            Self::Database(Box::new(error))
        }
    }
}
