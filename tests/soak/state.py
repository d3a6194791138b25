"""One look at everything, from both sides: what the operator says, and what AWS shows.

Must never mix the two: whoever compares has to know which side a fact is from.
"""

from live import objects
from live.aws import router_of
from soak.fleet import REGIONS, bucket_of
from soak.team import TARGETS

# Reasons with which a workload is at rest though it is not Ready.
RESTING = {
    "WindowsPlatform",
    "ForeignRouter",
    "OptedOut",
    "NoPolicySelects",
    "NotManaged",
    "Ejected",
    "AuditMode",
    "Retained",
}


def by_key(workloads):
    """(region, cluster, service) -> Workload."""
    found = {}
    for item in workloads:
        spec = item["spec"]
        found[(TARGETS.get(spec["target"], spec["target"]), spec["cluster"], spec["service"])] = item
    return found


class State:
    def __init__(self, kubectl, fleet):
        self.policies = {item["metadata"]["name"]: item for item in kubectl.items("loggingpolicies")}
        self.destinations = {item["metadata"]["name"]: item for item in kubectl.items("logdestinations")}
        self.targets = {item["metadata"]["name"]: item for item in kubectl.items("awstargets")}
        self.rollouts = {item["metadata"]["name"]: item for item in kubectl.items("rollouts")}
        self.workloads = by_key(kubectl.items("workloads"))
        self.services = fleet.describe()
        self.fleet = fleet
        self._revisions = {}

    def revision(self, region, arn):
        """A revision of AWS, read once."""
        if arn not in self._revisions:
            self._revisions[arn] = self.fleet.aws[region].revision(arn)
        return self._revisions[arn]

    def router(self, key):
        """The router of ours in what a service is set to, None without."""
        return router_of(self.revision(key[0], self.services[key]["taskDefinition"]))

    def is_at_rest(self, key):
        """Whether a workload has nothing left to do, and ECS neither."""
        item = self.workloads.get(key)
        if item is None:
            return False
        ready, reason, _ = objects.condition(item, "Ready")
        deployments = self.services[key]["deployments"]
        calm = len([one for one in deployments if one["rolloutState"] != "FAILED"]) == 1
        calm = calm and deployments[0]["rolloutState"] == "COMPLETED"
        return calm and (ready == "True" or reason in RESTING or objects.reason(item, "Injected") in RESTING)

    def restless(self):
        """Key -> what it says, of all that is not at rest."""
        return {
            key: objects.condition(self.workloads.get(key), "Ready")[1:]
            for key in self.services
            if not self.is_at_rest(key)
        }

    def fingerprint(self):
        """Equal in two states between which nobody did anything."""
        return (
            {key: service["taskDefinition"] for key, service in self.services.items()},
            {key: objects.reason(item, "Injected") for key, item in self.workloads.items()},
            self.fleet.role_policies(),
            {region: self.fleet.aws[region].objects(bucket_of(region)) for region in REGIONS},
            {region: self.fleet.aws[region].every_revision() for region in REGIONS},
        )
