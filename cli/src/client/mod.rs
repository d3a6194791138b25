//! Verbs that talk to the API: plan, explain, rollout.
//!
//! They print what the API returned, and keep no state. A token is never printed.

mod connection;
mod explain;
mod http;
mod kubeconfig;
mod output;
mod plan;
mod refusal;
mod rollout;

pub(crate) use explain::explain;
pub(crate) use plan::plan;
pub(crate) use rollout::rollout;
