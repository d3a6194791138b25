"""Reading AWS: what services run, which revisions there are, what roles and buckets hold.

Must never change anything.
"""

import json

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

DESCRIBE_SERVICES = 10
DESCRIBE_TASKS = 100
# What describe-task-definition adds to what was registered.
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
LABEL_POLICY = "firelens.dev/policy"


def code(error):
    """The error code of a refused call."""
    return error.response.get("Error", {}).get("Code", "")


def is_missing(error):
    """Whether a refusal says that the thing is not there."""
    word = code(error)
    return (
        word in ("NoSuchEntity", "NoSuchBucket", "NoSuchKey", "404", "ResourceNotFoundException")
        or word.endswith(("NotFoundException", "NotFound"))
        or "Unable to describe task definition" in str(error)
    )


class Aws:
    """Clients of one account and region. `endpoint` is another AWS than the real one."""

    def __init__(self, region, endpoint=None, account=None):
        self.region, self.endpoint = region, endpoint
        keys = {}
        if account:
            keys = {"aws_access_key_id": account, "aws_secret_access_key": "local"}
        self.session = boto3.Session(region_name=region, **keys)
        self.clients = {}

    def client(self, name):
        if name not in self.clients:
            more = {"proxies": {}} if self.endpoint else {}
            config = Config(
                retries={"mode": "standard", "max_attempts": 6}, connect_timeout=10, read_timeout=60, **more
            )
            self.clients[name] = self.session.client(name, endpoint_url=self.endpoint, config=config)
        return self.clients[name]

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return self.client(name)

    def caller(self):
        return self.sts.get_caller_identity()

    def clusters(self):
        arns = self.ecs.get_paginator("list_clusters").paginate().build_full_result()["clusterArns"]
        return sorted(arn.rsplit("/", 1)[-1] for arn in arns)

    def services(self, cluster, names=None):
        """Name -> service as ECS describes it; all of the cluster where no names are given."""
        if names is None:
            pages = self.ecs.get_paginator("list_services").paginate(cluster=cluster)
            names = [arn.rsplit("/", 1)[-1] for arn in pages.build_full_result()["serviceArns"]]
        found = {}
        for begin in range(0, len(names), DESCRIBE_SERVICES):
            batch = names[begin : begin + DESCRIBE_SERVICES]
            answer = self.ecs.describe_services(cluster=cluster, services=batch, include=["TAGS"])
            found |= {service["serviceName"]: service for service in answer["services"]}
        return found

    def tasks(self, cluster, service):
        """The tasks of a service that run or are about to."""
        pages = self.ecs.get_paginator("list_tasks").paginate(cluster=cluster, serviceName=service)
        arns = pages.build_full_result()["taskArns"]
        found = []
        for begin in range(0, len(arns), DESCRIBE_TASKS):
            found += self.ecs.describe_tasks(cluster=cluster, tasks=arns[begin : begin + DESCRIBE_TASKS])["tasks"]
        return found

    def revision(self, arn):
        """A revision as ECS describes it: the whole answer, tags included."""
        answer = self.ecs.describe_task_definition(taskDefinition=arn, include=["TAGS"])
        return {"taskDefinition": answer["taskDefinition"], "tags": answer.get("tags", [])}

    def revisions(self, family, status="ACTIVE"):
        """ARNs of the revisions of exactly that family, oldest first."""
        pages = self.ecs.get_paginator("list_task_definitions").paginate(familyPrefix=family, status=status, sort="ASC")
        arns = pages.build_full_result()["taskDefinitionArns"]
        return [arn for arn in arns if family_of(arn) == family]

    def every_revision(self):
        """ARNs of all active revisions."""
        pages = self.ecs.get_paginator("list_task_definitions").paginate(status="ACTIVE")
        return sorted(pages.build_full_result()["taskDefinitionArns"])

    def role_policies(self, role):
        """Inline policy -> document, of one role; None where the role is gone."""
        try:
            names = self.iam.get_paginator("list_role_policies").paginate(RoleName=role).build_full_result()
            return {
                name: self.iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
                for name in names["PolicyNames"]
            }
        except ClientError as error:
            if is_missing(error):
                return None
            raise

    def objects(self, bucket):
        """Keys of a bucket."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        return sorted(item["Key"] for item in pages.build_full_result().get("Contents", []))


def family_of(arn):
    return arn.rsplit("/", 1)[-1].rsplit(":", 1)[0]


def short(arn):
    return arn.rsplit("/", 1)[-1]


def revision_of(arn):
    """The number of a revision in its family."""
    return int(arn.rsplit(":", 1)[-1])


def router_of(revision):
    """The container with our marks, None where there is none."""
    document = revision.get("taskDefinition", revision)
    for container in document.get("containerDefinitions", []):
        if LABEL_POLICY in (container.get("dockerLabels") or {}):
            return container
    return None


def register_input(revision):
    """What registers the same revision again: a described one without what the server adds."""
    document = {
        key: value
        for key, value in revision["taskDefinition"].items()
        if key not in READ_ONLY and value not in ("", [], None)
    }
    return document | ({"tags": revision["tags"]} if revision.get("tags") else {})


def canonical(value):
    """A document without empty members, in one order: two that mean the same are equal."""
    if isinstance(value, dict):
        found = {key: canonical(item) for key, item in sorted(value.items())}
        return {key: item for key, item in found.items() if item not in (None, "", [], {})}
    if isinstance(value, list):
        return [canonical(item) for item in value]
    return value


def differing(one, other, path=""):
    """Paths in which two documents differ."""
    one, other = (canonical(one), canonical(other)) if not path else (one, other)
    if isinstance(one, dict) and isinstance(other, dict):
        keys = sorted(one.keys() | other.keys())
        return [found for key in keys for found in differing(one.get(key), other.get(key), f"{path}.{key}")]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = enumerate(zip(one, other, strict=True))
        return [found for index, (left, right) in pairs for found in differing(left, right, f"{path}[{index}]")]
    return [] if one == other else [f"{path[1:]}: {text(one)[:120]} and {text(other)[:120]}"]


def text(document):
    return json.dumps(document, sort_keys=True, default=str)
