"""One voice's results in, its turns out: one machine for each stream, epoch and label. Pure.

Rules of this file
1. The cursor K only grows, and only a record's `cursor_after_sample` moves it: the record says what is covered, nobody
   else. A word is new when its midpoint is at or after K; one before K was committed, or declared not transcribed.
2. `committed` only grows. `item` is what the provider's open cumulative turn (its turn key) has committed: as long as
   our turn is open, a message with the same key replaces it whole. `pending` is replaced whole by every partial.
3. A turn's id is fixed when it opens, from its first sample; every emission adds one to its revision; nothing is
   emitted when nothing changed. After end_of_turn its words never change.
4. Every provider style is one of these messages: partial and span finals (no key), cumulative (key), token streams
   (partials whose first words are final and move K), items without word times (words that share one span).
"""

import msgspec

from schemas.events import ResultEvent, Word
from schemas.ids import turn_id
from schemas.timebase import ms_to_samples
from schemas.vocabulary import ResultKind, SkipReason, TurnReason, TurnState
from stream_processors.turns.machine.open_turn import Emission, OpenTurn, shown, view, voice_of
from stream_processors.turns.machine.placement import Heard, heard, placed
from stream_processors.turns.machine.words import end_of, midpoint

LONGEST_TURN_SAMPLES = ms_to_samples(60_000)
ENDPOINT_SILENCE_SAMPLES = ms_to_samples(3_000)
SAID_NOTHING = (TurnReason.NONE, TurnReason.UNKNOWN)


class Machine(msgspec.Struct, frozen=True):
    """What is remembered of one stream, epoch and label between two results."""

    bot_id: str
    stream_id: str
    epoch: int
    label: str
    epoch_started_at_us: int
    recording_started_at_us: int
    cursor: int = 0
    spoken_to: int = 0
    last_first_sample: int = -1
    item_key: str = ""
    item_floor: int = 0
    turn: OpenTurn | None = None


class Step(msgspec.Struct, frozen=True):
    """What one result led to. `dropped` counts words that were committed before."""

    machine: Machine
    emissions: tuple[Emission, ...] = ()
    dropped: int = 0


def machine_for(result: ResultEvent) -> Machine:
    """The machine before its first result."""
    return Machine(
        bot_id=result.bot_id,
        stream_id=result.stream_id,
        epoch=result.epoch,
        label=result.transcript_label,
        epoch_started_at_us=result.epoch_started_at_us,
        recording_started_at_us=result.recording_started_at_us,
    )


def apply(machine: Machine, result: ResultEvent) -> Step:
    """The next state, and the revisions to publish, in order."""
    if result.kind is ResultKind.SKIPPED:
        return _skip(machine, result)
    if not _speaker_changed(machine, result):
        return _hear(machine, result)
    closed = close(machine, TurnReason.SPEAKER_CHANGE)
    after = _hear(closed.machine, result)
    return Step(after.machine, closed.emissions + after.emissions, after.dropped)


def close(machine: Machine, reason: TurnReason) -> Step:
    """End the open turn, if there is one; words still pending are not this turn's."""
    if machine.turn is None:
        return Step(machine)
    turn = msgspec.structs.replace(machine.turn, pending=(), revision=machine.turn.revision + 1)
    spoken_to = end_of(turn.final_words, machine.spoken_to)
    closed = msgspec.structs.replace(machine, turn=None, item_key="", item_floor=machine.cursor, spoken_to=spoken_to)
    return Step(closed, (view(turn, TurnState.END_OF_TURN, reason),))


def _hear(machine: Machine, result: ResultEvent) -> Step:
    key = _item_key(result)
    same_item = key != "" and machine.item_key == key
    floor = machine.item_floor if same_item else machine.cursor
    new = heard(result, machine.cursor, floor)
    if result.cursor_after_sample < machine.cursor:
        return Step(machine, dropped=new.dropped)
    turn = _grown(machine, result, new, same_item=same_item)
    moved_on = msgspec.structs.replace(
        machine, cursor=result.cursor_after_sample, item_key=key, item_floor=floor, turn=turn
    )
    step = _published(moved_on, machine.turn, _end(result, turn))
    return Step(step.machine, step.emissions, new.dropped)


def _grown(machine: Machine, result: ResultEvent, new: Heard, *, same_item: bool) -> OpenTurn | None:
    """The open turn with the new words in their places; None when none is open and nothing was heard."""
    turn = machine.turn
    if turn is None and not new.sure and not new.pending:
        return None
    turn = turn or _opened(machine, result, (new.sure + new.pending)[0])
    return placed(turn, result, new, same_item=same_item, not_before=machine.spoken_to)


def _skip(machine: Machine, result: ResultEvent) -> Step:
    """A span nobody transcribed: what was pending there is not coming, and enough of it ends a turn."""
    cursor = max(machine.cursor, result.cursor_after_sample)
    turn = machine.turn
    if turn is None:
        return Step(msgspec.structs.replace(machine, cursor=cursor))
    kept = tuple(word for word in turn.pending if midpoint(word) >= cursor)
    left = msgspec.structs.replace(turn, pending=kept)
    silent = not kept and cursor - turn.end_sample >= ENDPOINT_SILENCE_SAMPLES
    end = TurnReason.ENDPOINT if silent else TurnReason.NONE
    if result.skip_reason is SkipReason.STREAM_END:
        end = TurnReason.STREAM_END
    return _published(msgspec.structs.replace(machine, cursor=cursor, turn=left), turn, end)


def _published(machine: Machine, before: OpenTurn | None, end: TurnReason) -> Step:
    """Emit the open turn if it ends or changed."""
    turn = machine.turn
    if turn is None:
        return Step(machine)
    machine = msgspec.structs.replace(machine, last_first_sample=turn.first_sample)
    if end is not TurnReason.NONE:
        return close(machine, end)
    if before is not None and before.words == turn.words:
        return Step(machine)
    turn = msgspec.structs.replace(turn, revision=turn.revision + 1)
    return Step(msgspec.structs.replace(machine, turn=turn), (shown(turn),))


def _end(result: ResultEvent, turn: OpenTurn | None) -> TurnReason:
    if result.kind is ResultKind.END_OF_TURN:
        return TurnReason.ENDPOINT if result.reason in SAID_NOTHING else result.reason
    too_long = turn is not None and turn.end_sample - turn.first_sample >= LONGEST_TURN_SAMPLES
    return TurnReason.FORCED_CUT if too_long else TurnReason.NONE


def _speaker_changed(machine: Machine, result: ResultEvent) -> bool:
    known = machine.turn.voice.participant_id if machine.turn else None
    return None not in (known, result.participant_id) and known != result.participant_id


def _opened(machine: Machine, result: ResultEvent, first: Word) -> OpenTurn:
    sample = max(first.from_sample, machine.last_first_sample + 1)
    identity = turn_id(machine.bot_id, machine.stream_id, machine.epoch, sample, machine.label)
    return OpenTurn(turn_id=identity, first_sample=sample, voice=voice_of(result, None))


def _item_key(result: ResultEvent) -> str:
    """A provider counts its turns anew in each session."""
    return f"{result.stt_session_id}/{result.provider_turn_key}" if result.provider_turn_key else ""
