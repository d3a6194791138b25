//! The linter over broken policies, one for each of its codes, and over clean ones.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod broken;
mod case;
mod clean;
