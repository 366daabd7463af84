"""What AssemblyAI's turns mean to us. Pure.

- A turn's end is an end_of_turn up to its last word. It answers a request for a final when less silence lies between that
  word and the place of asking than AssemblyAI itself waits for: then only the request can have ended the turn, and nothing
  was said after it. An end without words says nothing about any place.
- A request that nothing answered for a while is settled by Terminate: AssemblyAI says what it still owes, then
  Termination, after which all audio it was sent is final. Audio that comes in the meantime waits for the next socket.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from schemas.timebase import BYTES_PER_SAMPLE, ms_to_samples
from schemas.vocabulary import ResultKind
from stream_processors.transcription.providers.assemblyai import failures
from stream_processors.transcription.providers.assemblyai.messages import (
    FORCE_ENDPOINT,
    TERMINATE,
    Error,
    Termination,
    Turn,
    Word,
    decode,
)
from stream_processors.transcription.providers.assemblyai.pieces import Pieces
from stream_processors.transcription.providers.assemblyai.turns import Ended, Partial, Repeated, Turns
from stream_processors.transcription.providers.dialogue import Frame, Heard, Move, Rejected, Reopen
from stream_processors.transcription.providers.interface import ProviderError, ProviderResult, ProviderWord
from stream_processors.transcription.providers.wire_clock import WireClock
from stream_processors.transcription.providers.word_order import in_order

ANSWER_MS = 2_000
TERMINATION_MS = 5_000


@dataclass(frozen=True, slots=True)
class Ask:
    """A final was asked for, to `to_sample` of the session."""

    to_sample: int
    at_ms: float


@dataclass(slots=True)
class Wire:
    """What belongs to one socket. `terminating_at_ms`: when Terminate was sent; `over`: its Termination came."""

    clock: WireClock
    turns: Turns
    terminating_at_ms: float | None = None
    over: bool = False


class AssemblyAIDialogue:
    """One session, which may need several sockets, one after the other. `_final_to` is the end of what is final."""

    def __init__(self, *, formatted_twice: bool, min_turn_silence_samples: int) -> None:
        self._formatted_twice = formatted_twice
        self._min_turn_silence = min_turn_silence_samples
        self._wire = self._fresh_wire(0)
        self._pieces = Pieces()
        self._asks: deque[Ask] = deque()
        self._waiting: list[bytes | None] = []  # for the next socket: audio, and None where a final is asked for
        self._waiting_samples = 0
        self._final_to = 0
        self._heard_at_ms = 0.0
        self._numbered = 0

    @property
    def deadline_ms(self) -> float | None:
        wire = self._wire
        if wire.over:
            return 0.0 if self._waiting else None
        if wire.terminating_at_ms is not None:
            return wire.terminating_at_ms + TERMINATION_MS
        return min((due for due in (self._unanswered_at_ms, wire.turns.deadline_ms) if due is not None), default=None)

    def send(self, pcm: bytes, now_ms: float) -> list[Move]:
        if not pcm:
            return []
        if self._leaving:
            self._waiting.append(pcm)
            self._waiting_samples += len(pcm) // BYTES_PER_SAMPLE
            return self._resume(now_ms) if self._wire.over else []
        return [self._audio(piece) for piece in self._pieces.feed(pcm)]

    def finalize(self, now_ms: float) -> list[Move]:
        if not self._asks and self._final_to >= self._sent_to:
            return [ProviderResult(ResultKind.FINAL, self._sent_to, result_id=self._result_id())]
        self._asks.append(Ask(self._sent_to, now_ms))
        if self._leaving:
            self._waiting.append(None)
            return self._resume(now_ms) if self._wire.over else []
        return self._force()

    def heard(self, text: str, now_ms: float) -> list[Heard]:
        try:
            message = decode(text)
        except msgspec.DecodeError as error:
            raise failures.broken("malformed_message", f"sent what is no message of its protocol: {error}") from error
        match message:
            case Turn():
                self._heard_at_ms = now_ms
                return self._said(self._wire.turns.heard(message, now_ms))
            case Termination():
                return self._terminated()
            case Error():
                raise failures.closed(message.error_code or 0, message.error)
            case None:
                return [Rejected("unknown_message")]
        return []

    def tick(self, now_ms: float) -> list[Move]:
        wire = self._wire
        if wire.over:
            return self._resume(now_ms) if self._waiting else []
        if wire.terminating_at_ms is not None:
            if now_ms - wire.terminating_at_ms >= TERMINATION_MS:
                raise failures.broken("termination_missing", "has taken audio and says nothing about it")
            return []
        moves: list[Move] = [*self._said(wire.turns.tick(now_ms))]
        unanswered_at_ms = self._unanswered_at_ms
        if unanswered_at_ms is not None and now_ms >= unanswered_at_ms:
            moves += self._terminate(now_ms)
        return moves

    def closed(self, code: int, reason: str) -> ProviderError | None:
        return None if self._wire.over else failures.closed(code, reason)

    @property
    def _unanswered_at_ms(self) -> float | None:
        """When a request counts as not answered. Not while somebody speaks on: a socket that ends then cuts a word in two."""
        if not self._asks or self._asks[-1].to_sample < self._sent_to:
            return None
        return max(self._asks[-1].at_ms, self._heard_at_ms) + ANSWER_MS

    @property
    def _leaving(self) -> bool:
        return self._wire.over or self._wire.terminating_at_ms is not None

    @property
    def _sent_to(self) -> int:
        """The end of what we were given."""
        return self._wire.clock.session + self._pieces.rest_samples + self._waiting_samples

    def _fresh_wire(self, session_from: int) -> Wire:
        return Wire(WireClock(session_from), Turns(formatted_twice=self._formatted_twice))

    def _audio(self, piece: bytes, padding: int = 0) -> Frame:
        self._wire.clock.audio(len(piece) // BYTES_PER_SAMPLE - padding)
        self._wire.clock.pad(padding)
        return Frame(piece)

    def _rest(self) -> list[Move]:
        piece, padding = self._pieces.flush()
        return [self._audio(piece, padding)] if piece else []

    def _force(self) -> list[Move]:
        return [*self._rest(), Frame(FORCE_ENDPOINT)]

    def _terminate(self, now_ms: float) -> list[Move]:
        self._wire.terminating_at_ms = now_ms
        return [*self._rest(), Frame(TERMINATE)]

    def _resume(self, now_ms: float) -> list[Move]:
        """What waited goes to a fresh socket."""
        waiting, self._waiting, self._waiting_samples = self._waiting, [], 0
        self._wire = self._fresh_wire(self._wire.clock.session)
        self._heard_at_ms = now_ms
        moves: list[Move] = [Reopen()]
        for item in waiting:
            moves += self._force() if item is None else [self._audio(piece) for piece in self._pieces.feed(item)]
        return moves

    def _terminated(self) -> list[Heard]:
        """Everything was said about everything this socket was sent."""
        said = self._said(self._wire.turns.finish())
        self._wire.over = True
        end = self._wire.clock.session
        while self._asks and self._asks[0].to_sample <= end:
            self._asks.popleft()
        if end > self._final_to:
            self._final_to = end
            said.append(ProviderResult(ResultKind.FINAL, end, result_id=self._result_id()))
        return said

    def _said(self, turns: Iterable[Partial | Ended | Repeated]) -> list[Heard]:
        said: list[Heard] = []
        for each in turns:
            match each:
                case Partial(turn):
                    said += self._partial(turn)
                case Ended(turn):
                    said += self._ended(turn)
                case Repeated(turn):
                    said.append(Rejected("turn_repeated", len(turn.words)))
        return said

    def _partial(self, turn: Turn) -> list[Heard]:
        words = self._words(turn)
        silent = self._silent_before(words[0].from_sample) if words else []
        to_sample = max((word.to_sample for word in words), default=self._final_to)
        fitting, _ = in_order(words, self._final_to, to_sample)
        return [*silent, self._result(ResultKind.PARTIAL, to_sample, fitting, turn)] if fitting else silent

    def _silent_before(self, turn_from: int) -> list[Heard]:
        """Turns come one after the other: where one begins behind what was asked about, nobody spoke there."""
        answered = [ask.to_sample for ask in self._asks if ask.to_sample <= turn_from]
        for _ in answered:
            self._asks.popleft()
        if not answered or answered[-1] <= self._final_to:
            return []
        self._final_to = answered[-1]
        return [ProviderResult(ResultKind.FINAL, self._final_to, result_id=self._result_id())]

    def _ended(self, turn: Turn) -> list[Heard]:
        given = self._words(turn)
        before = self._final_to
        if given:
            self._final_to = self._answered(max([before, *(word.to_sample for word in given)]))
        words, past = in_order(given, before, self._final_to)
        rejected: list[Heard] = [Rejected("in_the_past", past)] if past else []
        if not words and self._final_to == before:
            return rejected
        kind = ResultKind.END_OF_TURN if words else ResultKind.FINAL
        return [self._result(kind, self._final_to, words, turn), *rejected]

    def _answered(self, last_word_end: int) -> int:
        """How far the end of a turn reaches: over the silence after it, when it was asked for."""
        to_sample = last_word_end
        if self._asks and self._is_answer_to(self._asks[0], last_word_end):
            to_sample = max(to_sample, self._asks.popleft().to_sample)
        while self._asks and self._asks[0].to_sample <= to_sample:
            self._asks.popleft()
        return to_sample

    def _is_answer_to(self, ask: Ask, last_word_end: int) -> bool:
        """A request that waits for the next socket is no business of this one: it has not heard what lies before it."""
        heard_here = ask.to_sample <= self._wire.clock.session
        return heard_here and ask.to_sample - last_word_end < self._min_turn_silence

    def _words(self, turn: Turn) -> list[ProviderWord]:
        return [self._word(word) for word in turn.words]

    def _word(self, word: Word) -> ProviderWord:
        start, end = ms_to_samples(word.start), ms_to_samples(word.end)
        confidence = None if word.confidence is None else min(1.0, max(0.0, word.confidence))
        clock = self._wire.clock
        return ProviderWord(word.text, clock.to_session(start), clock.to_session(end), confidence)

    def _result(self, kind: ResultKind, to_sample: int, words: tuple[ProviderWord, ...], turn: Turn) -> ProviderResult:
        return ProviderResult(
            kind, to_sample, words, self._result_id(), turn_key=str(turn.turn_order), language=turn.language_code or ""
        )

    def _result_id(self) -> str:
        self._numbered += 1
        return str(self._numbered)
