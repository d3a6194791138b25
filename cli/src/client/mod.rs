//! Verbs that talk to the API: plan, explain, rollout.
//!
//! They decide nothing and remember nothing: what they print is what the API answered. No token is ever
//! printed.

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
