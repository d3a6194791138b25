//! Verbs that need no server and no AWS: the engine of the controller on files.

mod case;
pub(crate) mod files;
mod lint;
mod patch;
mod preview;

pub(crate) use lint::lint;
pub(crate) use patch::{patch, unpatch};
pub(crate) use preview::preview;
