"""The owners of the services, who deploy with the tools there are and know nothing of the operator.

Must never heed anything the operator says, but for CODE_DEPLOY services, whose revision they ship as told.
"""

import re
import time

from botocore.exceptions import BotoCoreError, ClientError

from live import objects
from live.aws import register_input, short

# Families of services whose tool cannot be seen from the outside: by the number of the service.
FILE, RENDER, ECSPRESSO, TERRAFORM, CLOUDFORMATION = (
    "codepipeline",
    "render action",
    "ecspresso",
    "terraform",
    "cloudformation",
)
TOOLS = (FILE, RENDER, ECSPRESSO, TERRAFORM, CLOUDFORMATION)
ROLLBACK_SHARE = 0.12
EXCLUSIVE_SHARE = 0.15
REBUILD_SHARE = 0.03
CLUSTER_SHARE = 0.2
AWAY_SECONDS = (10, 60)
REVISION = re.compile(r"arn:aws:ecs:[a-z0-9-]+:[0-9]{12}:task-definition/[A-Za-z0-9_-]+:[0-9]+")


class Owners:
    def __init__(self, fleet, rng, story):
        self.fleet, self.rng, self.story = fleet, rng, story
        self.away = []
        self.tools = {service.key: TOOLS[index % len(TOOLS)] for index, service in enumerate(fleet.services)}

    def act(self):
        """One owner deploys, or takes a service or a whole cluster away for a while."""
        self.come_back(time.monotonic())
        if self.rng.random() < REBUILD_SHARE:
            self._go_away()
            return
        service = self.rng.choice([service for service in self.fleet.services if service.exists])
        tool = self.tools[service.key]
        try:
            what = getattr(self, "_" + tool.replace(" ", "_"))(service)
        except (ClientError, BotoCoreError) as error:
            what = f"refused: {error}"
        self.story(f"owner {service} with {tool}: {what}")

    def _go_away(self):
        chosen = self.rng.choice(self.fleet.services)
        gone, what = [chosen], str(chosen)
        if self.rng.random() < CLUSTER_SHARE:
            gone = self.fleet.cluster(chosen.region, chosen.cluster)
            what = f"cluster {chosen.region}/{chosen.cluster}"
        if not all(service.exists for service in gone):
            return
        for service in gone:
            self.fleet.delete(service)
        if len(gone) > 1:
            self.fleet.aws[chosen.region].ecs.delete_cluster(cluster=chosen.cluster)
        self.away.append((time.monotonic() + self.rng.uniform(*AWAY_SECONDS), gone))
        self.story(f"owner deleted {what}")

    def come_back(self, until):
        """What is due by then is made again."""
        due = [gone for at, gone in self.away if at <= until]
        self.away = [(at, gone) for at, gone in self.away if at > until]
        for gone in due:
            self.fleet.aws[gone[0].region].ecs.create_cluster(clusterName=gone[0].cluster)
            for service in gone:
                self.fleet.create(service)
            self.story(f"owner made again {', '.join(map(str, gone))}")

    def _deploy(self, service, document=None):
        revision = self.fleet.register(service, document)
        self.fleet.set(service, revision)
        return short(revision)

    def _live(self, service):
        aws = self.fleet.aws[service.region]
        return aws.services(service.cluster, [service.name])[service.name]["taskDefinition"]

    def _codepipeline(self, service):
        """Registers the file of the repository with a new image, and sets the service to it."""
        service.version += 1
        return f"{self._deploy(service)} from the file"

    def _render_action(self, service):
        """Describes what the service runs, puts the new image in, registers that."""
        live = self._live(service)
        document = register_input(self.fleet.aws[service.region].revision(live))
        service.version += 1
        for container in document["containerDefinitions"]:
            if container["name"] == "app":
                container["image"] = service.task_definition()["containerDefinitions"][0]["image"]
        return f"{self._deploy(service, document)}, a copy of {short(live)} with another image"

    def _ecspresso(self, service):
        """Deploys the file, or rolls back to the revision before the one that runs."""
        if self.rng.random() < ROLLBACK_SHARE and len(service.owned) > 1:
            revision = service.owned[-2]
            self.fleet.set(service, revision)
            return f"rolled back to {short(revision)}"
        service.version += 1
        return f"{self._deploy(service)} from the file"

    def _terraform(self, service):
        """Sets the service to the newest of the family, its own new one or whatever is there: `max(revision)`.

        Its role has `aws_iam_role_policies_exclusive`, which takes away what is not in the file.
        """
        if self.rng.random() < EXCLUSIVE_SHARE:
            aws = self.fleet.aws[service.region]
            for policy in aws.role_policies(service.role) or {}:
                aws.iam.delete_role_policy(RoleName=service.role, PolicyName=policy)
                self.story(f"owner {service} takes {policy} from its role")
        if self.rng.random() < 0.5:
            service.version += 1
            self.fleet.register(service)
        newest = self.fleet.aws[service.region].revisions(service.family)[-1]
        if newest == self._live(service):
            return "no changes"
        self.fleet.set(service, newest)
        return f"applied {short(newest)}"

    def _cloudformation(self, service):
        """A stack update registers and sets; one that fails goes back to exactly what it had set before."""
        before = service.owned[-1]
        service.version += 1
        revision = self._deploy(service)
        if self.rng.random() < ROLLBACK_SHARE:
            self.fleet.set(service, before)
            return f"{revision}, and rolled back to {short(before)}"
        return revision

    def ship(self, workloads):
        """Owners of CODE_DEPLOY services ship the revision that the condition names, there and back."""
        for service in self.fleet.services:
            item = workloads.get(service.key) if service.kind == "codedeploy" else None
            _, reason, message = objects.condition(item, "Injected")
            named = REVISION.search(message) if reason == "DeployManually" else None
            if not named or not service.exists:
                continue
            try:
                if named[0] != self._live(service):
                    self.fleet.set(service, named[0])
                    self.story(f"owner {service} shipped {short(named[0])}")
            except ClientError as error:
                # Its cluster went meanwhile.
                self.story(f"owner {service} could not ship: {error}")
