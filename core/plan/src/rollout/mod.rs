//! The rollout of one policy generation in one target: which workloads may start now, and what the others wait
//! for.
//!
//! A pure function of the strategy, the workloads' records, the controls that people set, and the time. It starts
//! nothing itself and does not depend on steps.

mod admission;
mod blocker;
pub(crate) mod candidates;
mod digest;
pub(crate) mod held_back;
mod order;
pub(crate) mod slots;
mod tally;
mod waves;

pub(crate) use admission::{Candidate, Class, admit};
pub(crate) use blocker::{Blocker, Ceiling, rollout_plan};
pub(crate) use digest::{digest, plan_hash};
pub(crate) use order::{Traits, sort, stage};
pub(crate) use tally::{Tally, wave_statuses};
pub use waves::Waves;
