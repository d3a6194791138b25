//! The verbs on the group's kinds, one file each.

pub(crate) mod admit;
pub(crate) mod control;
pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod in_use;
pub(crate) mod patch;
pub(crate) mod patching;
pub(crate) mod plans;
pub(crate) mod read;
pub(crate) mod update;
pub(crate) mod watch;
pub(crate) mod watch_stream;
