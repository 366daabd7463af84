"""What the tables must say, from the records alone: computed here a second time, in the simplest way there is. Pure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from schemas.events import Turn
from schemas.topics import TRANSCRIPT_TURNS
from schemas.vocabulary import TurnState

INT32_MAX = 2**31 - 1
Place = tuple[str, int, int]
Said = tuple[str, str, int, str]


@dataclass(frozen=True)
class Lying:
    """A record where it lies on a topic; `record` is None when no reader can decode it."""

    topic: str
    partition: int
    offset: int
    record: object | None

    @property
    def place(self) -> Place:
        return (self.topic, self.partition, self.offset)


@dataclass
class Oracle:
    """Rows by topic, dead letters by place, and the transcript: bot, turn, revision, text of the last revision that fits."""

    rows: dict[str, set[tuple[int, int]]] = field(default_factory=dict)
    dead: set[Place] = field(default_factory=set)
    turns: dict[tuple[str, str], Said] = field(default_factory=dict)
    words: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    def take(self, lying: Lying, refused: Callable[[str], bool]) -> None:
        """One record; `refused` says whether the run's own constraint has something against a text."""
        record = lying.record
        self.rows.setdefault(lying.topic, set())
        if record is None or (isinstance(record, Turn) and not _fits(lying.topic, record, refused)):
            self.dead.add(lying.place)
            return
        self.rows[lying.topic].add((lying.partition, lying.offset))
        if isinstance(record, Turn) and lying.topic == TRANSCRIPT_TURNS.name:
            self._settle(record)

    def _settle(self, turn: Turn) -> None:
        key = (turn.bot_id, turn.turn_id)
        before = self.turns.get(key)
        if turn.state is TurnState.END_OF_TURN and (before is None or before[2] <= turn.revision):
            self.turns[key] = (turn.bot_id, turn.turn_id, turn.revision, turn.text)
            self.words[key] = [word.text for word in turn.words]


def oracle_of(lying: Iterable[Lying], refused: Callable[[str], bool]) -> Oracle:
    """What all of the records come to."""
    oracle = Oracle()
    for each in lying:
        oracle.take(each, refused)
    return oracle


def _fits(topic: str, turn: Turn, refused: Callable[[str], bool]) -> bool:
    return turn.start_ms <= INT32_MAX and not (topic == TRANSCRIPT_TURNS.name and refused(turn.text))
