//! An output as it runs in a router: what it is told, and which containers send to it.

use indexmap::IndexMap;

/// An output of the router and the containers that send to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputInUse {
    /// Name of the output in its policy.
    pub name: String,
    /// Output plugin of the router.
    pub plugin: String,
    /// Plain options of the plugin; a secret one is not among them.
    pub options: IndexMap<String, String>,
    /// Container names, in document order.
    pub containers: Vec<String>,
}
