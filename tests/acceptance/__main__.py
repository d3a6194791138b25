"""The run itself: makes a sandbox, goes through the steps, removes everything, prints the table.

Must never end, whatever happens, without having tried to remove all that the ledger lists.
"""

import argparse
import os
import signal
import sys
import time

from acceptance import where as whereabouts
from acceptance.journey import Journey
from acceptance.ledger import Ledger, all_runs, new_run
from acceptance.removal import Removal
from acceptance.report import Report
from acceptance.sandbox import Sandbox
from live import places
from live.parts import Database, Kubectl, MiniStack, Operator
from live.places import LiveError

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(BaseException):
    """A signal asked us to end. Not an Exception: nothing on the way may take it for a failed call."""


def say(text):
    print(text, flush=True)


def interrupt_on_signals():
    def end(number, _frame):
        raise Interrupted(signal.Signals(number).name)

    for number in SIGNALS:
        signal.signal(number, end)


def shield(run):
    """From here on signals only say that the removal goes on."""

    def told(_number, _frame):
        say(f"still removing; to end now, kill -9 {os.getpid()} and later: make acceptance-clean RUN={run}")

    while True:
        try:
            for number in SIGNALS:
                signal.signal(number, told)
            return
        except Interrupted:
            continue


class Points:
    """Where `--interrupt` strikes: at the n-th announcement, before or after the thing is made, or at a step."""

    def __init__(self, wish):
        self.signal, self.place = None, None
        if wish:
            word, self.place = wish.split("@", 1)
            self.signal = signal.Signals[f"SIG{word}"]
        self.counts = {"before": 0, "after": 0}

    def __call__(self, when, what):
        if when in self.counts:
            self.counts[when] += 1
            what = f"{when}{self.counts[when]}"
        if self.place == what:
            say(f"interrupted at {what} with {self.signal.name}")
            os.kill(os.getpid(), self.signal)


class Run:
    def __init__(self, options):
        self.options = options
        self.ledger = Ledger(options.run or new_run())
        self.points = Points(options.interrupt)
        self.where = self.sandbox = self.report = None
        self.database = Database(f"{self.ledger.run}-postgres")
        self.ministack = MiniStack(self.ledger.dir / "aws")
        self.operator = Operator(self.ledger.dir, "", {})

    def go(self):
        """Everything up to the removal."""
        say(f"Program under test: {places.binary()}")
        self.where = whereabouts.find()
        own = self.where is None
        if own:
            self.ledger.begin({"own": True, "region": whereabouts.region()})
            self.where = whereabouts.Where(
                whereabouts.region(), self.ministack.start(), whereabouts.LOCAL_ACCOUNT, own=True
            )
            self.ledger.announce("aws", self.where.endpoint)
        aws = self.where.aws()
        caller = aws.caller()
        whereabouts.ask(self.where, caller["Account"], caller["Arn"], self.ledger.run)
        if not own:
            self.ledger.begin(self.where.record())
        say(f"  should this process be killed: make acceptance-clean RUN={self.ledger.run}")
        self.report = Report(self.ledger.run, self.where)
        self.sandbox = Sandbox(aws, caller["Account"], caller["Arn"].split(":")[1], self.ledger, self.points)
        self.step("sandbox", "roles, bucket, log groups, a cluster and three services are made", self.build)
        journey = None
        for name, expected, function in Journey(self.where, self.sandbox, self.operator, None, self.report).steps():
            if journey is None:
                journey = self.install()
            self.step(name, expected, getattr(journey, function.__name__))

    def build(self):
        self.sandbox.build()
        return f"{len(self.ledger.things())} things"

    def install(self):
        """PostgreSQL, the operator and kubectl."""
        self.points("step", "parts")
        url = self.database.start()
        self.operator = Operator(self.ledger.dir, url, self.where.environment())
        self.operator.start()
        kubectl = Kubectl(self.ledger.dir, self.operator.url)
        return Journey(self.where, self.sandbox, self.operator, kubectl, self.report)

    def step(self, name, expected, function):
        self.points("step", name)
        begin = time.monotonic()
        try:
            seen, ok = function(), True
        except Exception as error:
            self.report.step(name, expected, f"{type(error).__name__}: {error}", time.monotonic() - begin, False)
            raise
        self.report.step(name, expected, seen, time.monotonic() - begin, ok)
        say(f"{time.monotonic() - begin:6.1f} s  {name}: {seen}")
        if self.options.stop_after == name:
            raise Interrupted(f"--stop-after {name}")

    def remove(self):
        """Ends the parts and removes the things; answers what is left."""
        begin = time.monotonic()
        self.operator.stop()
        left = []
        if self.where is not None:
            left = Removal(self.where.aws(), self.ledger).remove()
        self.database.stop()
        self.ministack.stop()
        if self.report is not None:
            seen = "; ".join(left) or "nothing is left"
            self.report.step("removal", "nothing of the run is left", seen, time.monotonic() - begin, not left)
        if self.ledger.path.exists():
            self.ledger.close(left)
        return left


def accept(options):
    run, code = Run(options), 1
    interrupt_on_signals()
    try:
        run.go()
        code = 0
    except Interrupted as interruption:
        say(f"ending: {interruption}")
        code = 0 if options.stop_after else 130
    except Exception as error:  # noqa: BLE001 - whatever it is, everything is removed
        say(f"FAILED: {type(error).__name__}: {error}")
        if run.operator.log.exists():
            say(f"The end of the operator's log ({run.operator.log}):\n{run.operator.log_tail()}")
    finally:
        shield(run.ledger.run)
        left = run.remove()
    if run.report is not None:
        text = run.report.text()
        (run.ledger.dir / "report.md").write_text(text)
        say(f"\n{text}")
    for thing in left:
        say(f"LEFT: {thing}")
    return code if not left and (run.report is None or run.report.ok or code) else 1


def clean(options):
    """Removes what a run that was killed has left."""
    if not options.run:
        say("RUN=... is missing; runs with a ledger here: " + (", ".join(all_runs()) or "none"))
        return 2
    run = Run(options)
    recorded = run.ledger.where()
    if recorded is None:
        say(f"{options.run} has made nothing")
        return 0
    endpoint = recorded.get("endpoint")
    if recorded.get("own"):
        # Its own MiniStack holds everything, and goes.
        run.operator.stop()
        run.database.stop()
        run.ministack.stop()
        run.ledger.close([])
        say(f"{options.run}: nothing is left")
        return 0
    run.where = whereabouts.Where(recorded["region"], endpoint, recorded.get("account"))
    left = run.remove()
    for thing in left:
        say(f"LEFT: {thing}")
    say(f"{options.run}: {len(left)} left" if left else f"{options.run}: nothing is left")
    return 1 if left else 0


def main():
    parser = argparse.ArgumentParser(prog="make acceptance")
    parser.add_argument("verb", choices=("run", "clean"))
    parser.add_argument("--run", help="name of the run; for clean, the one to remove")
    parser.add_argument("--stop-after", metavar="STEP", help="go no further than that step, and remove everything")
    parser.add_argument("--interrupt", metavar="SIGNAL@POINT", help="for the test of interruptions")
    options = parser.parse_args()
    try:
        return accept(options) if options.verb == "run" else clean(options)
    except LiveError as error:
        say(f"error: {error}")
        return 1


if __name__ == "__main__":
    os.chdir(places.ROOT)
    sys.exit(main())
