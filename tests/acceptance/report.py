"""What a run saw, as Markdown that can be pasted into a report.

Must never hold the account's number or an id of AWS.
"""

import re

BLURRED = (
    (re.compile(r"\b[0-9]{12}\b"), "111122223333"),
    (re.compile(r"\b[0-9a-f]{32}\b"), "0" * 32),
    (re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "00000000-0000-0000-0000-000000000000"),
    (re.compile(r"ecs-svc/[0-9]+\b"), "ecs-svc/0"),
    (re.compile(r"\b(subnet|sg|eni|vpc|i)-[0-9a-f]{8,}\b"), r"\1-0"),
)
NOT_HERE = "not on this AWS"
CELL = 400


def blur(text):
    for pattern, into in BLURRED:
        text = pattern.sub(into, text)
    return text


def cell(text, width=CELL):
    text = " ".join(blur(str(text)).split()).replace("|", "\\|")
    return text if len(text) <= width else text[: width - 1] + "…"


class Report:
    def __init__(self, run, where):
        self.run, self.where = run, where
        self.steps = []
        self.unknowns = []

    def step(self, name, expected, seen, seconds, ok):
        self.steps.append((name, expected, seen, f"{seconds:.0f}", "yes" if ok else "**no**"))

    def unknown(self, question, seen, shape=None):
        """A question about real AWS, what was seen, and the raw answer where it tells more."""
        self.unknowns.append((question, seen, shape))

    @property
    def ok(self):
        return bool(self.steps) and all(row[-1] == "yes" for row in self.steps)

    def text(self):
        aws = "real AWS" if self.where.is_real else "a local AWS (MiniStack)"
        lines = [f"## Acceptance run {self.run} on {aws}, {self.where.region}", ""]
        lines += self._table(("step", "expected", "seen", "seconds", "as expected"), self.steps)
        lines += ["", "### What was not known about real AWS", ""]
        lines += self._table(("question", "seen"), [(question, seen) for question, seen, _ in self.unknowns])
        for question, _, shape in self.unknowns:
            if shape:
                lines += ["", f"{question}:", "", "```json", blur(shape), "```"]
        return "\n".join(lines) + "\n"

    def _table(self, head, rows):
        yield "| " + " | ".join(head) + " |"
        yield "|" + "---|" * len(head)
        for row in rows:
            yield "| " + " | ".join(cell(item) for item in row) + " |"
