//! The HTTP API of firelens-operator: Kubernetes API conventions over the store.
//!
//! It admits, stores, lists, watches and describes objects. It contains no SQL, makes no AWS calls and does
//! not decide what a policy means.

mod admission;
mod age;
mod body;
mod discovery;
mod events;
mod extract;
mod findings;
mod health;
mod http_metrics;
mod listen;
mod meta;
mod metrics;
mod middleware;
mod negotiate;
mod openapi;
mod overlaps;
mod params;
mod prune;
mod representation;
mod resources;
mod router;
mod selector;
mod serve;
mod state;
mod status;
mod strict;
mod table;

pub use listen::{ListenError, check_listen};
pub use openapi::openapi_v3;
pub use resources::in_use::ABANDON_ANNOTATION;
pub use router::router;
pub use serve::serve;
pub use state::{ApiOptions, ApiState};
