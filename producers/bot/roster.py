"""Who is in the call: observations of the platform become participant events, each fact once. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from producers.platforms.interface import Joined, Observation, ParticipantDid, ParticipantGone, ParticipantSeen
from schemas.vocabulary import ParticipantKind


@dataclass(frozen=True)
class Fact:
    """One participant event to be."""

    kind: ParticipantKind
    participant_id: str
    display_name: str | None


class Roster:
    """The others in the call, as far as the platform tells."""

    def __init__(self) -> None:
        self._present: dict[str, str | None] = {}

    @property
    def size(self) -> int:
        return len(self._present)

    def observe(self, observation: Observation) -> list[Fact]:
        """The facts that are new in an observation."""
        match observation:
            case Joined(participants):
                return [*self._missing(participants), *self._arrivals(participants)]
            case ParticipantSeen(participant_id, display_name):
                return self._seen(participant_id, display_name)
            case ParticipantGone(participant_id):
                return self._gone(participant_id)
            case ParticipantDid(participant_id, kind) if participant_id in self._present:
                return [Fact(kind, participant_id, self._present[participant_id])]
            case _:
                return []

    def _arrivals(self, participants: dict[str, str]) -> Iterable[Fact]:
        return [fact for one, name in participants.items() for fact in self._seen(one, name)]

    def _missing(self, participants: dict[str, str]) -> Iterable[Fact]:
        """Joining again after a crash: who is not there any more left unseen."""
        return [fact for one in self._present.keys() - participants.keys() for fact in self._gone(one)]

    def _seen(self, participant_id: str, display_name: str | None) -> list[Fact]:
        known = participant_id in self._present
        before = self._present.get(participant_id)
        self._present[participant_id] = display_name or before
        if not known:
            return [Fact(ParticipantKind.JOIN, participant_id, display_name)]
        renamed = display_name is not None and display_name != before
        return [Fact(ParticipantKind.RENAME, participant_id, display_name)] if renamed else []

    def _gone(self, participant_id: str) -> list[Fact]:
        if participant_id not in self._present:
            return []
        return [Fact(ParticipantKind.LEAVE, participant_id, self._present.pop(participant_id))]
