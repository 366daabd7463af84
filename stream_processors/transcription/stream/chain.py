"""The chain of one stream: every sample belongs to one piece, pieces settle in order, and the cursor moves over them.

A piece is speech (somebody is asked for words) or skipped (nobody is). What settles is handed out as steps that follow
on without a hole, so the cursors of the results can have none either.
"""

from collections import deque
from dataclasses import dataclass

from schemas.timebase import SAMPLE_RATE_HZ
from schemas.vocabulary import SkipReason, TurnReason
from stream_processors.sequencing.span import Speaker

LONGEST_SKIP = 5 * SAMPLE_RATE_HZ


@dataclass(slots=True)
class Piece:
    """A stretch up to `to_sample`. Speech has no `skip`; its `end` is the reason why it is over, None while it goes on."""

    to_sample: int
    speaker: Speaker
    skip: SkipReason | None = None
    end: TurnReason | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """The cursor moved from `from_sample` to `to_sample` over `piece`; `whole`: the piece is done with."""

    from_sample: int
    to_sample: int
    piece: Piece
    whole: bool


class Chain:
    """`cursor` is E: everything before it was handed out."""

    def __init__(self, cursor: int) -> None:
        self.cursor = cursor
        self._pieces: deque[Piece] = deque()

    @property
    def end(self) -> int:
        """Where the last piece ends."""
        return self._pieces[-1].to_sample if self._pieces else self.cursor

    @property
    def speaking(self) -> Speaker | None:
        """Whose speech the cursor is in; None when it is not in speech."""
        return self._pieces[0].speaker if self._pieces and not self._pieces[0].skip else None

    def skip(self, to_sample: int, reason: SkipReason, speaker: Speaker) -> None:
        """Nobody will be asked about what lies before `to_sample`."""
        last = self._pieces[-1] if self._pieces else None
        if to_sample <= self.end:
            return
        if last and last.skip is reason and last.speaker == speaker:
            last.to_sample = to_sample
        else:
            self._pieces.append(Piece(to_sample, speaker, skip=reason))

    def begin(self, speaker: Speaker) -> None:
        """An utterance begins where the chain ends."""
        self._pieces.append(Piece(self.end, speaker))

    def speak(self, to_sample: int) -> None:
        """The utterance goes on to `to_sample`."""
        self._pieces[-1].to_sample = max(self.end, to_sample)

    def finish(self, to_sample: int, reason: TurnReason) -> None:
        """The utterance is over at `to_sample`."""
        self.speak(to_sample)
        self._pieces[-1].end = reason

    def skipped(self, *, everything: bool) -> list[Step]:
        """Skipped pieces at the cursor that nothing can lengthen any more, long ones in parts, or all of them."""
        steps: list[Step] = []
        while self._pieces and self._pieces[0].skip:
            long = self._pieces[0].to_sample - self.cursor >= LONGEST_SKIP
            if not (everything or long or len(self._pieces) > 1):
                break
            steps.append(self._step(self._pieces[0].to_sample))
        return steps

    def settle(self, to_sample: int) -> list[Step]:
        """A final reaches to `to_sample`: move the cursor there, over whatever lies between."""
        steps: list[Step] = []
        while self._pieces and (self.cursor < to_sample or self._empty()):
            steps.append(self._step(min(to_sample, self._pieces[0].to_sample)))
            if not steps[-1].whole:
                break
        return steps

    def _empty(self) -> bool:
        """Whether the piece at the cursor has nothing left: an utterance that a final before its end covered."""
        head = self._pieces[0]
        return head.to_sample <= self.cursor and head.end is not None

    def _step(self, to_sample: int) -> Step:
        head = self._pieces[0]
        over = head.skip is not None or head.end is not None
        step = Step(self.cursor, to_sample, head, whole=over and to_sample >= head.to_sample)
        self.cursor = to_sample
        if step.whole:
            self._pieces.popleft()
        return step
