//! The outputs that the containers of one task use: compiled, and what is made of them alone.
//!
//! Never anything that a task definition says beside which outputs it uses.

pub(crate) mod destinations;
pub(crate) mod texts;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use firelens_aws::iam::{Statement, merge};
use firelens_fluent::outputs::CompiledOutput;
use firelens_taskdef::Source;
use firelens_types::v1alpha1::LoggingPolicySpec;

use crate::containers;
use crate::context::InjectContext;
use crate::refusal::Refusal;
use crate::router::Frame;
use crate::routing::texts::Texts;

/// The outputs that the containers of a task use, compiled, and what is made of them alone.
pub(crate) struct Routing {
    /// By place in the policy.
    pub(crate) outputs: BTreeMap<usize, CompiledOutput>,
    pub(crate) texts: Texts,
    /// What the outputs need of the task role, merged.
    pub(crate) statements: Vec<Statement>,
    /// Log configurations, by the output that stands in them.
    log_configurations: RefCell<BTreeMap<Option<usize>, Arc<Source>>>,
    /// The router container that was made last: most tasks of a policy have the same one.
    pub(crate) frame: RefCell<Option<Frame>>,
}

impl Routing {
    pub(crate) fn of(context: &InjectContext<'_>, used: &[usize]) -> Result<Self, Refusal> {
        let mut outputs = destinations::compile(context, used)?;
        let texts = texts::carry(&context.policy.spec, &mut outputs);
        let statements = outputs.values().flat_map(|output| output.grants.iter());
        let statements: Vec<Statement> = statements.cloned().collect();
        Ok(Self {
            outputs,
            texts,
            statements: merge(&statements),
            log_configurations: RefCell::default(),
            frame: RefCell::default(),
        })
    }

    pub(crate) fn is_of(&self, used: &[usize]) -> bool {
        self.outputs.keys().eq(used)
    }

    /// The log configuration in which this output stands, or none.
    pub(crate) fn log_configuration(
        &self,
        output: Option<usize>,
        spec: &LoggingPolicySpec,
    ) -> Arc<Source> {
        let mut known = self.log_configurations.borrow_mut();
        let made = known.entry(output).or_insert_with(|| {
            let output = output.and_then(|index| self.outputs.get(&index));
            let made = containers::log_configuration(output, spec.router.type_, spec.buffer_limit);
            Source::known(made.to_string())
        });
        Arc::clone(made)
    }
}
