"""What is written down while the soak runs: the story, memory, passes, calls, and what the log complains of.

Must never weigh on what it measures: one look each few seconds.
"""

import collections
import datetime
import json
import statistics
import subprocess
import threading
import time

from live import metrics

SAMPLE_SECONDS = 5
WARM_SECONDS = 60
# Growth of resident memory beyond which it is not called flat.
GROWTH = 1.25
GROWTH_MIB = 24
# Never said, whatever happens around the operator.
NEVER = ("panicked", "cannot be read and is skipped", "content of another kind")


class Story:
    """A line for everything anybody does, with the time since the beginning."""

    def __init__(self, path):
        self.begin = time.monotonic()
        self.path = path
        self.lock = threading.Lock()
        self.count = 0

    def __call__(self, text):
        with self.lock:
            self.count += 1
            with open(self.path, "a", encoding="utf-8") as file:
                file.write(f"{time.monotonic() - self.begin:7.1f} {text}\n")


class Memory:
    """Resident memory of the operator's present life."""

    def __init__(self, operator):
        self.operator = operator
        self.lives = {}
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self._sample, name="memory", daemon=True)

    def start(self):
        self.thread.start()

    def stop(self):
        self.stopped.set()
        self.thread.join()

    def _sample(self):
        while not self.stopped.wait(SAMPLE_SECONDS):
            pid = self.operator.process.pid
            done = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=False)
            if done.stdout.strip():
                self.lives.setdefault(pid, []).append((time.monotonic(), int(done.stdout) / 1024))

    def verdict(self):
        """(finding or None, what was seen) of the last life, once it was warm."""
        if not self.lives:
            return None, "no sample"
        samples = list(self.lives.values())[-1]
        warm = [mib for at, mib in samples if at - samples[0][0] >= WARM_SECONDS]
        if len(warm) < 12:
            return None, f"{len(warm)} samples: too few to judge"
        third = len(warm) // 3
        first, last = statistics.median(warm[:third]), statistics.median(warm[-third:])
        seen = f"{first:.0f} MiB, then {last:.0f} MiB, {len(warm)} samples"
        if last > first * GROWTH + GROWTH_MIB:
            return f"memory grows: {seen}", seen
        return None, seen


class Log:
    """The operator's log, line by line, of all its lives."""

    def __init__(self, path):
        self.path = path

    def entries(self):
        with open(self.path, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                try:
                    yield json.loads(line)
                except ValueError:
                    yield {"level": "TEXT", "fields": {"message": line.strip()}}

    def never(self):
        """What is said at no time, and how often it was."""
        return counted(entry for entry in self.entries() if any(word in json.dumps(entry) for word in NEVER))

    def errors_since(self, moment):
        """What was said at level ERROR since then, and how often."""
        late = (entry for entry in self.entries() if entry.get("timestamp") and parse(entry["timestamp"]) >= moment)
        return counted(entry for entry in late if entry.get("level") == "ERROR")


def counted(entries):
    """Entries that say the same, as one line each."""
    lines = collections.Counter(json.dumps(entry.get("fields"))[:400] for entry in entries)
    return [f"{count} times {line}" for line, count in lines.most_common()]


def parse(text):
    return datetime.datetime.fromisoformat(text)


def now():
    return datetime.datetime.now(datetime.UTC)


class Quiet:
    """A time in which nobody does anything: windows of equal length, each with its passes and calls."""

    def __init__(self, operator, proxy):
        self.operator, self.proxy = operator, proxy

    def passes(self):
        return metrics.total(metrics.parse(self.operator.get("/metrics")), "firelens_reconcile_total") or 0

    def window(self, seconds):
        """(passes, calls by operation) in so many seconds."""
        passes, calls = self.passes(), self.proxy.snapshot()
        time.sleep(seconds)
        after = self.proxy.snapshot()
        made = {name: count - calls.get(name, 0) for name, count in after.items() if count > calls.get(name, 0)}
        return self.passes() - passes, made
