"""What was said and is not settled, utterance by utterance, and which session each was sent on."""

from collections import deque
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from schemas.vocabulary import TurnReason
from stream_processors.transcription.hearing.gate import SpeechEnded


@dataclass(slots=True)
class Utterance:
    """Speech from `from_sample`; open while `to_sample` is None. `sent_to` is how far its session has it.

    `session_id` is empty until a session is chosen; `contiguous`: the one before was cut off, no silence lies between.
    """

    from_sample: int
    sent_to: int
    contiguous: bool = False
    to_sample: int | None = None
    last_speech_sample: int = 0
    session_id: str = ""
    finalized: bool = False
    asked_at_ms: float | None = None

    def end(self, position: int) -> int:
        """Where it ends, or how far it is when it goes on."""
        return position if self.to_sample is None else self.to_sample


class Utterances:
    """The oldest first."""

    def __init__(self) -> None:
        self._waiting: deque[Utterance] = deque()
        self._cut_off = False

    def __iter__(self) -> Iterator[Utterance]:
        return iter(self._waiting)

    def __len__(self) -> int:
        return len(self._waiting)

    def begin(self, from_sample: int) -> None:
        """Speech begins."""
        self._waiting.append(Utterance(from_sample, from_sample, contiguous=self._cut_off))

    def finish(self, ended: SpeechEnded) -> Utterance:
        """The open one is over."""
        utterance = self._waiting[-1]
        utterance.to_sample, utterance.last_speech_sample = ended.to_sample, ended.last_speech_sample
        self._cut_off = ended.reason in (TurnReason.FORCED_CUT, TurnReason.SPEAKER_CHANGE)
        return utterance

    def settled(self, to_sample: int) -> Iterator[Utterance]:
        """Take out those that end at `to_sample` or before."""
        while self._waiting and (end := self._waiting[0].to_sample) is not None and end <= to_sample:
            yield self._waiting.popleft()

    def of(self, session_id: str) -> Iterator[Utterance]:
        return (utterance for utterance in self._waiting if utterance.session_id == session_id)

    def unsent(self, position: int) -> int:
        """Samples that no session has been given."""
        return sum(max(0, u.end(position) - u.sent_to) for u in self._waiting) if self._waiting else 0

    def take_back(self, session_ids: Collection[str], replay_from: int) -> None:
        """These sessions are dead: send again what they had, from `replay_from` on."""
        for utterance in self._waiting:
            if utterance.session_id in session_ids:
                utterance.session_id, utterance.finalized, utterance.asked_at_ms = "", False, None
                utterance.sent_to = max(utterance.from_sample, replay_from)

    def final_asked(self, session_id: str, now_ms: float) -> None:
        """The provider was handed the oldest Finalize it had not been asked yet."""
        asked = next((u for u in self.of(session_id) if u.finalized and u.asked_at_ms is None), None)
        if asked:
            asked.asked_at_ms = now_ms

    def asked_at_ms(self, session_id: str) -> float | None:
        """Since when the oldest utterance of the session waits for its final."""
        oldest = next(self.of(session_id), None)
        return oldest.asked_at_ms if oldest else None
