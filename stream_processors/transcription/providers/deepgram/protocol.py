"""What Deepgram's spans mean to us. Pure.

- A span final is a final to the span's end; what its last interim said beyond that is still partial.
- A final is asked for with Finalize. The answer is a final that reaches to the place of asking, marked or not. Deepgram
  does not always answer when little audio is left: then we go on as a silent microphone does, a second of silence at a
  time, until some final reaches that far. So nothing is taken for settled that Deepgram did not settle. Where somebody
  speaks on we neither ask again nor add silence: it would cut a word in two, and finals come by themselves there.
- A turn is over with speech_final, or with UtteranceEnd once no word of it is open; a second sign is no second end.
"""

from collections import deque
from dataclasses import dataclass

import msgspec

from schemas.timebase import BYTES_PER_SAMPLE, SAMPLE_RATE_HZ
from schemas.vocabulary import ResultKind
from stream_processors.transcription.providers.deepgram import failures
from stream_processors.transcription.providers.deepgram.messages import (
    FINALIZE,
    KEEP_ALIVE,
    Alternative,
    Results,
    UtteranceEnd,
    Word,
    decode,
    samples,
)
from stream_processors.transcription.providers.dialogue import Frame, Heard, Move, Rejected
from stream_processors.transcription.providers.interface import ProviderError, ProviderResult, ProviderWord
from stream_processors.transcription.providers.wire_clock import WireClock
from stream_processors.transcription.providers.word_order import in_order

KEEP_ALIVE_MS = 4_000
ANSWER_MS = 1_000
UNANSWERED_MS = 10_000
SILENCE_SAMPLES = SAMPLE_RATE_HZ
# a span's end is rounded: what is missing to the place of asking is too short for a word
ROUNDED_SAMPLES = SAMPLE_RATE_HZ // 100


@dataclass(frozen=True, slots=True)
class Ask:
    """A final was asked for, to `session` on the session's clock, `wire` on the socket's."""

    session: int
    wire: int
    at_ms: float


@dataclass(frozen=True, slots=True)
class Interim:
    """What was last said about audio that is not final."""

    to_sample: int = 0
    words: tuple[ProviderWord, ...] = ()


class DeepgramDialogue:
    """One session, which is one socket. `_final_to` is the end of what is final, on the session's clock."""

    def __init__(self) -> None:
        self._clock = WireClock()
        self._final_to = 0
        self._interim = Interim()
        self._asks: deque[Ask] = deque()
        self._ask_again_at_ms = 0.0
        self._sent_at_ms: float | None = None
        self._audio_at_ms = 0.0
        self._turn_open = False
        self._end_seen = False
        self._numbered = 0

    @property
    def deadline_ms(self) -> float | None:
        alive = None if self._sent_at_ms is None else self._sent_at_ms + KEEP_ALIVE_MS
        again = self._ask_again_at_ms if self._may_ask_again else None
        given_up = self._asks[0].at_ms + UNANSWERED_MS if self._asks else None
        return min((due for due in (alive, again, given_up) if due is not None), default=None)

    def send(self, pcm: bytes, now_ms: float) -> list[Move]:
        if not pcm:
            return []  # an empty frame would end the session
        self._clock.audio(len(pcm) // BYTES_PER_SAMPLE)
        self._audio_at_ms = now_ms
        return self._frames(now_ms, pcm)

    def finalize(self, now_ms: float) -> list[Move]:
        if not self._asks and self._final_to >= self._clock.session:
            return [ProviderResult(ResultKind.FINAL, self._clock.session, result_id=self._result_id(""))]
        self._ask_again_at_ms = now_ms + ANSWER_MS
        self._asks.append(Ask(self._clock.session, self._clock.wire, now_ms))
        return self._frames(now_ms, FINALIZE)

    def heard(self, text: str, now_ms: float) -> list[Heard]:
        try:
            message = decode(text)
        except msgspec.DecodeError as error:
            raise failures.broken("malformed_message", f"sent what is no message of its protocol: {error}") from error
        match message:
            case Results(is_final=True):
                return self._final(message)
            case Results():
                return self._partial(message)
            case UtteranceEnd():
                return self._utterance_end()
            case None:
                return [Rejected("unknown_message")]
        return []

    def tick(self, now_ms: float) -> list[Move]:
        if self._asks and now_ms - self._asks[0].at_ms >= UNANSWERED_MS:
            raise failures.broken("finalize_unanswered", "has taken audio and says nothing about it")
        if self._may_ask_again and now_ms >= self._ask_again_at_ms:
            return self._ask_again(now_ms)
        if self._sent_at_ms is not None and now_ms - self._sent_at_ms >= KEEP_ALIVE_MS:
            return self._frames(now_ms, KEEP_ALIVE)
        return []

    def closed(self, code: int, reason: str) -> ProviderError | None:
        return failures.closed(code, reason)

    def _frames(self, now_ms: float, *data: bytes | str) -> list[Move]:
        self._sent_at_ms = now_ms
        return [Frame(each) for each in data]

    @property
    def _may_ask_again(self) -> bool:
        """Whether nothing was sent since a final was asked for."""
        return bool(self._asks) and self._asks[-1].session >= self._clock.session

    def _ask_again(self, now_ms: float) -> list[Move]:
        self._ask_again_at_ms = now_ms + ANSWER_MS
        if now_ms - self._audio_at_ms < ANSWER_MS:
            return self._frames(now_ms, FINALIZE)
        self._clock.pad(SILENCE_SAMPLES)
        return self._frames(now_ms, bytes(SILENCE_SAMPLES * BYTES_PER_SAMPLE), FINALIZE)

    def _partial(self, said: Results) -> list[Heard]:
        to_sample = self._clock.to_session(said.wire_end)
        if to_sample <= self._final_to:
            return [Rejected("stale_partial")]
        words, past = in_order(self._words(said.best), self._final_to, to_sample)
        self._interim = Interim(to_sample, words)
        result = ProviderResult(
            ResultKind.PARTIAL,
            to_sample,
            words,
            self._result_id(said.metadata.request_id),
            language=_language(said.best),
        )
        return [result, *_in_the_past(past)]

    def _final(self, said: Results) -> list[Heard]:
        before, asked = self._final_to, len(self._asks)
        to_sample = max(before, self._clock.to_session(said.wire_end), self._answered(said))
        given = self._words(said.best)
        if to_sample == before and asked == len(self._asks):
            ended = self._turn_over() if said.speech_final else []
            return [*ended, *([Rejected("repeated_final", len(given))] if given else [])]
        words, past = in_order(given, before, to_sample)
        self._final_to = to_sample
        rest = tuple(word for word in self._interim.words if _midpoint(word) >= to_sample)
        self._interim = Interim(self._interim.to_sample, rest)
        self._turn_open = self._turn_open or bool(words)
        kind = ResultKind.FINAL
        if self._turn_open and (said.speech_final or (self._end_seen and not rest)):
            kind, self._turn_open, self._end_seen = ResultKind.END_OF_TURN, False, False
        result = ProviderResult(
            kind, to_sample, words, self._result_id(said.metadata.request_id), language=_language(said.best)
        )
        return [result, *self._still_partial(), *_in_the_past(past)]

    def _answered(self, said: Results) -> int:
        """How far the final reaches because it was asked for."""
        reached = said.wire_end + ROUNDED_SAMPLES
        to_sample = 0
        while self._asks and self._asks[0].wire <= reached:
            to_sample = self._asks.popleft().session
        return to_sample

    def _still_partial(self) -> list[Heard]:
        """What the last interim said beyond the final."""
        if not self._interim.words:
            return []
        words, _ = in_order(self._interim.words, self._final_to, self._interim.to_sample)
        return (
            [ProviderResult(ResultKind.PARTIAL, self._interim.to_sample, words, self._result_id(""))] if words else []
        )

    def _utterance_end(self) -> list[Heard]:
        if self._interim.words:
            self._end_seen = self._turn_open
            return []
        return self._turn_over()

    def _turn_over(self) -> list[Heard]:
        if not self._turn_open:
            return []
        self._turn_open = self._end_seen = False
        return [ProviderResult(ResultKind.END_OF_TURN, self._final_to, result_id=self._result_id(""))]

    def _words(self, said: Alternative) -> list[ProviderWord]:
        return [self._word(word) for word in said.words]

    def _word(self, word: Word) -> ProviderWord:
        confidence = None if word.confidence is None else min(1.0, max(0.0, word.confidence))
        return ProviderWord(
            word.punctuated_word or word.word,
            self._clock.to_session(samples(word.start)),
            self._clock.to_session(samples(word.end)),
            confidence,
        )

    def _result_id(self, request_id: str) -> str:
        self._numbered += 1
        return f"{request_id}:{self._numbered}" if request_id else str(self._numbered)


def _language(said: Alternative) -> str:
    """The language most of the words are in, as far as Deepgram says."""
    spoken = [word.language for word in said.words if word.language]
    return max(set(spoken), key=spoken.count) if spoken else next(iter(said.languages), "")


def _midpoint(word: ProviderWord) -> int:
    return (word.from_sample + word.to_sample) // 2


def _in_the_past(words: int) -> list[Heard]:
    return [Rejected("in_the_past", words)] if words else []
