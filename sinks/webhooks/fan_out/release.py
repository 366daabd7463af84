"""What one bot's records release, and when: several topics in any interleaving, one promised order. Pure.

The promise, whatever order the topics are read in:
- `bot.*` in the order of bot.events; a record of a fenced-off writer is dropped
- nothing about the call before the bot says that it is in it
- `transcription.processed` or `.failed`, one of them and once, after `bot.stopped` (or `bot.fatal`) and after every turn
  it speaks of; `.failed` when the transcript is not whole some time after the bot's call ended
- `bot.done` last, after the participants' last word and after the transcript's
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from schemas import ids
from schemas.events import BotEvent, Record, TranscriptEvent
from schemas.topics import MEETING_PARTICIPANTS, TRANSCRIPT_TURNS
from schemas.vocabulary import BotState
from schemas.webhooks.payloads import TranscriptFailedData
from sinks.webhooks.events.envelope import FAILED, PublicEvent, public_event

ENDED = {BotState.CALL_ENDED, BotState.PROCESSING, BotState.FATAL, BotState.DONE}
IN_CALL = {BotState.IN_CALL_NOT_RECORDING, BotState.IN_CALL_RECORDING, BotState.LEAVING, *ENDED}
PARTICIPANTS_LAST_OFFSET = f"{MEETING_PARTICIPANTS.name}.last_offset"
LIVE = "live"
NEVER = -1


@dataclass(frozen=True)
class Place:
    """Where a record lies, within the bot's partition."""

    topic: str
    offset: int


@dataclass(frozen=True)
class Step:
    """Something to tell, or nothing. `places` are settled once the event is on the log; `dropped` says why nothing."""

    event: PublicEvent | None
    places: tuple[Place, ...]
    dropped: str = ""


ReadTo = Mapping[str, int]
"""Topic to the next offset to read in the bot's partition: everything before it was taken or is unreadable."""


class BotRelease:
    """One bot. `take` every record that was read, then `release` once with the positions after them.

    A bot's own events stay unsettled until `bot.done` is out, so that a new process reads them again and knows what this
    one knew; what was already told it learns from the journal (`transcript_told`, `finished`).
    """

    def __init__(self, *, timeout_us: int, transcript_told: bool = False, finished: bool = False) -> None:
        self._timeout_us = timeout_us
        self._transcript_told = transcript_told
        self.finished = finished
        self.deadline_us: int | None = None
        self._ready: list[Step] = []
        self._waiting: list[Step] = []
        self._pins: list[Place] = []
        self._last = (NEVER, NEVER)
        self._latest: BotEvent | None = None
        self._in_call = self._ended = self._recorded = self._overdue = False
        self._transcript: Step | None = None
        self._last_turn_offset = NEVER
        self._done: BotEvent | None = None

    @property
    def unknown(self) -> bool:
        """Whether nothing is left to wait for, since none of the bot's own events ever came."""
        return self._latest is None and not self._waiting and not self._transcript and not self.finished

    @property
    def waits(self) -> bool:
        """Whether `release` may find something though no record of the bot was taken: positions move on, time passes."""
        return bool(self._transcript or self._done) or self.deadline_us is not None

    def take(self, place: Place, record: Record, now_us: int) -> None:
        if self.finished:
            self._ready.append(Step(None, (place,), dropped="after_done"))
        elif isinstance(record, BotEvent):
            self._take_bot_event(place, record, now_us)
        elif isinstance(record, TranscriptEvent):
            self._take_transcript_event(place, record)
        else:
            (self._ready if self._in_call else self._waiting).append(Step(public_event(record), (place,)))
        waits = not self.finished and not self._overdue and (self._ended or self._latest is None)
        if waits and self.deadline_us is None:
            self.deadline_us = now_us + self._timeout_us

    def release(self, read_to: ReadTo, now_us: int) -> list[Step]:
        """What may be told now, in order."""
        if self.deadline_us is not None and now_us >= self.deadline_us:
            self.deadline_us, self._overdue = None, True
        if self._overdue and self._latest is None:
            self._give_up_unknown()
        steps, self._ready = self._ready, []
        steps += self._transcript_steps(read_to, now_us)
        steps += self._done_steps(read_to)
        return steps

    def _take_bot_event(self, place: Place, record: BotEvent, now_us: int) -> None:
        position = (record.sequence_epoch, record.sequence)
        if position <= self._last or self._done:
            self._ready.append(Step(None, (place,), dropped="repeated_or_fenced"))
            return
        if self._latest is None:
            self.deadline_us, self._overdue = None, False
        self._last, self._latest = position, record
        self._pins.append(place)
        self._recorded |= record.recording_started_at_us is not None or bool(record.ledger and record.ledger.streams)
        self._ended |= record.state in ENDED
        if record.state is BotState.DONE:
            self._done = record
        else:
            self._ready.append(Step(public_event(record), ()))
        if record.state in IN_CALL:
            self._in_call = True
            self._ready += self._waiting
            self._waiting = []

    def _take_transcript_event(self, place: Place, record: TranscriptEvent) -> None:
        if record.transcript_label != LIVE:
            self._ready.append(Step(None, (place,), dropped="not_the_live_transcript"))
            return
        if self._transcript or self._transcript_told:
            self._ready.append(Step(None, (place,), dropped="transcript_told"))
            return
        self._transcript = Step(public_event(record), (place,))
        self._last_turn_offset = NEVER if record.last_turn_offset is None else record.last_turn_offset

    def _transcript_steps(self, read_to: ReadTo, now_us: int) -> list[Step]:
        if self._transcript_told or not self._ended or not self._recorded:
            return []
        if self._transcript and _passed(read_to, TRANSCRIPT_TURNS.name, self._last_turn_offset):
            steps = [self._transcript]
        elif self._overdue:
            steps = [*self._unwanted_transcript(), Step(self._failed(now_us), ())]
        else:
            return []
        self._transcript_told, self._transcript = True, None
        return steps

    def _done_steps(self, read_to: ReadTo) -> list[Step]:
        if self._done is None or (self._recorded and not self._transcript_told):
            return []
        if not self._overdue and not _passed(read_to, MEETING_PARTICIPANTS.name, _last_participant_offset(self._done)):
            return []
        steps = [*self._unwanted_transcript(), Step(public_event(self._done), tuple(self._pins))]
        self.finished, self.deadline_us, self._done, self._pins = True, None, None, []
        return steps

    def _unwanted_transcript(self) -> list[Step]:
        steps = [replace(self._transcript, event=None, dropped="transcript_unwanted")] if self._transcript else []
        self._transcript = None
        return steps

    def _give_up_unknown(self) -> None:
        """Records of a bot whose life is no longer on the log: it ended long ago, or never began."""
        self._ready += [replace(step, event=None, dropped="unknown_bot") for step in self._waiting]
        self._ready += self._unwanted_transcript()
        self._waiting = []

    def _failed(self, now_us: int) -> PublicEvent:
        assert self._latest is not None
        bot = self._latest
        data = TranscriptFailedData(
            bot_id=bot.bot_id,
            meeting_id=bot.meeting_id,
            transcript_label=LIVE,
            message=f"the transcript was not whole {self._timeout_us // 1_000_000} s after the call ended",
            unsettled_streams=(),
        )
        return PublicEvent(FAILED, ids.event_id(bot.bot_id, FAILED, LIVE), now_us, bot.tenant_id, data)


def _passed(read_to: ReadTo, topic: str, offset: int) -> bool:
    return read_to.get(topic, 0) > offset


def _last_participant_offset(done: BotEvent) -> int:
    said = done.attrs.get(PARTICIPANTS_LAST_OFFSET, "")
    return int(said) if said.isascii() and said.isdigit() else NEVER
