//! Adds FireLens to a task definition, and takes exactly that away again.
//!
//! A member that injection does not name keeps its text, and a refusal leaves everything as it was.
//!
//! From the ground up: `context` and `refusal`, what the labels say (`marks`), the owner's `containers`, the
//! `router`, what `awslogs` said (`awslogs`), the outputs (`routing`), where they stand (`delivery`), what people
//! are told of the result (`checks`), and the whole (`injector`, `eject`).

mod awslogs;
mod checks;
mod containers;
mod context;
mod current;
mod delivery;
pub mod difference;
pub mod drift;
mod eject;
mod injector;
mod marks;
mod platform;
pub mod preview;
mod refusal;
mod router;
mod routing;

pub use context::{ConfigObject, Ejection, Injection, TargetContext, WorkloadContext};
pub use current::is_current;
pub use eject::{EjectError, eject};
pub use injector::Injector;
pub use injector::overflow::inject;
pub use injector::prepared::Prepared;
pub use marks::{
    LABEL_BASE, LABEL_GENERATION, LABEL_HASH, LABEL_INSTALLATION, LABEL_POLICY, LABEL_POLICY_UID,
    LABEL_RESTORE, Marks, is_untouched, marks,
};
pub use platform::{EXPRESS_TAG, EXPRESS_TAG_VALUE, Platform};
pub use refusal::{Note, NoteCode, Reason, Refusal};
