"""What goes wrong around the operator: it is killed, its database hangs up on it, AWS hangs and refuses.

Must never strike at anything but the parts of this run.
"""

import subprocess

from live.places import LiveError
from soak.proxy import KINDS

CONNECTIONS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND usename = 'firelens'"
)
HANG = "BEGIN; LOCK TABLE objects, workload_records IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep({}); COMMIT"
SPELL_SECONDS = (5, 25)
SHARES = (0.15, 0.5, 1.0)


class Faults:
    def __init__(self, operator, database, proxy, rng, story):
        self.operator, self.database, self.proxy = operator, database, proxy
        self.rng, self.story = rng, story
        self.restarts = 0
        # Whoever asks whether the operator ended by itself looks here first.
        self.is_down = False
        self.kill_allowed = True

    def act(self):
        actions = [self.spell, self.spell, self.spell, self.disconnect, self.hang]
        if self.kill_allowed:
            actions += [self.kill, self.stop]
        self.story(f"fault {self.rng.choice(actions)()}")

    def spell(self):
        kind, share = self.rng.choice(KINDS), self.rng.choice(SHARES)
        seconds = self.rng.uniform(*SPELL_SECONDS)
        self.proxy.cast(kind, share, seconds, self.rng.random())
        return f"AWS: {kind}, {share:.0%} of the calls for {seconds:.0f} s"

    def disconnect(self):
        done = subprocess.run(
            [psql(), self.database.url, "-qAtc", CONNECTIONS], capture_output=True, text=True, check=False
        )
        return f"PostgreSQL hangs up on {len(done.stdout.split())} connections {done.stderr.strip()}"

    def hang(self):
        seconds = self.rng.uniform(*SPELL_SECONDS)
        done = subprocess.run(
            [psql(), self.database.url, "-qAtc", HANG.format(seconds)], capture_output=True, text=True, check=False
        )
        return f"PostgreSQL hung for {seconds:.0f} s {done.stderr.strip()}"

    def kill(self):
        self._down(self.operator.kill)
        return "kill -9, and started again"

    def stop(self):
        self._down(self.operator.stop)
        return "stopped in order, and started again"

    def _down(self, end):
        self.is_down = True
        try:
            end()
            self.operator.start()
            self.restarts += 1
        finally:
            self.is_down = False


def psql():
    """The client beside the server's programs."""
    found = subprocess.run(
        [
            "bash",
            "-c",
            "command -v psql || ls -d /usr/lib/postgresql/*/bin/psql /usr/pgsql-*/bin/psql 2>/dev/null | tail -1",
        ],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    if not found:
        raise LiveError("there is no psql: install the client of PostgreSQL")
    return found
