"""The turn being spoken, and what is shown of it. Pure."""

import msgspec

from schemas.events import ResultEvent
from schemas.vocabulary import Attribution, TurnReason, TurnState
from stream_processors.turns.machine.words import Words, end_of


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
    """`committed` only grows, `item` is the provider's open cumulative turn, `pending` may still change."""

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
    def words(self) -> Words:
        return self.final_words + self.pending

    @property
    def end_sample(self) -> int:
        return end_of(self.final_words, self.first_sample)


def shown(turn: OpenTurn) -> Emission:
    """The open turn as it was last emitted."""
    state = TurnState.PARTIAL if turn.pending or not turn.final_words else TurnState.FINAL
    return view(turn, state, TurnReason.NONE)


def view(turn: OpenTurn, state: TurnState, reason: TurnReason) -> Emission:
    return Emission(turn.turn_id, turn.first_sample, turn.revision, state, reason, turn.words, turn.voice)


def voice_of(result: ResultEvent, before: Voice | None) -> Voice:
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
