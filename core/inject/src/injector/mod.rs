//! A policy made ready: what depends on it alone is worked out once for all task definitions.
//!
//! Never anything that a task definition says: what comes out is the same, however many went before.

pub(crate) mod build;
pub(crate) mod grants;
pub(crate) mod overflow;
pub(crate) mod prepared;

use std::cell::RefCell;
use std::rc::Rc;

use firelens_aws::image::RouterImage;
use firelens_taskdef::TaskDefinitionDoc;
use firelens_types::v1alpha1::LoggingPolicy;

use crate::containers::{Globs, Routed};
use crate::context::InjectContext;
use crate::injector::prepared::Prepared;
use crate::refusal::Refusal;
use crate::routing::Routing;

/// Injects one policy into many task definitions.
pub struct Injector<'a> {
    policy: &'a LoggingPolicy,
    pub(crate) image: RouterImage<'a>,
    pub(crate) globs: Globs,
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

    /// Works out what [`crate::injector::overflow::inject`] does, without writing it.
    ///
    /// The context names the policy of the injector. Of all contexts of one injector the destinations,
    /// the account, the region and the bucket are the same; the rest is of the task definition.
    ///
    /// # Errors
    /// As [`crate::injector::overflow::inject`].
    pub fn prepare(
        &self,
        base: &TaskDefinitionDoc,
        context: &InjectContext<'_>,
    ) -> Result<Prepared, Refusal> {
        debug_assert!(std::ptr::eq(self.policy, context.policy));
        overflow::prepare(self, base, context)
    }

    /// The outputs that the routed containers use.
    pub(crate) fn routing(
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
