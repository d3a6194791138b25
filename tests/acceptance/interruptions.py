"""The test of interruptions: a run that is ended at many points, in every way, leaves nothing behind.

Must never pass for a point that was not reached, nor run on anything but a MiniStack of its own.
"""

import concurrent.futures
import os
import pathlib
import subprocess
import sys
import tempfile
import time

from acceptance.ledger import HOME, PREFIX, new_run
from live import places
from live.aws import Aws
from live.parts import LOCAL_ACCOUNT, MiniStack, command_of

REGION = "us-east-1"
RUN_SECONDS = 300
# Runs at one time: each waits for the operator most of the time.
TOGETHER = 3
WAYS = ("INT", "TERM", "KILL")
MAKING = ("before1", "after1", "after3", "before5", "after8", "before11", "after12", "after14", "before15", "after16")
STEPS = ("restore", "failing image", "waves", "canary", "audit", "parts")


def everything(aws):
    """What an AWS holds of what a run makes."""
    families = aws.ecs.list_task_definition_families(status="ALL")["families"]
    revisions = [arn for family in families for arn in aws.revisions(family) + aws.revisions(family, "INACTIVE")]
    return {
        "clusters": aws.clusters(),
        "revisions": revisions,
        "roles": sorted(role["RoleName"] for role in aws.iam.list_roles()["Roles"]),
        "policies": sorted(policy["Arn"] for policy in aws.iam.list_policies(Scope="Local")["Policies"]),
        "buckets": sorted(bucket["Name"] for bucket in aws.s3.list_buckets()["Buckets"]),
        "log groups": sorted(group["logGroupName"] for group in aws.logs.describe_log_groups()["logGroups"]),
    }


def processes(run):
    """Processes that a run has left: those it recorded, and whatever names its folder."""
    done = subprocess.run(["ps", "-eo", "pid=,command="], capture_output=True, text=True, check=True)
    lines = [line.strip() for line in done.stdout.splitlines() if run in line]
    recorded = HOME / run / "firelens.pid"
    if recorded.exists() and command_of(recorded.read_text().strip()):
        lines.append(f"operator {recorded.read_text().strip()}")
    return lines


class Trial:
    def __init__(self, ministack, aws):
        self.ministack, self.aws = ministack, aws
        self.before = everything(aws)
        self.failures = []

    def program(self, *arguments, run):
        """`acceptance` as `make` calls it, on our MiniStack."""
        environment = places.clean_environment(
            AWS_ENDPOINT_URL=self.ministack.url,
            AWS_REGION=REGION,
            AWS_ACCESS_KEY_ID=LOCAL_ACCOUNT,
            FIRELENS_BINARY=str(places.binary()),
            FIRELENS_LOCAL_DIR=str(places.LOCAL),
            PYTHONPATH=str(places.ROOT / "tests"),
        )
        done = subprocess.run(
            [sys.executable, "-B", "-m", "acceptance", *arguments, "--run", run],
            env=environment,
            cwd=places.ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=RUN_SECONDS,
            check=False,
        )
        return done.returncode, done.stdout

    def whole(self):
        """A run that nobody interrupts."""
        run = new_run()
        code, output = self.program("run", run=run)
        print(output, flush=True)
        if code != 0:
            self.failures.append(f"the run that nobody interrupts ended with {code}")
        self.look("not interrupted", run)

    def interrupted(self, way, point):
        run, begin = new_run(), time.monotonic()
        code, output = self.program("run", "--interrupt", f"{way}@{point}", run=run)
        name = f"SIG{way} at {point}"
        expected = -9 if way == "KILL" else 130
        if f"interrupted at {point}" not in output or code != expected:
            self.failures.append(f"{name}: ended with {code}, not {expected}:\n{output}")
        if way == "KILL":
            code, output = self.program("clean", run=run)
            if code != 0:
                self.failures.append(f"{name}: what was left could not be removed:\n{output}")
        self.look(name, run)
        print(f"{time.monotonic() - begin:6.1f} s  {name}", flush=True)

    def look(self, name, run):
        """What holds the name of a run is its own; others may be under way."""
        for kind, found in everything(self.aws).items():
            more = [one for one in found if run in one]
            if more:
                self.failures.append(f"{name}: left {kind}: {more}")
        left = processes(run)
        if left:
            self.failures.append(f"{name}: left processes: {left}")

    def look_at_all(self):
        now = everything(self.aws)
        if now != self.before:
            self.failures.append(f"after all runs AWS is not as before: {now}")


def main():
    with tempfile.TemporaryDirectory(prefix=PREFIX) as folder:
        ministack = MiniStack(pathlib.Path(folder))
        ministack.start()
        try:
            trial = Trial(ministack, Aws(REGION, ministack.url, LOCAL_ACCOUNT))
            trial.whole()
            # The long ones first.
            points = STEPS + MAKING
            ways = [WAYS[number % len(WAYS)] for number in range(len(points))]
            with concurrent.futures.ThreadPoolExecutor(TOGETHER) as pool:
                list(pool.map(trial.interrupted, ways, points))
            trial.look_at_all()
        finally:
            ministack.stop()
    for failure in trial.failures:
        print(f"FAILED: {failure}")
    print(f"{1 + len(MAKING) + len(STEPS)} runs, {len(trial.failures)} failures")
    return 1 if trial.failures else 0


if __name__ == "__main__":
    os.chdir(places.ROOT)
    sys.exit(main())
