"""The demo's AWS: makes the fleet of fleet.json, and reads what became of it.

Must never talk to anything but the endpoint it is given, nor change a service once it is made.
"""

import json
import pathlib

import botocore.session

HERE = pathlib.Path(__file__).resolve().parent
TASKS_MAY_ASSUME = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
# What describe-task-definition adds to what was registered.
READ_ONLY = [
    "taskDefinitionArn",
    "revision",
    "status",
    "requiresAttributes",
    "compatibilities",
    "registeredAt",
    "registeredBy",
    "deregisteredAt",
]


def load_fleet():
    fleet = json.loads((HERE.parent / "fleet.json").read_text())
    for service in fleet["services"]:
        path = HERE.parent / "task-definitions" / f"{service['name']}.json"
        service["taskDefinition"] = json.loads(path.read_text())
    return fleet


def role_name(arn):
    return arn.rsplit("/", 1)[-1]


class Aws:
    def __init__(self, endpoint, fleet):
        session = botocore.session.get_session()
        session.set_credentials(fleet["account"], "local")
        self.fleet = fleet
        self.ecs, self.iam, self.s3 = (
            session.create_client(name, region_name=fleet["region"], endpoint_url=endpoint)
            for name in ("ecs", "iam", "s3")
        )

    def make_fleet(self):
        """Buckets, roles, clusters, task definitions, services: all as the owners would have made them."""
        for bucket in (self.fleet["configBucket"], self.fleet["archiveBucket"]):
            self.s3.create_bucket(Bucket=bucket)
        for cluster in sorted({service["cluster"] for service in self.fleet["services"]}):
            self.ecs.create_cluster(clusterName=cluster)
        for service in self.fleet["services"]:
            self._make_service(service)

    def _make_service(self, service):
        task = service["taskDefinition"]
        for member in ("taskRoleArn", "executionRoleArn"):
            path = task[member].split(":role", 1)[1].rsplit("/", 1)[0] + "/"
            self.iam.create_role(
                RoleName=role_name(task[member]), Path=path, AssumeRolePolicyDocument=json.dumps(TASKS_MAY_ASSUME)
            )
        registered = self.ecs.register_task_definition(**task)["taskDefinition"]
        request = {
            "cluster": service["cluster"],
            "serviceName": service["name"],
            "taskDefinition": registered["taskDefinitionArn"],
            "desiredCount": service["count"],
            "launchType": service["launchType"],
            "deploymentController": {"type": service.get("controller", "ECS")},
            "tags": [{"key": key, "value": value} for key, value in service.get("tags", {}).items()],
        }
        if task["networkMode"] == "awsvpc":
            request["networkConfiguration"] = {"awsvpcConfiguration": {"subnets": ["subnet-0a1b2c3d4e5f60718"]}}
        self.ecs.create_service(**request)

    def revision(self, service):
        """FAMILY:REVISION that the service asks for now."""
        answer = self.ecs.describe_services(cluster=service["cluster"], services=[service["name"]])
        return answer["services"][0]["taskDefinition"].rsplit("/", 1)[-1]

    def document(self, revision):
        """A revision without what the server adds, and without members it reports as empty."""
        answer = self.ecs.describe_task_definition(taskDefinition=revision, include=["TAGS"])
        document = {
            key: value
            for key, value in answer["taskDefinition"].items()
            if key not in READ_ONLY and value not in ("", [], None)
        }
        return document | {"tags": answer.get("tags", [])}

    def role_policies(self):
        """Every inline policy of every role of the fleet: [(role, policy, document)]."""
        found = []
        for service in self.fleet["services"]:
            for member in ("taskRoleArn", "executionRoleArn"):
                role = role_name(service["taskDefinition"][member])
                for name in self.iam.list_role_policies(RoleName=role)["PolicyNames"]:
                    policy = self.iam.get_role_policy(RoleName=role, PolicyName=name)
                    found.append((role, name, policy["PolicyDocument"]))
        return found

    def config_objects(self):
        """Every object of the configuration bucket: [(key, text)]."""
        bucket = self.fleet["configBucket"]
        keys = [item["Key"] for item in self.s3.list_objects_v2(Bucket=bucket).get("Contents", [])]
        return [(key, self.s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()) for key in keys]
