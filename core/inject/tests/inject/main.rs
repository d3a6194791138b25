//! Injection and ejection on whole task definitions: golden pairs, properties, and single rules.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "fixtures are files"
)]

mod case;
mod edges;
mod golden;
mod lifecycle;
mod properties;
mod random;
mod rules;
mod server;
mod sizes;
mod texts;
