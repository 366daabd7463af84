"""The primary provider is killed once, in the middle of a sentence: when that is, and what became of the sentence. No I/O."""

from dataclasses import dataclass

from infra.demo.report import Failover
from infra.demo.score import words_missing, words_of
from schemas.events import Record, Turn
from schemas.topics import TRANSCRIPT_PARTIALS, Topic
from schemas.vocabulary import TurnState

SETTLED_BEFORE = 2
WORDS_BEFORE = 3


@dataclass(frozen=True)
class Providers:
    """Who is asked first, and who when that one fails."""

    primary: str
    fallback: str


class Outage:
    """Told every record. `due` once the primary has settled turns and is in the middle of another one."""

    def __init__(self, providers: Providers) -> None:
        self._providers = providers
        self._settled: dict[str, Turn] = {}
        self._open: Turn | None = None
        self.killed_in: Turn | None = None

    @property
    def due(self) -> bool:
        """Whether this is the moment."""
        return self._open is not None and self.killed_in is None

    def take(self, topic: Topic, record: Record) -> None:
        """Hear of a turn; anything else is not asked for."""
        if not isinstance(record, Turn) or (self.killed_in and topic is TRANSCRIPT_PARTIALS):
            return
        if topic is not TRANSCRIPT_PARTIALS:
            self._settled[record.turn_id] = record
        elif self._is_the_moment(record):
            self._open = record

    def strike(self) -> Turn:
        """The primary is killed now: the turn in whose middle that is."""
        assert self._open is not None
        self.killed_in = self._open
        return self._open

    def figures(self, scripts: dict[str, str]) -> Failover:
        """What became of it. `scripts` is what each participant said, by participant id."""
        by = [turn.provider for turn in self._settled.values()]
        killed = self.killed_in
        settled = self._settled.get(killed.turn_id) if killed else None
        words = words_of(settled.text) if settled else []
        script = words_of(scripts.get((settled.participant_id or "") if settled else "", ""))
        return Failover(
            primary=self._providers.primary,
            fallback=self._providers.fallback,
            killed_in_turn=killed.turn_id if killed else None,
            words_before_kill=len(killed.words) if killed else 0,
            words_in_turn=len(words),
            wrong_words_in_turn=words_missing(words, script) if words else 0,
            turn_settled_by=settled.provider if settled else None,
            turns_of_primary=by.count(self._providers.primary),
            turns_of_fallback=by.count(self._providers.fallback),
        )

    def _is_the_moment(self, turn: Turn) -> bool:
        primary = self._providers.primary
        settled = sum(known.provider == primary for known in self._settled.values())
        speaking = turn.state is not TurnState.END_OF_TURN and len(turn.words) >= WORDS_BEFORE
        return speaking and turn.provider == primary and settled >= SETTLED_BEFORE
