"""The platform team: policies that are made, edited, held up and deleted, targets and destinations that come and go.

Must never leave what it took away for a while: `settle` gives everything back and makes every policy roll out.
"""

import datetime
import time

from live import objects
from live.parts import LOCAL_ACCOUNT
from live.places import LiveError
from soak import destinations
from soak.fleet import CLUSTERS, bucket_of
from soak.retained import Retained

TARGETS = {"us": "us-east-1", "eu": "eu-west-1"}
RESYNC_SECONDS = 15
BACK_SECONDS = (10, 40)
BURST = 5
GONE_SECONDS = 120


def target(name):
    region = TARGETS[name]
    spec = {
        "accountId": LOCAL_ACCOUNT,
        "region": region,
        "clusters": ["*"],
        "configBucket": {"name": bucket_of(region), "prefix": "firelens/"},
        "resyncSeconds": RESYNC_SECONDS,
        "suspend": False,
    }
    return objects.make("AwsTarget", name, spec)


# Name -> (priority, selector, deletionPolicy). Together they reach every service; two compete for most.
POLICIES = {
    "everything": (0, {}, "Restore"),
    "shop": (10, {"clusters": ["shop"]}, "Restore"),
    "special": (20, {"services": ["app-0", "app-3", "ec2-*"]}, "Restore"),
    "keep": (30, {"services": ["keep-*"]}, "Retain"),
    "europe": (15, {"targets": ["eu"], "services": ["app-*"]}, "Restore"),
}
ROLLOUT = {
    "maxConcurrent": 6,
    "canary": {"count": 1, "bakeSeconds": 2},
    "waveGrowth": 4,
    "failureThreshold": 2,
    "progressDeadlineSeconds": 120,
    "settleSeconds": 3,
    "windows": [],
    "approval": "Auto",
}


def policy(name, outputs):
    priority, selector, deletion = POLICIES[name]
    spec = {
        "mode": "Enforce",
        "priority": priority,
        "suspend": False,
        "selector": selector,
        "outputs": [{"name": one, "destinationRef": {"name": one}} for one in outputs],
        "rollout": dict(ROLLOUT),
        "deletionPolicy": deletion,
    }
    return objects.make("LoggingPolicy", name, spec)


def now():
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Team:
    def __init__(self, kubectl, ministack, fleet, rng, story):
        self.kubectl, self.ministack, self.fleet = kubectl, ministack, fleet
        self.rng, self.story = rng, story
        self.later = []
        # Regions whose target was deleted.
        self.forgotten = set()
        self.retained = Retained(fleet)
        # Every destination has its turn before one comes again.
        self.turns = []
        self.actions = [
            self.outputs,
            self.outputs,
            self.outputs,
            self.burst,
            self.priorities,
            self.mode,
            self.suspend,
            self.window,
            self.approval,
            self.selector,
            self.freeze,
            self.delete_policy,
            self.leave_cluster,
            self.suspend_target,
            self.pause,
            self.abort,
            self.edit_destination,
            self.crash,
            self.evacuate,
        ]

    def begin(self):
        self.kubectl.apply(*destinations.all_objects(self.fleet.secret), *(target(name) for name in TARGETS))
        self.kubectl.apply(*(policy(name, self.some_outputs()) for name in POLICIES))

    def act(self):
        """One thing of the list, and whatever is to be given back by now."""
        self.give_back(time.monotonic())
        self.attempt(self.rng.choice(self.actions))

    def attempt(self, action):
        try:
            self.story(f"team {action()}")
        except LiveError as error:
            self.story(f"team refused: {' '.join(str(error).split())[:300]}")

    def give_back(self, until):
        due = [item for item in self.later if item[0] <= until]
        self.later = [item for item in self.later if item[0] > until]
        for _, action in due:
            self.attempt(action)

    def back(self, action):
        self.later.append((time.monotonic() + self.rng.uniform(*BACK_SECONDS), action))

    def some_outputs(self):
        found = []
        for _ in range(self.rng.choice((1, 1, 2))):
            if not self.turns:
                self.turns = self.rng.sample(sorted(destinations.NAMES), len(destinations.NAMES))
            name = self.turns.pop()
            if name not in found:
                found.append(name)
        return found

    def some_policy(self):
        """A policy that is there and not being deleted."""
        found = [item for item in self.kubectl.items("loggingpolicies") if "deletionTimestamp" not in item["metadata"]]
        return self.rng.choice(sorted(item["metadata"]["name"] for item in found) or ["everything"])

    def edit(self, name, spec):
        self.kubectl.patch("loggingpolicies", name, {"spec": spec})

    def edit_back(self, name, spec):
        def action():
            if self.kubectl.one("loggingpolicies", name):
                self.edit(name, spec)
            return f"{name}: back to {spec}"

        self.back(action)

    def outputs(self):
        name, outputs = self.some_policy(), self.some_outputs()
        self.edit(name, {"outputs": policy(name, outputs)["spec"]["outputs"]})
        return f"{name}: sends to {outputs}"

    def burst(self):
        name = self.some_policy()
        for number in range(BURST):
            self.edit(name, {"bufferLimit": 1048576 + self.rng.randrange(1024) + number})
        return f"{name}: {BURST} generations at once"

    def priorities(self):
        name = self.some_policy()
        priority = self.rng.randrange(0, 40)
        self.edit(name, {"priority": priority})
        return f"{name}: priority {priority}"

    def mode(self):
        name = self.some_policy()
        self.edit(name, {"mode": "Audit"})
        self.edit_back(name, {"mode": "Enforce"})
        return f"{name}: Audit for a while"

    def suspend(self):
        name = self.some_policy()
        self.edit(name, {"suspend": True})
        self.edit_back(name, {"suspend": False})
        return f"{name}: suspended for a while"

    def window(self):
        name = self.some_policy()
        window = {"schedule": "*/2 * * * *", "durationMinutes": 1, "timezone": "Europe/Berlin"}
        self.edit(name, {"rollout": {"windows": [window]}})
        self.edit_back(name, {"rollout": {"windows": []}})
        return f"{name}: every other minute only"

    def approval(self):
        name, outputs = self.some_policy(), self.some_outputs()
        self.edit(name, {"outputs": policy(name, outputs)["spec"]["outputs"], "rollout": {"approval": "Required"}})

        def approve():
            approved = [self._approve(item) for item in self.kubectl.items("rollouts") if self._is_of(item, name)]
            return f"{name}: {sum(approved)} plans approved"

        self.back(approve)
        self.edit_back(name, {"rollout": {"approval": "Auto"}})
        return f"{name}: sends to {outputs} once approved"

    def _is_of(self, rollout, name):
        return rollout["metadata"]["name"].startswith(f"{name}.g")

    def _approve(self, rollout):
        plan = rollout["status"].get("plan") or {}
        if plan.get("hash") and plan.get("needsApproval") and not plan.get("approved"):
            self.say(rollout, {"approve": {"plan": plan["hash"]}})
            return True
        return False

    def say(self, rollout, control):
        self.kubectl.patch("rollouts", rollout["metadata"]["name"], {"spec": {"control": control}})

    def selector(self):
        name = self.some_policy()
        excluded = sorted(self.rng.sample(["app-1", "app-2", "app-4", "ec2-7", "keep-13"], 2))
        self.edit(name, {"selector": {"exclude": {"services": excluded}}})
        self.edit_back(name, {"selector": {"exclude": {"services": []}}})
        return f"{name}: without {excluded} for a while"

    def freeze(self):
        begin = datetime.datetime.now(datetime.UTC)
        end = begin + datetime.timedelta(hours=1)
        spec = {
            "reason": "soak",
            "from": begin.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "until": end.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "targets": [self.rng.choice(sorted(TARGETS))],
        }
        name = f"soak-{self.rng.randrange(10**6)}"
        self.kubectl.apply(objects.make("Freeze", name, spec))

        def thaw():
            self.kubectl("delete", "freezes", name, "--ignore-not-found")
            return f"freeze {name} is over"

        self.back(thaw)
        return f"freeze {name} of {spec['targets']}"

    def delete_policy(self):
        name = self.some_policy()
        self.kubectl("delete", "loggingpolicies", name, "--wait=false")

        def again():
            if self.kubectl.one("loggingpolicies", name):
                self.back(again)
                return f"{name}: still going"
            if POLICIES[name][2] == "Retain":
                self.retained.note(name)
            outputs = self.some_outputs()
            self.kubectl.apply(policy(name, outputs))
            return f"{name}: made again, sends to {outputs}"

        self.back(again)
        return f"{name}: deleted"

    def leave_cluster(self):
        name, cluster = self.rng.choice(sorted(TARGETS)), self.rng.choice(CLUSTERS)
        self.kubectl.patch("awstargets", name, {"spec": {"clusters": [cluster]}})
        self.back(lambda: self._patch_target(name, {"clusters": ["*"]}))
        return f"target {name}: only cluster {cluster}"

    def suspend_target(self):
        name = self.rng.choice(sorted(TARGETS))
        self.kubectl.patch("awstargets", name, {"spec": {"suspend": True}})
        self.back(lambda: self._patch_target(name, {"suspend": False}))
        return f"target {name}: suspended"

    def _patch_target(self, name, spec):
        if self.kubectl.one("awstargets", name):
            self.kubectl.patch("awstargets", name, {"spec": spec})
        return f"target {name}: back to {spec}"

    def _some_rollout(self):
        return self.rng.choice(sorted(self.kubectl.items("rollouts"), key=lambda item: item["metadata"]["name"]))

    def pause(self):
        rollout = self._some_rollout()
        self.say(rollout, {"paused": True})
        self.back(lambda: self._resume(rollout))
        return f"rollout {rollout['metadata']['name']} paused"

    def abort(self):
        rollout = self._some_rollout()
        undo = self.rng.random() < 0.5
        self.say(rollout, {"abort": {"undo": undo}})
        self.back(lambda: self._resume(rollout))
        return f"rollout {rollout['metadata']['name']} aborted, undo {undo}"

    def _resume(self, rollout):
        name = rollout["metadata"]["name"]
        if self.kubectl.one("rollouts", name):
            control = {"paused": False, "abort": None, "resumedAt": now(), "retry": {"at": now()}}
            self.kubectl.patch("rollouts", name, {"spec": {"control": control}})
        return f"rollout {name} resumed"

    def edit_destination(self):
        key = f"k{self.rng.randrange(10**6)}"
        spec = {"http": {"host": "collect.soak.internal", "port": 443, "format": "json", "uri": f"/{key}"}}
        self.kubectl.apply(objects.make("LogDestination", "http", spec))
        return f"destination http: another uri {key}"

    def crash(self):
        families = sorted({service.family for service in self.fleet.services if service.kind in ("plain", "ec2")})
        chosen = self.rng.sample(families, 2)
        self.ministack.crash([(family, "log_router") for family in chosen])

        def heal():
            self.ministack.crash([])
            return "routers live again"

        self.back(heal)
        return f"the router crashes in {chosen}"

    def evacuate(self):
        """A target goes and comes back: first nothing selects it, then it is deleted."""
        name = "eu"
        for item in self.kubectl.items("loggingpolicies"):
            self.edit(item["metadata"]["name"], {"selector": {"targets": ["us"]}})

        def delete():
            try:
                self.kubectl("delete", "awstargets", name, "--wait=false", "--ignore-not-found")
                self.forgotten.add(TARGETS[name])
                told = f"target {name}: deleted"
            except LiveError as error:
                told = f"target {name}: kept: {' '.join(str(error).split())[:160]}"
            self.back(again)
            return told

        def again():
            self.kubectl.apply(target(name))
            for item in self.kubectl.items("loggingpolicies"):
                policy_name = item["metadata"]["name"]
                targets = POLICIES[policy_name][1].get("targets", ["*"])
                self.edit(policy_name, {"selector": {"targets": targets}})
            return f"target {name}: back"

        self.back(delete)
        return f"target {name}: nothing selects it any more"

    def settle(self, meanwhile):
        """Gives everything back: every policy there, in Enforce, held up by nothing. Answers those that do not go.

        `meanwhile` is what owners have to do for a deleted policy to be able to go.
        """
        for _ in range(3):
            self.give_back(float("inf"))
        self.ministack.crash([])
        self.kubectl("delete", "freezes", "--all")
        self.kubectl.apply(*(target(name) for name in TARGETS))
        stuck = self.wait_for_deleted(meanwhile)
        for name in POLICIES:
            found = self.kubectl.one("loggingpolicies", name)
            # Lists and maps that are absent from a merge patch stay: selector and windows are set whole.
            wanted = policy(name, self.some_outputs())
            if found:
                wanted["spec"]["outputs"] = found["spec"]["outputs"]
                whole = {"targets": ["*"], "clusters": ["*"], "services": ["*"], "exclude": {"services": []}}
                wanted["spec"]["selector"] = whole | wanted["spec"]["selector"]
                self.edit(name, wanted["spec"])
            else:
                self.kubectl.apply(wanted)
        return stuck

    def wait_for_deleted(self, meanwhile):
        """Policies on their way out have to be gone before they are made again."""
        deadline = time.monotonic() + GONE_SECONDS
        while time.monotonic() < deadline:
            items = self.kubectl.items("loggingpolicies")
            going = [item["metadata"]["name"] for item in items if "deletionTimestamp" in item["metadata"]]
            if not going:
                break
            meanwhile()
            time.sleep(2)
        return going

    def resume_all(self):
        """Says to every rollout that counts that it may go on, and to try again what failed."""
        generations = {
            item["metadata"]["name"]: item["metadata"]["generation"] for item in self.kubectl.items("loggingpolicies")
        }
        present = {f"{name}.g{number}.{one}" for name, number in generations.items() for one in TARGETS}
        for rollout in self.kubectl.items("rollouts"):
            if rollout["metadata"]["name"] in present and not objects.is_true(rollout, "Complete"):
                self.attempt(lambda rollout=rollout: self._resume(rollout))
