//! The order of a plan: `stages` are the values that follow from each other, `assemble` goes through all of them, and
//! `dry_run` stops before slots are given.

pub(crate) mod assemble;
pub(crate) mod dry_run;
mod finish;
pub(crate) mod open;
pub(crate) mod requeue;
mod stages;
mod survey;
pub(crate) mod wishes;
