//! Reads what a plan requests.
//!
//! The content of a revision never changes, so it is read from AWS once and kept in the store. A failed read is
//! unknown, never absent.

use std::collections::{BTreeMap, BTreeSet};

use firelens_aws::observe::{
    FAMILY_LOOK_BACK, InstanceView, Needs, ObjectView, Observation, Observed,
};
use firelens_store::{Store, StoreError};
use firelens_taskdef::TaskDefinitionDoc;
use firelens_types::error_chain;
use futures::stream;
use futures::{Future, StreamExt};

use firelens_types::v1alpha1::AwsTarget;

use crate::aws::{AwsClients, AwsError, AwsErrorKind, DESCRIBE_CONTAINER_INSTANCES_SIZE};
use crate::context::Ctx;
use crate::keep::keep;
use crate::metrics::Metrics;
use crate::observe::{READ_CONCURRENCY, unlisted};
use crate::prometheus::Prometheus;

/// The targets, seen from the one of the pass.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Others<'a> {
    pub(crate) ctx: &'a Ctx,
    pub(crate) target: &'a AwsTarget,
    /// All targets.
    pub(crate) targets: &'a [AwsTarget],
}

impl<'a> Others<'a> {
    /// Returns those in the same account.
    pub(crate) fn of_the_account(self) -> impl Iterator<Item = &'a AwsTarget> {
        self.targets.iter().filter(move |other| {
            other.name() != self.target.name()
                && other.spec.account_id == self.target.spec.account_id
        })
    }
}

/// Reads on behalf of one pass.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    pub(crate) clients: &'a AwsClients,
    pub(crate) store: &'a Store,
    pub(crate) metrics: &'a Metrics,
    /// The server that PromQL gates query; `None` where the operator has none.
    pub(crate) prometheus: Option<&'a Prometheus>,
    /// The other targets.
    pub(crate) others: Others<'a>,
}

impl Reader<'_> {
    /// Reads everything in `needs` into `observation`. Whatever was returned, each need counts as answered then:
    /// the next round of planning requests none of them again.
    ///
    /// # Errors
    /// The store fails; what AWS does not answer becomes unknown instead.
    pub(crate) async fn read(
        &self,
        needs: &Needs,
        observation: &mut Observation,
    ) -> Result<(), StoreError> {
        let documents = self.task_definitions(&needs.task_definitions).await?;
        observation.task_definitions.extend(documents);
        let fresh = self.described(&needs.fresh_task_definitions).await;
        self.remember(&fresh).await?;
        observation
            .fresh_task_definitions
            .extend(fresh.iter().map(|(arn, raw)| (arn.clone(), parsed(raw))));
        for family in &needs.families {
            let revisions = self.family(family).await?;
            observation.families.insert(family.clone(), revisions);
        }
        self.read_roles(needs, observation).await;
        self.read_role_users(needs, observation).await?;
        unlisted(self.clients, observation, &needs.unlisted_services).await;
        observation.objects.extend(
            each(&needs.objects, |(bucket, key)| async move {
                let digest = self.clients.head_object(&bucket, &key).await;
                seen(digest.map(|sha256| ObjectView { sha256 }))
            })
            .await,
        );
        observation.images.extend(
            each(&needs.images, |question| async move {
                seen(self.clients.image(&question).await)
            })
            .await,
        );
        observation.container_instances.extend(
            each(&needs.container_instances, |cluster| async move {
                match self.instances(&cluster).await {
                    Ok(instances) => instances,
                    Err(error) => seen(Err(error)),
                }
            })
            .await,
        );
        self.read_evidence(&needs.evidence, &mut observation.evidence)
            .await;
        observation.close(needs);
        Ok(())
    }

    /// The container instances of a cluster.
    async fn instances(&self, cluster_arn: &str) -> Result<Observed<Vec<InstanceView>>, AwsError> {
        let arns = self.clients.list_container_instances(cluster_arn).await?;
        let mut instances = Vec::new();
        for batch in arns.chunks(DESCRIBE_CONTAINER_INSTANCES_SIZE) {
            let described = self
                .clients
                .describe_container_instances(cluster_arn, batch)
                .await?;
            // One that is gone since it was listed is no longer an instance.
            if let Some(unread) = described
                .failures
                .iter()
                .find(|failure| !failure.is_missing())
            {
                let why = format!("DescribeContainerInstances returned {}", unread.reason);
                return Ok(Observed::Unknown(why));
            }
            for item in &described.items {
                match InstanceView::parse(item) {
                    Ok(instance) => instances.push(instance),
                    Err(error) => return Ok(Observed::Unknown(error.to_string())),
                }
            }
        }
        Ok(Observed::Present(instances))
    }

    /// Returns revisions by ARN, from the store where it has them.
    async fn task_definitions(
        &self,
        arns: &BTreeSet<String>,
    ) -> Result<BTreeMap<String, Observed<TaskDefinitionDoc>>, StoreError> {
        if arns.is_empty() {
            return Ok(BTreeMap::new());
        }
        let wanted: Vec<String> = arns.iter().cloned().collect();
        let cached = self.store.task_definitions(&wanted).await?;
        self.metrics.cache_hits.inc_by(cached.len() as u64);
        let mut documents: BTreeMap<String, Observed<TaskDefinitionDoc>> = BTreeMap::new();
        let mut missing = BTreeSet::new();
        for arn in wanted {
            match cached.get(&arn).map(|raw| TaskDefinitionDoc::parse(raw)) {
                Some(Ok(document)) => {
                    documents.insert(arn, Observed::Present(document));
                }
                // A row that cannot be read counts as missing.
                Some(Err(_)) | None => {
                    missing.insert(arn);
                }
            }
        }
        self.metrics.cache_misses.inc_by(missing.len() as u64);
        let described = self.described(&missing).await;
        self.remember(&described).await?;
        documents.extend(
            described
                .iter()
                .map(|(arn, raw)| (arn.clone(), parsed(raw))),
        );
        Ok(documents)
    }

    pub(crate) async fn described(
        &self,
        arns: &BTreeSet<String>,
    ) -> BTreeMap<String, Observed<String>> {
        each(arns, |arn| async move {
            seen(self.clients.describe_task_definition(&arn).await)
        })
        .await
    }

    /// Stores what was read, for good.
    pub(crate) async fn remember(
        &self,
        described: &BTreeMap<String, Observed<String>>,
    ) -> Result<(), StoreError> {
        let present: Vec<(String, String)> = described
            .iter()
            .filter_map(|(arn, raw)| Some((arn.clone(), raw.present()?.clone())))
            .collect();
        let put = |rows: Vec<(String, String)>| async move {
            let rows = rows.into_iter().collect();
            self.store.put_task_definitions(&rows).await
        };
        // What is not stored is read again next time.
        for (arn, error) in keep(present, put).await? {
            let error = error_chain(&error);
            tracing::warn!(arn = arn.0, error, "the revision is not kept");
        }
        Ok(())
    }

    /// Returns the newest active revisions of a family, newest first.
    async fn family(&self, family: &str) -> Result<Observed<Vec<TaskDefinitionDoc>>, StoreError> {
        let newest = self
            .clients
            .newest_revisions(family, FAMILY_LOOK_BACK)
            .await;
        let arns = match seen(newest) {
            Observed::Present(arns) => arns,
            Observed::Absent => return Ok(Observed::Absent),
            Observed::Unknown(why) => return Ok(Observed::Unknown(why)),
        };
        let mut documents = self
            .task_definitions(&arns.iter().cloned().collect())
            .await?;
        let mut revisions = Vec::new();
        for arn in arns {
            match documents.remove(&arn) {
                Some(Observed::Present(document)) => revisions.push(document),
                Some(Observed::Unknown(why)) => return Ok(Observed::Unknown(why)),
                Some(Observed::Absent) | None => {}
            }
        }
        Ok(Observed::Present(revisions))
    }
}

/// Converts the answer to a read to an observation.
pub(crate) fn seen<T>(answer: Result<T, AwsError>) -> Observed<T> {
    match answer {
        Ok(value) => Observed::Present(value),
        Err(error) if error.kind == AwsErrorKind::NotFound => Observed::Absent,
        Err(error) => Observed::Unknown(error.to_string()),
    }
}

pub(crate) fn parsed(raw: &Observed<String>) -> Observed<TaskDefinitionDoc> {
    match raw {
        Observed::Present(raw) => match TaskDefinitionDoc::parse(raw) {
            Ok(document) => Observed::Present(document),
            Err(error) => Observed::Unknown(error.to_string()),
        },
        Observed::Absent => Observed::Absent,
        Observed::Unknown(why) => Observed::Unknown(why.clone()),
    }
}

/// Reads several things, a few at once.
pub(crate) async fn each<K, V, F>(keys: &BTreeSet<K>, read: impl Fn(K) -> F) -> BTreeMap<K, V>
where
    K: Clone + Ord,
    F: Future<Output = V>,
{
    stream::iter(keys.iter().cloned())
        .map(|key| {
            let value = read(key.clone());
            async move { (key, value.await) }
        })
        .buffer_unordered(READ_CONCURRENCY)
        .collect()
        .await
}
