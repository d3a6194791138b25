"""The fleet: two regions of one account, two clusters each, services of every kind with roles of their own or shared.

Must never be known to the operator but through AWS.
"""

import json

from live.aws import Aws
from live.parts import LOCAL_ACCOUNT

REGIONS = ("us-east-1", "eu-west-1")
CLUSTERS = ("shop", "data")
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-0a1b2c3d4e5f60718"]}}
DISABLED = {"key": "firelens.dev/inject", "value": "disabled"}


def bucket_of(region):
    return f"soak-config-{region}"


class Service:
    """One ECS service and its owner's idea of it."""

    def __init__(self, region, cluster, number, kind):
        self.region, self.cluster, self.kind = region, cluster, kind
        self.name = f"{kind}-{number}" if kind != "plain" else f"app-{number}"
        self.family = f"{cluster}-{self.name}"
        # Every fourth shares its role with its sister in the other region: roles know no regions.
        shared = number % 4 == 0
        self.role = f"{self.family}-task" if shared else f"{self.family}-{region}-task"
        self.execution = f"{self.family}-{region}-execution"
        self.version = 0
        self.owned = []
        self.exists = False

    @property
    def key(self):
        return self.region, self.cluster, self.name

    def __str__(self):
        return f"{self.region}/{self.cluster}/{self.name}"

    @property
    def launch_type(self):
        return "EC2" if self.kind == "ec2" else "FARGATE"

    def task_definition(self):
        """The owner's file at the present version."""
        app = {
            "name": "app",
            "image": f"{LOCAL_ACCOUNT}.dkr.ecr.{self.region}.amazonaws.com/{self.name}:{self.version}",
            "essential": True,
            "environment": [{"name": "VERSION", "value": str(self.version)}],
            "logConfiguration": {
                "logDriver": "awslogs",
                "options": {
                    "awslogs-group": f"/ecs/{self.family}",
                    "awslogs-region": self.region,
                    "awslogs-stream-prefix": "app",
                },
            },
        }
        document = {
            "family": self.family,
            "networkMode": "bridge" if self.kind == "ec2" else "awsvpc",
            "requiresCompatibilities": [self.launch_type],
            "taskRoleArn": f"arn:aws:iam::{LOCAL_ACCOUNT}:role/ecs/{self.role}",
            "executionRoleArn": f"arn:aws:iam::{LOCAL_ACCOUNT}:role/ecs/{self.execution}",
            "containerDefinitions": [app],
            "tags": [{"key": "team", "value": self.cluster}],
        }
        if self.kind == "ec2":
            app["memoryReservation"] = 128
        else:
            document |= {"cpu": "512", "memory": "1024"}
        if self.kind == "windows":
            document["runtimePlatform"] = {
                "operatingSystemFamily": "WINDOWS_SERVER_2022_CORE",
                "cpuArchitecture": "X86_64",
            }
            document |= {"cpu": "1024", "memory": "2048"}
        if self.kind == "foreign":
            app["logConfiguration"] = {"logDriver": "awsfirelens", "options": {"Name": "null"}}
            router = {"name": "log_router", "image": "example.com/router:1", "essential": True}
            document["containerDefinitions"].append(router | {"firelensConfiguration": {"type": "fluentbit"}})
        return document


# In one cluster; the two regions have the same.
KINDS = ("plain",) * 7 + ("ec2", "codedeploy", "optout", "windows", "foreign", "empty", "keep")


class Fleet:
    def __init__(self, endpoint, size):
        self.aws = {region: Aws(region, endpoint, LOCAL_ACCOUNT) for region in REGIONS}
        for aws in self.aws.values():
            # Clients are made once, here: threads may share a client, not the making of one.
            for name in ("ecs", "iam", "s3", "logs"):
                aws.client(name)
        self.services = [
            Service(region, cluster, number, kind)
            for region in REGIONS
            for cluster in CLUSTERS
            for number, kind in enumerate((KINDS * (size // len(KINDS) + 1))[:size])
        ]
        self.secret = ""
        self.roles = sorted({role for service in self.services for role in (service.role, service.execution)})

    def build(self):
        for role in self.roles:
            iam = self.aws[REGIONS[0]].iam
            iam.create_role(RoleName=role, Path="/ecs/", AssumeRolePolicyDocument=json.dumps(TRUST))
        for region, aws in self.aws.items():
            where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
            aws.s3.create_bucket(Bucket=bucket_of(region), **where)
            for cluster in CLUSTERS:
                aws.ecs.create_cluster(clusterName=cluster)
        # Tasks start with tokens of destinations: ECS reads them, and starts no task where there are none.
        secret = self.aws[REGIONS[0]].secretsmanager.create_secret(Name="soak/token", SecretString="token")
        self.secret = secret["ARN"]
        for service in self.services:
            self.create(service)

    def create(self, service):
        """Makes the service, on a new revision of its owner."""
        self.aws[service.region].ecs.create_service(
            cluster=service.cluster,
            serviceName=service.name,
            taskDefinition=self.register(service),
            desiredCount=0 if service.kind == "empty" else 1,
            launchType=service.launch_type,
            deploymentController={"type": "CODE_DEPLOY" if service.kind == "codedeploy" else "ECS"},
            deploymentConfiguration={
                "deploymentCircuitBreaker": {"enable": True, "rollback": True},
                "minimumHealthyPercent": 100,
                "maximumPercent": 200,
            },
            tags=[DISABLED] if service.kind == "optout" else [],
            **({} if service.kind == "ec2" else {"networkConfiguration": NETWORK}),
        )
        service.exists = True

    def delete(self, service):
        service.exists = False
        self.aws[service.region].ecs.delete_service(cluster=service.cluster, service=service.name, force=True)

    def cluster(self, region, cluster):
        """The services of a cluster."""
        return [service for service in self.services if (service.region, service.cluster) == (region, cluster)]

    def register(self, service, document=None):
        """Registers as the owner: from their file, or another document."""
        answer = self.aws[service.region].ecs.register_task_definition(**(document or service.task_definition()))
        arn = answer["taskDefinition"]["taskDefinitionArn"]
        service.owned.append(arn)
        return arn

    def set(self, service, revision):
        self.aws[service.region].ecs.update_service(
            cluster=service.cluster, service=service.name, taskDefinition=revision
        )

    def describe(self):
        """(region, cluster, name) -> service as ECS describes it."""
        found = {}
        for region, aws in self.aws.items():
            for cluster in aws.clusters():
                for name, service in aws.services(cluster).items():
                    found[(region, cluster, name)] = service
        return found

    def role_policies(self):
        """Role -> {inline policy: document}, of all roles of the fleet."""
        aws = self.aws[REGIONS[0]]
        return {role: aws.role_policies(role) or {} for role in self.roles}
