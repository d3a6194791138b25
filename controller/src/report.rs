//! What people see after a pass: Workloads, Rollouts, the status of policies and of the target,
//! events.
//!
//! The content comes from the core; here it is only collected, compared and written, and only where something
//! changed.

use std::collections::BTreeMap;

use firelens_aws::observe::Observation;
use firelens_aws::record::WorkloadKey;
use firelens_fluent::lint;
use firelens_plan::select::{self, Overlap};
use firelens_plan::{Holdings, Plan, PlanInput};
use firelens_report::status::{
    self, EventDraft, StatusContext, TargetView, policy_status, target_status, workload_status,
};
use firelens_store::{
    Event, EventType, Expected, GeneratedObject, LabelSelector, Lease, ListOptions, Store,
    StoreError,
};
use firelens_types::v1alpha1::{
    AwsTarget, Kind, LoggingPolicy, Object, Rollout, RolloutStatus, Workload, WorkloadSpec,
    WorkloadStatus, workload_name,
};
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::apply::Applied;
use crate::context::Ctx;
use crate::keep::keep;
use crate::labels::{COMPONENT, POLICY_LABEL, TARGET_LABEL, label_value, target_selector};
use crate::load::Loaded;
use crate::reading::readable;
use crate::world::World;

/// The input of a report.
pub(crate) struct Report<'a> {
    pub(crate) ctx: &'a Ctx,
    pub(crate) loaded: &'a Loaded,
    pub(crate) world: &'a World,
    pub(crate) plan: &'a Plan,
    pub(crate) applied: &'a Applied,
    pub(crate) now: Timestamp,
}

/// The result of writing a report.
pub(crate) struct Written {
    /// `false` when somebody changed a policy or the target meanwhile, so that its status is left to another pass.
    pub(crate) settled: bool,
    /// The status of each rollout, by name of its policy.
    pub(crate) rollouts: BTreeMap<String, RolloutStatus>,
}

impl Report<'_> {
    /// Writes everything that changed.
    ///
    /// # Errors
    /// The store fails, or the lease is lost.
    pub(crate) async fn write(&self, lease: &Lease) -> Result<Written, StoreError> {
        self.write_workloads(lease).await?;
        self.tell_of_revisions().await?;
        let rollouts = self.write_rollouts(lease).await?;
        let mut settled = true;
        for name in rollouts.keys() {
            settled &= self.write_policy(lease, name).await?;
        }
        // The status of a target is about all of it.
        if self.world.is_whole() {
            settled &= self.write_target(lease).await?;
        }
        Ok(Written { settled, rollouts })
    }

    pub(crate) const fn target(&self) -> &AwsTarget {
        &self.loaded.target
    }

    pub(crate) fn store(&self) -> &Store {
        &self.ctx.store
    }

    pub(crate) const fn observation(&self) -> &Observation {
        &self.world.observation
    }

    /// The resources of ours in the target after the pass.
    pub(crate) fn holdings(&self) -> Holdings {
        Holdings::of(&self.loaded.resources, self.plan)
    }

    fn input(&self) -> PlanInput<'_> {
        self.loaded.input(self.observation(), self.now)
    }

    async fn write_workloads(&self, lease: &Lease) -> Result<(), StoreError> {
        let old: BTreeMap<String, Workload> = self.listed(Kind::Workload).await?;
        let input = self.input();
        let context = StatusContext {
            input: &input,
            outcomes: &self.applied.outcomes,
            now: self.now,
        };
        let mut objects = Vec::with_capacity(self.plan.workloads.len());
        let mut events = Vec::new();
        for (key, planned) in &self.plan.workloads {
            let name = workload_name(&key.target, &key.cluster, &key.service);
            let before = old.get(&name).and_then(|workload| workload.status.as_ref());
            let status = workload_status(&context, key, planned, before);
            for event in status::events(before, &status, planned.drift.as_ref()) {
                events.push((name.clone(), event));
            }
            let taken = self.plan.repairs.iter();
            let taken = taken.filter_map(|repair| repair.workloads.get(key));
            events.extend(taken.map(|text| (name.clone(), status::rights_taken(text))));
            objects.push(self.workload(key, name, &status)?);
        }
        let gone = self.gone(&old);
        self.write_generated(lease, Kind::Workload, objects, gone)
            .await?;
        self.record_events(&old, events).await
    }

    /// Writes generated objects and removes those in `gone`. One that the store refuses is reported and left out.
    pub(crate) async fn write_generated(
        &self,
        lease: &Lease,
        kind: Kind,
        objects: Vec<GeneratedObject>,
        gone: Vec<String>,
    ) -> Result<(), StoreError> {
        let store = self.store();
        let write = |objects: Vec<GeneratedObject>| async move {
            let written = store.apply_generated(lease, kind, &objects, &[]).await;
            written.map(drop)
        };
        for (object, error) in keep(objects, write).await? {
            self.ctx.note_refusal(kind.name(), &object.name, &error);
        }
        let remove = |names: Vec<String>| async move {
            let removed = store.apply_generated(lease, kind, &[], &names).await;
            removed.map(drop)
        };
        for (name, error) in keep(gone, remove).await? {
            self.ctx.note_refusal(kind.name(), &name, &error);
        }
        Ok(())
    }

    fn workload(
        &self,
        key: &WorkloadKey,
        name: String,
        status: &WorkloadStatus,
    ) -> Result<GeneratedObject, StoreError> {
        let spec = WorkloadSpec {
            target: key.target.clone(),
            cluster: key.cluster.clone(),
            service: key.service.clone(),
        };
        Ok(GeneratedObject {
            name,
            labels: json!({TARGET_LABEL: label_value(self.target().name())}),
            spec: to_json("spec", &spec)?,
            status: Some(to_json("status", status)?),
        })
    }

    /// Names of Workload objects of services that no longer exist. Those of a cluster that could not be read are
    /// kept.
    fn gone(&self, old: &BTreeMap<String, Workload>) -> Vec<String> {
        old.iter()
            .filter(|(_, workload)| {
                let key = WorkloadKey {
                    target: workload.spec.target.clone(),
                    cluster: workload.spec.cluster.clone(),
                    service: workload.spec.service.clone(),
                };
                !self.plan.workloads.contains_key(&key) && self.observation().unread(&key).is_none()
            })
            .map(|(name, _)| name.clone())
            .collect()
    }

    async fn record_events(
        &self,
        old: &BTreeMap<String, Workload>,
        drafts: Vec<(String, EventDraft)>,
    ) -> Result<(), StoreError> {
        if drafts.is_empty() {
            return Ok(());
        }
        // Objects made in this pass have got their uid only now.
        let fresh: BTreeMap<String, Workload> =
            if drafts.iter().all(|(name, _)| old.contains_key(name)) {
                BTreeMap::new()
            } else {
                self.listed(Kind::Workload).await?
            };
        let events = drafts
            .into_iter()
            .map(|(name, draft)| {
                let object = old.get(&name).or_else(|| fresh.get(&name));
                let uid = object.map(|workload| workload.uid().to_owned());
                Event {
                    object_kind: Kind::Workload.name().to_owned(),
                    object_name: name,
                    object_uid: uid.unwrap_or_default(),
                    event_type: match draft.type_ {
                        status::EventType::Normal => EventType::Normal,
                        status::EventType::Warning => EventType::Warning,
                    },
                    reason: draft.reason,
                    message: draft.message,
                    component: COMPONENT.to_owned(),
                }
            })
            .collect();
        let store = self.store();
        let write = |events: Vec<Event>| async move { store.record_events(events).await };
        for (event, error) in keep(events, write).await? {
            self.ctx.note_refusal("Event", &event.object_name, &error);
        }
        Ok(())
    }

    /// Writes the status of a policy: the sum over the targets.
    async fn write_policy(&self, lease: &Lease, name: &str) -> Result<bool, StoreError> {
        let Some(object) = self.store().get(Kind::LoggingPolicy, name).await? else {
            return Ok(true);
        };
        let Some(policy) = readable::<LoggingPolicy>(Kind::LoggingPolicy, object) else {
            return Ok(true);
        };
        let planned = self
            .loaded
            .policies
            .iter()
            .find(|known| known.name() == name);
        if planned.is_none_or(|known| {
            known.uid() != policy.uid() || known.generation() != policy.generation()
        }) {
            return Ok(false);
        }
        let options = ListOptions {
            label_selector: LabelSelector::of_label(POLICY_LABEL, &label_value(name)),
            ..ListOptions::default()
        };
        let list = self.store().list(Kind::Rollout, &options).await?;
        let rollouts: Vec<RolloutStatus> = list
            .items
            .into_iter()
            .filter_map(|object| readable::<Rollout>(Kind::Rollout, object))
            .filter(|rollout| {
                rollout.spec.policy == name && rollout.spec.generation == policy.generation()
            })
            .filter_map(|rollout| rollout.status)
            .collect();
        let findings = lint::policy(&policy, &self.loaded.destinations, None);
        let status = policy_status(&policy, &findings, &rollouts, self.now);
        let status = to_json("status", &status)?;
        // Other targets write the same status, each from all rollouts: the last to read must win.
        let expected = Expected {
            uid: Some(policy.uid().to_owned()),
            generation: Some(policy.generation()),
            resource_version: policy.metadata.resource_version.clone(),
        };
        self.write_status(lease, Kind::LoggingPolicy, name, &expected, status)
            .await
    }

    async fn write_target(&self, lease: &Lease) -> Result<bool, StoreError> {
        let target = self.target();
        let overlaps = select::before(target, &self.loaded.targets);
        let overlaps: Vec<Overlap> = overlaps.map(|(_, overlap)| overlap).collect();
        let view = TargetView {
            observation: self.observation(),
            holdings: &self.holdings(),
            overlaps: &overlaps,
        };
        let status = target_status(target, &view, self.now);
        let status = to_json("status", &status)?;
        let expected = Expected {
            uid: Some(target.uid().to_owned()),
            generation: Some(target.generation()),
            resource_version: None,
        };
        self.write_status(lease, Kind::AwsTarget, target.name(), &expected, status)
            .await
    }

    /// Writes a status; `false` when the object has changed since the pass began.
    async fn write_status(
        &self,
        lease: &Lease,
        kind: Kind,
        name: &str,
        expected: &Expected,
        status: Value,
    ) -> Result<bool, StoreError> {
        let written = self
            .store()
            .write_status_fenced(lease, kind, name, expected, status)
            .await;
        match written {
            Ok(_) => Ok(true),
            Err(StoreError::NotFound { .. } | StoreError::Conflict { .. }) => Ok(false),
            Err(error) if error.refuses_content() => {
                self.ctx.note_refusal(kind.name(), name, &error);
                Ok(true)
            }
            Err(error) => Err(error),
        }
    }

    /// Returns the generated objects of this target by name.
    pub(crate) async fn listed<S, T>(
        &self,
        kind: Kind,
    ) -> Result<BTreeMap<String, Object<S, T>>, StoreError>
    where
        Object<S, T>: DeserializeOwned,
    {
        let target = self.target().name();
        let options = ListOptions {
            label_selector: target_selector(target),
            ..ListOptions::default()
        };
        let list = self.store().list(kind, &options).await?;
        Ok(list
            .items
            .into_iter()
            .filter(|object| object["spec"]["target"] == target)
            .filter_map(|object| readable::<Object<S, T>>(kind, object))
            .map(|object| (object.name().to_owned(), object))
            .collect())
    }
}

pub(crate) fn to_json<T: Serialize>(field: &str, value: &T) -> Result<Value, StoreError> {
    serde_json::to_value(value).map_err(|error| StoreError::Invalid {
        field: field.to_owned(),
        detail: error.to_string(),
    })
}
