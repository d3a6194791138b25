"""Prints how much faster the core is than the Python reference: `make bench-core`.

Rounds of both take turns, each on one core, so that a disturbance meets both. Never fails for being slow: it prints
ratios. It fails when the two do not agree on one of the 1,000 documents.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import patch_reference

SECONDS = 0.5
PATHS = ("patch", "no-op")


BUILD = ["cargo", "bench", "--locked", "--quiet", "--package", "firelens-plan", "--bench", "compare"]


def core(arguments, pin):
    """Runs the core's side and answers what it prints."""
    return subprocess.run([*pin, *BUILD, "--", *arguments], check=True, capture_output=True, text=True).stdout


def python(documents, seconds):
    """Documents a second of the reference, by class and path."""
    rates = {}
    for name, of_class in documents.items():
        rates[name] = {}
        for path in PATHS:
            texts = of_class[path]
            done = 0
            for text in texts[:20]:
                patch_reference.patch(text)
            start = time.perf_counter()
            while time.perf_counter() - start < seconds:
                for text in texts:
                    patch_reference.patch(text)
                done += len(texts)
            rates[name][path] = done / (time.perf_counter() - start)
    return rates


def read(path):
    """The documents of each class, for both paths."""
    documents = {}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            document = json.loads(line)
            of_class = documents.setdefault(document["class"], {path: [] for path in PATHS})
            of_class["patch"].append(document["base"])
            of_class["no-op"].append(document["live"])
    return documents


def spread(rates):
    """Median, and in brackets least and most, in whole documents a second."""
    return f"{statistics.median(rates):,.0f} ({min(rates):,.0f} to {max(rates):,.0f})"


def table(ours, theirs):
    print(f"{'size':8} {'path':6} {'core, documents/s':>30} {'Python, documents/s':>26} {'ratio':>6}")
    for name in ours[0]:
        for path in PATHS:
            mine = [round_[name][path] for round_ in ours]
            reference = [round_[name][path] for round_ in theirs]
            ratio = statistics.median(mine) / statistics.median(reference)
            print(f"{name:8} {path:6} {spread(mine):>30} {spread(reference):>26} {ratio:>5.1f}x")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    # Before the pinning, which the compiler would inherit.
    subprocess.run([*BUILD, "--no-run"], check=True)
    # One core for both sides: the last one, which interrupts reach least.
    pin = []
    if shutil.which("taskset"):
        last = max(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {last})
        pin = ["taskset", "--cpu-list", str(last)]
    with tempfile.TemporaryDirectory() as directory:
        corpus = os.path.join(directory, "corpus.jsonl")
        core(["--write", corpus], pin)
        count, wrong = patch_reference.check(corpus)
        print(f"{count - wrong} of {count} results are equal")
        if wrong:
            raise SystemExit(1)
        documents = read(corpus)
    ours, theirs = [], []
    for number in range(rounds):
        print(f"round {number + 1} of {rounds}", file=sys.stderr)
        ours.append(json.loads(core(["--measure", str(SECONDS)], pin)))
        theirs.append(python(documents, SECONDS))
    pinned = f"core {pin[-1]}" if pin else "no core in particular"
    print(f"medians of {rounds} rounds (least to most), one thread on {pinned}, Python {sys.version.split()[0]}")
    table(ours, theirs)


if __name__ == "__main__":
    main()
