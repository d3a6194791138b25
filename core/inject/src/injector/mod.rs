//! A policy made ready: what depends on it alone is worked out once for all task definitions.

pub(crate) mod build;
pub(crate) mod grants;
pub(crate) mod overflow;
pub(crate) mod prepared;

use firelens_aws::image::RouterImage;
use firelens_taskdef::TaskDefinitionDoc;
use firelens_types::v1alpha1::LoggingPolicy;

use crate::containers::Globs;
use crate::context::{TargetContext, WorkloadContext};
use crate::injector::prepared::Prepared;
use crate::refusal::Refusal;
use crate::routing::Routings;

/// Injects one policy into many task definitions of one target.
pub struct Injector<'a> {
    pub(crate) target: TargetContext<'a>,
    pub(crate) image: RouterImage<'a>,
    pub(crate) globs: Globs,
    pub(crate) routings: Routings,
}

impl<'a> Injector<'a> {
    /// An injector for one policy, whose destinations are compiled when a task first uses them.
    #[must_use]
    pub fn new(target: TargetContext<'a>) -> Self {
        Self {
            image: RouterImage::parse(&target.policy.spec.router.image),
            globs: Globs::of(&target.policy.spec),
            target,
            routings: Routings::default(),
        }
    }

    /// Computes what [`crate::injector::overflow::inject`] does, without writing it.
    ///
    /// The result depends on the arguments alone; what was compiled for the task definitions before is kept
    /// and used again.
    ///
    /// # Errors
    /// As [`crate::injector::overflow::inject`].
    pub fn prepare(
        &mut self,
        base: &TaskDefinitionDoc,
        workload: &WorkloadContext<'_>,
    ) -> Result<Prepared, Refusal> {
        overflow::prepare(self, base, workload)
    }

    /// An injector for another content of the policy, in the same target.
    pub(crate) fn for_policy<'b>(&self, policy: &'b LoggingPolicy) -> Injector<'b>
    where
        'a: 'b,
    {
        Injector::new(TargetContext {
            policy,
            ..self.target.clone()
        })
    }
}
