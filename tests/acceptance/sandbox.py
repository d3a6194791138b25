"""What a run needs in an account, made under names and tags of its own.

Must never make anything that was not announced to the ledger before, nor use a name without the run in it.
"""

import json
import os
import time

from botocore.exceptions import ClientError

from acceptance.budget import SERVICES
from acceptance.ledger import TAG
from live import places
from live.aws import is_missing
from live.parts import LOCAL_ACCOUNT
from live.places import LiveError

APP_IMAGE = "public.ecr.aws/docker/library/busybox:1.37.0"
APP = "trap 'exit 0' TERM; i=0; while true; do echo \"$GREETING $i\"; i=$((i+1)); sleep 2 & wait $!; done"
# Where MiniStack has no network of its own, any name does.
LOCAL_SUBNET = "subnet-0a1b2c3d4e5f60718"
# Names of the example account: none may be left in a policy that is made for a run.
EXAMPLE = ("firelens-config-", "role/ecs/", "policy/firelens/", "log-group:/firelens/")
# How long IAM may take to show a new role everywhere.
IAM_SECONDS = 20
TEMPLATES = places.ROOT / "deploy" / "iam"


class Sandbox:
    def __init__(self, aws, account, partition, ledger, point):
        self.aws, self.account, self.partition = aws, account, partition
        self.ledger, self.run, self.point = ledger, ledger.run, point
        self.cluster = self.run
        self.bucket = f"{self.run}-{account}"
        self.groups = {"applications": f"/{self.run}/applications", "router": f"/{self.run}/router"}
        self.path = f"/{self.run}/"
        self.services = [f"{self.run}-{number}" for number in range(1, SERVICES + 1)]
        self.blue_green = f"{self.run}-blue-green"
        self.network = None
        self.bases = {}

    def iam_arn(self, kind, name):
        return f"arn:{self.partition}:iam::{self.account}:{kind}{self.path}{name}"

    @property
    def operator_role(self):
        return self.iam_arn("role", f"{self.run}-operator")

    @property
    def boundary(self):
        return self.iam_arn("policy", "task-boundary")

    def tags(self, key="key", value="value"):
        return [{key: TAG, value: self.run}]

    def make(self, kind, name, call, **more):
        """Announces a thing, then makes it. `point` is where the test of interruptions strikes."""
        self.ledger.announce(kind, name, **more)
        self.point("before", f"{kind} {name}")
        answer = call()
        self.point("after", f"{kind} {name}")
        return answer

    def build(self):
        """Everything but services, and then those."""
        self.network = self._network()
        self._bucket()
        for group in self.groups.values():
            request = {"logGroupName": group, "tags": {TAG: self.run}}
            self.make("log-group", group, lambda request=request: self.aws.logs.create_log_group(**request))
        self._roles()
        if self.aws.endpoint is None:
            # ECS refuses roles that it cannot see yet.
            time.sleep(IAM_SECONDS)
        self.make(
            "cluster",
            self.cluster,
            lambda: self.aws.ecs.create_cluster(clusterName=self.cluster, tags=self.tags()),
        )
        for service in self.services:
            self.bases[service] = self.register(service, "hello")
            self.create_service(service, self.bases[service])

    def _bucket(self):
        try:
            self.aws.s3.head_bucket(Bucket=self.bucket)
        except ClientError as error:
            if not is_missing(error):
                raise
        else:
            raise LiveError(f"there is a bucket {self.bucket} already, and it is not this run's")
        request = {"Bucket": self.bucket}
        if self.aws.region != "us-east-1":
            request["CreateBucketConfiguration"] = {"LocationConstraint": self.aws.region}
        self.make("bucket", self.bucket, lambda: self.aws.s3.create_bucket(**request))
        self.aws.s3.put_bucket_tagging(Bucket=self.bucket, Tagging={"TagSet": self.tags("Key", "Value")})

    def template(self, name):
        """A policy as it is shipped, with this run's names in the place of the example's."""
        text = (TEMPLATES / f"{name}.json").read_text()
        for old, new in (
            (f"firelens-config-{LOCAL_ACCOUNT}-*", self.bucket),
            ("role/ecs/*", f"role{self.path}*"),
            ("policy/firelens/task-boundary", f"policy{self.path}task-boundary"),
            ("log-group:/firelens/*", f"log-group:/{self.run}/*"),
            (LOCAL_ACCOUNT, self.account),
            ("arn:aws:", f"arn:{self.partition}:"),
        ):
            text = text.replace(old, new)
        left = [word for word in EXAMPLE if word in text]
        if left:
            raise LiveError(f"deploy/iam/{name}.json names {left}: the run knows nothing to put there")
        return json.dumps(json.loads(text), separators=(",", ":"))

    def _roles(self):
        tags = self.tags("Key", "Value")
        for name in ("task-boundary", "controller-read", "controller-write"):
            document = self.template(name)
            self.make(
                "policy",
                self.iam_arn("policy", name),
                lambda name=name, document=document: self.aws.iam.create_policy(
                    PolicyName=name, Path=self.path, PolicyDocument=document, Tags=tags
                ),
            )
        tasks = {"Service": "ecs-tasks.amazonaws.com"}
        owner = {"AWS": f"arn:{self.partition}:iam::{self.account}:root"}
        for name, principal, more in (
            ("task", tasks, {"PermissionsBoundary": self.boundary}),
            ("execution", tasks, {"PermissionsBoundary": self.boundary}),
            ("operator", owner, {}),
        ):
            trust = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
            request = {
                "RoleName": f"{self.run}-{name}",
                "Path": self.path,
                "AssumeRolePolicyDocument": json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
                "Tags": tags,
            } | more
            self.make("role", request["RoleName"], lambda request=request: self.aws.iam.create_role(**request))
        write = {
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": f"arn:{self.partition}:logs:*:{self.account}:log-group:/{self.run}/*",
        }
        self.aws.iam.put_role_policy(
            RoleName=f"{self.run}-execution",
            PolicyName="owner",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [write]}),
        )
        for name in ("controller-read", "controller-write"):
            self.aws.iam.attach_role_policy(RoleName=f"{self.run}-operator", PolicyArn=self.iam_arn("policy", name))

    def task_definition(self, service, greeting):
        return {
            "family": service,
            "networkMode": "awsvpc",
            "requiresCompatibilities": ["FARGATE"],
            "cpu": "256",
            "memory": "512",
            "taskRoleArn": self.iam_arn("role", f"{self.run}-task"),
            "executionRoleArn": self.iam_arn("role", f"{self.run}-execution"),
            "containerDefinitions": [
                {
                    "name": "app",
                    "image": APP_IMAGE,
                    "essential": True,
                    "command": ["sh", "-c", APP],
                    "environment": [{"name": "GREETING", "value": greeting}],
                    "stopTimeout": 5,
                    "logConfiguration": {
                        "logDriver": "awslogs",
                        "options": {
                            "awslogs-group": self.groups["applications"],
                            "awslogs-region": self.aws.region,
                            "awslogs-stream-prefix": "base",
                        },
                    },
                }
            ],
            "tags": self.tags(),
        }

    def register(self, service, greeting):
        """A revision as the owner's pipeline would register it."""
        document = self.task_definition(service, greeting)
        answer = self.make("family", service, lambda: self.aws.ecs.register_task_definition(**document))
        return answer["taskDefinition"]["taskDefinitionArn"]

    def create_service(self, service, revision, **configuration):
        request = {
            "cluster": self.cluster,
            "serviceName": service,
            "taskDefinition": revision,
            "desiredCount": 1,
            "launchType": "FARGATE",
            "networkConfiguration": {"awsvpcConfiguration": self.network},
            "deploymentConfiguration": {
                "deploymentCircuitBreaker": {"enable": True, "rollback": True},
                "minimumHealthyPercent": 100,
                "maximumPercent": 200,
            }
            | configuration,
            "tags": self.tags(),
        }
        self.make("service", service, lambda: self.aws.ecs.create_service(**request), cluster=self.cluster)

    def deploy(self, service, greeting):
        """The owner deploys: registers from their own file, and sets the service to that."""
        revision = self.register(service, greeting)
        self.aws.ecs.update_service(cluster=self.cluster, service=service, taskDefinition=revision)
        return revision

    def _network(self):
        """Subnets of the environment, else of the default VPC."""
        named = [item for item in os.environ.get("FIRELENS_ACCEPTANCE_SUBNETS", "").replace(",", " ").split() if item]
        groups = [item for item in os.environ.get("FIRELENS_ACCEPTANCE_SECURITY_GROUPS", "").replace(",", " ").split()]
        public = os.environ.get("FIRELENS_ACCEPTANCE_PUBLIC_IP", "ENABLED")
        if not named:
            filters = [{"Name": "default-for-az", "Values": ["true"]}]
            found = self.aws.ec2.describe_subnets(Filters=filters)["Subnets"]
            named = sorted(subnet["SubnetId"] for subnet in found)[:3]
        if not named and self.aws.endpoint:
            named = [LOCAL_SUBNET]
        if not named:
            raise LiveError("there is no default VPC here: name subnets in FIRELENS_ACCEPTANCE_SUBNETS")
        network = {"subnets": named, "assignPublicIp": public}
        return network | ({"securityGroups": groups} if groups else {})
