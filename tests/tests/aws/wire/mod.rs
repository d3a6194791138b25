//! The fake AWS itself, driven over raw HTTP: the main rule of each operation.
//! No AWS SDK is used, so that an error here is one of the fake.

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
