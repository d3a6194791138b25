//! The fake AWS itself, driven over raw HTTP: the main rule of each operation.
//! Uses no AWS SDK, so that an error here is the fake's.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod clusters;
mod faults;
mod iam_sts;
mod models;
mod rights;
mod s3;
mod services;
mod support;
mod task_definitions;
mod world;
