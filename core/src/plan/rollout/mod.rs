//! The rollout of one policy generation in one target: who may start now, and what the others wait for.
//!
//! A pure function of the strategy, the workloads' records, what people said, and the time. It starts
//! nothing itself and knows no step.

mod admission;
mod digest;
mod hold;
mod order;
mod standing;
mod waves;

pub(super) use admission::{Candidate, Class, admit};
pub(super) use digest::{digest, plan_hash};
pub(super) use hold::{Ceiling, Hold, rollout_plan};
pub(super) use order::{Traits, sort, stage};
pub use standing::Standing;
pub(super) use standing::{Tally, wave_statuses};
pub use waves::Waves;
