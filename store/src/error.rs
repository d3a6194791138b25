//! The errors of the store, sorted by what a caller does about them. They contain no connection string and no
//! content of an object.

use std::error::Error;

use firelens_types::v1alpha1::Kind;

/// Why the store did not carry out a call. The API responds with the HTTP status given for each.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There is no such object (404).
    #[error("{kind} {name:?} not found", kind = .kind.name())]
    NotFound {
        /// The requested kind.
        kind: Kind,
        /// The requested name.
        name: String,
    },
    /// The name is taken (409, reason `AlreadyExists`).
    #[error("{kind} {name:?} already exists", kind = .kind.name())]
    AlreadyExists {
        /// The kind to create.
        kind: Kind,
        /// The name that is taken.
        name: String,
    },
    /// The object is not in the state on which the caller decided (409, reason `Conflict`).
    #[error("{kind} {name:?} has changed: {field} is {actual:?}, not {expected:?}", kind = .kind.name())]
    Conflict {
        /// The kind to be written.
        kind: Kind,
        /// The name to be written.
        name: String,
        /// The member of `metadata` that differs: `resourceVersion`, `uid` or `generation`.
        field: &'static str,
        /// The value that the caller expected.
        expected: String,
        /// The stored value.
        actual: String,
    },
    /// The history from that resourceVersion on is not known, or no longer known: the client must list again
    /// (410).
    #[error("resourceVersion {requested} is not between {oldest} and {newest}")]
    Expired {
        /// The requested resourceVersion.
        requested: i64,
        /// The oldest revision from which a watch may start.
        oldest: i64,
        /// The newest revision.
        newest: i64,
    },
    /// The lease was lost; the writer must stop and observe anew. Nothing was written.
    #[error("lease {lease:?} with epoch {epoch} is no longer held")]
    Fenced {
        /// The name of the lease.
        lease: String,
        /// The epoch that the writer assumed.
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
    /// The database did not respond in time, or refuses work for now (503). The call may be retried.
    #[error("the database is not available")]
    Unavailable {
        /// Whether the write may nevertheless have happened: the answer to a commit was lost.
        maybe_done: bool,
        /// The error of the driver.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The database refused the statement, or contains what this version cannot read (500).
    #[error("the database rejected the request")]
    Database(#[source] Box<dyn Error + Send + Sync>),
}

impl StoreError {
    /// Whether the store refused what was to be written because of its content: it would refuse it again, and
    /// accepts anything else.
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

    /// Marks that the answer to a commit is missing: the write may have happened.
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

/// Whether an SQLSTATE is temporary.
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

/// Whether an SQLSTATE concerns the values in a statement: data exceptions, constraints, limits.
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
