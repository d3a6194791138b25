//! Workloads of clusters that a target no longer names, and those that another target has taken on.

use std::collections::{BTreeMap, BTreeSet};

use firelens_aws::record::{WorkloadKey, WorkloadRecord};
use firelens_plan::select::is_beside;
use firelens_store::{Store, StoreError};
use firelens_types::v1alpha1::AwsTarget;

/// Returns the workloads that rely on us in clusters which the target does not name.
pub(crate) fn uncovered<'a>(
    target: &'a AwsTarget,
    records: &'a BTreeMap<WorkloadKey, WorkloadRecord>,
) -> impl Iterator<Item = &'a WorkloadKey> {
    let outside = records
        .iter()
        .filter(|(key, record)| record.relies() && !firelens_plan::covers(target, &key.cluster));
    outside.map(|(key, _)| key)
}

/// Returns the workloads that this target no longer looks after, and that another one of the same account and
/// region covers and runs its router in.
///
/// # Errors
/// The store fails.
pub(crate) async fn handed_over(
    store: &Store,
    target: &AwsTarget,
    targets: &[AwsTarget],
    records: &BTreeMap<WorkloadKey, WorkloadRecord>,
) -> Result<BTreeSet<WorkloadKey>, StoreError> {
    let outside: Vec<&WorkloadKey> = uncovered(target, records).collect();
    let mut taken = BTreeSet::new();
    if outside.is_empty() {
        return Ok(taken);
    }
    for heir in targets.iter().filter(|heir| is_beside(target, heir)) {
        let theirs = store.records(heir.name()).await?;
        for key in &outside {
            let key_there = WorkloadKey {
                target: heir.name().to_owned(),
                ..(*key).clone()
            };
            let record = theirs.get(&key_there);
            let runs_there = record.is_some_and(|record| record.managed.is_some());
            if runs_there && firelens_plan::covers(heir, &key.cluster) {
                taken.insert((*key).clone());
            }
        }
    }
    Ok(taken)
}
