"""One bot, one process, one meeting. The whole pipeline is on this page:

    attendance (browser, page, socket) ─► inbox ─► meeting (pure: decides) ─► log writer ─► publisher ─► Kafka
                                   ▲                     │                        └─► ledger book ─► `done`
                                   └────── orders ◄──────┘

Whatever happens short of a kill -9, the last record is `done`, after everything else is acknowledged.
"""

import asyncio
import json
import sys
from contextlib import suppress
from dataclasses import dataclass

import structlog

from producers.bot.attendance import Attendance
from producers.bot.happening import Happening, JoinFailed, Left, decide
from producers.bot.lifecycle import ENDING, Lifecycle, Limits, Step
from producers.bot.log_writer import LogWriter
from producers.bot.meeting import Meeting, Order, Output
from producers.bot.publisher import Publisher
from producers.bot.records import Identity
from producers.bot.resources import Meter
from producers.bot.roster import Fact
from producers.bot.streams import StreamChunk
from producers.bot.surroundings import watched
from producers.bot.watchdog import Watchdog
from producers.platforms.interface import MeetingLink, PlatformRoom
from schemas.errors import EarshotError
from schemas.ids import meeting_id
from schemas.settings import BotSettings
from schemas.telemetry import CAPTURE_RECOVERIES, PROCESS_ERRORS, PROGRESS_AT
from schemas.timebase import SystemClock
from schemas.vocabulary import BotState

log = structlog.get_logger()
STAGE = "bot"
TICK_S = 0.05


@dataclass(frozen=True)
class Request:
    """Which bot goes where, under what name."""

    bot_id: str
    display_name: str
    room: PlatformRoom
    link: MeetingLink


class Bot:
    """One bot's life, from start to `done`."""

    def __init__(self, settings: BotSettings, request: Request, publisher: Publisher) -> None:
        self._settings = settings
        self._request = request
        self._writer = LogWriter(_identity(settings, request), publisher)
        self._clock = SystemClock()
        self._meter = Meter()
        self._meeting = Meeting(
            Lifecycle(_limits(settings)), Watchdog(settings.watchdog_silence_ms * 1000, settings.memory_limit_mb)
        )
        self._orders: list[Order] = []
        self._left = False
        self.failure: EarshotError | None = None

    async def live(self) -> None:
        """Join, record, leave, prove. `failure` says afterwards why, if the meeting could not be recorded."""
        self._carry_out(self._meeting.start(self._clock.now_us()))
        try:
            async with (
                Attendance(
                    self._settings, self._request.room, self._request.link, self._request.display_name
                ) as attendance,
                watched(attendance.inbox, self._meter),
            ):
                await attendance.new_browser()
                await self._attend(attendance)
        except Exception as error:  # noqa: BLE001 - the outermost loop: `done` is written whatever happened
            self._fell(error)
        await self._close()

    async def _attend(self, attendance: Attendance) -> None:
        while self._meeting.lifecycle.state not in ENDING:
            await self._step(attendance)
        self._meeting.leaving()
        leaving = asyncio.create_task(attendance.leave())
        while not self._left:
            await self._step(attendance)
        await leaving

    async def _step(self, attendance: Attendance) -> None:
        """What has happened since the last step, and the time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(TICK_S):
                self._handle(await attendance.inbox.get())
        while not attendance.inbox.empty():
            self._handle(attendance.inbox.get_nowait())
        now_us = self._clock.now_us()
        self._carry_out(self._meeting.tick(now_us))
        self._writer.poll()
        PROGRESS_AT.labels(STAGE).set(now_us / 1e6)
        orders, self._orders = self._orders, []
        for order in orders:
            await self._obey(order, attendance)

    def _handle(self, happening: Happening) -> None:
        match happening:
            case Left():
                self._left = True
            case JoinFailed(error):
                self._could_not_join(error)
        self._carry_out(decide(self._meeting, happening, self._clock.now_us()))

    def _carry_out(self, outputs: list[Output]) -> None:
        now_us = self._clock.now_us()
        for output in outputs:
            match output:
                case StreamChunk():
                    self._writer.chunk(output)
                case Fact():
                    self._writer.participant(output, now_us)
                case Step():
                    self._take(output, now_us)
                case Order():
                    self._orders.append(output)

    def _take(self, step: Step, now_us: int) -> None:
        """A step of the life: told to Kafka, to the log and, where a supervisor waits for it, on stdout."""
        log.info("bot_state", state=str(step.state), previous_state=str(step.previous), sub_code=step.sub_code)
        if step.state is BotState.IN_CALL_RECORDING:
            self._writer.recording_began(now_us)
            self._announce("recording")
        if step.state is BotState.FATAL:
            self.failure = self.failure or EarshotError(step.message, remedy=step.remedy)
        if step.state is BotState.ERROR:
            CAPTURE_RECOVERIES.labels(step.sub_code).inc()
        self._writer.step(step, now_us)

    async def _obey(self, order: Order, attendance: Attendance) -> None:
        match order:
            case Order.REOPEN_SINKS:
                await attendance.reopen_sinks()
            case Order.NEW_PAGE:
                await attendance.new_page()
            case Order.NEW_BROWSER:
                await attendance.new_browser()

    def _could_not_join(self, error: EarshotError) -> None:
        log.warning("join_failed", error=error.message)
        if self._meeting.lifecycle.state is BotState.JOINING:
            self.failure = error

    def _fell(self, error: Exception) -> None:
        PROCESS_ERRORS.labels(STAGE, type(error).__name__).inc()
        log.error("bot_fell", exc_info=error)
        self.failure = error if isinstance(error, EarshotError) else EarshotError(f"the bot failed: {error!r}")
        self._carry_out(
            self._meeting.fail(
                self._clock.now_us(),
                sub_code="internal_error",
                message=self.failure.message,
                remedy=self.failure.remedy,
            )
        )

    async def _close(self) -> None:
        """Flush what was heard, then the last record, with the ledger; raises Unavailable when Kafka takes no more."""
        now_us = self._clock.now_us()
        self._carry_out([*self._meeting.left(now_us), *self._meeting.finish(now_us)])
        await self._writer.flush()
        await asyncio.to_thread(self._meter.measure)
        outcome = "failed" if self._meeting.lifecycle.state is BotState.FATAL else "completed"
        step = self._meeting.lifecycle.go(BotState.DONE, self._clock.now_us(), sub_code=outcome)
        self._writer.done(step, self._clock.now_us(), self._attrs(), self._meeting.streams.frames_captured)
        await self._writer.flush()
        used = {"rss_mb_peak": round(self._meter.memory_mb_peak, 1), "cpu_seconds": round(self._meter.cpu_seconds, 2)}
        self._announce("done", outcome=outcome, **used)

    def _attrs(self) -> dict[str, str]:
        concealed = self._meeting.reception.concealed_ratio
        return {
            "capture_transport": self._meeting.transport,
            "capture_recoveries": str(self._meeting.recoveries),
            "rss_mb_peak": f"{self._meter.memory_mb_peak:.1f}",
            "cpu_seconds": f"{self._meter.cpu_seconds:.2f}",
            **({} if concealed is None else {"concealed_ratio": f"{concealed:.6f}"}),
        }

    def _announce(self, event: str, **facts: object) -> None:
        """One line for the supervisor."""
        sys.stdout.write(json.dumps({"event": event, "bot_id": self._request.bot_id, **facts}) + "\n")
        sys.stdout.flush()


def _identity(settings: BotSettings, request: Request) -> Identity:
    return Identity(
        tenant_id=settings.tenant_id,
        bot_id=request.bot_id,
        meeting_id=meeting_id(request.link.platform, request.link.key),
        platform=request.link.platform,
        region=settings.region,
    )


def _limits(settings: BotSettings) -> Limits:
    return Limits(
        join_us=round(settings.join_timeout_s * 1e6),
        alone_us=round(settings.alone_timeout_s * 1e6),
        duration_us=round(settings.max_duration_s * 1e6),
    )
