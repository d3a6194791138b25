//! Discovery, which clients read before their first request: versions, groups, resources.

use firelens_types::v1alpha1::{API_VERSION, GROUP, Kind, VERSION};
use serde_json::{Value, json};

/// The Kubernetes minor version whose conventions this API follows; clients compare it with their own.
const KUBERNETES_MINOR: &str = "32";

/// Verbs of kinds that users write; only verbs that the server has.
const WRITTEN: &[&str] = &[
    "create",
    "delete",
    "deletecollection",
    "get",
    "list",
    "patch",
    "update",
    "watch",
];

/// Verbs of kinds that the controller writes and users control.
const CONTROLLED: &[&str] = &["get", "list", "patch", "update", "watch"];

/// Verbs of kinds that only the controller writes, and of events.
const READ_ONLY: &[&str] = &["get", "list", "watch"];

/// Category under which all kinds are listed together: `kubectl get firelens`.
const CATEGORY: &str = "firelens";

/// The kind of a policy plan, which is requested and not stored.
pub(crate) const PLAN: &str = "Plan";

/// The plural of [`PLAN`].
pub(crate) const PLANS: &str = "plans";

/// Returns the verbs that users have on a kind.
pub(crate) fn verbs(kind: Kind) -> &'static [&'static str] {
    if kind.written_by_users() {
        WRITTEN
    } else if kind.is_controlled_by_users() {
        CONTROLLED
    } else {
        READ_ONLY
    }
}

fn status_verbs(kind: Kind) -> &'static [&'static str] {
    if kind.written_by_users() {
        &["get", "patch", "update"]
    } else {
        &["get"]
    }
}

/// `GET /version`, with the id of the installation if it can be read.
pub(crate) fn version(installation: Option<&str>) -> Value {
    let mut version = json!({
        "major": "1",
        "minor": KUBERNETES_MINOR,
        "gitVersion": format!("v1.{KUBERNETES_MINOR}.0-firelens-{}", env!("CARGO_PKG_VERSION")),
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "",
        "compiler": "rustc",
        "platform": format!("{}/{}", std::env::consts::OS, std::env::consts::ARCH),
    });
    if let Some(installation) = installation {
        version["firelensInstallation"] = json!(installation);
    }
    version
}

/// `GET /api`
pub(crate) fn core_versions() -> Value {
    json!({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []})
}

/// `GET /api/v1`
pub(crate) fn core_resources() -> Value {
    json!({
        "kind": "APIResourceList",
        "groupVersion": "v1",
        "resources": [{
            "name": "events",
            "singularName": "event",
            "namespaced": true,
            "kind": "Event",
            "verbs": READ_ONLY,
            "shortNames": ["ev"],
        }],
    })
}

/// `GET /apis`
pub(crate) fn groups() -> Value {
    json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": [group_entry()]})
}

/// `GET /apis/firelens.dev`
pub(crate) fn group() -> Value {
    let mut group = json!({"kind": "APIGroup", "apiVersion": "v1"});
    if let (Some(map), Value::Object(entry)) = (group.as_object_mut(), group_entry()) {
        map.extend(entry);
    }
    group
}

fn group_entry() -> Value {
    let version = json!({"groupVersion": API_VERSION, "version": VERSION});
    json!({"name": GROUP, "versions": [version], "preferredVersion": version})
}

/// `GET /apis/firelens.dev/v1alpha1`
pub(crate) fn resources() -> Value {
    let resources: Vec<Value> = Kind::ALL
        .into_iter()
        .flat_map(|kind| {
            [
                json!({
                    "name": kind.plural(),
                    "singularName": kind.singular(),
                    "namespaced": false,
                    "kind": kind.name(),
                    "verbs": verbs(kind),
                    "shortNames": kind.short_names(),
                    "categories": [CATEGORY],
                }),
                json!({
                    "name": format!("{}/status", kind.plural()),
                    "singularName": "",
                    "namespaced": false,
                    "kind": kind.name(),
                    "verbs": status_verbs(kind),
                }),
            ]
        })
        .chain([json!({
            "name": PLANS,
            "singularName": "plan",
            "namespaced": false,
            "kind": PLAN,
            "verbs": ["create"],
        })])
        .collect();
    json!({
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": API_VERSION,
        "resources": resources,
    })
}

/// Everything under `/api` (`core`) or `/apis` in one response, for clients that request the aggregated form.
///
/// <https://kubernetes.io/docs/concepts/overview/kubernetes-api/#aggregated-discovery>
pub(crate) fn aggregated(core: bool, api_version: &str) -> Value {
    let (metadata, version, resources) = if core {
        let events = json!({
            "resource": "events",
            "responseKind": {"group": "", "version": "v1", "kind": "Event"},
            "scope": "Namespaced",
            "singularResource": "event",
            "verbs": READ_ONLY,
            "shortNames": ["ev"],
        });
        (json!({}), "v1", vec![events])
    } else {
        let plans = json!({
            "resource": PLANS,
            "responseKind": {"group": GROUP, "version": VERSION, "kind": PLAN},
            "scope": "Cluster",
            "singularResource": "plan",
            "verbs": ["create"],
        });
        let kinds = Kind::ALL.into_iter().map(aggregated_resource);
        let kinds = kinds.chain([plans]).collect();
        (json!({"name": GROUP}), VERSION, kinds)
    };
    json!({
        "kind": "APIGroupDiscoveryList",
        "apiVersion": format!("apidiscovery.k8s.io/{api_version}"),
        "metadata": {},
        "items": [{
            "metadata": metadata,
            "versions": [{"version": version, "resources": resources, "freshness": "Current"}],
        }],
    })
}

fn aggregated_resource(kind: Kind) -> Value {
    let response_kind = json!({"group": GROUP, "version": VERSION, "kind": kind.name()});
    json!({
        "resource": kind.plural(),
        "responseKind": response_kind,
        "scope": "Cluster",
        "singularResource": kind.singular(),
        "verbs": verbs(kind),
        "shortNames": kind.short_names(),
        "categories": [CATEGORY],
        "subresources": [{
            "subresource": "status",
            "responseKind": response_kind,
            "verbs": status_verbs(kind),
        }],
    })
}

/// Returns the version of the aggregated form that an entry of an `Accept` header requests, if it does.
pub(crate) fn aggregated_version(entry: &str) -> Option<&'static str> {
    let parts: Vec<&str> = entry.split(';').map(str::trim).collect();
    let wanted =
        parts.contains(&"as=APIGroupDiscoveryList") && parts.contains(&"g=apidiscovery.k8s.io");
    match parts.first() {
        Some(&"application/json") if wanted => ["v2", "v2beta1"]
            .into_iter()
            .find(|v| parts.contains(&format!("v={v}").as_str())),
        _ => None,
    }
}
