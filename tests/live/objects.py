"""Objects of the API as dictionaries, and how their conditions are read.

Must never know what a run wants of them.
"""

API = "firelens.dev/v1alpha1"


def make(kind, name, spec):
    return {"apiVersion": API, "kind": kind, "metadata": {"name": name}, "spec": spec}


def condition(found, type_):
    """(status, reason, message) of a condition; three blanks where it is absent."""
    for item in (found or {}).get("status", {}).get("conditions", []):
        if item["type"] == type_:
            return item["status"], item.get("reason", ""), item.get("message", "")
    return "", "", ""


def reason(found, type_):
    return condition(found, type_)[1]


def is_true(found, type_):
    return condition(found, type_)[0] == "True"


def by_service(workloads):
    """(cluster, service) -> Workload."""
    return {(item["spec"]["cluster"], item["spec"]["service"]): item for item in workloads}
