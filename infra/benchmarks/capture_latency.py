"""Capture to Kafka, in a quiet short meeting with one talker: how long until what a microphone heard is on the log.

From the first sample of a record reaching the bot to the broker's own stamp, the time the record takes to fill included.
Only the bot runs; nothing else reads or writes.
"""

import asyncio
from pathlib import Path

from infra.demo import questions
from infra.demo.figures import Proof
from infra.demo.log import Log
from infra.demo.meeting import Seat, hold
from infra.demo.minutes import Minutes
from infra.demo.script import ROBERT, Part
from infra.demo.stages import BOT, Place, bot, local_place
from infra.demo.supervisor import Supervisor
from infra.demo.talker import talkers
from infra.demo.voices import Recording, flite_recordings
from infra.local.machine import Machine
from infra.result import Result
from schemas.ids import new_bot_id
from schemas.settings import LocalSettings
from schemas.timebase import SystemClock

NAME = "capture_latency"
TALKER = Part(name="Robert", voice=ROBERT.voice, lines=ROBERT.lines[:4])
BOUND_P99_MS = 150.0
DEADLINE_S = 60.0


def run(settings: LocalSettings, seed: int, command: str) -> Result:
    """Hold the meeting on the local services; the bound is on the 99th percentile."""
    machine = Machine(settings)
    machine.up()
    folder = settings.var_dir / "bench" / NAME
    (recording,) = flite_recordings([TALKER], folder)
    server = machine.meeting_server
    proof = asyncio.run(_held(local_place(server.link(server.create_room()), folder), recording, folder))
    latency = proof.latency_ms
    return Result(
        name=NAME,
        command=command,
        seed=seed,
        passed=latency.capture_to_kafka_p99 is not None and latency.capture_to_kafka_p99 <= BOUND_P99_MS,
        figures={
            "capture_to_kafka_ms_p50": latency.capture_to_kafka_p50,
            "capture_to_kafka_ms_p99": latency.capture_to_kafka_p99,
            "bound_ms_p99": BOUND_P99_MS,
            "frames": proof.frames.on_topic,
        },
    )


async def _held(place: Place, recording: Recording, folder: Path) -> Proof:
    minutes, bot_id, clock = Minutes(), new_bot_id(), SystemClock()
    supervisor = Supervisor([bot(place, bot_id, is_in=lambda: minutes.recording)], folder / "logs")
    log = Log(place.turns, bot_id, minutes.take)
    async with asyncio.TaskGroup() as group:
        following = group.create_task(log.follow())
        try:
            await asyncio.to_thread(supervisor.start, DEADLINE_S)
            async with talkers(
                [recording], meeting_link=place.meeting_link, chromium=place.chromium, folder=folder, clock=clock
            ) as (talker,):
                await hold([Seat(talker, recording)], clock, folder)
            supervisor.terminate(BOT)
            await log.until(lambda: minutes.done is not None, DEADLINE_S, "the bot's last event")
        finally:
            await asyncio.to_thread(supervisor.stop)
            following.cancel()
    return await questions.proof(bot_id, place.settings())
