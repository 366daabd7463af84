"""The course of the demo on one page: stages up, meeting held, log drained, questions asked."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

from infra.demo import questions
from infra.demo.figures import Evidence
from infra.demo.live import Live
from infra.demo.log import Log
from infra.demo.meeting import Seat, hold
from infra.demo.minutes import Minutes
from infra.demo.outage import Outage
from infra.demo.report import Seconds
from infra.demo.script import Visit
from infra.demo.stages import BOT, PROVIDER, Place, bot, river
from infra.demo.stopwatch import Stopwatch
from infra.demo.supervisor import Supervisor
from infra.demo.talker import talkers
from infra.demo.voices import Recording
from schemas.events import Record
from schemas.timebase import Clock
from schemas.topics import Topic

START_DEADLINE_S = 60.0
DRAIN_TIMEOUT_S = 180.0
WATCH_S = 1.0
T = TypeVar("T")


@dataclass(frozen=True)
class Course:
    """One run: who talks, where, under which bot id. `say` tells where we are, `live` what is said."""

    place: Place
    recordings: Sequence[Recording]
    bot_id: str
    clock: Clock
    say: Callable[[str], None]
    live: Live
    outage: Outage | None = None

    async def run(self, stopwatch: Stopwatch) -> Evidence:
        """From the first process to the last answer; whatever was started is stopped. Setup is what was timed before."""
        minutes, moment = Minutes(), asyncio.Event()
        async with self._following(minutes, moment) as log, self._river(minutes) as (supervisor, started):
            async with self._seated() as seats:
                await started
                self.say("the bot is in the call, the talkers join")
                setup_s = stopwatch.lap_s()
                async with self._striking(supervisor, moment):
                    visits = await _watched(supervisor, hold(seats, self.clock, self.place.folder))
            meeting_s = stopwatch.lap_s()
            self.say("everybody has left: the bot goes, the log drains")
            supervisor.terminate(BOT)
            await self._drained(log, minutes)
            seconds = Seconds(setup=setup_s, meeting=meeting_s, drain=stopwatch.lap_s())
            self.say("asking earshot verify, the engine alone, ClickHouse and the webhook receiver")
            return await self._evidence(minutes, visits, seconds)

    @asynccontextmanager
    async def _following(self, minutes: Minutes, moment: asyncio.Event) -> AsyncIterator[Log]:
        """The log from now on, into the minutes and onto the screen; `moment` is when the provider is to be killed."""

        def heard(topic: Topic, record: Record) -> None:
            minutes.take(topic, record)
            self.live.show(topic, record)
            if self.outage:
                self.outage.take(topic, record)
                if self.outage.due:
                    moment.set()

        log = await asyncio.to_thread(Log, self.place.turns, self.bot_id, heard)
        async with asyncio.TaskGroup() as group:
            following = group.create_task(log.follow())
            yield log
            following.cancel()

    @asynccontextmanager
    async def _river(self, minutes: Minutes) -> AsyncIterator[tuple[Supervisor, asyncio.Task[None]]]:
        """The stages, starting; the task ends when all of them serve."""
        self.say("starting the stages, the bot and the talkers' browsers")
        self.place.receipts.unlink(missing_ok=True)
        sent = bot(self.place, self.bot_id, is_in=lambda: minutes.recording)
        supervisor = Supervisor((*river(self.place), sent), self.place.folder / "logs")
        try:
            yield supervisor, asyncio.create_task(asyncio.to_thread(supervisor.start, START_DEADLINE_S))
        finally:
            await asyncio.to_thread(supervisor.stop)

    @asynccontextmanager
    async def _striking(self, supervisor: Supervisor, moment: asyncio.Event) -> AsyncIterator[None]:
        """The primary provider dies as soon as the moment has come, if that is asked for."""

        async def strike(outage: Outage) -> None:
            await moment.wait()
            supervisor.kill(PROVIDER)
            self.say(f"kill -9: the provider is gone, {len(outage.strike().words)} words into a sentence")

        if self.outage is None:
            yield
            return
        async with asyncio.TaskGroup() as group:
            striking = group.create_task(strike(self.outage))
            yield
            striking.cancel()

    @asynccontextmanager
    async def _seated(self) -> AsyncIterator[list[Seat]]:
        """The talkers at the page, one click away from the meeting."""
        place = self.place
        async with talkers(
            self.recordings,
            meeting_link=place.meeting_link,
            chromium=place.chromium,
            folder=place.folder,
            clock=self.clock,
        ) as people:
            yield [Seat(person, recording) for person, recording in zip(people, self.recordings, strict=True)]

    async def _drained(self, log: Log, minutes: Minutes) -> None:
        """Until everything the bot heard has arrived everywhere."""
        await log.until(lambda: minutes.done is not None, DRAIN_TIMEOUT_S, "the bot's last event")
        await log.until(lambda: minutes.processed is not None, DRAIN_TIMEOUT_S, "the end of the transcript")
        await log.until(lambda: self._delivered(minutes), DRAIN_TIMEOUT_S, "the last webhook or the last row")

    def _delivered(self, minutes: Minutes) -> bool:
        assert minutes.done
        received = {receipt.event_id for receipt in questions.receipts_of(self.place.receipts, self.bot_id)}
        in_table = questions.turns_in_clickhouse(self.place.clickhouse, self.bot_id)
        return minutes.done.event_id in received and in_table >= len(minutes.turns)

    async def _evidence(self, minutes: Minutes, visits: tuple[Visit, ...], seconds: Seconds) -> Evidence:
        settings = self.place.settings()
        proof, engine, deliveries = await asyncio.gather(
            questions.proof(self.bot_id, settings),
            questions.engine_words(self.recordings, settings),
            questions.delivery_log(self.bot_id, settings),
        )
        return Evidence(
            bot_id=self.bot_id,
            minutes=minutes,
            visits=visits,
            proof=proof,
            engine=engine,
            clickhouse_turns=await asyncio.to_thread(questions.turns_in_clickhouse, self.place.clickhouse, self.bot_id),
            receipts=questions.receipts_of(self.place.receipts, self.bot_id),
            deliveries=deliveries,
            seconds=seconds,
            outage=self.outage,
        )


async def _watched(supervisor: Supervisor, meeting: Awaitable[T]) -> T:
    """The meeting, called off as soon as a stage has ended by itself."""

    async def watch() -> None:
        while True:
            await asyncio.sleep(WATCH_S)
            supervisor.demand_alive()

    async def held() -> T:
        return await meeting

    async with asyncio.TaskGroup() as group:
        watching = group.create_task(watch())
        holding = group.create_task(held())
        holding.add_done_callback(lambda _: watching.cancel())
    return holding.result()
