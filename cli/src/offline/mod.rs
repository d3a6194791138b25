//! Verbs that need no server and no AWS: the engine of the controller on files.

mod files;
mod lint;
mod patch;

pub(crate) use lint::lint;
pub(crate) use patch::{patch, unpatch};
