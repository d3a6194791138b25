"""What policies with `deletionPolicy: Retain` left behind when they went: what ran, its rights and its files.

Must never excuse more than that: what nothing ran goes with such a policy as with any other.
"""

from soak.fleet import REGIONS, bucket_of

FILES = "firelens/"
ROLE_POLICY = "firelens-"


class Retained:
    def __init__(self, fleet):
        self.fleet = fleet
        self.files = {region: set() for region in REGIONS}
        # (role, name of the inline policy)
        self.role_policies = set()
        # How often a policy went that way: each time it left one revision of a service at most.
        self.times = {}

    def note(self, policy):
        """To be called once the policy is gone, before there is another of that name."""
        self.times[policy] = self.times.get(policy, 0) + 1
        for region, files in self.files.items():
            held = self.fleet.aws[region].objects(bucket_of(region))
            files |= {key for key in held if key.startswith(f"{FILES}{policy}/")}
        for role, held in self.fleet.role_policies().items():
            self.role_policies |= {(role, name) for name in held if name.startswith(f"{ROLE_POLICY}{policy}@")}

    def beside(self, role, names):
        """Names of inline policies of a role that nobody left there."""
        return [name for name in sorted(names) if (role, name) not in self.role_policies]
