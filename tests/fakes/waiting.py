"""Waiting for what other processes do."""

import time
from collections.abc import Callable

DEADLINE_S = 90.0


def until(done: Callable[[], object], what: str, deadline_s: float = DEADLINE_S) -> None:
    """Wait for `done`, looking five times a second; fails with `what` at the deadline."""
    ends = time.monotonic() + deadline_s
    while not done():
        assert time.monotonic() < ends, f"still not: {what}"
        time.sleep(0.2)
