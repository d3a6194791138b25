//! Reads the evidence on whether deployments are well, why they failed, and whether logs arrive.
//!
//! The result of a failed read is unknown: it does not stop a pass, and is no evidence against a service.

use std::collections::{BTreeMap, BTreeSet};

use firelens_aws::observe::{
    AlarmView, DeploymentsQuestion, Evidence, EvidenceNeeds, LogDelivery, LogDeliveryQuestion,
    LogLocation, Observed, ServiceDeploymentView, TaskView, TasksQuestion,
};

use crate::aws::{AwsError, DESCRIBE_ALARMS_SIZE, Described, IncomingRecords};
use crate::needs::{Reader, each, seen};

impl Reader<'_> {
    /// Reads everything in `needs` into `evidence`.
    pub(crate) async fn read_evidence(&self, needs: &EvidenceNeeds, evidence: &mut Evidence) {
        evidence.service_deployments.extend(
            each(&needs.service_deployments, |question| async move {
                self.service_deployments(&question).await
            })
            .await,
        );
        evidence.tasks.extend(
            each(&needs.tasks, |question| async move {
                self.tasks(&question).await
            })
            .await,
        );
        evidence.log_tails.extend(
            each(&needs.log_tails, |question| async move {
                let (region, group) = (&question.region, &question.group);
                seen(self.clients.log_tail(region, group, &question.stream).await)
            })
            .await,
        );
        evidence.alarms.extend(self.alarms(&needs.alarms).await);
        evidence.samples.extend(
            each(&needs.samples, |query| async move {
                match self.prometheus {
                    None => Observed::Absent,
                    Some(prometheus) => match prometheus.samples(&query).await {
                        Ok(samples) => Observed::Present(samples),
                        Err(error) => Observed::Unknown(error.to_string()),
                    },
                }
            })
            .await,
        );
        evidence.log_deliveries.extend(
            each(&needs.log_deliveries, |question| async move {
                seen(self.log_delivery(&question).await)
            })
            .await,
        );
    }

    async fn tasks(&self, question: &TasksQuestion) -> Observed<Vec<TaskView>> {
        let (cluster, service) = (&question.cluster_arn, &question.service);
        let answer = self.clients.tasks(cluster, service, question.stopped).await;
        parsed(answer, TaskView::parse)
    }

    async fn service_deployments(
        &self,
        question: &DeploymentsQuestion,
    ) -> Observed<Vec<ServiceDeploymentView>> {
        let (cluster, service) = (&question.cluster_arn, &question.service);
        let answer = self
            .clients
            .service_deployments(cluster, service, question.after)
            .await;
        parsed(answer, ServiceDeploymentView::parse)
    }

    async fn alarms(&self, names: &BTreeSet<String>) -> BTreeMap<String, Observed<AlarmView>> {
        let names: Vec<String> = names.iter().cloned().collect();
        let mut views = BTreeMap::new();
        for batch in names.chunks(DESCRIBE_ALARMS_SIZE) {
            let answer = seen(self.clients.alarms(batch).await);
            for name in batch {
                let alarm = match &answer {
                    Observed::Present(alarms) => alarms
                        .get(name)
                        .map_or(Observed::Absent, |alarm| Observed::Present(alarm.clone())),
                    Observed::Absent => Observed::Absent,
                    Observed::Unknown(why) => Observed::Unknown(why.clone()),
                };
                views.insert(name.clone(), alarm);
            }
        }
        views
    }

    async fn log_delivery(&self, question: &LogDeliveryQuestion) -> Result<LogDelivery, AwsError> {
        let (clients, region, since) = (self.clients, &question.region, question.since);
        match &question.place {
            LogLocation::LogStreams { group, prefix } => {
                clients.log_streams(region, group, prefix).await
            }
            LogLocation::Firehose { stream } => {
                let kind = IncomingRecords::Firehose;
                clients.incoming_records(region, kind, stream, since).await
            }
            LogLocation::KinesisStream { stream } => {
                let kind = IncomingRecords::Kinesis;
                clients.incoming_records(region, kind, stream, since).await
            }
            LogLocation::Objects { bucket, prefix } => {
                clients.newest_object(region, bucket, prefix, since).await
            }
        }
    }
}

/// Parses the elements of an answer. What ECS lists and can no longer describe is gone.
fn parsed<T>(
    answer: Result<Described, AwsError>,
    parse: fn(&str) -> Result<T, serde_json::Error>,
) -> Observed<Vec<T>> {
    match seen(answer) {
        Observed::Present(described) => {
            let parsed: Result<Vec<T>, _> =
                described.items.iter().map(|item| parse(item)).collect();
            match parsed {
                Ok(items) => Observed::Present(items),
                Err(error) => Observed::Unknown(error.to_string()),
            }
        }
        Observed::Absent => Observed::Absent,
        Observed::Unknown(why) => Observed::Unknown(why),
    }
}
