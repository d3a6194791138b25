"""What the documentation of AWS leaves open, looked at and recorded. An answer of any kind is a finding, never a failure.

Must never deploy anything but the one blue/green service that is made for it.
"""

import json
import time

from botocore.config import Config
from botocore.exceptions import ClientError

from acceptance.report import NOT_HERE
from live import metrics, objects
from live.aws import code, short
from live.places import LiveError

ROLLBACKS = "Blue/green: what does DescribeServices show while a deployment runs, bakes and is rolled back?"
DURING = "Blue/green: what does UpdateService answer while a deployment is under way?"
FIGURES = "Throttling: when does AWS refuse a burst of reads, and how?"
OPERATOR = "Throttling: was the operator throttled during this run?"
BAKE_MINUTES = 1
BURST_CALLS = 600
BURST_SECONDS = 60
SHAPE_CHARACTERS = 6000
# Members that say how a deployment stands; the rest of a service is long and known.
TELLING = ("taskDefinition", "deployments", "currentServiceDeployment", "currentServiceRevisions", "runningCount")


def shape(value):
    return json.dumps(value, indent=1, default=str)[:SHAPE_CHARACTERS]


def refusal(error):
    """How a call was refused: code, status and words."""
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return f"{code(error)} ({status}): {error.response.get('Error', {}).get('Message', '')}"


class Unknowns:
    def __init__(self, journey):
        self.journey, self.report = journey, journey.report
        self.sandbox, self.aws, self.pace = journey.sandbox, journey.aws, journey.pace
        self.shapes = []

    def record(self):
        """Records all rows; answers how many have an answer."""
        self._throttled()
        if not self._tells_deployments():
            for question in (ROLLBACKS, DURING, FIGURES):
                self.report.unknown(question, NOT_HERE)
            return NOT_HERE
        self._burst()
        try:
            self._blue_green()
        except (ClientError, LiveError) as error:
            self.report.unknown(ROLLBACKS, f"not seen to the end: {error}", self._shapes())
        return f"{len(self.report.unknowns)} questions"

    def _tells_deployments(self):
        """Whether this AWS has service deployments at all: every service here was deployed more than once."""
        try:
            answer = self.aws.ecs.list_service_deployments(
                cluster=self.sandbox.cluster, service=self.sandbox.services[0]
            )
        except ClientError:
            return False
        return bool(answer.get("serviceDeployments"))

    def _throttled(self):
        samples = metrics.parse(self.journey.operator.get("/metrics"))
        seen = metrics.total(samples, "firelens_aws_requests_total", "hrottl") or 0
        calls = metrics.total(samples, "firelens_aws_requests_total") or 0
        self.report.unknown(OPERATOR, f"{seen:.0f} of {calls:.0f} calls")

    def _burst(self):
        """Reads as fast as one connection goes, without retries, until the first refusal."""
        config = Config(retries={"total_max_attempts": 1})
        ecs = self.aws.session.client("ecs", config=config)
        begin, calls = time.monotonic(), 0
        while calls < BURST_CALLS and time.monotonic() - begin < BURST_SECONDS:
            try:
                ecs.describe_services(cluster=self.sandbox.cluster, services=self.sandbox.services)
            except ClientError as error:
                seconds = time.monotonic() - begin
                self.report.unknown(FIGURES, f"DescribeServices: {calls} in {seconds:.1f} s, then {refusal(error)}")
                return
            calls += 1
        seconds = time.monotonic() - begin
        self.report.unknown(FIGURES, f"DescribeServices: {calls} in {seconds:.1f} s, none refused")

    def _service(self):
        return self.aws.services(self.sandbox.cluster, [self.sandbox.blue_green])[self.sandbox.blue_green]

    def _keep(self, moment):
        """Remembers how the service and its newest deployment look now, where they look different."""
        service = self._service()
        listed = self.aws.ecs.list_service_deployments(cluster=self.sandbox.cluster, service=self.sandbox.blue_green)
        arns = [one["serviceDeploymentArn"] for one in listed["serviceDeployments"][:1]]
        found = (
            self.aws.ecs.describe_service_deployments(serviceDeploymentArns=arns)["serviceDeployments"] if arns else []
        )
        states = [(one.get("status"), one.get("lifecycleStage")) for one in found]
        view = {"service": {name: service.get(name) for name in TELLING}, "newestDeployment": found}
        if not self.shapes or self.shapes[-1][1] != states:
            self.shapes.append((moment, states, view))
        return states, found

    def _shapes(self):
        return "\n".join(f"// {moment}: {states}\n{shape(view)}" for moment, states, view in self.shapes)

    def _watch(self, moment, seconds, is_done):
        """Looks again and again until `is_done(states)`; answers the last look."""

        def look():
            states, found = self._keep(moment)
            return is_done(states), (states, found)

        return self.journey.wait(moment, look, seconds)

    def _blue_green(self):
        name = self.sandbox.blue_green
        base = self.sandbox.register(name, "hello")
        self.sandbox.create_service(name, base, strategy="BLUE_GREEN", bakeTimeInMinutes=BAKE_MINUTES)
        patience = self.pace.patience_seconds

        def ended(states):
            return bool(states) and states[0][0] not in ("PENDING", "IN_PROGRESS", "ROLLBACK_IN_PROGRESS")

        def running(states):
            return bool(states) and states[0][0] == "IN_PROGRESS"

        self._watch("the owner's first deployment", patience, ended)
        self.journey.wait(
            "the operator brings the router",
            lambda: (self._service()["taskDefinition"] != base, short(self._service()["taskDefinition"])),
        )
        self._watch("the operator's deployment runs", patience, running)
        other = self.sandbox.register(name, "hello in between")
        try:
            answer = self.aws.ecs.update_service(cluster=self.sandbox.cluster, service=name, taskDefinition=other)
            told = {member: answer["service"].get(member) for member in TELLING}
            self.report.unknown(DURING, f"accepted; then {self._keep('the owner deployed in between')[0]}", shape(told))
        except ClientError as error:
            self.report.unknown(DURING, refusal(error))
        self._watch("what came of the deployment in between", patience, ended)
        rolled = self.sandbox.register(name, "hello, to be rolled back")
        self.aws.ecs.update_service(cluster=self.sandbox.cluster, service=name, taskDefinition=rolled)
        _, found = self._watch("a deployment that is to be rolled back runs", patience, running)
        arn = found[0]["serviceDeploymentArn"]
        self.aws.ecs.stop_service_deployment(serviceDeploymentArn=arn, stopType="ROLLBACK")
        states, _ = self._watch("the rollback ends", patience, ended)
        item = self.journey.workloads().get(name)
        told = objects.condition(item, "Injected")[:2]
        self.report.unknown(
            ROLLBACKS, f"{len(self.shapes)} shapes below; at the end {states}, workload {told}", self._shapes()
        )
