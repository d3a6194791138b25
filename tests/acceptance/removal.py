"""Removes what a ledger lists, and looks whether it is gone.

Must never remove a thing that carries another run's tag, or whose name does not hold the run.
"""

import time

from botocore.exceptions import ClientError

from acceptance.ledger import TAG
from live.aws import is_missing
from live.waiting import Timeout, until

# In this order: a thing goes after everything that needs it.
ORDER = ("service", "family", "cluster", "log-group", "role", "policy", "bucket")
DRAIN_SECONDS = 300
TRIES = 3
DELETE_AT_ONCE = 10


class Removal:
    def __init__(self, aws, ledger):
        self.aws, self.run = aws, ledger.run
        self.things = sorted(
            (thing for thing in ledger.things() if thing["kind"] in ORDER), key=lambda thing: ORDER.index(thing["kind"])
        )

    def remove(self):
        """Removes everything; answers what is left, in words. What is gone already is no fault."""
        left = []
        for attempt in range(TRIES):
            left = []
            for thing in self.things:
                try:
                    self._remove(thing)
                except (ClientError, Timeout) as error:
                    left.append(f"{thing['kind']} {thing['name']}: {error}")
            if not left:
                break
            # Rights and dependencies lag behind; a repeated call is harmless.
            time.sleep(2 * (attempt + 1))
        return left or self.remaining()

    def _remove(self, thing):
        if self.run not in thing["name"]:
            raise Timeout(f"{thing['name']} does not hold {self.run}")
        present, tag = self._look(thing)
        if not present:
            return
        if tag not in (None, self.run):
            raise Timeout(f"it belongs to run {tag}")
        getattr(self, "_remove_" + thing["kind"].replace("-", "_"))(thing)

    def remaining(self):
        """What of the ledger is still there, in words."""
        return [f"{thing['kind']} {thing['name']}" for thing in self.things if self._look(thing)[0]]

    def _look(self, thing):
        """(whether it is there, which run its tag names)."""
        try:
            return getattr(self, "_look_" + thing["kind"].replace("-", "_"))(thing)
        except ClientError as error:
            if is_missing(error):
                return False, None
            raise

    def _tag(self, tags, key="key", value="value"):
        return next((tag[value] for tag in tags or [] if tag[key] == TAG), None)

    def _look_service(self, thing):
        service = self.aws.services(thing["cluster"], [thing["name"]]).get(thing["name"])
        if service is None or service["status"] == "INACTIVE":
            return False, None
        return True, self._tag(service.get("tags"))

    def _remove_service(self, thing):
        cluster, name = thing["cluster"], thing["name"]
        if self.aws.services(cluster, [name])[name]["status"] == "ACTIVE":
            self.aws.ecs.delete_service(cluster=cluster, service=name, force=True)
        until("its tasks have ended", DRAIN_SECONDS, lambda: (not self.aws.tasks(cluster, name), name), poll=2)
        until("it is gone", DRAIN_SECONDS, lambda: (not self._look_service(thing)[0], name), poll=2)

    def _look_family(self, thing):
        arns = self.aws.revisions(thing["name"]) + self.aws.revisions(thing["name"], "INACTIVE")
        if not arns:
            return False, None
        return True, self._tag(self.aws.revision(arns[0])["tags"])

    def _remove_family(self, thing):
        for arn in self.aws.revisions(thing["name"]):
            self.aws.ecs.deregister_task_definition(taskDefinition=arn)
        arns = self.aws.revisions(thing["name"], "INACTIVE")
        for begin in range(0, len(arns), DELETE_AT_ONCE):
            self.aws.ecs.delete_task_definitions(taskDefinitions=arns[begin : begin + DELETE_AT_ONCE])

    def _look_cluster(self, thing):
        found = self.aws.ecs.describe_clusters(clusters=[thing["name"]], include=["TAGS"])["clusters"]
        active = [cluster for cluster in found if cluster["status"] != "INACTIVE"]
        return bool(active), self._tag(active[0].get("tags")) if active else None

    def _remove_cluster(self, thing):
        self.aws.ecs.delete_cluster(cluster=thing["name"])

    def _look_log_group(self, thing):
        found = self.aws.logs.describe_log_groups(logGroupNamePrefix=thing["name"])["logGroups"]
        group = next((group for group in found if group["logGroupName"] == thing["name"]), None)
        if group is None:
            return False, None
        arn = group["arn"].removesuffix(":*")
        return True, self.aws.logs.list_tags_for_resource(resourceArn=arn)["tags"].get(TAG)

    def _remove_log_group(self, thing):
        self.aws.logs.delete_log_group(logGroupName=thing["name"])

    def _look_role(self, thing):
        self.aws.iam.get_role(RoleName=thing["name"])
        return True, self._tag(self.aws.iam.list_role_tags(RoleName=thing["name"])["Tags"], "Key", "Value")

    def _remove_role(self, thing):
        role = thing["name"]
        for policy in self.aws.role_policies(role) or {}:
            self.aws.iam.delete_role_policy(RoleName=role, PolicyName=policy)
        for policy in self.aws.iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
            self.aws.iam.detach_role_policy(RoleName=role, PolicyArn=policy["PolicyArn"])
        self.aws.iam.delete_role(RoleName=role)

    def _look_policy(self, thing):
        self.aws.iam.get_policy(PolicyArn=thing["name"])
        return True, self._tag(self.aws.iam.list_policy_tags(PolicyArn=thing["name"])["Tags"], "Key", "Value")

    def _remove_policy(self, thing):
        self.aws.iam.delete_policy(PolicyArn=thing["name"])

    def _look_bucket(self, thing):
        self.aws.s3.head_bucket(Bucket=thing["name"])
        try:
            tags = self.aws.s3.get_bucket_tagging(Bucket=thing["name"])["TagSet"]
        except ClientError:
            # Killed between making and tagging: its name is proof enough.
            return True, None
        return True, self._tag(tags, "Key", "Value")

    def _remove_bucket(self, thing):
        for key in self.aws.objects(thing["name"]):
            self.aws.s3.delete_object(Bucket=thing["name"], Key=key)
        self.aws.s3.delete_bucket(Bucket=thing["name"])
