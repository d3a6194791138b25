//! The order of a plan: `assemble` puts the stages in a row, `consider` asks them what a policy would do.

pub(crate) mod assemble;
pub(crate) mod consider;
pub(crate) mod open;
pub(crate) mod requeue;
pub(crate) mod wishes;
