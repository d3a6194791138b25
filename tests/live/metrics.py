"""The operator's /metrics as numbers.

Must never take a series that is missing for one that is zero without saying so.
"""

import re

SAMPLE = re.compile(r"^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{.*\})? (\S+)$")


def parse(text):
    """[(name, labels as text, value)]."""
    found = []
    for line in (text or "").splitlines():
        if line.startswith("#"):
            continue
        match = SAMPLE.match(line)
        if match:
            found.append((match[1], match[2] or "", float(match[3])))
    return found


def total(samples, name, *labels):
    """Sum of the samples of a name whose labels hold all these texts; None where there is no such series."""
    values = [value for found, text, value in samples if found == name and all(label in text for label in labels)]
    return sum(values) if values else None
