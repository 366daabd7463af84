"""SHELL: many bots in one process: what is due is sent, and the bots end when they are over or told to.

A broker that is away makes the meetings wait, and they catch up afterwards: nothing made up need be declared lost.
"""

import asyncio
import heapq
from collections.abc import Sequence

import structlog

from producers.bot.outlet import BACKLOG_BYTES, Outlet
from producers.bot.publisher import Publisher
from producers.synthetic.bot import SyntheticBot
from producers.synthetic.pace import Pace
from producers.synthetic.report import Report
from schemas.errors import Unavailable
from schemas.telemetry import PROGRESS_AT
from schemas.timebase import Clock

log = structlog.get_logger()
STAGE = "synthetic"
LONGEST_SLEEP_S = 0.05
BUSY_BYTES = BACKLOG_BYTES // 2
BUSY_S = 0.01
FLUSH_S = 60.0


class Load:
    """Runs `bots`; every one of them ends with `done`, whenever `stop` is set."""

    def __init__(self, bots: Sequence[SyntheticBot], outlet: Outlet, tenant_id: str, pace: Pace, clock: Clock) -> None:
        self._bots = bots
        self._outlet = outlet
        self._pace = pace
        self._clock = clock
        self._publishers = [Publisher(outlet, tenant_id, bot.bot_id) for bot in bots]

    async def run(self, stop: asyncio.Event, report: Report) -> None:
        """From the first record to the last; raises Unavailable when Kafka does not take everything at the end."""
        due = [(bot.next_due_us, number) for number, bot in enumerate(self._bots)]
        heapq.heapify(due)
        stopped = False
        while due:
            if stop.is_set() and not stopped:
                stopped = True
                due = self._stopped()
            await self._wait(due[0][0])
            for number in self._due(due):
                self._advance(number, report)
                if not self._bots[number].over:
                    heapq.heappush(due, (self._bots[number].next_due_us, number))
        await self._finish(report)

    def _due(self, due: list[tuple[int, int]]) -> list[int]:
        """Take the bots whose time has come off the heap."""
        now_us = self._pace.meeting_us(self._clock.monotonic_ms())
        found: list[int] = []
        while due and due[0][0] <= now_us:
            found.append(heapq.heappop(due)[1])
        return found

    def _advance(self, number: int, report: Report) -> None:
        bot, publisher = self._bots[number], self._publishers[number]
        for topic, record in bot.advance(bot.next_due_us):
            publisher.send(topic, record)
            report.sent(record)
        report.said(bot.said)
        bot.said.clear()

    def _stopped(self) -> list[tuple[int, int]]:
        for bot in self._bots:
            bot.stop("stopped")
        due = [(bot.next_due_us, number) for number, bot in enumerate(self._bots) if not bot.over]
        heapq.heapify(due)
        return due

    async def _wait(self, due_us: int) -> None:
        """Until something is due and there is room for it; not long, so that a wish to stop is heard."""
        self._outlet.poll()
        PROGRESS_AT.labels(STAGE).set(self._clock.now_us() / 1e6)
        while self._outlet.backlog.waiting_bytes > BUSY_BYTES:
            await asyncio.sleep(BUSY_S)
            self._outlet.poll()
        wait_s = self._pace.until_ms(due_us, self._clock.monotonic_ms()) / 1000
        await asyncio.sleep(min(wait_s, LONGEST_SLEEP_S))

    async def _finish(self, report: Report) -> None:
        """Everything acknowledged, then the last words, and those acknowledged too."""
        await self._flush()
        for bot, publisher in zip(self._bots, self._publishers, strict=True):
            now_us = self._pace.meeting_us(self._clock.monotonic_ms())
            topic, record = bot.done(now_us, publisher.last_offsets)
            publisher.send(topic, record)
            report.sent(record)
        await self._flush()

    async def _flush(self) -> None:
        flushed = await self._outlet.flush(FLUSH_S)
        refused = sum(publisher.failed for publisher in self._publishers)
        if not flushed or refused:
            raise Unavailable(
                f"Kafka did not take everything within {FLUSH_S:.0f} s: these bots' log is not complete",
                remedy="see the broker's log",
            )
