"""What the log has said of one bot so far: its states, who was there, the turns, and how it ended. No I/O."""

from schemas.events import BotEvent, ParticipantEvent, Record, TranscriptEvent, Turn
from schemas.topics import TRANSCRIPT_PARTIALS, Topic
from schemas.vocabulary import BotState, ParticipantKind

PublicEvent = BotEvent | ParticipantEvent | Turn | TranscriptEvent


class Minutes:
    """The minutes of a meeting, taken down record by record in any order of topics. Records may repeat."""

    def __init__(self) -> None:
        self.events: dict[str, PublicEvent] = {}
        self.turns: dict[str, Turn] = {}
        self.joined: dict[str, ParticipantEvent] = {}
        self.done: BotEvent | None = None
        self.processed: TranscriptEvent | None = None
        self._states: set[BotState] = set()

    def take(self, topic: Topic, record: Record) -> None:
        """Write down one record; a turn that is still open is heard and forgotten."""
        if topic is TRANSCRIPT_PARTIALS:
            return
        match record:
            case BotEvent():
                self._bot(record)
            case ParticipantEvent():
                self._participant(record)
            case TranscriptEvent():
                self.processed = record
            case Turn():
                self._turn(record)
            case _:
                return
        self.events.setdefault(record.event_id, record)

    @property
    def recording(self) -> bool:
        """Whether the bot has been in the call and heard it."""
        return BotState.IN_CALL_RECORDING in self._states

    @property
    def bot_lived_s(self) -> float:
        """From the bot's first event to its last so far."""
        at_us = [event.occurred_at_us for event in self.events.values() if isinstance(event, BotEvent)]
        return (max(at_us) - min(at_us)) / 1e6 if at_us else 0.0

    def visits_of(self, name: str) -> list[str]:
        """Participant ids under which `name` was there, first visit first."""
        visits = [event for event in self.joined.values() if event.display_name == name and not event.is_bot]
        return [event.participant_id for event in sorted(visits, key=lambda event: event.sequence)]

    def _bot(self, event: BotEvent) -> None:
        self._states.add(event.state)
        if event.state is BotState.DONE:
            self.done = event

    def _participant(self, event: ParticipantEvent) -> None:
        if event.kind is ParticipantKind.JOIN:
            self.joined.setdefault(event.participant_id, event)

    def _turn(self, turn: Turn) -> None:
        known = self.turns.get(turn.turn_id)
        if known is None or turn.revision >= known.revision:
            self.turns[turn.turn_id] = turn
