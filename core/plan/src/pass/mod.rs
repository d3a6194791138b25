//! The order of a plan: `assemble` puts the stages in a row, `dry_run` asks them what a policy would do.

pub(crate) mod assemble;
pub(crate) mod dry_run;
pub(crate) mod open;
pub(crate) mod requeue;
pub(crate) mod wishes;
