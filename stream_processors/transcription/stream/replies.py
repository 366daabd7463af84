"""What a provider says, as results: placed on the stream's timeline, accepted by midpoint, moving the cursor."""

from schemas.events import ResultEvent, Word
from schemas.vocabulary import ResultKind, TurnReason
from stream_processors.transcription.moment import Moment
from stream_processors.transcription.providers.interface import ProviderResult
from stream_processors.transcription.sessions.session_log import SessionLog
from stream_processors.transcription.stream.chain import Chain, Step
from stream_processors.transcription.stream.commands import Command, Dropped, Emit
from stream_processors.transcription.stream.records import Records
from stream_processors.transcription.stream.words import placed, within


def heard_to(said: ProviderResult, log: SessionLog) -> int:
    """The stream sample up to which a result speaks; never past what the session was sent."""
    return log.timeline.end(min(max(said.to_sample, 1), log.timeline.sent_samples))


class Replies:
    """Moves `chain`, whose cursor is where the next result begins."""

    def __init__(self, records: Records, chain: Chain) -> None:
        self._records = records
        self._chain = chain
        self._partial_shown = False

    def partial(self, said: ProviderResult, log: SessionLog, now: Moment) -> list[Command]:
        """What is heard so far; an empty one is only worth saying when it takes something back."""
        speaker = self._chain.speaking
        span = (self._chain.cursor, heard_to(said, log))
        words = within(placed(said.words, log.timeline, final=False), *span)
        if speaker is None or not (words or self._partial_shown):
            return []
        self._partial_shown = bool(words)
        return [Emit(self._records.partial(span, words, said, log, speaker, now))]

    def final(self, said: ProviderResult, log: SessionLog, now: Moment) -> list[Command]:
        """Results that follow on each other up to where the final reaches."""
        words = placed(said.words, log.timeline, final=True)
        before = self._chain.cursor
        steps = self._chain.settle(heard_to(said, log))
        commands: list[Command] = [Emit(self._settled(step, words, said, log, now)) for step in steps]
        refused = len(words) - len(within(words, before, self._chain.cursor))
        if refused:
            commands.append(Dropped("outside_span", refused))
        self._partial_shown = False
        return commands

    def _settled(
        self, step: Step, words: tuple[Word, ...], said: ProviderResult, log: SessionLog, now: Moment
    ) -> ResultEvent:
        if step.piece.skip or said.kind is ResultKind.SKIPPED:
            return self._records.skipped(step, now)
        reason = step.piece.end if step.whole and step.piece.end else TurnReason.NONE
        if said.kind is ResultKind.END_OF_TURN and reason is TurnReason.NONE:
            reason = TurnReason.ENDPOINT
        accepted = within(words, step.from_sample, step.to_sample)
        return self._records.settled(step, accepted, said, log, reason, now)
