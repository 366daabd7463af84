"""A talker of the demo on a real Janus: comes, is heard, mutes, goes without leaving a ghost, comes back."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.demo.script import Line, Part
from infra.demo.talker import talkers
from infra.demo.voices import flite_recordings
from infra.local.janus import JanusServer
from infra.local.rooms import Participant, Room
from schemas.settings import BotSettings
from schemas.timebase import SystemClock

pytestmark = pytest.mark.browser
ANN = Part(name="Ann", voice="slt", lines=(Line("Good morning. " * 12, pause_s=1.0),))
PATIENCE_S = 15.0


async def roster(janus: JanusServer, room: Room, wanted: Callable[[list[Participant]], bool]) -> list[Participant]:
    """The room's roster as soon as it is as wanted."""
    deadline = time.monotonic() + PATIENCE_S
    while not wanted(found := await asyncio.to_thread(janus.rooms.participants, room)):
        assert time.monotonic() < deadline, found
        await asyncio.sleep(0.1)
    return found


async def test_a_talker_comes_speaks_goes_and_comes_back(janus: JanusServer, tmp_path: Path) -> None:
    """Janus hears the recording as soon as the talker joins; leaving empties the room; a rejoin is a new feed."""
    room = janus.create_room()
    async with talkers(
        flite_recordings([ANN], tmp_path),
        meeting_link=janus.link(room),
        chromium=BotSettings().chromium_path,
        folder=tmp_path,
        clock=SystemClock(),
    ) as (ann,):
        before_us = SystemClock().now_us()
        opened_at_us = await ann.join()
        assert before_us < opened_at_us <= SystemClock().now_us()
        (heard,) = await roster(janus, room, lambda people: any(person.talking for person in people))
        assert (heard.display, heard.publisher) == ("Ann", True)
        await ann.screenshot(tmp_path / "ann.png")
        await ann.leave()
        await roster(janus, room, lambda people: people == [])
        await ann.arrive()
        await ann.join()
        (again,) = await roster(janus, room, lambda people: any(person.talking for person in people))
        assert again.id != heard.id
        await ann.toggle_mute()
        await roster(janus, room, lambda people: not any(person.talking for person in people))
        await ann.toggle_mute()
        await roster(janus, room, lambda people: any(person.talking for person in people))
        await ann.leave()
    assert (tmp_path / "ann.png").stat().st_size > 10_000
