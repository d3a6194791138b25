//! The `firelens.dev/v1alpha1` API and what its rules need.

mod error_chain;
pub mod lua;
pub mod v1alpha1;

pub use error_chain::error_chain;
