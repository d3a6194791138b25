//! The commands of the program, as people and pipelines call them.

mod client;
mod explain;
mod lint;
mod preview;
mod rollout;
