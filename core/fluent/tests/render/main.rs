//! Tests of outputs and of the router file: tables, golden files, hostile text, properties.
//!
//! Fluent Bit itself is not needed: its option names are a fixture, its grammar is the reader's.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods
)]
#![allow(
    clippy::needless_pass_by_value,
    reason = "tables hand out json! values"
)]

mod case;
mod destinations;
mod fluentd;
mod golden;
mod lua;
mod names;
mod properties;
mod refusals;
mod whole_policies;
