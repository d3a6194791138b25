//! What the benchmarks and the check against the Python reference work on: a policy and a corpus.
//!
//! The corpus comes from one fixed seed, so it is the same on every machine.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "shared by targets that use parts of it, and no part of the program"
)]

pub(crate) mod corpus;
pub(crate) mod policy;
pub(crate) mod random;

/// The allocator of the program, so that what is measured is what runs.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
