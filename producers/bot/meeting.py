"""One meeting as the bot lives it: what happens comes in, what to send and what to do comes out. Pure.

This is where the bot's parts meet: lifecycle, roster, streams, watchdog. Nothing here waits, and nothing here knows
Kafka or a browser.
"""

from collections.abc import Iterable
from enum import StrEnum

from producers.bot.lifecycle import ENDING, Lifecycle, Step
from producers.bot.reception import Reception
from producers.bot.roster import Fact, Roster
from producers.bot.streams import StreamChunk, Streams
from producers.bot.watchdog import Remedy, Verdict, Watchdog
from producers.browser.frames import (
    Goodbye,
    Heartbeat,
    Hello,
    PageFrame,
    PageMessage,
    SamplesReceived,
    SlotClosed,
    SlotFormat,
    SlotMuted,
    SlotOpened,
)
from producers.platforms.interface import (
    ConnectionLost,
    Joined,
    Observation,
    Refused,
    Removed,
    SlotBound,
    SlotReleased,
)
from schemas.timebase import SAMPLE_RATE_HZ
from schemas.vocabulary import BotState, GapCause, ParticipantKind


class Order(StrEnum):
    """What the shell is asked to do to bring capture back."""

    REOPEN_SINKS = "reopen_sinks"
    NEW_PAGE = "new_page"
    NEW_BROWSER = "new_browser"


Output = StreamChunk | Fact | Step | Order
RECOVERIES = {
    Remedy.REOPEN_SINKS: (
        Order.REOPEN_SINKS,
        "no sound although people are there: the browser's audio is opened again",
    ),
    Remedy.NEW_PAGE: (Order.NEW_PAGE, "capture stopped: joining again with a new page"),
    Remedy.NEW_BROWSER: (Order.NEW_BROWSER, "capture stopped: joining again with a new browser"),
}


class Meeting:
    """The decisions of one bot. Every input returns outputs, in the order in which they are to be carried out."""

    def __init__(self, lifecycle: Lifecycle, watchdog: Watchdog) -> None:
        self.lifecycle = lifecycle
        self.streams = Streams()
        self.recoveries = 0
        self.transport = ""
        self.reception = Reception()
        self._roster = Roster()
        self._watchdog = watchdog
        self._page_captures = False
        self._page_joined = False
        self._untold: list[Fact] = []
        self._heard_until_us: int | None = None

    def start(self, now_us: int) -> list[Output]:
        return [self.lifecycle.go(BotState.JOINING, now_us)]

    def frame(self, frame: PageFrame) -> list[Output]:
        return [*self.streams.push(frame)]

    def message(self, message: PageMessage, now_us: int) -> list[Output]:
        """Anything the page says, but its signalling: that is the platform's to read."""
        match message:
            case Hello(transport):
                self._watchdog.alive(now_us)
                self.reception.new_page()
                self.transport, self._page_captures = transport, True
                return self._ready(now_us)
            case Heartbeat():
                self._watchdog.alive(now_us)
            case SamplesReceived(concealed_samples, received_samples):
                self.reception.count(concealed_samples, received_samples)
            case SlotOpened(number, slot):
                self.streams.open_slot(number, slot)
            case SlotFormat(_, sample_rate_hz) if sample_rate_hz != SAMPLE_RATE_HZ:
                return self._wrong_rate(sample_rate_hz, now_us)
            case SlotMuted(number):
                self.streams.mute_slot(number, now_us)
            case SlotClosed(number, frames):
                return [*self.streams.count(number, frames)]
            case Goodbye(frames):
                self._heard_until_us = self._heard_until_us or now_us
                return [chunk for number, count in frames.items() for chunk in self.streams.count(int(number), count)]
        return []

    def observe(self, observation: Observation, now_us: int) -> list[Output]:
        """What the platform saw."""
        outputs = self._act_on(observation, now_us)
        facts = self._roster.observe(observation)
        gone = [fact.participant_id for fact in facts if fact.kind is ParticipantKind.LEAVE]
        self.lifecycle.company(self._roster.size, now_us)
        self._untold += facts
        return [*outputs, *(chunk for one in gone for chunk in self.streams.leave(one, now_us)), *self._told()]

    def crashed(self, cause: GapCause, now_us: int) -> list[Output]:
        return self._recover(self._watchdog.crashed(cause, now_us), now_us)

    def socket_closed(self, now_us: int) -> list[Output]:
        self._watchdog.socket_closed(now_us)
        return []

    def memory(self, used_mb: float, now_us: int) -> list[Output]:
        return self._recover(self._watchdog.memory(used_mb, now_us), now_us)

    def join_failed(self, now_us: int, *, sub_code: str, message: str, remedy: str) -> list[Output]:
        """A page did not get as far as asking to be let in: fatal for the first, another attempt for a later one."""
        if self.lifecycle.state is BotState.JOINING:
            return self.fail(now_us, sub_code=sub_code, message=message, remedy=remedy)
        return self._recover(self._watchdog.restart_failed(now_us), now_us)

    def tick(self, now_us: int) -> list[Output]:
        """Time passes."""
        verdicts = self._watchdog.look(self.streams.heard_at_us(), now_us)
        return [*self.streams.settle(now_us), *self._recover(verdicts, now_us), *self.lifecycle.on_time(now_us)]

    def stop(self, now_us: int, *, sub_code: str, message: str) -> list[Output]:
        """Somebody outside asks the bot to leave."""
        if self.lifecycle.state in ENDING:
            return []
        return [self.lifecycle.go(BotState.LEAVING, now_us, sub_code=sub_code, message=message)]

    def leaving(self) -> None:
        """The shell has begun to leave: from here on nothing is a failure of capture."""
        self._watchdog.stop()

    def left(self, now_us: int) -> list[Output]:
        """The page has let go of the call."""
        if self.lifecycle.state is not BotState.LEAVING:
            return []
        return [self.lifecycle.go(BotState.CALL_ENDED, now_us, sub_code=self.lifecycle.leaving_because)]

    def fail(self, now_us: int, *, sub_code: str, message: str, remedy: str) -> list[Output]:
        """The bot cannot go on."""
        if not self.lifecycle.may(BotState.FATAL):
            return []
        return [self.lifecycle.go(BotState.FATAL, now_us, sub_code=sub_code, message=message, remedy=remedy)]

    def finish(self, now_us: int) -> list[Output]:
        """Every stream to its last unit."""
        return [*self.streams.finish(self._heard_until_us or now_us)]

    def _act_on(self, observation: Observation, now_us: int) -> list[Output]:
        match observation:
            case Joined():
                self._page_joined = True
                return self._ready(now_us)
            case SlotBound(slot, voice):
                self.streams.bind(slot, voice)
            case SlotReleased(slot):
                self.streams.release(slot, now_us)
            case Refused(sub_code, message, remedy):
                return self.fail(now_us, sub_code=sub_code, message=message, remedy=remedy)
            case Removed(sub_code, message) if self.lifecycle.may(BotState.CALL_ENDED):
                self._heard_until_us = now_us
                return [self.lifecycle.go(BotState.CALL_ENDED, now_us, sub_code=sub_code, message=message)]
            case ConnectionLost():
                return self._recover(self._watchdog.connection_lost(now_us), now_us)
        return []

    def _ready(self, now_us: int) -> list[Output]:
        """In the call, and recording as soon as the page captures too."""
        steps: list[Output] = []
        if self._page_joined and self.lifecycle.may(BotState.IN_CALL_NOT_RECORDING):
            steps.append(self.lifecycle.go(BotState.IN_CALL_NOT_RECORDING, now_us))
        if self._page_joined and self._page_captures:
            self._watchdog.capturing()
            if self.lifecycle.may(BotState.IN_CALL_RECORDING):
                steps.append(self.lifecycle.go(BotState.IN_CALL_RECORDING, now_us))
        return steps

    def _told(self) -> Iterable[Fact]:
        """Participants are told from the start of the recording on: their times count from there."""
        if self.lifecycle.state in (BotState.JOINING, BotState.IN_WAITING_ROOM, BotState.IN_CALL_NOT_RECORDING):
            return []
        facts, self._untold = self._untold, []
        return facts

    def _wrong_rate(self, sample_rate_hz: int, now_us: int) -> list[Output]:
        return self.fail(
            now_us,
            sub_code="sample_rate",
            message=f"the browser gives {sample_rate_hz} samples a second, not {SAMPLE_RATE_HZ}",
            remedy="run the bot without a sound card, or set that card to 48 kHz",
        )

    def _recover(self, verdicts: list[Verdict], now_us: int) -> list[Output]:
        return [output for verdict in verdicts for output in self._carry_out(verdict, now_us)]

    def _carry_out(self, verdict: Verdict, now_us: int) -> list[Output]:
        if verdict.remedy is Remedy.GIVE_UP:
            return self.fail(
                now_us,
                sub_code="capture_lost",
                message="capture stopped and did not come back",
                remedy="see whether the meeting's page and server can be reached",
            )
        self.recoveries += 1
        order, message = RECOVERIES[verdict.remedy]
        note = self.lifecycle.note(sub_code=str(verdict.cause), message=message)
        if order is Order.REOPEN_SINKS:
            self.streams.explain(now_us, verdict.cause)
            return [note, order]
        self._page_joined = self._page_captures = False
        return [*self.streams.lose(now_us, verdict.cause), note, order]
