"""Compares, at rest, everything the operator says with what AWS shows.

Must never take a look at AWS through the operator, nor stop at the first finding.
"""

import json

from live import objects, patched
from live.aws import revision_of, router_of, short
from live.places import LiveError
from soak import destinations
from soak.fleet import REGIONS, bucket_of
from soak.team import TARGETS

ROLE_POLICY = "firelens-"
LABEL_HASH = "firelens.dev/hash"
LABEL_BASE = "firelens.dev/base"
LABEL_POLICY = "firelens.dev/policy"
LABEL_UID = "firelens.dev/policy-uid"
LABEL_GENERATION = "firelens.dev/generation"
PREFIX = "firelens/"


class Comparison:
    def __init__(self, state, retained, forgotten=()):
        """`forgotten` are regions whose target was deleted meanwhile, and with it what was remembered of them."""
        self.state, self.retained, self.forgotten = state, retained, forgotten
        self.owned = {arn for service in state.fleet.services for arn in service.owned}
        self.findings = []
        self.compared = 0

    def find(self, text):
        self.findings.append(text)

    def whole(self):
        """Every comparison there is; answers the findings."""
        for check in (
            self.every_service_has_its_workload,
            self.workloads_tell_the_truth,
            self.managed_is_what_patch_prints,
            self.counts_are_sums,
            self.rollouts_have_ended,
            self.targets_count_what_there_is,
            self.roles_allow_what_is_needed,
            self.no_role_policy_without_need,
            self.files_are_there,
            self.revisions_are_registered_once,
            self.no_revision_of_ours_waits_to_be_started,
        ):
            try:
                check()
            except (LiveError, KeyError, TypeError, IndexError) as error:
                self.find(f"{check.__name__} could not look: {type(error).__name__}: {error}")
        return self.findings

    def routed(self):
        """Services that run a router of ours: key -> (service, router)."""
        found = {}
        for key, service in self.state.services.items():
            router = self.state.router(key)
            if router is not None:
                found[key] = (service, router)
        return found

    def every_service_has_its_workload(self):
        services, workloads = set(self.state.services), set(self.state.workloads)
        for key in sorted(services - workloads):
            self.find(f"{key}: a service without Workload")
        for key in sorted(workloads - services):
            self.find(f"{key}: a Workload without service")

    def workloads_tell_the_truth(self):
        for key, item in sorted(self.state.workloads.items()):
            service = self.state.services.get(key)
            if service is None:
                continue
            self.compared += 1
            live, status = service["taskDefinition"], item["status"]
            injected, reason, message = objects.condition(item, "Injected")
            router = self.state.router(key)
            if status.get("currentRevision") != live:
                self.find(f"{key}: says it is set to {status.get('currentRevision')}, and is set to {live}")
            if injected == "True" and router is None:
                self.find(f"{key}: Injected=True ({reason}), and {short(live)} has no router")
            if injected == "True" and live != status.get("managedRevision"):
                self.find(f"{key}: Injected=True, and {short(live)} is not its managed {status.get('managedRevision')}")
            if injected != "True" and router is not None and reason not in ("OptedOut", "Retained", "PolicyUnknown"):
                self.find(f"{key}: says {reason} ({message}), and {short(live)} has a router of ours")
            if router is not None and injected == "True":
                named = router["dockerLabels"][LABEL_POLICY]
                if named != status["policy"]["name"]:
                    self.find(f"{key}: {status['policy']['name']} decides, and the router is of {named}")
            if not self.state.is_at_rest(key):
                self.find(f"{key}: not at rest: {objects.condition(item, 'Ready')}")
            running = [task["taskDefinitionArn"] for task in self.state.fleet.aws[key[0]].tasks(key[1], key[2])]
            if [arn for arn in running if arn != live] or len(running) != service["desiredCount"]:
                self.find(f"{key}: set to {short(live)}, and its tasks run {[short(arn) for arn in running]}")

    def managed_is_what_patch_prints(self):
        every = list(self.state.destinations.values())
        for key, item in sorted(self.state.workloads.items()):
            if not objects.is_true(item, "Injected") or key not in self.state.services:
                continue
            region, status = key[0], item["status"]
            policy = self.state.policies.get(status["policy"]["name"])
            arn = self.state.services[key]["taskDefinition"]
            live = self.state.revision(region, arn)
            is_copy = arn in self.owned
            try:
                on_copy = is_copy or self.is_made_from_a_copy(region, arn, status["baseRevision"])
                base = self.state.revision(region, status["baseRevision"])
                if on_copy:
                    base = {**patched.unpatch(live), "taskDefinitionArn": status["baseRevision"]}
                bucket = f"{bucket_of(region)}/{PREFIX}"
                wanted, _ = patched.patch(policy, every, base, bucket, region, status["launchType"])
            except (LiveError, KeyError) as error:
                self.find(f"{key}: cannot be compared with `firelens patch`: {error}")
                continue
            wrong = patched.difference(live, wanted, is_copy)
            if wrong:
                self.find(f"{key}: {short(status['managedRevision'])} is not what `firelens patch` prints: {wrong}")

    def is_made_from_a_copy(self, region, arn, base):
        """Whether the owner shipped a copy with the router between that base and that revision.

        What they changed on top of the router is kept, and the base stays the last revision without one.
        """
        numbers = range(revision_of(base) + 1, revision_of(arn))
        between = (f"{arn.rsplit(':', 1)[0]}:{number}" for number in numbers)
        return any(one in self.owned and router_of(self.state.revision(region, one)) for one in between)

    def counts_are_sums(self):
        for name, policy in sorted(self.state.policies.items()):
            status = policy["status"]
            mine = [
                item
                for item in self.state.workloads.values()
                if (item["status"].get("policy") or {}).get("name") == name and objects.is_true(item, "Selected")
            ]
            injected = [item for item in mine if objects.is_true(item, "Injected")]
            said = {
                member: status.get(member, 0) for member in ("selected", "injected", "inProgress", "pending", "failed")
            }
            counted = {"selected": len(mine), "injected": len(injected), "inProgress": 0, "pending": 0, "failed": 0}
            if said != counted:
                self.find(f"policy {name}: says {said}, and its workloads are {counted}")
            if status.get("observedGeneration") != policy["metadata"]["generation"]:
                self.find(f"policy {name}: observedGeneration {status.get('observedGeneration')} is old")
            if len(injected) == len(mine) and not objects.is_true(policy, "Ready"):
                self.find(
                    f"policy {name}: all its workloads are in sync, and it says {objects.condition(policy, 'Ready')}"
                )

    def rollouts_have_ended(self):
        for name, policy in sorted(self.state.policies.items()):
            for target in TARGETS:
                rollout = self.state.rollouts.get(f"{name}.g{policy['metadata']['generation']}.{target}")
                if rollout is None or not rollout["status"].get("selected"):
                    continue
                if not objects.is_true(rollout, "Complete"):
                    found = objects.condition(rollout, "Complete"), objects.condition(rollout, "Paused")
                    self.find(f"rollout {rollout['metadata']['name']}: not Complete: {found}")

    def targets_count_what_there_is(self):
        role_policies = self.state.fleet.role_policies()
        held = [(role, name) for role, policies in role_policies.items() for name in ours(policies)]
        said = 0
        for name, target in sorted(self.state.targets.items()):
            status, region = target["status"], TARGETS[name]
            if not objects.is_true(target, "Ready"):
                self.find(f"target {name}: Ready is {objects.condition(target, 'Ready')}")
            services = len([key for key in self.state.services if key[0] == region])
            if status.get("services") != services:
                self.find(f"target {name}: says {status.get('services')} services, there are {services}")
            files = set(self.state.fleet.aws[region].objects(bucket_of(region)))
            if not len(files - self.retained.files[region]) <= status.get("ownedObjects", 0) <= len(files):
                self.find(f"target {name}: says {status.get('ownedObjects')} objects, the bucket holds {len(files)}")
            said += status.get("ownedRolePolicies", 0)
        if not len(set(held) - self.retained.role_policies) <= said <= len(held):
            self.find(f"targets: say {said} role policies, the roles hold {len(held)}")

    def roles_allow_what_is_needed(self):
        role_policies = self.state.fleet.role_policies()
        by_key = {service.key: service for service in self.state.fleet.services}
        for key, (_, router) in sorted(self.routed().items()):
            policy = self.state.policies.get(router["dockerLabels"][LABEL_POLICY])
            item = self.state.workloads.get(key)
            if policy is None or item is None or not objects.is_true(item, "Injected"):
                continue
            documents = list(ours(role_policies[by_key[key].role]).values())
            for action, words in destinations.rights(policy):
                if not destinations.allows(documents, action, words):
                    self.find(f"{key}: runs, and its role {by_key[key].role} does not allow {action} on {words}")

    def no_role_policy_without_need(self):
        """A role holds a policy of ours only while a service with that role runs a router that needs it."""
        by_key = {service.key: service for service in self.state.fleet.services}
        used = {}
        for key, (_, router) in self.routed().items():
            for role in (by_key[key].role, by_key[key].execution):
                used.setdefault(role, set()).add(router["dockerLabels"][LABEL_POLICY])
        for role, policies in sorted(self.state.fleet.role_policies().items()):
            for name in self.retained.beside(role, ours(policies)):
                if not any(name.startswith(f"{ROLE_POLICY}{policy}") for policy in used.get(role, ())):
                    self.find(f"role {role}: holds {name}, and no service of it runs a router of that policy")

    def files_are_there(self):
        for region in REGIONS:
            held = set(self.state.fleet.aws[region].objects(bucket_of(region)))
            marker = f"arn:aws:s3:::{bucket_of(region)}/"
            for key, (_, router) in self.routed().items():
                if key[0] != region:
                    continue
                for named in named_files(router, marker):
                    if named not in held:
                        self.find(f"{key}: runs, and names s3://{bucket_of(region)}/{named}, which is not there")

    def revisions_are_registered_once(self):
        """Of one base and one generation there is one revision of ours: a lost answer makes no second."""
        for service in self.state.fleet.services:
            if service.region in self.forgotten:
                continue
            seen = {}
            for arn in self.state.fleet.aws[service.region].revisions(service.family):
                router = router_of(self.state.revision(service.region, arn))
                if router is None or arn in self.owned:
                    continue
                labels = router["dockerLabels"]
                made_from = tuple(labels.get(label) for label in (LABEL_BASE, LABEL_UID, LABEL_GENERATION, LABEL_HASH))
                seen.setdefault(made_from, []).append(short(arn))
            for (base, *_), arns in seen.items():
                if len(arns) > 1:
                    self.find(f"{service}: registered more than once from {base}: {arns}")

    def no_revision_of_ours_waits_to_be_started(self):
        """What no service runs is deregistered, but for CodeDeploy, which may go back to it.

        Not what was given back without a router: it is the owner's, and routers are made from it.
        """
        live = {service["taskDefinition"] for service in self.state.services.values()}
        for service in self.state.fleet.services:
            if service.region in self.forgotten or service.kind == "codedeploy":
                continue
            active = self.state.fleet.aws[service.region].revisions(service.family)
            spare = [arn for arn in active if arn not in live and arn not in self.owned]
            spare = [arn for arn in spare if router_of(self.state.revision(service.region, arn))]
            if len(spare) > self.left_running(service.region, spare):
                self.find(
                    f"{service}: runs {self.live(service)}, and these of ours are active: {list(map(short, spare))}"
                )

    def left_running(self, region, revisions):
        """How many of these revisions may be there because a policy that retains what runs went."""
        names = {router_of(self.state.revision(region, arn))["dockerLabels"][LABEL_POLICY] for arn in revisions}
        return sum(self.retained.times.get(name, 0) for name in names)

    def live(self, service):
        return short(self.state.services[service.key]["taskDefinition"])


def ours(policies):
    return {name: document for name, document in policies.items() if name.startswith(ROLE_POLICY)}


def named_files(router, marker):
    """Keys of a bucket that a router's container definition names."""
    found, text = [], json.dumps(router)
    while marker in text:
        _, text = text.split(marker, 1)
        found.append(text.split('"', 1)[0])
    return found
