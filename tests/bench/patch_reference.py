"""What the core does to a task definition, done by a Python script with the `json` module of the standard library.

It is what the benchmark of the core is measured against, and a second opinion on its results: the same policy
(core/plan/benches/support/policy.rs) compiled by hand, the same restore record, labels, canonical form and hash, and the same
decision that a live revision needs nothing. It does not work out grants or hints, which the core does as well.

Never slowed down on purpose: constants are made once, trees are changed in place.
"""

import json
import sys
from hashlib import sha256

READ_ONLY = (
    "taskDefinitionArn",
    "revision",
    "status",
    "requiresAttributes",
    "compatibilities",
    "registeredAt",
    "registeredBy",
    "deregisteredAt",
    "deleteRequestedAt",
)
BLANK_TASK = frozenset(("taskRoleArn", "executionRoleArn", "networkMode", "pidMode", "ipcMode", "cpu", "memory"))
EMPTY_TASK = frozenset(("volumes", "placementConstraints", "requiresCompatibilities", "inferenceAccelerators", "tags"))
EMPTY_CONTAINER = frozenset(
    (
        "command",
        "credentialSpecs",
        "dependsOn",
        "dnsSearchDomains",
        "dnsServers",
        "dockerLabels",
        "dockerSecurityOptions",
        "entryPoint",
        "environment",
        "environmentFiles",
        "extraHosts",
        "links",
        "linuxParameters",
        "mountPoints",
        "portMappings",
        "resourceRequirements",
        "secrets",
        "systemControls",
        "ulimits",
        "volumesFrom",
    )
)
BLANK_CONTAINER = frozenset(("user", "workingDirectory", "hostname"))
UNORDERED = (
    ("environment", "name"),
    ("secrets", "name"),
    ("dependsOn", "containerName"),
    ("portMappings", "containerPort"),
)
HEALTH_DEFAULTS = (("interval", 30), ("timeout", 5), ("retries", 3))

LABEL = "firelens.dev/"
ROUTER = "log_router"
EXCLUDED = frozenset(("envoy",))
TAKEN_PORTS = (24224, 8877)
HTTP_PORT = 2020
MAX_CONTAINERS = 10
MAX_BYTES = 65536

POLICY_LABELS = {
    LABEL + "policy": "central",
    LABEL + "policy-uid": "6f1d7c1e-0000-4000-8000-000000000001",
    LABEL + "generation": "3",
}
# Labels that say where a revision came from, and the record, which is compared on its own.
PROVENANCE = frozenset(LABEL + name for name in ("hash", "base", "generation", "restore"))
LOG_CONFIGURATION = {
    "logDriver": "awsfirelens",
    "options": {
        "Name": "cloudwatch_logs",
        "region": "eu-central-1",
        "log_group_name": "/central/applications",
        "log_stream_prefix": "app-",
        "auto_create_group": "On",
    },
}
WAIT = {"containerName": ROUTER, "condition": "START"}
FIRELENS = {
    "type": "fluentbit",
    "options": {
        "enable-ecs-log-metadata": "true",
        "config-file-type": "file",
        "config-file-value": "/fluent-bit/configs/output-metrics-healthcheck.conf",
    },
}
HEALTH_CHECK = {
    "command": ["CMD-SHELL", "curl -f http://127.0.0.1:2020/api/v1/uptime || exit 1"],
    "interval": 10,
    "timeout": 5,
    "retries": 2,
    "startPeriod": 30,
}

compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode
compact_sorted = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), sort_keys=True, check_circular=False
).encode


class Refused(Exception):
    """The task definition cannot be injected."""


def patch(answer):
    """An answer of DescribeTaskDefinition in, the body to register out; None when nothing is to change."""
    outer = json.loads(answer)
    task = register_input(outer["taskDefinition"], outer.get("tags"))
    marks = marks_of(task)
    if marks is None:
        base = outer["taskDefinition"].get("taskDefinitionArn")
        return compact(inject(task, base)[0])
    live = {container["name"]: routing(container) for container in task["containerDefinitions"]}
    router, record = eject(task, marks)
    wanted, wanted_record = inject(task, marks.get(LABEL + "base"))
    if is_current(live, router, record, wanted, wanted_record):
        return None
    return compact(wanted)


def register_input(task, tags):
    """The members that RegisterTaskDefinition takes."""
    task = {
        name: value
        for name, value in task.items()
        if name not in READ_ONLY and value is not None and not (value == "" and name in BLANK_TASK)
    }
    if tags:
        tags = [tag for tag in tags if not tag["key"].lower().startswith("aws:")]
        if tags:
            task["tags"] = tags
    return task


def marks_of(task):
    """The labels of our router, if there is one."""
    for container in task["containerDefinitions"]:
        if container.get("firelensConfiguration") is not None:
            labels = container.get("dockerLabels") or {}
            if LABEL + "policy" in labels and LABEL + "restore" in labels:
                return labels
    return None


def inject(task, base):
    """Adds the router and routes the containers to it; changes `task`."""
    containers = task["containerDefinitions"]
    if len(containers) >= MAX_CONTAINERS:
        raise Refused("too many containers")
    names = [container["name"] for container in containers]
    if ROUTER in names:
        raise Refused("the name of the router is taken")
    http_is_free = True
    for container in containers:
        if container.get("firelensConfiguration") is not None:
            raise Refused("there is a router already")
        for mapping in container.get("portMappings") or ():
            port = mapping.get("containerPort")
            if port in TAKEN_PORTS:
                raise Refused("a port of the router is taken")
            http_is_free = http_is_free and port != HTTP_PORT
    own_log = None
    record = {}
    for container in sorted(containers, key=lambda container: container["name"]):
        if container["name"] not in EXCLUDED:
            record[container["name"]] = {}
    for container in containers:
        if container["name"] in EXCLUDED:
            continue
        own_log = own_log or like(container.get("logConfiguration"))
        route(container, record[container["name"]])
    if not record:
        raise Refused("no container is selected")
    refuse_cycles(containers)
    restore = {"v": 1, "containers": record}
    labels = dict(POLICY_LABELS)
    if base:
        labels[LABEL + "base"] = base
    labels[LABEL + "restore"] = compact(restore)
    stops = [container.get("stopTimeout", 30) for container in containers if container["name"] in record]
    router = router_container(own_log, http_is_free, max(stops), labels)
    containers.append(router)
    labels[LABEL + "hash"] = canonical_hash(task)
    return task, restore


def route(container, record):
    """Points one container at the router and remembers what was there."""
    before = container.get("logConfiguration", record)
    record["log"] = [] if before is record else [before]
    container["logConfiguration"] = LOG_CONFIGURATION
    waits = container.get("dependsOn")
    if isinstance(waits, list):
        record["dependsOn"] = {}
        waits.append(WAIT)
    else:
        record["dependsOn"] = {"instead": [waits] if "dependsOn" in container else []}
        container["dependsOn"] = [WAIT]


def like(configuration):
    """The router's own log: in the group of the container, under its own prefix."""
    if not configuration or configuration.get("logDriver") != "awslogs":
        return None
    options = configuration.get("options") or {}
    if not options.get("awslogs-group"):
        return None
    own = {
        "awslogs-group": options["awslogs-group"],
        "awslogs-region": options.get("awslogs-region", "eu-central-1"),
        "awslogs-stream-prefix": "firelens",
    }
    return {"logDriver": "awslogs", "options": own}


def router_container(own_log, has_http, slowest_stop, labels):
    """The container definition of the router."""
    router = {
        "name": ROUTER,
        "image": "public.ecr.aws/aws-observability/aws-for-fluent-bit:3.4.16",
        "essential": True,
        "memoryReservation": 100,
        "user": "0",
        "firelensConfiguration": FIRELENS
        if has_http
        else {"type": "fluentbit", "options": {"enable-ecs-log-metadata": "true"}},
    }
    if own_log:
        router["logConfiguration"] = own_log
    if has_http:
        router["healthCheck"] = HEALTH_CHECK
    grace = 30 if has_http else 5
    router["stopTimeout"] = min(slowest_stop + grace, 120)
    router["dockerLabels"] = labels
    return router


def refuse_cycles(containers):
    """Containers that wait for each other in a circle never start."""
    waits = {
        container["name"]: {entry["containerName"] for entry in container.get("dependsOn") or ()}
        for container in containers
    }
    while True:
        free = [name for name, on in waits.items() if not any(one in waits for one in on)]
        if not free:
            break
        for name in free:
            del waits[name]
    if waits:
        raise Refused("containers wait for each other")


def eject(task, marks):
    """Takes our router out and puts back what the record says; changes `task`."""
    record = json.loads(marks[LABEL + "restore"])
    containers = task["containerDefinitions"]
    router = next(container for container in containers if container.get("dockerLabels") is marks)
    containers.remove(router)
    for container in containers:
        known = record["containers"].get(container["name"], {})
        if "log" in known and container["logConfiguration"]["logDriver"] == "awsfirelens":
            restore(container, "logConfiguration", known["log"])
        if "dependsOn" not in known:
            continue
        kept = [entry for entry in container.get("dependsOn") or () if entry["containerName"] != router["name"]]
        for place, entry in known["dependsOn"].get("replaced", ()):
            kept.insert(place, entry)
        if kept or "instead" not in known["dependsOn"]:
            container["dependsOn"] = kept
        else:
            restore(container, "dependsOn", known["dependsOn"]["instead"])
    return router, record


def restore(container, member, before):
    if before:
        container[member] = before[0]
    else:
        container.pop(member, None)


def routing(container):
    """What of a container is ours, before it is changed."""
    waits = [entry for entry in container.get("dependsOn") or () if entry["containerName"] == ROUTER]
    return compact_sorted([container.get("logConfiguration"), waits])


def is_current(live, router, record, wanted, wanted_record):
    """Whether the live revision has everything that the wanted one sets."""
    for name, known in wanted_record["containers"].items():
        if record["containers"].get(name) != known:
            return False
    wanted_router = wanted["containerDefinitions"][-1]
    for container in wanted["containerDefinitions"][:-1]:
        if live.get(container["name"]) != routing(container):
            return False
    found = tidy(canonical_container(router, True))
    for name, value in tidy(canonical_container(wanted_router, True)).items():
        if name == "dockerLabels":
            if provenance_free(found.get(name) or {}) != provenance_free(value):
                return False
        elif found.get(name) != value:
            return False
    return True


def provenance_free(labels):
    return {name: value for name, value in labels.items() if name not in PROVENANCE}


def canonical_hash(task):
    """SHA-256 of the canonical form, as hexadecimal digits."""
    return sha256(compact_sorted(canonical(task)).encode()).hexdigest()


def canonical(task):
    """What is left of a register input when everything that ECS adds, drops or reorders is taken away."""
    top = {
        name: value
        for name, value in task.items()
        if not (value == "" and name in BLANK_TASK)
        and not (name in EMPTY_TASK and isinstance(value, (list, dict)) and not value)
    }
    for name, unit in (("cpu", "vcpu"), ("memory", "gb")):
        if name in top:
            top[name] = size_text(top[name], unit)
    if top.get("enableFaultInjection") is False:
        del top["enableFaultInjection"]
    if "tags" in top:
        top["tags"] = sorted(top["tags"], key=lambda tag: tag["key"])
    kinds = top.get("requiresCompatibilities") or ()
    if kinds:
        top["requiresCompatibilities"] = sorted(kinds)
    if top.get("volumes"):
        top["volumes"] = [canonical_volume(volume) for volume in top["volumes"]]
    shares_ports = "FARGATE" in kinds or top.get("networkMode") in ("awsvpc", "host")
    top["containerDefinitions"] = [
        canonical_container(container, shares_ports) for container in top["containerDefinitions"]
    ]
    if top.get("networkMode") == ("awsvpc" if "FARGATE" in kinds else "bridge"):
        del top["networkMode"]
    return tidy(top)


def canonical_volume(volume):
    volume = dict(volume)
    if volume.get("host") == {}:
        del volume["host"]
    efs = volume.get("efsVolumeConfiguration")
    if efs and efs.get("rootDirectory") == "/":
        volume["efsVolumeConfiguration"] = {name: value for name, value in efs.items() if name != "rootDirectory"}
    return volume


def canonical_container(container, shares_ports):
    out = {
        name: value
        for name, value in container.items()
        if not (name in EMPTY_CONTAINER and isinstance(value, (list, dict)) and not value)
        and not (value == "" and name in BLANK_CONTAINER)
    }
    if out.get("cpu") == 0:
        del out["cpu"]
    if out.get("essential") is True:
        del out["essential"]
    if "portMappings" in out:
        out["portMappings"] = [canonical_port(mapping, shares_ports) for mapping in out["portMappings"]]
    if "mountPoints" in out:
        out["mountPoints"] = [
            {name: value for name, value in mount.items() if not (name == "readOnly" and value is False)}
            for mount in out["mountPoints"]
        ]
    for name, member in UNORDERED:
        if name in out:
            out[name] = sorted(out[name], key=lambda entry, member=member: entry[member])
    check = out.get("healthCheck")
    if check:
        out["healthCheck"] = {name: value for name, value in check.items() if (name, value) not in HEALTH_DEFAULTS}
    logs = out.get("logConfiguration")
    if logs:
        logs = {name: value for name, value in logs.items() if value or name not in ("options", "secretOptions")}
        if "secretOptions" in logs:
            logs["secretOptions"] = sorted(logs["secretOptions"], key=lambda entry: entry["name"])
        out["logConfiguration"] = logs
    router = out.get("firelensConfiguration")
    if router is not None:
        if router.get("options") == {}:
            out["firelensConfiguration"] = {name: value for name, value in router.items() if name != "options"}
        if out.get("user") == "0":
            del out["user"]
    return out


def canonical_port(mapping, shares_ports):
    out = dict(mapping)
    if out.get("protocol") == "tcp":
        del out["protocol"]
    port = out.get("hostPort")
    if "hostPort" in out and (port == 0 or shares_ports and port == out.get("containerPort")):
        del out["hostPort"]
    return out


def size_text(value, unit):
    """`1024` and `"1 vCPU"` become `"1024"`."""
    written = value.strip().lower() if isinstance(value, str) else str(value)
    if not written.endswith(unit):
        return written
    return f"{float(written[: -len(unit)].strip()) * 1024:.0f}"


def tidy(value):
    """Nulls in objects gone, whole numbers written as such; keys are sorted when it is written."""
    if isinstance(value, dict):
        return {name: tidy(member) for name, member in value.items() if member is not None}
    if isinstance(value, list):
        return [tidy(entry) for entry in value]
    if isinstance(value, float) and value.is_integer() and abs(value) <= 2**53:
        return int(value)
    return value


def check(path):
    """Compares with the results of the core, document by document; answers how many differ."""
    wrong = 0
    with open(path, encoding="utf-8") as lines:
        documents = [json.loads(line) for line in lines]
    for number, document in enumerate(documents):
        problems = []
        body = patch(document["base"])
        if body is None or json.loads(body) != json.loads(document["wanted"]):
            problems.append("the bodies differ")
        if patch(document["live"]) is not None:
            problems.append("the revision that was registered is not taken for current")
        if problems:
            wrong += 1
            print(f"document {number}: {'; '.join(problems)}", file=sys.stderr)
    if not documents:
        raise SystemExit("there is no document to compare")
    return len(documents), wrong


def main():
    if len(sys.argv) != 2:
        raise SystemExit("usage: patch_reference.py CORPUS.jsonl")
    count, wrong = check(sys.argv[1])
    print(f"{count - wrong} of {count} results are equal")
    raise SystemExit(1 if wrong else 0)


if __name__ == "__main__":
    main()
