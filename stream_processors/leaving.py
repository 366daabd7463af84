"""SHELL: how a worker lets go of its group, in time."""

import asyncio
import os
from collections.abc import Awaitable

import structlog

log = structlog.get_logger()
STOP_S, HARD_STOP_S = 8.0, 15.0


async def leave(stage: str, stop: Awaitable[None]) -> None:
    """Wait for `stop`, not for ever. Faust's way out swallows the cancellation of whoever waits for it no longer.

    What is not settled then is its next owner's, as after a kill.
    """
    asyncio.get_running_loop().call_later(HARD_STOP_S, _end_at_once, stage)
    try:
        await asyncio.wait_for(stop, STOP_S)
    except TimeoutError:
        log.warning("left_without_goodbye", stage=stage)


def _end_at_once(stage: str) -> None:
    """Something does not let go."""
    log.error("left_by_force", stage=stage)
    os._exit(1)
