//! The outputs that the containers of one task use: compiled, and what is made of them alone.
//!
//! Of a task definition, only the outputs that it uses matter here.

pub(crate) mod destinations;
pub(crate) mod texts;

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use firelens_aws::iam::{Statement, merge};
use firelens_fluent::outputs::CompiledOutput;
use firelens_taskdef::Source;
use firelens_types::v1alpha1::LoggingPolicySpec;

use crate::containers::{self, Routed};
use crate::context::TargetContext;
use crate::refusal::Refusal;
use crate::router::Frame;
use crate::routing::texts::Texts;

/// The outputs that the containers of a task use, compiled, and what is made of them alone.
pub(crate) struct Routing {
    /// By index in the policy.
    pub(crate) outputs: Rc<BTreeMap<usize, CompiledOutput>>,
    pub(crate) texts: Texts,
    /// What the outputs need of the task role, merged.
    pub(crate) statements: Vec<Statement>,
    /// Log configurations with an output in their options, by its index in the policy.
    log_configurations: BTreeMap<usize, Arc<Source>>,
    /// The log configuration without an output.
    bare_log_configuration: Arc<Source>,
}

impl Routing {
    fn of(target: &TargetContext<'_>, used: &[usize]) -> Result<Self, Refusal> {
        let spec = &target.policy.spec;
        let mut outputs = destinations::compile(target, used)?;
        let texts = texts::carry(spec, &mut outputs);
        let statements = outputs.values().flat_map(|output| output.grants.iter());
        let statements: Vec<Statement> = statements.cloned().collect();
        let log_configurations = outputs
            .iter()
            .map(|(index, output)| (*index, log_configuration(Some(output), spec)))
            .collect();
        Ok(Self {
            outputs: Rc::new(outputs),
            texts,
            statements: merge(&statements),
            log_configurations,
            bare_log_configuration: log_configuration(None, spec),
        })
    }

    /// The log configuration with this output in its options, or with none.
    pub(crate) fn log_configuration(&self, output: Option<usize>) -> &Arc<Source> {
        output
            .and_then(|index| self.log_configurations.get(&index))
            .unwrap_or(&self.bare_log_configuration)
    }
}

fn log_configuration(output: Option<&CompiledOutput>, spec: &LoggingPolicySpec) -> Arc<Source> {
    let configuration = containers::log_configuration(output, spec.router.type_, spec.buffer_limit);
    Source::known(configuration.to_string())
}

/// The routings of one policy, one for each set of outputs that the containers of a task used so far.
#[derive(Default)]
pub(crate) struct Routings(Vec<Entry>);

/// A routing, and the router container that was made last with it: most tasks have the same one.
struct Entry {
    routing: Routing,
    frame: Option<Frame>,
}

impl Routings {
    /// The routing for the outputs of these containers; compiled the first time that they are used.
    pub(crate) fn of(
        &mut self,
        target: &TargetContext<'_>,
        routed: &[Routed],
    ) -> Result<(&Routing, &mut Option<Frame>), Refusal> {
        let indexes = routed.iter().flat_map(|container| &container.outputs);
        let mut used: Vec<usize> = indexes.copied().collect();
        used.sort_unstable();
        used.dedup();
        let known = self
            .0
            .iter()
            .position(|entry| entry.routing.outputs.keys().eq(&used));
        let index = match known {
            Some(index) => index,
            None => {
                self.0.push(Entry {
                    routing: Routing::of(target, &used)?,
                    frame: None,
                });
                self.0.len() - 1
            }
        };
        let entry = &mut self.0[index];
        Ok((&entry.routing, &mut entry.frame))
    }
}
