//! Router images: what follows from a reference, which versions break, and where AWS keeps its copies.
//!
//! Registries are not called. For an unknown image the results are unknown.

mod catalogue;
mod contents;
mod line;
mod reference;
mod registry;
mod version;

pub use catalogue::{BreakSeverity, KNOWN_BREAKS, KnownBreak, Use, When};
pub use contents::Contains;
pub use line::{GENERATIONS, Generation, ImageLine, LINES, LineFacts};
pub use reference::{Architecture, Product, RouterImage, Variant};
pub use registry::{Registry, aws_account, host_suffix, is_aws_account, regional_repository};
pub use version::ImageVersion;
