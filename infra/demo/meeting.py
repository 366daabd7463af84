"""The meeting itself: every talker comes, speaks, mutes and goes as the script says, timed by their own microphone."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.demo.script import Span, Visit
from infra.demo.talker import Talker
from infra.demo.voices import Recording
from schemas.timebase import Clock


@dataclass(frozen=True)
class Seat:
    """A talker at the page and what they will say."""

    talker: Talker
    recording: Recording


async def hold(seats: Sequence[Seat], clock: Clock, screenshots: Path) -> tuple[Visit, ...]:
    """Hold the whole meeting; returns every visit when the last talker has left."""
    async with asyncio.TaskGroup() as group:
        played = [group.create_task(_play(seat, clock, screenshots)) for seat in seats]
    return tuple(visit for task in played for visit in task.result())


async def _play(seat: Seat, clock: Clock, screenshots: Path) -> list[Visit]:
    part = seat.recording.part
    await asyncio.sleep(part.joins_at_s)
    visits = [await _visit(seat, clock, screenshots)]
    for _ in range(part.visits - 1):
        await seat.talker.arrive()
        await asyncio.sleep(part.away_s)
        visits.append(await _visit(seat, clock, screenshots))
    return visits


async def _visit(seat: Seat, clock: Clock, screenshots: Path) -> Visit:
    recording = seat.recording
    opened_at_us = await seat.talker.join()
    async with asyncio.TaskGroup() as group:
        group.create_task(_mute(seat.talker, recording.layout.mute))
        group.create_task(asyncio.sleep(recording.layout.length_s))
    await seat.talker.screenshot(screenshots / f"talker-{recording.part.name}.png")
    await seat.talker.leave()
    return Visit(recording.part.name, recording.part.said, opened_at_us, clock.now_us())


async def _mute(talker: Talker, mute: Span | None) -> None:
    if mute:
        await asyncio.sleep(mute.from_s)
        await talker.toggle_mute()
        await asyncio.sleep(mute.to_s - mute.from_s)
        await talker.toggle_mute()
