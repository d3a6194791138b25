//! What the ECS agent generates: its own published cases rebuilt, properties, and single rules.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "fixtures are files"
)]

mod around;
mod case;
mod golden;
mod hostile;
mod init;
mod properties;
