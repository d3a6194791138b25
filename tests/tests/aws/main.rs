//! Comparisons with what AWS publishes: its FireLens examples, the policies of `deploy/iam`, the fake AWS.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod examples;
mod policies;
mod wire;
