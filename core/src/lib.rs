//! Types and decisions of firelens-operator.
//!
//! Everything here is a pure function of its arguments: no I/O, no clock, no randomness, no
//! environment. The dependency test of the workspace and `clippy.toml` hold that.

pub mod arrival;
mod chain;
pub mod doc;
pub mod drift;
pub mod fit;
pub mod gate;
pub mod iam;
pub mod image;
pub mod inject;
pub mod installation;
pub mod lint;
pub mod observe;
pub mod outputs;
pub mod plan;
pub mod preview;
pub mod record;
pub mod render;
pub mod review;
pub mod select;
pub mod status;
pub mod v1alpha1;
pub mod window;

pub use chain::error_chain;
