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
from schemas.vocabulary import Attribution, ResultKind, SkipReason, TurnReason, TurnState
from stream_processors.turns.words import Words, end_of, in_order, marked, midpoint, without_overlap

LONGEST_TURN_SAMPLES = ms_to_samples(60_000)
ENDPOINT_SILENCE_SAMPLES = ms_to_samples(3_000)
FINAL_KINDS = (ResultKind.FINAL, ResultKind.END_OF_TURN)
SAID_NOTHING = (TurnReason.NONE, TurnReason.UNKNOWN)


class Voice(msgspec.Struct, frozen=True):
    """Where words come from, as the latest result said."""

    language: str
    provider: str
    stt_session_id: str
    participant_id: str | None
    attribution: Attribution
    attribution_confidence: float
    occurred_at_us: int


class Emission(msgspec.Struct, frozen=True):
    """A turn as it is now; times still in samples. No words at the end of a turn: what was shown is taken back."""

    turn_id: str
    first_sample: int
    revision: int
    state: TurnState
    reason: TurnReason
    words: Words
    voice: Voice

    @property
    def settled(self) -> bool:
        """Whether this belongs on the topic of settled turns."""
        return self.state is TurnState.END_OF_TURN and bool(self.words)


class OpenTurn(msgspec.Struct, frozen=True):
    """The turn being spoken."""

    turn_id: str
    first_sample: int
    voice: Voice
    revision: int = 0
    committed: Words = ()
    item: Words = ()
    pending: Words = ()

    @property
    def final_words(self) -> Words:
        return self.committed + self.item

    @property
    def end_sample(self) -> int:
        return end_of(self.final_words, self.first_sample)


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
    heard = _hear(closed.machine, result)
    return Step(heard.machine, closed.emissions + heard.emissions, heard.dropped)


def close(machine: Machine, reason: TurnReason) -> Step:
    """End the open turn, if there is one; words still pending are not this turn's."""
    if machine.turn is None:
        return Step(machine)
    turn = msgspec.structs.replace(machine.turn, pending=(), revision=machine.turn.revision + 1)
    spoken_to = end_of(turn.final_words, machine.spoken_to)
    closed = msgspec.structs.replace(machine, turn=None, item_key="", item_floor=machine.cursor, spoken_to=spoken_to)
    return Step(closed, (_view(turn, TurnState.END_OF_TURN, reason),))


def shown(turn: OpenTurn) -> Emission:
    """The open turn as it was last emitted."""
    state = TurnState.PARTIAL if turn.pending or not turn.final_words else TurnState.FINAL
    return _view(turn, state, TurnReason.NONE)


def _hear(machine: Machine, result: ResultEvent) -> Step:
    words = in_order(result.words)
    same_item = _is_same_item(machine, result)
    floor = machine.item_floor if same_item else machine.cursor
    new = tuple(word for word in words if midpoint(word) >= floor)
    dropped = len(words) - len(new) if result.kind in FINAL_KINDS else 0
    if result.cursor_after_sample < machine.cursor:
        return Step(machine, dropped=dropped)
    turn = _grown(machine, result, new)
    moved_on = msgspec.structs.replace(
        machine, cursor=result.cursor_after_sample, item_key=_item_key(result), item_floor=floor, turn=turn
    )
    step = _published(moved_on, machine.turn, _end(result, turn))
    return Step(step.machine, step.emissions, dropped)


def _grown(machine: Machine, result: ResultEvent, new: Words) -> OpenTurn | None:
    """The open turn with the new words in their places; None when none is open and nothing was heard."""
    cursor = result.cursor_after_sample
    sure = tuple(word for word in new if midpoint(word) < cursor and _is_sure(word, result, machine.cursor))
    pending = tuple(word for word in new if midpoint(word) >= cursor)
    turn = machine.turn
    if turn is None and not sure and not pending:
        return None
    turn = turn or _opened(machine, result, (sure + pending)[0])
    if not pending and result.kind in FINAL_KINDS:
        pending = tuple(word for word in turn.pending if midpoint(word) >= cursor)
    return _placed(machine, result, turn, sure, pending)


def _placed(machine: Machine, result: ResultEvent, turn: OpenTurn, sure: Words, pending: Words) -> OpenTurn:
    same_item = _is_same_item(machine, result)
    frozen = turn.committed if same_item else turn.final_words
    item = _item(turn.item, sure) if same_item else sure
    item = without_overlap(marked(item, final=True), end_of(frozen, machine.spoken_to))
    pending = without_overlap(marked(pending, final=False), end_of(frozen + item, machine.spoken_to))
    if not result.provider_turn_key:
        frozen, item = frozen + item, ()
    return msgspec.structs.replace(turn, committed=frozen, item=item, pending=pending, voice=_voice(result, turn.voice))


def _item(item: Words, said: Words) -> Words:
    """A message replaces the item from its own first word on: all of it if cumulative, nothing if it only adds."""
    if not said:
        return item
    return (*(word for word in item if midpoint(word) < said[0].from_sample), *said)


def _is_sure(word: Word, result: ResultEvent, cursor: int) -> bool:
    return result.kind in FINAL_KINDS or word.word_is_final or midpoint(word) < cursor


def _skip(machine: Machine, result: ResultEvent) -> Step:
    """A span nobody transcribed: what was pending there is not coming, and enough of it ends a turn."""
    cursor = max(machine.cursor, result.cursor_after_sample)
    turn = machine.turn
    if turn is None:
        return Step(msgspec.structs.replace(machine, cursor=cursor))
    kept = tuple(word for word in turn.pending if midpoint(word) >= cursor)
    shown = msgspec.structs.replace(turn, pending=kept)
    silent = not kept and cursor - turn.end_sample >= ENDPOINT_SILENCE_SAMPLES
    end = TurnReason.ENDPOINT if silent else TurnReason.NONE
    if result.skip_reason is SkipReason.STREAM_END:
        end = TurnReason.STREAM_END
    return _published(msgspec.structs.replace(machine, cursor=cursor, turn=shown), turn, end)


def _published(machine: Machine, before: OpenTurn | None, end: TurnReason) -> Step:
    """Emit the open turn if it ends or changed."""
    turn = machine.turn
    if turn is None:
        return Step(machine)
    machine = msgspec.structs.replace(machine, last_first_sample=turn.first_sample)
    if end is not TurnReason.NONE:
        return close(machine, end)
    if before is not None and _words(before) == _words(turn):
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
    return OpenTurn(turn_id=identity, first_sample=sample, voice=_voice(result, None))


def _voice(result: ResultEvent, before: Voice | None) -> Voice:
    """What the result leaves open stays as it was: a record without words names no session, an unknown one no person."""
    who = before if before and result.participant_id is None else result
    return Voice(
        language=result.language or (before.language if before else ""),
        provider=result.provider or (before.provider if before else ""),
        stt_session_id=result.stt_session_id or (before.stt_session_id if before else ""),
        participant_id=who.participant_id,
        attribution=who.attribution,
        attribution_confidence=who.attribution_confidence,
        occurred_at_us=result.occurred_at_us,
    )


def _item_key(result: ResultEvent) -> str:
    """A provider counts its turns anew in each session."""
    return f"{result.stt_session_id}/{result.provider_turn_key}" if result.provider_turn_key else ""


def _is_same_item(machine: Machine, result: ResultEvent) -> bool:
    return machine.item_key != "" and machine.item_key == _item_key(result)


def _words(turn: OpenTurn) -> Words:
    return turn.final_words + turn.pending


def _view(turn: OpenTurn, state: TurnState, reason: TurnReason) -> Emission:
    return Emission(turn.turn_id, turn.first_sample, turn.revision, state, reason, _words(turn), turn.voice)
