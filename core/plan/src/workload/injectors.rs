//! The policies of a pass, each prepared once for all workloads of the target.

use std::collections::BTreeMap;

use firelens_inject::{Injector, Prepared, Refusal, TargetContext, WorkloadContext};
use firelens_taskdef::TaskDefinitionDoc;
use firelens_types::v1alpha1::LoggingPolicy;

use crate::input::PlanInput;

/// The policies of a pass, each prepared once for all workloads, by name.
pub(crate) struct Injectors<'a>(BTreeMap<&'a str, Injector<'a>>);

impl<'a> Injectors<'a> {
    pub(crate) fn of(input: &PlanInput<'a>) -> Self {
        let injector = |policy| Injector::new(target_context(input, policy));
        let policies = input.policies.iter();
        Self(
            policies
                .map(|policy| (policy.name(), injector(policy)))
                .collect(),
        )
    }

    /// The injection of `policy` into `start`, worked out and not written yet.
    pub(crate) fn prepare(
        &mut self,
        input: &PlanInput<'_>,
        policy: &LoggingPolicy,
        start: &TaskDefinitionDoc,
        workload: &WorkloadContext<'_>,
    ) -> Result<Prepared, Refusal> {
        match self.0.get_mut(policy.name()) {
            Some(injector) => injector.prepare(start, workload),
            None => Injector::new(target_context(input, policy)).prepare(start, workload),
        }
    }
}

/// What all injections of a policy into the target of this pass have in common.
pub(crate) fn target_context<'a>(
    input: &PlanInput<'a>,
    policy: &'a LoggingPolicy,
) -> TargetContext<'a> {
    TargetContext {
        policy,
        destinations: input.destinations,
        account_id: &input.observation.account_id,
        region: &input.observation.region,
        partition: firelens_aws::iam::partition_of_region(&input.observation.region),
        config_bucket: input.target.spec.config_bucket.as_ref(),
        installation: Some(input.installation),
    }
}
