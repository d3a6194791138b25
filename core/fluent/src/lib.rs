//! Fluent Bit and Fluentd: what their plugins take, what is written for them, what is wrong with it.

pub mod catalogue;
pub mod lint;
pub mod locations;
pub mod memory;
pub mod outputs;
pub mod render;
pub mod text;
