"""The soak: sets the scene, lets everybody act, waits for rest, compares, listens to the quiet, takes everything away.

Must never end 0 with a finding, nor leave anything of it running.
"""

import os
import random
import shutil
import signal
import sys
import threading
import time

from live import places
from live.aws import short
from live.parts import LOCAL_ACCOUNT, Database, Kubectl, MiniStack, Operator, local_credentials
from live.places import LiveError
from live.waiting import until
from soak import destinations
from soak import proxy as proxies
from soak.compare import Comparison, ours
from soak.faults import Faults
from soak.fleet import REGIONS, Fleet, bucket_of
from soak.owners import Owners
from soak.state import State, by_key
from soak.team import RESYNC_SECONDS, TARGETS, Team
from soak.watch import Log, Memory, Quiet, Story, now

HOME = places.LOCAL / "soak"
FIRST_ROLLOUT_SECONDS = 180
REST_SECONDS = 480
# Longer than two looks of the operator at what leaves a service (READ_RETRY_SECONDS).
STILL_SECONDS = 75
RETRY_SECONDS = 60
# A shorter soak has no time for all of them.
EVERY_DESTINATION_MINUTES = 25
REMOVAL_SECONDS = 420
QUIET_WINDOWS = 3
QUIET_SHARE = 0.03
# The last part of the time is without kills, so that memory can be judged over one life.
KILLS_SHARE = 0.5
# How far windows of the quiet may differ: a resync more or less.
FLAT = 1.35
FLAT_CALLS = 40
FLAT_PASSES = 4


class Interrupted(BaseException):
    """A signal asked us to end."""


def say(text):
    print(text, flush=True)


class Soak:
    def __init__(self):
        self.minutes = float(os.environ.get("SOAK_MINUTES") or 30)
        self.seed = os.environ.get("SOAK_SEED") or str(random.SystemRandom().randrange(10**8))
        self.size = int(os.environ.get("SOAK_SERVICES") or 14)
        self.run = HOME / f"run-{self.seed}"
        shutil.rmtree(self.run, ignore_errors=True)
        self.run.mkdir(parents=True)
        self.findings = []
        self.proven = set()
        self.database = Database(f"soak-{self.seed}-postgres")
        self.ministack = MiniStack(self.run / "aws")
        self.proxy = self.operator = self.memory = None
        self.over = threading.Event()
        self.threads = []

    def rng(self, name):
        """A generator of its own for each actor: what one does is the same whatever the others do."""
        return random.Random(f"{self.seed}-{name}")

    def find(self, text):
        self.findings.append(text)
        say(f"FINDING: {text}")

    def set(self):
        url = self.ministack.start()
        self.proxy = proxies.Proxy(url)
        self.proxy.start()
        self.story = Story(self.run / "story.log")
        self.fleet = Fleet(url, self.size)
        self.fleet.build()
        environment = places.clean_environment(
            AWS_ENDPOINT_URL=self.proxy.url, **local_credentials(REGIONS[0], LOCAL_ACCOUNT)
        )
        self.operator = Operator(self.run, self.database.start(), environment)
        self.operator.start()
        self.kubectl = Kubectl(self.run, self.operator.url)
        self.memory = Memory(self.operator)
        self.memory.start()
        self.owners = Owners(self.fleet, self.rng("owners"), self.story)
        self.team = Team(self.kubectl, self.ministack, self.fleet, self.rng("team"), self.story)
        self.faults = Faults(self.operator, self.database, self.proxy, self.rng("faults"), self.story)
        self.team.begin()
        say(f"{len(self.fleet.services)} services, seed {self.seed}; story, log and ledger in {self.run}")

    def actor(self, name, act, pauses):
        """A thread that acts, with pauses between so many and so many seconds, until it is over."""
        rng = self.rng(f"{name}-pauses")

        def loop():
            while not self.over.wait(rng.uniform(*pauses)):
                try:
                    act()
                except Exception as error:  # noqa: BLE001 - an actor that breaks is a finding of its own
                    self.story(f"{name} broke: {type(error).__name__}: {error}")
                    if not isinstance(error, LiveError):
                        self.find(f"the soak itself: {name}: {type(error).__name__}: {error}")

        thread = threading.Thread(target=loop, name=name, daemon=True)
        self.threads.append(thread)
        thread.start()

    def turmoil(self):
        """Everybody acts at once, for the time given."""
        self.actor("owners", self.owners.act, (1, 6))
        self.actor("team", self.team.act, (3, 14))
        self.actor("faults", self.faults.act, (12, 45))
        self.actor("shippers", self.ship, (8, 12))
        begin, deadline = time.monotonic(), time.monotonic() + self.minutes * 60
        while time.monotonic() < deadline:
            time.sleep(1)
            self.faults.kill_allowed = time.monotonic() - begin < self.minutes * 60 * KILLS_SHARE
            if not self.faults.is_down and self.operator.process.poll() is not None and not self.faults.is_down:
                raise LiveError(f"the operator ended by itself with {self.operator.process.returncode}")
        self.calm()
        say(f"{self.story.count} things done in {self.minutes:g} minutes, {self.faults.restarts} restarts")

    def ship(self):
        """What owners of CODE_DEPLOY services do by hand; and which destinations have come to rest somewhere."""
        workloads = self.kubectl.items("workloads")
        self.owners.ship(by_key(workloads))
        self.proven |= destinations.in_sync(workloads, self.kubectl.items("loggingpolicies"))

    def calm(self):
        self.over.set()
        for thread in self.threads:
            thread.join()
        self.proxy.heal()
        self.owners.come_back(float("inf"))

    def state(self):
        return State(self.kubectl, self.fleet)

    def rest(self):
        """Until nothing is left to do, and stays so."""
        for name in self.team.settle(self.ship):
            self.find(f"policy {name}: deleted, and not gone for long")
        begin, retried, still = time.monotonic(), 0.0, None
        while True:
            state = self.state()
            self.owners.ship(state.workloads)
            restless = state.restless()
            found = None if restless else state.fingerprint()
            if found is None or still is None or found != still[1]:
                still = None if found is None else (time.monotonic(), found)
            elif time.monotonic() - still[0] >= STILL_SECONDS:
                say(f"at rest after {time.monotonic() - begin:.0f} s")
                return
            if time.monotonic() - begin > REST_SECONDS:
                for key, why in sorted(restless.items()):
                    self.find(f"not at rest after {REST_SECONDS} s: {key}: {why}")
                return
            if restless and time.monotonic() - retried > RETRY_SECONDS:
                # What failed or was contested during the turmoil is not tried again by itself.
                self.team.resume_all()
                retried = time.monotonic()
            time.sleep(4)

    def compare(self):
        comparison = Comparison(self.state(), self.team.retained, self.team.forgotten)
        for text in comparison.whole():
            self.find(text)
        say(f"{comparison.compared} workloads compared")

    def quiet(self):
        """Passes and calls do not grow, and nothing is written."""
        since = now()
        seconds = max(2 * RESYNC_SECONDS + 5, self.minutes * 60 * QUIET_SHARE)
        quiet = Quiet(self.operator, self.proxy)
        windows = [quiet.window(seconds) for _ in range(QUIET_WINDOWS)]
        passes = [window[0] for window in windows]
        calls = [sum(window[1].values()) for window in windows]
        say(f"quiet, {QUIET_WINDOWS} times {seconds:.0f} s: passes {passes}, calls {calls}")
        if max(passes) > min(passes) * FLAT + FLAT_PASSES:
            self.find(f"passes are not flat when nothing happens: {passes}")
        if max(calls) > min(calls) * FLAT + FLAT_CALLS:
            self.find(f"calls are not flat when nothing happens: {[window[1] for window in windows]}")
        most = len(TARGETS) * seconds / RESYNC_SECONDS * 2 + FLAT_PASSES
        if max(passes) > most:
            self.find(f"{max(passes):.0f} passes in {seconds:.0f} s when nothing happens, where {most:.0f} are plenty")
        written = {name: count for window in windows for name, count in window[1].items() if name in proxies.WRITES}
        if written:
            self.find(f"written when nothing happens: {written}")
        for line in Log(self.operator.log).errors_since(since):
            self.find(f"an error in the log when nothing happens: {line}")

    def remove(self):
        """All policies go, and with them everything that the operator made."""
        policies = [item["metadata"]["name"] for item in self.kubectl.items("loggingpolicies")]
        for name in policies:
            self.kubectl.patch("loggingpolicies", name, {"spec": {"deletionPolicy": "Restore"}})
        self.kubectl("delete", "loggingpolicies", "--all", "--wait=false")

        def gone():
            state = self.state()
            self.owners.ship(state.workloads)
            left = sorted(state.policies)
            return not left, f"{left}: {sorted(set(state.restless().values()))}"

        try:
            until("the policies are gone", REMOVAL_SECONDS, gone, poll=5)
        except LiveError as error:
            self.find(str(error))
        state = self.state()
        retained = self.team.retained
        for key in sorted(Comparison(state, retained).routed()):
            self.find(f"{key}: has a router after every policy is gone: {short(state.services[key]['taskDefinition'])}")
        for role, held in sorted(self.fleet.role_policies().items()):
            left = retained.beside(role, ours(held))
            if left:
                self.find(f"role {role}: holds {left} after every policy is gone")
        for region in REGIONS:
            held = self.fleet.aws[region].objects(bucket_of(region))
            files = sorted(set(held) - retained.files[region])
            if files:
                self.find(f"bucket of {region}: {len(files)} objects are left after every policy is gone: {files[:5]}")
        self.kubectl("delete", "logdestinations", "--all")
        self.kubectl("delete", "awstargets", "--all", "--wait=false")
        try:
            until("no target is left", 60, lambda: (not self.kubectl.items("awstargets"), "targets"), poll=2)
            until("no workload is left", 60, lambda: (not self.kubectl.items("workloads"), "workloads"), poll=2)
        except LiveError as error:
            self.find(str(error))

    def judge(self):
        """What holds at any time, and what has to have happened."""
        missing = sorted(set(destinations.NAMES) - self.proven)
        say(f"{len(self.proven)} of {len(destinations.NAMES)} destinations were in sync on a service")
        if missing and self.minutes >= EVERY_DESTINATION_MINUTES:
            self.find(f"in {self.minutes:g} minutes no service was in sync with {missing}")
        for line in Log(self.operator.log).never():
            self.find(f"the log: {line}")
        finding, seen = self.memory.verdict()
        say(f"memory: {seen}")
        if finding:
            self.find(finding)

    def go(self):
        self.set()
        time.sleep(min(FIRST_ROLLOUT_SECONDS, self.minutes * 6))
        self.turmoil()
        self.rest()
        self.compare()
        self.quiet()
        self.remove()
        self.judge()

    def end(self):
        self.over.set()
        for thread in self.threads:
            thread.join(timeout=60)
        if self.memory is not None:
            self.memory.stop()
        if self.operator is not None:
            self.operator.stop()
        self.database.stop()
        if self.proxy is not None:
            self.proxy.stop()
        self.ministack.stop()


def main():
    def interrupted(number, _frame):
        raise Interrupted(signal.Signals(number).name)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupted)
    soak, code = Soak(), 1
    say(f"Program under test: {places.binary()}; SOAK_MINUTES={soak.minutes:g} SOAK_SEED={soak.seed}")
    try:
        soak.go()
        code = 1 if soak.findings else 0
    except Interrupted as interruption:
        say(f"ending: {interruption}")
        code = 130
    except Exception as error:  # noqa: BLE001 - whatever it is, the parts have to be ended
        soak.find(f"the soak broke off: {type(error).__name__}: {error}")
        if soak.operator is not None:
            say(soak.operator.log_tail())
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        soak.end()
    say(f"\n{len(soak.findings)} findings with seed {soak.seed}")
    for text in soak.findings:
        say(f"- {text}")
    return code


if __name__ == "__main__":
    os.chdir(places.ROOT)
    sys.exit(main())
