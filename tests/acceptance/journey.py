"""The steps of a run, in order: each does one thing as a platform team or an owner would, and looks what became of it.

Must never look into the operator: what its API and AWS show is what counts.
"""

import time

from acceptance.report import NOT_HERE
from acceptance.unknowns import Unknowns
from live import objects, patched
from live.aws import router_of, short
from live.parts import MISSING_TAG
from live.places import LiveError
from live.waiting import until

NAME = "acceptance"
IMAGE = "public.ecr.aws/aws-observability/aws-for-fluent-bit"
LOOKS = 3
FAILED = ("RolledBack", "DeploymentFailed", "ProgressDeadlineExceeded")


class Unexpected(LiveError):
    """A step saw something else than it should."""


class Pace:
    """How long things take: minutes on real AWS, seconds on a local one."""

    def __init__(self, is_real):
        self.patience_seconds = 1500 if is_real else 200
        self.bake_seconds = 60 if is_real else 4
        self.resync_seconds = 30 if is_real else 1
        self.deadline_seconds = 1200 if is_real else 90
        self.poll = 5 if is_real else 0.3


class Journey:
    def __init__(self, where, sandbox, operator, kubectl, report):
        self.where, self.sandbox, self.operator, self.kubectl = where, sandbox, operator, kubectl
        self.report, self.aws = report, sandbox.aws
        self.pace = Pace(where.is_real)
        self.generation = 0

    def steps(self):
        """(name, what is expected, the function that does it and answers what it saw)."""
        return [
            ("install", "the operator is ready and has a Workload for each service", self.install),
            ("audit", "every Workload says AuditMode, and AWS is as before", self.audit),
            ("canary", "one service gets the router and bakes, the others wait for it", self.canary),
            ("waves", "the others follow after the bake; every revision is what `firelens patch` prints", self.waves),
            ("logs", "the logs of every service are seen at their destination", self.logs),
            ("owner deploys", "the owner's new revision is followed, with the router on top", self.owner_deploys),
            (
                "failing image",
                "one service fails and is put back, the rollout pauses, no other is touched",
                self.failing_image,
            ),
            ("repair", "with a good image the rollout ends, every service in sync", self.repair),
            ("unknowns", "recorded below", self.unknowns),
            (
                "restore",
                "every service is back on its owner's revision; no rights, files or routers to start are left",
                self.restore,
            ),
        ]

    # What the steps are made of.

    def wait(self, what, look, seconds=None):
        def alive():
            self.operator.check_alive()
            return look()

        return until(what, seconds or self.pace.patience_seconds, alive, poll=self.pace.poll)

    def workloads(self):
        """Service -> Workload, of this run's cluster."""
        return {service: item for (_, service), item in objects.by_service(self.kubectl.items("workloads")).items()}

    def live(self):
        """Service -> ARN of the revision it is set to."""
        found = self.aws.services(self.sandbox.cluster, self.sandbox.services)
        return {name: service["taskDefinition"] for name, service in found.items()}

    def carries_router(self, arn):
        return router_of(self.aws.revision(arn)) is not None

    def reasons(self, type_="Injected"):
        return {name: objects.reason(item, type_) for name, item in self.workloads().items()}

    def told(self, type_="Injected"):
        """What each workload says, for whoever waited in vain."""
        return {name: objects.condition(item, type_)[1:] for name, item in self.workloads().items()}

    def wait_for_reasons(self, what, wanted, services=None):
        """Until these services have this reason, and answers all reasons."""

        def look():
            seen = self.reasons()
            done = all(seen.get(name) == wanted for name in services or self.sandbox.services)
            return done, seen if done else self.told()

        return self.wait(what, look)

    def rollout(self):
        name = f"{NAME}.g{self.generation}.{NAME}"
        return self.kubectl.one("rollouts", name) or {}

    def wait_for_rollout(self, type_):
        def look():
            found = self.rollout()
            return objects.is_true(found, type_), objects.condition(found, "Paused")

        return self.wait(f"the rollout of generation {self.generation} is {type_}", look)

    def policy(self, mode="Enforce", image=None):
        applications = {"logGroupName": self.sandbox.groups["applications"], "logStreamPrefix": "routed-"}
        router = {"logs": {"group": self.sandbox.groups["router"], "streamPrefix": "firelens"}}
        spec = {
            "mode": mode,
            "selector": {"clusters": [self.sandbox.cluster]},
            "router": router | ({"image": image} if image else {}),
            "outputs": [{"name": "main", "destination": {"cloudWatchLogs": applications}}],
            # A filter needs a file: so a bucket, the init image and a right of the task role take part.
            "filters": [{"grep": {"exclude": ["log GET /healthz"]}}],
            "rollout": {
                "maxConcurrent": 2,
                "canary": {"count": 1, "bakeSeconds": self.pace.bake_seconds},
                "failureThreshold": 1,
                "progressDeadlineSeconds": self.pace.deadline_seconds,
                # Nobody waits for a stable service here.
                "settleSeconds": self.pace.bake_seconds,
            },
        }
        return objects.make("LoggingPolicy", NAME, spec)

    def apply_policy(self, **options):
        self.kubectl.apply(self.policy(**options))
        self.generation = self.kubectl.one("loggingpolicies", NAME)["metadata"]["generation"]

    def snapshot(self):
        """What of AWS the operator could have written."""
        families = {service: self.aws.revisions(service) for service in self.sandbox.services}
        roles = {name: self.aws.role_policies(f"{self.sandbox.run}-{name}") for name in ("task", "execution")}
        return self.live(), families, roles, self.aws.objects(self.sandbox.bucket)

    # The steps.

    def install(self):
        target = {
            "accountId": self.sandbox.account,
            "region": self.aws.region,
            "assumeRole": {"arn": self.sandbox.operator_role},
            "clusters": [self.sandbox.cluster],
            "configBucket": {"name": self.sandbox.bucket, "prefix": "firelens/"},
            "resyncSeconds": self.pace.resync_seconds,
        }
        self.kubectl.apply(objects.make("AwsTarget", NAME, target))

        def look():
            found = sorted(self.workloads())
            return found == self.sandbox.services, found or objects.condition(
                self.kubectl.one("awstargets", NAME), "Ready"
            )

        found = self.wait("every service has a Workload", look)
        self.wait_for_stable()
        return f"{len(found)} workloads"

    def wait_for_stable(self):
        """Until the owners' own deployments are done."""

        def look():
            found = self.aws.services(self.sandbox.cluster, self.sandbox.services).values()
            states = {item["serviceName"]: [one.get("rolloutState") for one in item["deployments"]] for item in found}
            running = all(item["runningCount"] == item["desiredCount"] for item in found)
            # What ECS gave up stays in the list for a while, and does nothing more.
            return running and all({"COMPLETED"} == set(state) - {"FAILED"} for state in states.values()), states

        return self.wait("the services are stable", look)

    def audit(self):
        before = self.snapshot()
        self.apply_policy(mode="Audit")
        seen = self.wait_for_reasons("every workload says AuditMode", "AuditMode")
        for _ in range(LOOKS):
            time.sleep(self.pace.resync_seconds)
            if self.snapshot() != before:
                raise Unexpected("something was written to AWS in Audit")
        return f"{sorted(set(seen.values()))}, nothing written"

    def canary(self):
        before = self.live()
        self.apply_policy()

        def moved():
            live = self.live()
            changed = [name for name, arn in live.items() if arn != before[name]]
            return bool(changed), changed or self.told()

        changed = self.wait("a service is moved", moved)
        seen = {name: reason for name, reason in self.reasons().items() if name not in changed}
        if len(changed) != 1 or set(seen.values()) != {"WaitingForCanary"}:
            raise Unexpected(f"moved: {changed}, the others: {seen}")
        self.wait_for_reasons("the canary is in sync", "InSync", changed)
        moved_now = moved()[1]
        if moved_now != changed:
            raise Unexpected(f"before the canary had baked, {moved_now} were moved")
        return f"{self.anonymous(changed[0])} moved, the others {sorted(set(seen.values()))}"

    def waves(self):
        self.wait_for_rollout("Complete")
        self.wait_for_reasons("every workload is in sync", "InSync")
        self.assert_as_patched()
        waves = {name: item["status"].get("wave") for name, item in self.workloads().items()}
        if sorted(waves.values()) != [0, 1, 1]:
            raise Unexpected(f"waves: {waves}")
        return f"waves {sorted(waves.values())}, all InSync, all as `firelens patch` prints them"

    def assert_as_patched(self):
        policy = self.kubectl.one("loggingpolicies", NAME)
        for service, arn in self.live().items():
            base = self.workloads()[service]["status"]["baseRevision"]
            bucket = f"{self.sandbox.bucket}/firelens/"
            wanted, files = patched.patch(policy, [], self.aws.revision(base), bucket, self.aws.region, "FARGATE")
            wrong = patched.difference(self.aws.revision(arn), wanted)
            missing = set(files) - set(self.aws.objects(self.sandbox.bucket))
            if wrong or missing:
                raise Unexpected(f"{short(arn)} is not what `firelens patch` makes of {short(base)}: {wrong} {missing}")

    def logs(self):
        if not self.where.is_real:
            self.report.unknown("Do logs arrive within the 15 minutes of `NoLogsSeen`?", NOT_HERE)
            return f"{NOT_HERE}: its tasks write no logs"
        begin = time.monotonic()

        def look():
            seen = self.reasons("LogsFlowing")
            return set(seen.values()) == {"LogsArrive"}, seen

        self.wait("logs arrive", look)
        seconds = time.monotonic() - begin
        self.report.unknown("Do logs arrive within the 15 minutes of `NoLogsSeen`?", f"yes, {seconds:.0f} s after")
        return "LogsArrive for every service"

    def owner_deploys(self):
        service = self.sandbox.services[1]
        revision = self.sandbox.deploy(service, "hello again")

        def look():
            item = self.workloads()[service]
            done = item["status"].get("baseRevision") == revision and objects.is_true(item, "Ready")
            return done, objects.condition(item, "Ready")

        self.wait("the owner's revision has the router", look)
        self.assert_as_patched()
        return f"{self.anonymous(short(revision))} followed by {self.anonymous(short(self.live()[service]))}"

    def failing_image(self):
        before = self.live()
        self.apply_policy(image=f"{IMAGE}:3.2.1-{MISSING_TAG}")
        _, why, message = self.wait_for_rollout("Paused")

        def back():
            live = self.live()
            return live == before, live

        self.wait("every service is on the revision it had", back)
        failed = {name: objects.condition(item, "Injected") for name, item in self.workloads().items()}
        gave_up = [text for _, reason, text in failed.values() if reason in FAILED]
        if len(gave_up) != 1:
            raise Unexpected(f"not one service failed: {failed}")
        return f"rollout paused ({why}: {message}); {sorted(reason for _, reason, _ in failed.values())}: {gave_up[0]}"

    def repair(self):
        self.apply_policy()
        self.wait_for_rollout("Complete")
        self.wait_for_reasons("every workload is in sync", "InSync")
        self.wait_for_stable()
        self.assert_as_patched()
        return "complete, all InSync"

    def unknowns(self):
        return Unknowns(self).record()

    def restore(self):
        # What the owner of each service deployed last: where its Workload says the base is.
        bases = {name: item["status"]["baseRevision"] for name, item in self.workloads().items()}
        self.kubectl("delete", "loggingpolicy", NAME, "--wait=false")
        self.wait("the policy is gone", lambda: (self.kubectl.one("loggingpolicies", NAME) is None, self.reasons()))
        live = self.live()
        wrong = [short(arn) for name, arn in live.items() if arn != bases[name]]
        ours = {name: list(self.aws.role_policies(f"{self.sandbox.run}-{name}")) for name in ("task", "execution")}
        files = self.aws.objects(self.sandbox.bucket)
        if wrong or files or ours != {"task": [], "execution": ["owner"]}:
            raise Unexpected(f"not given back: {wrong}; role policies {ours}; files {files}")
        # A pipeline that describes the family must find the owner's.
        every = [arn for name in self.sandbox.services for arn in self.aws.revisions(name)]
        traps = [short(arn) for arn in every if self.carries_router(arn)]
        if traps:
            raise Unexpected(f"revisions with a router can still be started: {traps}")
        self.kubectl("delete", "awstarget", NAME)
        return "all back; no role policies, no files, no active revision with a router"

    def anonymous(self, text):
        return text.replace(self.sandbox.run, "RUN")
