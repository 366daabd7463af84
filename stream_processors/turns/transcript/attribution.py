"""Who a turn belongs to and what they were called then, from what the platform said of its participants. Pure.

Unknown beats wrong: a stream that was two people's during a turn is nobody's unless one had more than half of it.
"""

from collections import Counter

import msgspec

from schemas.events import ParticipantEvent
from schemas.vocabulary import Attribution, ParticipantKind

NAMES_KEPT = 8
SPANS_KEPT = 64
OPEN_END = 1 << 62


class Who(msgspec.Struct, frozen=True):
    """A turn's participant, and how that is known."""

    participant_id: str | None
    attribution: Attribution
    attribution_confidence: float
    display_name: str | None = None

    @property
    def known(self) -> bool:
        """Whether nothing is left to learn."""
        return self.participant_id is not None and self.display_name is not None


class Name(msgspec.Struct, frozen=True):
    """What a participant was called from `at_ms` on."""

    at_ms: int
    display_name: str


class StreamSpan(msgspec.Struct, frozen=True):
    """Whose a stream was, between two units of an epoch."""

    stream_id: str
    epoch: int
    seq_from: int
    seq_to: int
    participant_id: str
    attribution: Attribution
    attribution_confidence: float


class Stretch(msgspec.Struct, frozen=True):
    """Where a turn lies, and whose the audio said it was."""

    stream_id: str
    epoch: int
    seq_from: int
    seq_to: int
    start_ms: int
    heard: Who


class People(msgspec.Struct, frozen=True):
    """What is known of a meeting's participants."""

    names: dict[str, tuple[Name, ...]] = {}
    spans: tuple[StreamSpan, ...] = ()


def learn(people: People, event: ParticipantEvent) -> People:
    """`people` after one event, in the order of the log."""
    names, spans = people.names, people.spans
    if event.display_name:
        names = {**names, event.participant_id: _renamed(names.get(event.participant_id, ()), event)}
    if event.kind is ParticipantKind.STREAM_ATTRIBUTED and event.stream_id is not None:
        spans = (*spans, _span(event))[-SPANS_KEPT:]
    return People(names, spans)


def who_spoke(people: People, stretch: Stretch) -> Who:
    """The surer of what the audio said and what the platform said of the stream, with the name at the turn's start."""
    heard, said = stretch.heard, _owner(people, stretch)
    if said and (heard.participant_id is None or said.attribution_confidence > heard.attribution_confidence):
        heard = Who(said.participant_id, said.attribution, said.attribution_confidence)
    return msgspec.structs.replace(heard, display_name=_name_at(people, heard.participant_id, stretch.start_ms))


def _owner(people: People, stretch: Stretch) -> StreamSpan | None:
    """Whose more than half of the stretch is; where two spans say different things, the later one is right."""
    free = [(stretch.seq_from, stretch.seq_to)]
    units: Counter[str] = Counter()
    latest: dict[str, StreamSpan] = {}
    for span in reversed([s for s in people.spans if (s.stream_id, s.epoch) == (stretch.stream_id, stretch.epoch)]):
        inside = [(max(a, span.seq_from), min(b, span.seq_to)) for a, b in free]
        units[span.participant_id] += sum(max(0, b - a) for a, b in inside)
        latest.setdefault(span.participant_id, span)
        free = [part for a, b in free for part in _without(a, b, span)]
    winner = next((who for who, got in units.items() if 2 * got > stretch.seq_to - stretch.seq_from), None)
    return latest[winner] if winner else None


def _without(seq_from: int, seq_to: int, span: StreamSpan) -> list[tuple[int, int]]:
    parts = [(seq_from, min(seq_to, span.seq_from)), (max(seq_from, span.seq_to), seq_to)]
    return [(a, b) for a, b in parts if a < b]


def _name_at(people: People, participant_id: str | None, at_ms: int) -> str | None:
    """The name then; one that came after is still better than none."""
    names = people.names.get(participant_id or "", ())
    before = [name for name in names if name.at_ms <= at_ms]
    found = before[-1] if before else next(iter(names), None)
    return found.display_name if found else None


def _renamed(known: tuple[Name, ...], event: ParticipantEvent) -> tuple[Name, ...]:
    name = event.display_name or ""
    if known and known[-1].display_name == name:
        return known
    return (*known, Name(event.at_ms, name))[-NAMES_KEPT:]


def _span(event: ParticipantEvent) -> StreamSpan:
    return StreamSpan(
        stream_id=event.stream_id or "",
        epoch=event.epoch or 0,
        seq_from=event.seq_from or 0,
        seq_to=OPEN_END if event.seq_to is None else event.seq_to,
        participant_id=event.participant_id,
        attribution=event.attribution,
        attribution_confidence=event.attribution_confidence,
    )
