"""Waiting for what other processes do."""

import time
from collections.abc import Callable

from schemas.errors import Unavailable


def until(done: Callable[[], bool], what: str, deadline_s: float = 60.0, *, look_every_s: float = 0.1) -> None:
    """Raises Unavailable that says `what` did not happen in time."""
    ends_s = time.monotonic() + deadline_s
    while not done():
        if time.monotonic() > ends_s:
            raise Unavailable(f"not within {deadline_s:.0f} s: {what}", remedy="see the logs of the run")
        time.sleep(look_every_s)
