//! The named schemas of the documents: each kind, its list, and what all Kubernetes APIs share.
//! The descriptions of a kind's fields are the doc comments of its type, not here.

use firelens_types::v1alpha1::{GROUP, Kind, VERSION, schema};
use serde_json::{Map, Value, json};

use crate::discovery;

/// Returns the name of a kind's schema, in the reversed-domain form of Kubernetes.
pub(super) fn name(kind: &str) -> String {
    format!("dev.firelens.{VERSION}.{kind}")
}

pub(super) const STATUS: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.Status";
pub(super) const DELETE_OPTIONS: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions";
pub(super) const PATCH: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.Patch";
pub(super) const EVENT: &str = "io.k8s.api.core.v1.Event";
pub(super) const EVENT_LIST: &str = "io.k8s.api.core.v1.EventList";
const LIST_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta";
const OBJECT_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

/// `#/components/schemas/NAME`
pub(super) fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// The extension that connects a schema or an operation with a kind.
pub(super) const GVK: &str = "x-kubernetes-group-version-kind";

pub(super) fn gvk(group: &str, version: &str, kind: &str) -> Value {
    json!({"group": group, "version": version, "kind": kind})
}

/// Returns the schemas of `firelens.dev/v1alpha1`.
pub(super) fn of_group() -> Map<String, Value> {
    let mut schemas = Map::new();
    for kind in Kind::ALL {
        let mut kind_schema = schema(kind);
        kind_schema[GVK] = json!([gvk(GROUP, VERSION, kind.name())]);
        schemas.insert(name(kind.name()), kind_schema);
        let list = format!("{}List", kind.name());
        let described = format!("A list of {} objects.", kind.name());
        let mut many = list_schema(&described, &name(kind.name()));
        many[GVK] = json!([gvk(GROUP, VERSION, &list)]);
        schemas.insert(name(&list), many);
    }
    let mut plan = plan();
    plan[GVK] = json!([gvk(GROUP, VERSION, discovery::PLAN)]);
    schemas.insert(name(discovery::PLAN), plan);
    schemas.insert(OBJECT_META.to_owned(), object_meta());
    schemas.extend(shared());
    schemas
}

/// Returns the schema of the request and response of `POST /plans`.
fn plan() -> Value {
    let free = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    let mut policy = json!({"x-kubernetes-preserve-unknown-fields": true});
    policy["description"] =
        json!("The LoggingPolicy, stored or not; or the name of one that is stored, as a string.");
    let mut destinations = json!({"type": "array", "items": free});
    destinations["description"] =
        json!("LogDestination objects that stand in for the stored ones of the same name.");
    json!({
        "type": "object",
        "description": "Plan asks what a policy would do to each workload. Nothing is stored.",
        "properties": {
            "apiVersion": string("Version of the schema of this object."),
            "kind": string("Plan"),
            "metadata": reference(OBJECT_META),
            "policy": policy,
            "destinations": destinations,
            "limit": integer("Most workloads to describe in each target; all are counted. Default: 500."),
            "status": firelens_report::policy_plan::status_schema(),
        },
    })
}

/// Returns the schemas of `v1`, as far as it is served.
pub(super) fn of_core() -> Map<String, Value> {
    let mut schemas = Map::new();
    let mut event = event();
    event[GVK] = json!([gvk("", "v1", "Event")]);
    schemas.insert(EVENT.to_owned(), event);
    let mut list = list_schema("A list of events.", EVENT);
    list[GVK] = json!([gvk("", "v1", "EventList")]);
    schemas.insert(EVENT_LIST.to_owned(), list);
    schemas.insert(OBJECT_META.to_owned(), object_meta());
    schemas.extend(shared());
    schemas
}

fn list_schema(description: &str, item: &str) -> Value {
    json!({
        "type": "object",
        "description": description,
        "required": ["items"],
        "properties": {
            "apiVersion": string("Version of the schema of this list."),
            "kind": string("What this list holds."),
            "metadata": reference(LIST_META),
            "items": {"type": "array", "description": "The objects.", "items": reference(item)},
        },
    })
}

fn string(description: &str) -> Value {
    json!({"type": "string", "description": description})
}

fn integer(description: &str) -> Value {
    json!({"type": "integer", "format": "int64", "description": description})
}

fn time(description: &str) -> Value {
    json!({"type": "string", "format": "date-time", "description": description})
}

fn shared() -> Map<String, Value> {
    let list_meta = json!({
        "type": "object",
        "description": "Metadata of a list.",
        "properties": {
            "resourceVersion": string("A watch from here on misses nothing. Opaque."),
            "continue": string("Token of the next page; absent on the last."),
            "remainingItemCount": integer("How many objects follow this page, where that is known."),
        },
    });
    let patch = json!({"type": "object", "description": "A JSON merge patch or a JSON patch."});
    Map::from_iter([
        (LIST_META.to_owned(), list_meta),
        (STATUS.to_owned(), status()),
        (DELETE_OPTIONS.to_owned(), delete_options()),
        (PATCH.to_owned(), patch),
    ])
}

fn status() -> Value {
    json!({
        "type": "object",
        "description": "How a request ended, where the answer is not an object.",
        "properties": {
            "apiVersion": string("v1"),
            "kind": string("Status"),
            "status": string("Success or Failure."),
            "code": {"type": "integer", "format": "int32", "description": "The HTTP code."},
            "reason": string("Why, in one word a program can decide upon."),
            "message": string("Why, for people."),
            "details": {"type": "object", "description": "The object it is about, and for Invalid every cause.", "properties": {
                "name": string("Name of the object."),
                "group": string("Group of its kind."),
                "kind": string("Its resource."),
                "uid": string("Its uid."),
                "retryAfterSeconds": {"type": "integer", "format": "int32", "description": "When to try again."},
                "causes": {"type": "array", "description": "Every problem found.", "items": {"type": "object", "properties": {
                    "field": string("Path of the field."),
                    "reason": string("What kind of problem."),
                    "message": string("The problem, for people."),
                }}},
            }},
        },
        GVK: [gvk("", "v1", "Status")],
    })
}

fn delete_options() -> Value {
    json!({
        "type": "object",
        "description": "How to delete.",
        "properties": {
            "apiVersion": string("v1"),
            "kind": string("DeleteOptions"),
            "dryRun": {"type": "array", "items": {"type": "string"}, "description": "All: check everything, delete nothing."},
            "gracePeriodSeconds": integer("Accepted and without effect."),
            "propagationPolicy": string("Accepted and without effect: nothing depends on these objects."),
            "preconditions": {"type": "object", "description": "Delete only if these hold.", "properties": {
                "uid": string("Only this uid."),
                "resourceVersion": string("Only this resourceVersion."),
            }},
        },
        GVK: [gvk("", "v1", "DeleteOptions"), gvk(GROUP, VERSION, "DeleteOptions")],
    })
}

fn object_meta() -> Value {
    json!({
        "type": "object",
        "description": "Standard object metadata.",
        "properties": {
            "name": string("Name of the object."),
            "namespace": string("Namespace of the object."),
            "uid": string("Identity of the object."),
            "resourceVersion": string("Version of the object. Opaque."),
            "creationTimestamp": time("When it was created."),
        },
    })
}

fn event() -> Value {
    json!({
        "type": "object",
        "description": "Something that happened to an object. Equal events are counted, and old ones are removed.",
        "properties": {
            "apiVersion": string("v1"),
            "kind": string("Event"),
            "metadata": reference(OBJECT_META),
            "involvedObject": {"type": "object", "description": "What it is about.", "properties": {
                "apiVersion": string("Group and version of the object."),
                "kind": string("Kind of the object."),
                "name": string("Name of the object."),
                "uid": string("Uid of the object."),
            }},
            "type": string("Normal or Warning."),
            "reason": string("Why, in one word."),
            "message": string("What happened, for people."),
            "count": {"type": "integer", "format": "int32", "description": "How often it was seen."},
            "firstTimestamp": time("When it was first seen."),
            "lastTimestamp": time("When it was last seen."),
            "source": {"type": "object", "description": "Who says so.", "properties": {
                "component": string("Name of the component."),
            }},
            "reportingComponent": string("Who says so."),
        },
    })
}
