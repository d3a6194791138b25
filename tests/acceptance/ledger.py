"""The list of what a run makes, on disk before it is made, so that whoever comes later can remove it.

Must never hold a name after its thing was made: a line is written and on the disk first.
"""

import json
import os
import pathlib
import secrets

from live import places
from live.places import LiveError

HOME = places.LOCAL / "acceptance"
PREFIX = "firelens-acc-"
TAG = "firelens-acceptance"


def new_run():
    """The name of a run: all names of what it makes hold it, and nobody else's can."""
    return PREFIX + secrets.token_hex(5)


class Ledger:
    """`HOME/RUN/ledger.jsonl`: the AWS it is about, then one line a thing."""

    def __init__(self, run):
        if not run.startswith(PREFIX) or "/" in run:
            raise LiveError(f"{run} is no run of `make acceptance`: those are called {PREFIX}...")
        self.run = run
        self.dir = HOME / run
        self.path = self.dir / "ledger.jsonl"

    def begin(self, where):
        self.dir.mkdir(parents=True)
        self._write({"where": where})

    def _write(self, line):
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def announce(self, kind, name, **more):
        """To be called before the thing is made."""
        self._write({"kind": kind, "name": name} | more)

    def close(self, left):
        self._write({"left": left})

    def _lines(self):
        try:
            text = self.path.read_text(encoding="utf-8")
        except OSError as error:
            raise LiveError(f"there is no ledger of {self.run}: {error}") from error
        found = []
        for line in text.splitlines():
            try:
                found.append(json.loads(line))
            except ValueError:
                # Cut short by a kill: the thing it announces was not made.
                continue
        return found

    def where(self):
        return next((line["where"] for line in self._lines() if "where" in line), None)

    def things(self):
        """Everything announced, once each, in the order of announcement."""
        found = []
        for line in self._lines():
            if "kind" in line and line not in found:
                found.append(line)
        return found


def all_runs():
    """Runs whose ledger lies here, oldest first."""
    found = sorted(pathlib.Path(HOME).glob("*/ledger.jsonl"), key=lambda path: path.stat().st_mtime)
    return [path.parent.name for path in found]
