"""How the demo looks in a terminal: headings, tables, coloured differences.

Must never colour what is not read by a person: a pipe gets plain text, and NO_COLOR is honoured.
"""

import difflib
import json
import os
import sys

COLOURED = "NO_COLOR" not in os.environ and (sys.stdout.isatty() or bool(os.environ.get("FORCE_COLOR")))
BOLD, DIM, RED, GREEN, YELLOW, CYAN = "1", "2", "31", "32", "33", "36"
LINE_WIDTH = 150
CONTEXT_LINES = 2


def paint(text, *codes):
    return f"\033[{';'.join(codes)}m{text}\033[0m" if COLOURED else text


def say(text=""):
    print(text, flush=True)


def heading(text):
    say()
    say(paint(f"== {text}", BOLD, CYAN))


def command(text):
    say(paint(f"$ {text}", BOLD))


def indented(text):
    for line in text.rstrip("\n").splitlines():
        say(f"  {line}")


def table(head, rows):
    """Columns as wide as their widest cell."""
    widths = [max(len(str(cell)) for cell in column) for column in zip(head, *rows)]

    def row(cells):
        return "  " + "  ".join(str(cell).ljust(width) for cell, width in zip(cells, widths)).rstrip()

    say(paint(row(head), DIM))
    for cells in rows:
        say(row(cells))


def shortened(line):
    return line if len(line) <= LINE_WIDTH else line[: LINE_WIDTH - 1] + "…"


def difference(before, after, before_name, after_name):
    """A unified diff of two JSON documents, in the colours of git."""

    def text(document):
        return json.dumps(document, indent=2).splitlines()

    for line in difflib.unified_diff(text(before), text(after), before_name, after_name, lineterm="", n=CONTEXT_LINES):
        line = shortened(line)
        if line.startswith(("---", "+++")):
            say("  " + paint(line, BOLD))
        elif line.startswith("@@"):
            say("  " + paint(line, CYAN))
        elif line.startswith("+"):
            say("  " + paint(line, GREEN))
        elif line.startswith("-"):
            say("  " + paint(line, RED))
        else:
            say("  " + line)
