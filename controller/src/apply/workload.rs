//! The steps of one workload: register a revision, set the service to it.
//!
//! The service is read again just before it is updated, and left alone when it is not what the plan was made from.
//! ECS has no compare-and-swap, so a race that is lost nevertheless is noticed in the answer and repaired by the
//! next pass.

use std::collections::BTreeMap;

use bytes::Bytes;
use firelens_aws::observe::{Observation, Observed, ServiceView};
use firelens_aws::record::{
    DeploymentRecord, Overtaken, Purpose, PutBackState, Registered, WorkloadKey, WorkloadRecord,
};
use firelens_plan::{RegisterStep, RevisionRef, Step, UpdateStep, WorkloadPlan};
use serde_json::Value;

use super::attempt::{Attempt, attempt, is_tried_out};
use super::errors::{is_final, may_pass, retry};
use super::race::{moved, overtaken};
use super::{Applier, ApplyError, Registrations, Turn};
use crate::aws::{AwsError, AwsErrorKind};
use crate::observe::services_of;

impl Applier<'_> {
    /// Takes the steps of one workload until one fails.
    pub(super) async fn take_steps(
        &self,
        key: &WorkloadKey,
        plan: &WorkloadPlan,
        observation: &Observation,
        registrations: &mut Registrations,
    ) -> Result<(Turn, WorkloadRecord), ApplyError> {
        let mut record = plan.record.clone();
        let planned_from = observation.services.get(key).and_then(Observed::present);
        let update = plan.steps.iter().find_map(|step| match step {
            Step::Update(update) => Some(update),
            Step::Register(_) => None,
        });
        for step in &plan.steps {
            let turn = match step {
                Step::Register(register) => {
                    let id = &register.intent.id;
                    match registrations.get(id) {
                        Some(known) => self.share(register, plan, known, &mut record).await?,
                        None => {
                            let (turn, ended) = self.register(register, plan, &mut record).await?;
                            registrations.insert(id.clone(), ended);
                            turn
                        }
                    }
                }
                Step::Update(update) => self.update(update, planned_from, &mut record).await?,
            };
            if !matches!(turn, Turn::Done) {
                return Ok((turn, record));
            }
        }
        if update.is_some() {
            tracing::info!(workload = %key, "deployment started");
        }
        Ok((Turn::Done, record))
    }

    /// Registers a revision, once for all workloads that want it.
    async fn register(
        &self,
        step: &RegisterStep,
        plan: &WorkloadPlan,
        record: &mut WorkloadRecord,
    ) -> Result<(Turn, Result<Registered, AwsError>), ApplyError> {
        let lease = self.lease().await?;
        let intents = std::slice::from_ref(&step.intent);
        self.store.record_intents(&lease, intents).await?;
        let body = Bytes::from(step.body.clone());
        match self.clients.register_task_definition(body).await {
            Ok(answer) => {
                let registered = Registered {
                    arn: answer.arn.clone(),
                    hash: step.intent.hash.clone(),
                    is_deregistered: false,
                };
                if let Some(owned) = step.intent.owned(&answer.arn, self.time.now()) {
                    self.store.put_revisions(&lease, &[owned]).await?;
                }
                record.registered = Some(registered.clone());
                self.keep_revision(&answer.arn, answer.raw, &step.body)
                    .await?;
                self.store
                    .put_records(&lease, std::slice::from_ref(record))
                    .await?;
                self.store
                    .close_intent(&lease, self.target, &step.intent.id)
                    .await?;
                Ok((Turn::Done, Ok(registered)))
            }
            // The intent stays open: the next pass looks for the revision before it registers again.
            Err(error) if error.may_have_happened() => Ok((retry(&error), Err(error))),
            Err(error) => {
                self.store
                    .close_intent(&lease, self.target, &step.intent.id)
                    .await?;
                let attempt = attempt(plan, Some(&step.intent.hash));
                let turn = self.ended_by(attempt, &error, record).await?;
                Ok((turn, Err(error)))
            }
        }
    }

    /// Applies the result of a registration that another workload made in this pass.
    async fn share(
        &self,
        step: &RegisterStep,
        plan: &WorkloadPlan,
        known: &Result<Registered, AwsError>,
        record: &mut WorkloadRecord,
    ) -> Result<Turn, ApplyError> {
        match known {
            Ok(registered) => {
                record.registered = Some(registered.clone());
                let lease = self.lease().await?;
                self.store
                    .put_records(&lease, std::slice::from_ref(record))
                    .await?;
                Ok(Turn::Done)
            }
            Err(error) if error.may_have_happened() => Ok(retry(error)),
            Err(error) => {
                let attempt = attempt(plan, Some(&step.intent.hash));
                self.ended_by(attempt, error, record).await
            }
        }
    }

    /// Caches the answer of a registration as if it had been described, unless it left out tags.
    async fn keep_revision(&self, arn: &str, raw: String, body: &str) -> Result<(), ApplyError> {
        if has_tags(body) && !has_tags(&raw) {
            return Ok(());
        }
        let kept = BTreeMap::from([(arn.to_owned(), raw)]);
        match self.store.put_task_definitions(&kept).await {
            // Not cached; it is read when it is needed.
            Err(error) if error.refuses_content() => Ok(()),
            other => Ok(other?),
        }
    }

    async fn update(
        &self,
        step: &UpdateStep,
        planned_from: Option<&ServiceView>,
        record: &mut WorkloadRecord,
    ) -> Result<Turn, ApplyError> {
        let revision = match &step.revision {
            RevisionRef::Arn(arn) => arn.clone(),
            RevisionRef::JustRegistered => match &record.registered {
                Some(registered) => registered.arn.clone(),
                None => return Ok(Turn::Dropped("no revision was registered".to_owned())),
            },
        };
        let seen = match self.read_again(step).await {
            Ok(Observed::Present(service)) => service,
            Ok(Observed::Absent) => {
                return Ok(Turn::Dropped("the service no longer exists".to_owned()));
            }
            Ok(Observed::Unknown(why)) => return Ok(Turn::Dropped(why)),
            Err(error) => return Ok(retry(&error)),
        };
        if let Some(difference) = moved(&seen, step, planned_from) {
            return Ok(Turn::Dropped(difference));
        }
        if let Some(deployment) = &step.stop {
            return self.stop(step, deployment, &revision, &seen, record).await;
        }
        let lease = self.lease().await?;
        match self.set_revision(step, &seen, &revision).await {
            Ok(answer) => {
                self.note_update(step, &revision, &seen, answer.as_ref(), record);
                self.store
                    .put_records(&lease, std::slice::from_ref(record))
                    .await?;
                if record.deployment.is_none() {
                    let message =
                        "the owner deployed while the operator updated the service".to_owned();
                    return Ok(Turn::Dropped(message));
                }
                Ok(Turn::Done)
            }
            // Setting the service to the same revision again starts no second deployment, so a lost answer needs
            // no record: the next pass sees which revision the service is set to.
            Err(error) => {
                let may_pass = may_pass(&error) && !is_tried_out(record, step);
                if is_final(&error)
                    && !may_pass
                    && step.revision == RevisionRef::Arn(revision.clone())
                {
                    // A revision from an earlier pass may have been deregistered by somebody since:
                    // the next pass registers the content again, once.
                    if forget_revision(record, &revision) {
                        self.store
                            .put_records(&lease, std::slice::from_ref(record))
                            .await?;
                        return Ok(retry(&error));
                    }
                }
                let attempt = Attempt {
                    purpose: step.purpose,
                    hash: step.hash.clone(),
                    policy: step.policy.clone(),
                    task_definition: revision,
                };
                self.ended_by(Some(attempt), &error, record).await
            }
        }
    }

    /// Lets ECS roll back a deployment of ours. Where ECS refuses, the next pass updates the service.
    async fn stop(
        &self,
        step: &UpdateStep,
        deployment: &str,
        revision: &str,
        seen: &ServiceView,
        record: &mut WorkloadRecord,
    ) -> Result<Turn, ApplyError> {
        let lease = self.lease().await?;
        let turn = match self.clients.stop_service_deployment(deployment).await {
            Ok(()) => {
                self.note_update(step, revision, seen, None, record);
                Turn::Done
            }
            Err(error) if refuses_stop(&error) => {
                record.set_put_back(PutBackState::StopRefused);
                Turn::Dropped(error.to_string())
            }
            Err(error) => return Ok(retry(&error)),
        };
        self.store
            .put_records(&lease, std::slice::from_ref(record))
            .await?;
        Ok(turn)
    }

    /// Sets the service to a revision; returns the service as ECS then shows it, where it does.
    async fn set_revision(
        &self,
        step: &UpdateStep,
        seen: &ServiceView,
        revision: &str,
    ) -> Result<Option<ServiceView>, AwsError> {
        if seen.is_express() {
            self.clients
                .update_express_service(&seen.arn, revision)
                .await?;
            // A deployment that it does not show now is seen by the next pass.
            let shown = self.read_again(step).await;
            return Ok(shown.ok().and_then(|shown| shown.present().cloned()));
        }
        let raw = self
            .clients
            .update_service(&step.cluster_arn, &step.service, revision)
            .await?;
        Ok(ServiceView::parse(&raw).ok())
    }

    /// Reads the service as it is now.
    async fn read_again(&self, step: &UpdateStep) -> Result<Observed<ServiceView>, AwsError> {
        let names = [step.service.clone()];
        let described = self
            .clients
            .describe_services(&step.cluster_arn, &names)
            .await?;
        let mut services = services_of(&described);
        let shown = services.pop_first().map(|(_, service)| service);
        Ok(shown.unwrap_or_else(|| {
            Observed::Unknown("DescribeServices did not show the service".to_owned())
        }))
    }

    /// Records the deployment that an update started, or the one that it overtook.
    fn note_update(
        &self,
        step: &UpdateStep,
        revision: &str,
        seen: &ServiceView,
        answer: Option<&ServiceView>,
        record: &mut WorkloadRecord,
    ) {
        if let Some(theirs) = answer.and_then(|answer| overtaken(answer, seen, step, revision)) {
            self.metrics
                .drift_detected
                .with_label_values(&["update"])
                .inc();
            // Not followed as a success: the owner's deployment must be restored.
            record.overtaken = Some(Overtaken {
                theirs,
                ours: revision.to_owned(),
                policy: step.policy.clone(),
                at: self.time.now(),
            });
            record.deployment = None;
            if step.purpose == Purpose::Inject {
                record.set_down(self.started(step, revision, None).brought(None));
            }
            return;
        }
        let primary = answer.and_then(ServiceView::primary_deployment);
        let deployment_id = primary
            .filter(|primary| primary.task_definition == revision)
            .map(|primary| primary.id.clone());
        record.begin(self.started(step, revision, deployment_id));
    }

    fn started(
        &self,
        step: &UpdateStep,
        revision: &str,
        deployment_id: Option<String>,
    ) -> DeploymentRecord {
        DeploymentRecord {
            purpose: step.purpose,
            task_definition: revision.to_owned(),
            previous: step.expected.clone(),
            hash: step.hash.clone(),
            policy: step.policy.clone(),
            base: step.base.clone(),
            grants: step.grants.clone(),
            deployment_id,
            started_at: self.time.now(),
            before: None,
            moved_images: step.moved_images.clone(),
        }
    }
}

/// Whether ECS does not stop a deployment, however often it is asked to.
const fn refuses_stop(error: &AwsError) -> bool {
    use AwsErrorKind::{Conflict, Denied, Invalid, NotFound};
    matches!(error.kind, Conflict | Denied | Invalid | NotFound)
}

/// Forgets a registered revision; returns whether it was the recorded one.
fn forget_revision(record: &mut WorkloadRecord, arn: &str) -> bool {
    let known = record
        .registered
        .as_ref()
        .is_some_and(|known| known.arn == arn);
    if known {
        record.registered = None;
    }
    known
}

/// Whether a registration or its answer has tags.
fn has_tags(json: &str) -> bool {
    serde_json::from_str::<Value>(json)
        .ok()
        .and_then(|value| Some(!value.get("tags")?.as_array()?.is_empty()))
        .unwrap_or(false)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn an_answer_that_left_out_tags_is_not_kept() {
        assert!(has_tags(r#"{"tags":[{"key":"a","value":"b"}]}"#));
        assert!(!has_tags(r#"{"taskDefinition":{}}"#));
    }
}
