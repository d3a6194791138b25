//! Reads the world of one target: clusters and services, in as few calls as possible.
//!
//! C matching clusters with S services each cost `ceil(all/100)` `ListClusters`, `ceil(C/100)` `DescribeClusters`,
//! and for each cluster `ceil(S/100)` `ListServices` and `ceil(S/10)` `DescribeServices`; nothing else is read
//! here. A failed read is recorded as unknown, never as absent, and does not stop the other reads.

use std::collections::{BTreeMap, BTreeSet};

use firelens_aws::observe::{ClusterView, Observation, Observed, ServiceView};
use firelens_aws::record::WorkloadKey;
use firelens_plan::select::glob_matches;
use firelens_types::v1alpha1::AwsTarget;
use futures::StreamExt;
use futures::stream;
use serde::Deserialize;

use crate::aws::{AwsClients, DESCRIBE_CLUSTERS_SIZE, DESCRIBE_SERVICES_SIZE, Described};
use crate::providers;

/// The number of concurrent reads in one target. The token buckets set the pace; this only bounds how many calls
/// wait on the network together.
pub const READ_CONCURRENCY: usize = 8;

/// The name under which a failure to list the clusters is recorded.
const ALL_CLUSTERS: &str = "*";

/// What to read.
#[derive(Clone, Debug)]
pub struct Scope<'a> {
    /// Name of the `AwsTarget`.
    pub target: &'a str,
    /// The twelve digits.
    pub account_id: &'a str,
    /// Region name.
    pub region: &'a str,
    /// Glob patterns of cluster names.
    pub clusters: &'a [String],
    /// Services of other clusters that are read as well, by name of the cluster.
    pub kept: &'a BTreeMap<String, BTreeSet<String>>,
    /// Targets of the same account and region that have precedence where both reach a cluster.
    pub of_others: Vec<&'a AwsTarget>,
}

impl Scope<'_> {
    fn covers(&self, cluster: &str) -> bool {
        self.clusters.iter().any(|glob| glob_matches(glob, cluster))
    }

    /// The services of a cluster that are read; `None` for all.
    fn only(&self, cluster: &str) -> Option<&BTreeSet<String>> {
        self.kept.get(cluster).filter(|_| !self.covers(cluster))
    }
}

/// The services of one cluster.
type ClusterServices = BTreeMap<WorkloadKey, Observed<ServiceView>>;

/// Reads the clusters and services of a target.
pub async fn observe(clients: &AwsClients, scope: &Scope<'_>) -> Observation {
    let mut observation = Observation {
        account_id: scope.account_id.to_owned(),
        region: scope.region.to_owned(),
        is_whole: true,
        ..Observation::default()
    };
    match matching_clusters(clients, scope).await {
        Ok(arns) => {
            let arns = leave_to_others(arns, scope, &mut observation);
            read_clusters(clients, arns, &mut observation).await;
        }
        Err(why) => {
            observation
                .unread_clusters
                .insert(ALL_CLUSTERS.to_owned(), why);
        }
    }
    let clusters: Vec<ClusterView> = observation.clusters.values().cloned().collect();
    let mut reads = stream::iter(clusters)
        .map(|cluster| async move {
            let only = scope.only(&cluster.name);
            let services = read_services(clients, scope.target, &cluster, only).await;
            (cluster.name, services)
        })
        .buffer_unordered(READ_CONCURRENCY);
    while let Some((cluster, services)) = reads.next().await {
        match services {
            Ok(cluster_services) => observation.services.extend(cluster_services),
            Err(why) => {
                observation.unread_clusters.insert(cluster, why);
            }
        }
    }
    for (cluster, why) in &observation.unread_clusters {
        tracing::warn!(target_name = scope.target, cluster, why, "cluster not read");
    }
    observation
}

/// Reads single services of an earlier observation again, in as few calls as possible. A service that does not
/// answer becomes unknown.
pub async fn refresh(
    clients: &AwsClients,
    observation: &mut Observation,
    keys: &BTreeSet<WorkloadKey>,
) {
    let mut by_cluster: BTreeMap<&str, BTreeMap<String, &WorkloadKey>> = BTreeMap::new();
    for key in keys {
        if let Some(Observed::Present(known)) = observation.services.get(key) {
            by_cluster
                .entry(&known.cluster_arn)
                .or_default()
                .insert(known.arn.clone(), key);
        }
    }
    let mut refreshed = ClusterServices::new();
    for (cluster, services) in by_cluster {
        let arns: Vec<String> = services.keys().cloned().collect();
        let mut shown = describe(clients, cluster, &arns).await;
        for (arn, key) in &services {
            let known = observation.services.get(*key).and_then(Observed::present);
            if let (Some(known), Some(Observed::Present(now))) = (known, shown.get_mut(arn))
                && known.capacity_providers == now.capacity_providers
            {
                now.provider_type.clone_from(&known.provider_type);
            }
        }
        providers::complete(clients, cluster, shown.values_mut()).await;
        for (arn, key) in services {
            let service = shown.remove(&arn).unwrap_or_else(not_shown);
            refreshed.insert(key.clone(), service);
        }
    }
    observation.services.extend(refreshed);
}

/// Reads services by name that have a record and were not listed: one that is being deleted is described, but not
/// listed.
pub(crate) async fn unlisted(
    clients: &AwsClients,
    observation: &mut Observation,
    keys: &BTreeSet<WorkloadKey>,
) {
    let mut by_cluster: BTreeMap<&str, Vec<&WorkloadKey>> = BTreeMap::new();
    for key in keys {
        by_cluster.entry(&key.cluster).or_default().push(key);
    }
    let mut unlisted_services = ClusterServices::new();
    for (name, keys) in by_cluster {
        let Some(cluster) = observation.clusters.get(name) else {
            unlisted_services.extend(keys.into_iter().map(|key| (key.clone(), Observed::Absent)));
            continue;
        };
        let names: Vec<String> = keys.iter().map(|key| key.service.clone()).collect();
        let shown = describe(clients, &cluster.arn, &names).await;
        for key in keys {
            let by_name = shown
                .iter()
                .find(|(arn, _)| last_segment(arn) == key.service);
            let service = by_name.map_or_else(not_shown, |(_, service)| service.clone());
            unlisted_services.insert(key.clone(), service);
        }
    }
    observation.services.extend(unlisted_services);
}

async fn matching_clusters(clients: &AwsClients, scope: &Scope<'_>) -> Result<Vec<String>, String> {
    let arns = clients.list_clusters().await.map_err(|e| e.to_string())?;
    // Credentials of another account would show, and change, other people's services.
    if let Some(other) = arns
        .iter()
        .find_map(|arn| account_of(arn).filter(|account| *account != scope.account_id))
    {
        return Err(format!(
            "the credentials belong to account {other}, but the target specifies account {}",
            scope.account_id
        ));
    }
    Ok(arns
        .into_iter()
        .filter(|arn| {
            let name = last_segment(arn);
            scope.covers(name) || scope.kept.contains_key(name)
        })
        .collect())
}

/// Leaves out the clusters that another target had first: two that work on one would undo each other's changes.
fn leave_to_others(
    mut arns: Vec<String>,
    scope: &Scope<'_>,
    observation: &mut Observation,
) -> Vec<String> {
    arns.retain(|arn| {
        let name = last_segment(arn);
        // A cluster that is no longer ours but runs a router of ours stays known until it is taken on.
        if !scope.covers(name) {
            return true;
        }
        let reaches = |other: &&&AwsTarget| {
            let mut globs = other.spec.clusters.iter();
            globs.any(|glob| glob_matches(glob, name))
        };
        let Some(other) = scope.of_others.iter().find(reaches) else {
            return true;
        };
        let other = other.name().to_owned();
        observation
            .clusters_of_others
            .insert(name.to_owned(), other);
        false
    });
    arns
}

async fn read_clusters(clients: &AwsClients, arns: Vec<String>, observation: &mut Observation) {
    let mut reads = stream::iter(chunks(&arns, DESCRIBE_CLUSTERS_SIZE))
        .map(|batch| async move {
            let answer = clients.describe_clusters(&batch).await;
            (batch, answer.map_err(|error| error.to_string()))
        })
        .buffer_unordered(READ_CONCURRENCY);
    while let Some((batch, answer)) = reads.next().await {
        match answer.map(|described| clusters_of(&described)) {
            Ok(clusters) => {
                for arn in batch {
                    let name = last_segment(&arn).to_owned();
                    match clusters.get(&arn) {
                        Some(Some(cluster)) => {
                            observation.clusters.insert(name, cluster.clone());
                        }
                        Some(None) => {} // deleted meanwhile
                        None => {
                            let why = "DescribeClusters did not show it".to_owned();
                            observation.unread_clusters.insert(name, why);
                        }
                    }
                }
            }
            Err(why) => {
                for arn in batch {
                    let name = last_segment(&arn).to_owned();
                    observation.unread_clusters.insert(name, why.clone());
                }
            }
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawCluster {
    cluster_arn: String,
    cluster_name: String,
    #[serde(default)]
    status: String,
    tags: Option<Vec<RawTag>>,
}

#[derive(Deserialize)]
struct RawTag {
    key: String,
    #[serde(default)]
    value: String,
}

/// Clusters of an answer by ARN; `None` for one that is gone.
fn clusters_of(described: &Described) -> BTreeMap<String, Option<ClusterView>> {
    let gone = described
        .failures
        .iter()
        .filter(|failure| failure.is_missing())
        .map(|failure| (failure.arn.clone(), None));
    let shown = described.items.iter().filter_map(|item| {
        let raw: RawCluster = serde_json::from_str(item).ok()?;
        if raw.status == "INACTIVE" {
            return Some((raw.cluster_arn, None));
        }
        let tags = raw.tags.unwrap_or_default();
        let view = ClusterView {
            arn: raw.cluster_arn.clone(),
            name: raw.cluster_name,
            tags: tags.into_iter().map(|tag| (tag.key, tag.value)).collect(),
        };
        Some((raw.cluster_arn, Some(view)))
    });
    gone.chain(shown).collect()
}

async fn read_services(
    clients: &AwsClients,
    target: &str,
    cluster: &ClusterView,
    only: Option<&BTreeSet<String>>,
) -> Result<ClusterServices, String> {
    let mut arns = clients
        .list_services(&cluster.arn)
        .await
        .map_err(|error| error.to_string())?;
    arns.retain(|arn| only.is_none_or(|only| only.contains(last_segment(arn))));
    let mut shown = describe(clients, &cluster.arn, &arns).await;
    providers::complete(clients, &cluster.arn, shown.values_mut()).await;
    let by_key = arns.into_iter().map(|arn| {
        let key = WorkloadKey {
            target: target.to_owned(),
            cluster: cluster.name.clone(),
            service: last_segment(&arn).to_owned(),
        };
        let service = shown.remove(&arn).unwrap_or_else(not_shown);
        (key, service)
    });
    Ok(by_key.collect())
}

/// Describes services of one cluster, in tens.
async fn describe(
    clients: &AwsClients,
    cluster_arn: &str,
    arns: &[String],
) -> BTreeMap<String, Observed<ServiceView>> {
    let mut reads = stream::iter(chunks(arns, DESCRIBE_SERVICES_SIZE))
        .map(|batch| async move {
            let answer = clients.describe_services(cluster_arn, &batch).await;
            (batch, answer)
        })
        .buffer_unordered(READ_CONCURRENCY);
    let mut by_arn = BTreeMap::new();
    while let Some((batch, answer)) = reads.next().await {
        match answer {
            Ok(described) => by_arn.extend(services_of(&described)),
            Err(error) => {
                let why = error.to_string();
                by_arn.extend(
                    batch
                        .into_iter()
                        .map(|arn| (arn, Observed::Unknown(why.clone()))),
                );
            }
        }
    }
    by_arn
}

fn not_shown() -> Observed<ServiceView> {
    Observed::Unknown("DescribeServices did not show it".to_owned())
}

/// Services of an answer by ARN.
pub(crate) fn services_of(described: &Described) -> BTreeMap<String, Observed<ServiceView>> {
    let failed = described.failures.iter().map(|failure| {
        let seen = if failure.is_missing() {
            Observed::Absent
        } else {
            Observed::Unknown(format!("DescribeServices returned {}", failure.reason))
        };
        (failure.arn.clone(), seen)
    });
    let shown = described
        .items
        .iter()
        .filter_map(|item| match ServiceView::parse(item) {
            Ok(service) => Some((service.arn.clone(), Observed::Present(service))),
            Err(error) => {
                let arn = arn_of(item)?;
                let why = format!("the response of DescribeServices cannot be read: {error}");
                Some((arn, Observed::Unknown(why)))
            }
        });
    failed.chain(shown).collect()
}

fn arn_of(item: &str) -> Option<String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Named {
        service_arn: String,
    }
    serde_json::from_str::<Named>(item)
        .ok()
        .map(|named| named.service_arn)
}

/// The name at the end of a cluster or service ARN; both the short and the long form of service ARNs
/// end with it (<https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-account-settings.html>).
fn last_segment(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

fn account_of(arn: &str) -> Option<&str> {
    arn.split(':').nth(4).filter(|account| !account.is_empty())
}

fn chunks(arns: &[String], size: usize) -> Vec<Vec<String>> {
    arns.chunks(size).map(<[String]>::to_vec).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;
    use crate::aws::Failure;

    fn failure(arn: &str, reason: &str) -> Failure {
        Failure {
            arn: arn.to_owned(),
            reason: reason.to_owned(),
            detail: None,
        }
    }

    #[test]
    fn only_missing_means_absent() {
        let described = Described {
            items: vec![
                r#"{"serviceArn":"arn:a","serviceName":"a"}"#.to_owned(),
                r#"{"serviceArn":"arn:b","serviceName":7}"#.to_owned(),
            ],
            failures: vec![failure("arn:c", "MISSING"), failure("arn:d", "ACCESS")],
        };
        let services = services_of(&described);
        assert!(matches!(services["arn:a"], Observed::Present(_)));
        assert!(matches!(services["arn:b"], Observed::Unknown(_)));
        assert!(matches!(services["arn:c"], Observed::Absent));
        assert!(matches!(services["arn:d"], Observed::Unknown(_)));
    }

    #[test]
    fn names_and_accounts_come_from_arns_of_both_forms() {
        let long = "arn:aws:ecs:us-east-1:111122223333:service/prod/web";
        let short = "arn:aws:ecs:us-east-1:111122223333:service/web";
        assert_eq!(last_segment(long), "web");
        assert_eq!(last_segment(short), "web");
        assert_eq!(account_of(long), Some("111122223333"));
    }
}
