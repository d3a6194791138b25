"""Waits that end.

Must never wait without a deadline, nor hide what was seen last.
"""

import time

from live.places import LiveError

POLL_SECONDS = 0.5


class Timeout(LiveError):
    """Something did not become so in time."""


def until(what, seconds, look, poll=POLL_SECONDS):
    """Calls `look` until it answers `(True, value)`, and answers the value; else says what it answered last."""
    deadline = time.monotonic() + seconds
    while True:
        done, seen = look()
        if done:
            return seen
        if time.monotonic() >= deadline:
            raise Timeout(f"not within {seconds:.0f} s: {what}; seen last: {seen}")
        time.sleep(poll)
