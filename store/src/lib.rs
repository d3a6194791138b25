//! All SQL of firelens-operator: objects with their change log, events, leases, and what the
//! controller remembers.
//!
//! What an object may contain and what is done in AWS is decided elsewhere. Two writers never overwrite each other
//! unnoticed, and no wait is without a bound.

mod changes;
mod config;
mod error;
mod events;
mod feed;
mod generated;
mod generations;
mod hints;
mod installation;
mod leases;
mod meta;
mod objects;
mod page;
mod policy_plans;
mod records;
mod resources;
mod retention;
mod revisions;
mod rollouts;
#[cfg(feature = "scratch")]
pub mod scratch;
mod selector;
mod sql_changes;
mod sql_objects;
mod sql_records;
mod sql_resources;
mod sql_revisions;
mod store;
mod task_definitions;
mod types;
mod write;

pub use config::{MAX_CONNECTIONS_DEFAULT, StoreConfig};
pub use error::StoreError;
pub use events::{Event, EventFilter, EventType, RecordedEvent};
pub use installation::InstallationNamed;
pub use leases::{Lease, LeaseHolder};
pub use policy_plans::PolicyPlanQuestion;
pub use resources::{REMOVAL_SECONDS, Release};
pub use retention::{Removed, Retention};
pub use selector::LabelSelector;
pub use store::Store;
pub use types::{
    Applied, Change, ChangePage, ChangeType, Deleted, Expected, GeneratedObject, Head, ListOptions,
    ObjectList, Part, Preconditions, Update,
};
