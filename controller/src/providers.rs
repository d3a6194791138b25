//! The capacity providers of services: a service names them, and on Managed Instances it has no launch type.
//!
//! One call for each cluster that has a service with providers of its own; none for those of Fargate.

use std::collections::{BTreeMap, BTreeSet};

use firelens_aws::observe::{Observed, ServiceView};
use serde::Deserialize;

use crate::aws::{AwsClients, DESCRIBE_PROVIDERS_SIZE, Described};

#[derive(Deserialize)]
struct RawProvider {
    name: String,
    #[serde(rename = "type")]
    type_: Option<String>,
    #[serde(rename = "managedInstancesProvider")]
    managed_instances: Option<serde::de::IgnoredAny>,
}

/// Fills in `provider_type` of the services of one cluster. Where the providers cannot be read, the launch type is
/// not known, and the service becomes unknown: on the wrong platform its router would not start.
pub(crate) async fn complete<'s>(
    clients: &AwsClients,
    cluster_arn: &str,
    services: impl Iterator<Item = &'s mut Observed<ServiceView>>,
) {
    let mut open: Vec<&mut Observed<ServiceView>> = services
        .filter(|service| {
            let service = service.present();
            service.is_some_and(ServiceView::has_unknown_providers)
        })
        .collect();
    let names: BTreeSet<String> = open
        .iter()
        .filter_map(|service| service.present())
        .flat_map(|service| service.capacity_providers.iter().cloned())
        .collect();
    if names.is_empty() {
        return;
    }
    let types = read(clients, cluster_arn, names.into_iter().collect()).await;
    for service in &mut open {
        let provider_type = match (&types, service.present()) {
            (Ok(types), Some(view)) => type_of(view, types),
            (Err(why), _) => Err(why.clone()),
            (_, None) => continue,
        };
        match provider_type {
            Ok(provider_type) => {
                if let Observed::Present(view) = &mut **service {
                    view.provider_type = Some(provider_type);
                }
            }
            Err(why) => **service = Observed::Unknown(why),
        }
    }
}

/// A strategy has providers of one kind only, so the first that is known decides.
fn type_of(service: &ServiceView, types: &BTreeMap<String, String>) -> Result<String, String> {
    let known = service
        .capacity_providers
        .iter()
        .find_map(|name| types.get(name));
    known.cloned().ok_or_else(|| {
        format!(
            "the launch type is not known: DescribeCapacityProviders did not return {}",
            service.capacity_providers.join(", ")
        )
    })
}

async fn read(
    clients: &AwsClients,
    cluster_arn: &str,
    names: Vec<String>,
) -> Result<BTreeMap<String, String>, String> {
    let mut types = BTreeMap::new();
    for batch in names.chunks(DESCRIBE_PROVIDERS_SIZE) {
        let answer = clients
            .describe_capacity_providers(cluster_arn, batch)
            .await;
        let described = answer.map_err(|error| {
            format!("the launch type is not known: its capacity providers cannot be read: {error}")
        })?;
        types.extend(types_of(&described));
    }
    Ok(types)
}

/// Types by name. Accounts whose API does not return the type yet show the members of the provider.
fn types_of(described: &Described) -> impl Iterator<Item = (String, String)> + '_ {
    described.items.iter().filter_map(|item| {
        let raw: RawProvider = serde_json::from_str(item).ok()?;
        let made_of = match raw.managed_instances {
            Some(_) => "MANAGED_INSTANCES",
            None => "EC2_AUTOSCALING",
        };
        Some((raw.name, raw.type_.unwrap_or_else(|| made_of.to_owned())))
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_capacity_provider_without_type_is_recognized_by_its_fields() {
        let described = Described {
            items: vec![
                r#"{"name": "a", "type": "MANAGED_INSTANCES"}"#.to_owned(),
                r#"{"name": "b", "managedInstancesProvider": {"tags": []}}"#.to_owned(),
                r#"{"name": "c", "autoScalingGroupProvider": {}}"#.to_owned(),
            ],
            failures: Vec::new(),
        };
        let types: BTreeMap<String, String> = types_of(&described).collect();
        assert_eq!(types["a"], "MANAGED_INSTANCES");
        assert_eq!(types["b"], "MANAGED_INSTANCES");
        assert_eq!(types["c"], "EC2_AUTOSCALING");
    }
}
