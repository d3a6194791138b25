//! What AWS publishes, and what we hold against it: its FireLens examples, the policies we ship, the fake AWS.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod examples;
mod policies;
mod wire;
