//! What others changed of a service that we had changed: which path is whose, and who it was.
//!
//! Pure comparison. It never decides whether something is undone: that is the plan's.

mod actor;
mod advice;
mod classify;

pub use actor::Actor;
pub use advice::{role_ways_out, ways_out};
pub use classify::{DRIFT_PATHS_SHOWN_MAX, DRIFT_VALUE_BYTES_MAX, Drift, classify};
