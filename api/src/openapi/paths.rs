//! The operations of each resource, from which both OpenAPI versions are written.
//! They are the operations that discovery lists.

use firelens_types::v1alpha1::{API_VERSION, GROUP, Kind, VERSION};
use serde_json::{Value, json};

use super::schemas;
use crate::discovery;

/// One operation on one path.
pub(super) struct Operation {
    pub(super) path: String,
    /// HTTP method in lower case.
    pub(super) method: &'static str,
    /// `x-kubernetes-action`.
    pub(super) action: &'static str,
    pub(super) id: String,
    pub(super) description: String,
    /// Names of query parameters.
    pub(super) query: Vec<&'static str>,
    /// Name of the schema of the body.
    pub(super) body: Option<String>,
    /// Media types of the body.
    pub(super) consumes: &'static [&'static str],
    /// Name of the schema of the response.
    pub(super) answer: String,
    /// HTTP code of a success.
    pub(super) code: &'static str,
    /// Group, version and kind, as `x-kubernetes-group-version-kind`.
    pub(super) gvk: Value,
}

const OBJECT: &[&str] = &["application/json", "application/yaml"];
/// Media types of patches. Strategic merge patch is only for built-in types
/// of Kubernetes; clients find here that it is missing.
const PATCHES: &[&str] = &[
    "application/json-patch+json",
    "application/merge-patch+json",
];
const WRITE: &[&str] = &["dryRun", "fieldManager", "fieldValidation"];
const LIST: &[&str] = &[
    "allowWatchBookmarks",
    "continue",
    "fieldSelector",
    "labelSelector",
    "limit",
    "resourceVersion",
    "resourceVersionMatch",
    "sendInitialEvents",
    "timeoutSeconds",
    "watch",
];

/// Returns the description of a query parameter, and its type.
pub(super) fn query_parameter(name: &str) -> (&'static str, &'static str) {
    match name {
        "allowWatchBookmarks" => (
            "Send BOOKMARK events, so that a watch can resume without a new list.",
            "boolean",
        ),
        "continue" => ("Token from the page before.", "string"),
        "dryRun" => (
            "All: check everything, store nothing, answer what would be stored.",
            "string",
        ),
        "fieldManager" => ("Who writes. Accepted and not kept.", "string"),
        "fieldSelector" => ("Only objects whose fields match: metadata.name.", "string"),
        "fieldValidation" => (
            "What happens to unknown and repeated fields: Strict (default) refuses, Warn drops them and warns, Ignore drops them.",
            "string",
        ),
        "labelSelector" => ("Only objects whose labels match.", "string"),
        "limit" => ("At most so many objects on one page.", "integer"),
        "resourceVersion" => ("Where a watch begins.", "string"),
        "resourceVersionMatch" => ("NotOlderThan or Exact.", "string"),
        "sendInitialEvents" => (
            "Begin a watch with the objects that exist, then a bookmark.",
            "boolean",
        ),
        "timeoutSeconds" => ("End a watch after so many seconds.", "integer"),
        "watch" => ("Stream changes in place of a list.", "boolean"),
        "gracePeriodSeconds" => ("Accepted and without effect.", "integer"),
        _ => ("Accepted and without effect.", "string"),
    }
}

/// Returns all operations of the group's kinds, ordered by path.
pub(super) fn of_group() -> Vec<Operation> {
    let mut operations: Vec<Operation> = Kind::ALL.into_iter().flat_map(of_kind).collect();
    operations.push(plan());
    operations.sort_by(|a, b| a.path.cmp(&b.path));
    operations
}

fn plan() -> Operation {
    Operation {
        path: format!("/apis/{API_VERSION}/{}", discovery::PLANS),
        method: "post",
        action: "post",
        id: "createFirelensV1alpha1Plan".to_owned(),
        description: "create Plan".to_owned(),
        query: Vec::new(),
        body: Some(schemas::name(discovery::PLAN)),
        consumes: OBJECT,
        answer: schemas::name(discovery::PLAN),
        code: "201",
        gvk: schemas::gvk(GROUP, VERSION, discovery::PLAN),
    }
}

fn of_kind(kind: Kind) -> Vec<Operation> {
    let plural = kind.plural();
    let collection = format!("/apis/{API_VERSION}/{plural}");
    let item = format!("{collection}/{{name}}");
    let status = format!("{item}/status");
    let mut operations = vec![
        read(
            kind,
            &collection,
            "list",
            "list",
            &format!("{}List", kind.name()),
        ),
        read(kind, &item, "get", "read", kind.name()),
        read(kind, &status, "get", "readStatus", kind.name()),
    ];
    if discovery::verbs(kind).contains(&"create") {
        operations.extend([
            write(kind, &collection, "post", "create", "201"),
            delete(
                kind,
                &collection,
                "deletecollection",
                &schemas::name(&format!("{}List", kind.name())),
            ),
            delete(kind, &item, "delete", schemas::STATUS),
            write(kind, &status, "put", "replaceStatus", "200"),
            write(kind, &status, "patch", "patchStatus", "200"),
        ]);
    }
    if discovery::verbs(kind).contains(&"update") {
        operations.extend([
            write(kind, &item, "put", "replace", "200"),
            write(kind, &item, "patch", "patch", "200"),
        ]);
    }
    operations
}

fn id(verb: &str, kind: Kind) -> String {
    format!("{verb}FirelensV1alpha1{}", kind.name())
}

fn gvk(kind: Kind) -> Value {
    schemas::gvk(GROUP, VERSION, kind.name())
}

fn read(kind: Kind, path: &str, action: &'static str, verb: &str, answer: &str) -> Operation {
    Operation {
        path: path.to_owned(),
        method: "get",
        action,
        id: id(verb, kind),
        description: format!("{verb} {}", kind.name()),
        query: if action == "list" {
            LIST.to_vec()
        } else {
            Vec::new()
        },
        body: None,
        consumes: &[],
        answer: schemas::name(answer),
        code: "200",
        gvk: gvk(kind),
    }
}

fn write(
    kind: Kind,
    path: &str,
    method: &'static str,
    verb: &str,
    code: &'static str,
) -> Operation {
    let patch = method == "patch";
    Operation {
        path: path.to_owned(),
        method,
        action: method,
        id: id(verb, kind),
        description: format!("{verb} {}", kind.name()),
        query: WRITE.to_vec(),
        body: Some(if patch {
            schemas::PATCH.to_owned()
        } else {
            schemas::name(kind.name())
        }),
        consumes: if patch { PATCHES } else { OBJECT },
        answer: schemas::name(kind.name()),
        code,
        gvk: gvk(kind),
    }
}

fn delete(kind: Kind, path: &str, action: &'static str, answer: &str) -> Operation {
    let mut query = vec!["dryRun", "gracePeriodSeconds", "propagationPolicy"];
    if action == "deletecollection" {
        query.extend(["fieldSelector", "labelSelector", "limit", "continue"]);
    }
    Operation {
        path: path.to_owned(),
        method: "delete",
        action,
        id: id(action, kind),
        description: format!("{action} {}", kind.name()),
        query,
        body: Some(schemas::DELETE_OPTIONS.to_owned()),
        consumes: OBJECT,
        answer: answer.to_owned(),
        code: "200",
        gvk: gvk(kind),
    }
}

/// Returns the operations of `v1`: events can be read.
pub(super) fn of_core() -> Vec<Operation> {
    let read = |path: &str, action: &'static str, id: &str, answer: &str| Operation {
        path: path.to_owned(),
        method: "get",
        action,
        id: id.to_owned(),
        description: format!("{action} Event"),
        query: if action == "list" {
            LIST.to_vec()
        } else {
            Vec::new()
        },
        body: None,
        consumes: &[],
        answer: answer.to_owned(),
        code: "200",
        gvk: schemas::gvk("", "v1", "Event"),
    };
    let list = schemas::EVENT_LIST;
    vec![
        read(
            "/api/v1/events",
            "list",
            "listCoreV1EventForAllNamespaces",
            list,
        ),
        read(
            "/api/v1/namespaces/{namespace}/events",
            "list",
            "listCoreV1NamespacedEvent",
            list,
        ),
        read(
            "/api/v1/namespaces/{namespace}/events/{name}",
            "get",
            "readCoreV1NamespacedEvent",
            schemas::EVENT,
        ),
    ]
}

/// Returns the path parameters of an operation: names and descriptions.
pub(super) fn path_parameters(path: &str) -> Vec<(&'static str, &'static str)> {
    [
        ("name", "Name of the object."),
        ("namespace", "Namespace of the event."),
    ]
    .into_iter()
    .filter(|(name, _)| path.contains(&format!("{{{name}}}")))
    .collect()
}

/// Adds `x-kubernetes-action` and `x-kubernetes-group-version-kind` of an operation.
pub(super) fn extend(operation: &Operation, json: &mut Value) {
    json["x-kubernetes-action"] = json!(operation.action);
    json[schemas::GVK] = operation.gvk.clone();
}
