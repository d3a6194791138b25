//! The commands of the program, as users and pipelines call them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod client;
mod explain;
mod lint;
mod lint_corpus;
mod preview;
mod rollout;
