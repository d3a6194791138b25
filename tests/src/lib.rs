//! What the tests of firelens-operator share: a fake AWS and the harnesses around it.

pub mod binary;
pub mod cli;
pub mod fake_aws;
pub mod harness;
pub mod http;
pub mod iam_reference;
pub mod kubectl;
pub mod local_aws;
pub mod postgres;
pub mod process;
