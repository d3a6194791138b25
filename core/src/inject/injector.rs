//! A policy made ready: what depends on it alone is worked out once for all task definitions.
//!
//! Never anything that a task definition says: what comes out is the same, however many went before.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use crate::doc::{Source, TaskDefinitionDoc};
use crate::iam::{Statement, merge};
use crate::image::RouterImage;
use crate::outputs::CompiledOutput;
use crate::v1alpha1::{LoggingPolicy, LoggingPolicySpec};

use super::containers::{self, Globs, Routed};
use super::prepared::Prepared;
use super::router::Frame;
use super::texts::{self, Texts};
use super::{InjectContext, Refusal, destinations, overflow};

/// Injects one policy into many task definitions.
pub struct Injector<'a> {
    policy: &'a LoggingPolicy,
    pub(super) image: RouterImage<'a>,
    pub(super) globs: Globs,
    /// One for each set of outputs that the containers of a task used so far.
    routings: RefCell<Vec<Rc<Routing>>>,
}

impl<'a> Injector<'a> {
    /// An injector for one policy, whose destinations are compiled when a task first uses them.
    #[must_use]
    pub fn new(policy: &'a LoggingPolicy) -> Self {
        Self {
            policy,
            image: RouterImage::parse(&policy.spec.router.image),
            globs: Globs::of(&policy.spec),
            routings: RefCell::default(),
        }
    }

    /// Works out what [`super::inject`] does, without writing it.
    ///
    /// The context names the policy of the injector. Of all contexts of one injector the destinations,
    /// the account, the region and the bucket are the same; the rest is of the task definition.
    ///
    /// # Errors
    /// As [`super::inject`].
    pub fn prepare(
        &self,
        base: &TaskDefinitionDoc,
        context: &InjectContext<'_>,
    ) -> Result<Prepared, Refusal> {
        debug_assert!(std::ptr::eq(self.policy, context.policy));
        overflow::prepare(self, base, context)
    }

    /// The outputs that the routed containers use.
    pub(super) fn routing(
        &self,
        context: &InjectContext<'_>,
        routed: &[Routed],
    ) -> Result<Rc<Routing>, Refusal> {
        let outputs = routed.iter().flat_map(|one| one.outputs.iter().copied());
        let mut used: Vec<usize> = outputs.collect();
        used.sort_unstable();
        used.dedup();
        let mut routings = self.routings.borrow_mut();
        if let Some(known) = routings.iter().find(|known| known.is_of(&used)) {
            return Ok(Rc::clone(known));
        }
        let routing = Rc::new(Routing::of(context, &used)?);
        routings.push(Rc::clone(&routing));
        Ok(routing)
    }
}

/// The outputs that the containers of a task use, compiled, and what is made of them alone.
pub(super) struct Routing {
    /// By place in the policy.
    pub(super) outputs: BTreeMap<usize, CompiledOutput>,
    pub(super) texts: Texts,
    /// What the outputs need of the task role, merged.
    pub(super) statements: Vec<Statement>,
    /// Log configurations, by the output that stands in them.
    log_configurations: RefCell<BTreeMap<Option<usize>, Arc<Source>>>,
    /// The router container that was made last: most tasks of a policy have the same one.
    pub(super) frame: RefCell<Option<Frame>>,
}

impl Routing {
    fn of(context: &InjectContext<'_>, used: &[usize]) -> Result<Self, Refusal> {
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

    fn is_of(&self, used: &[usize]) -> bool {
        self.outputs.keys().eq(used)
    }

    /// The log configuration in which this output stands, or none.
    pub(super) fn log_configuration(
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
