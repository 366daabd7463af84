"""A fake Deepgram (`/v1/listen`), driven by the bytes it is sent.

Spans are contiguous: each final closes [start, start + duration), and what an interim before it said beyond that comes
again in the next interim. Interims come every `interim_every_ms` of audio, finals after `endpointing` of silence
(speech_final), every `final_every_ms` at a word's end, and when asked for.
"""

import asyncio
import json
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from aiohttp import web

from tests.fakes.stt import deepgram_messages as messages
from tests.fakes.stt.ear import Ear, HeardWord
from tests.fakes.stt.knobs import Knobs, Reply
from tests.fakes.stt.line import Line, Meter
from tests.fakes.stt.mistakes import mistaken
from tests.fakes.stt.server import FakeServer

ENCODINGS = frozenset(("linear16",))
MODELS = ("nova-3", "nova-2", "nova", "enhanced", "base")
LANGUAGES = frozenset(("en", "en-US", "en-GB", "multi", "de", "fr", "es", "hi", "ja"))
DEFAULT_ENDPOINTING_MS = 10


@dataclass(frozen=True)
class Options:
    """What the client asked for in the query."""

    rate_hz: int
    interims: bool
    endpointing: int | None
    utterance_end: int | None
    vad_events: bool
    encoding: str


def options_of(query: dict[str, str]) -> Options:
    """Lengths in samples."""
    rate_hz = int(query.get("sample_rate", "16000"))
    endpointing = query.get("endpointing", str(DEFAULT_ENDPOINTING_MS))
    utterance_end_ms = query.get("utterance_end_ms")
    return Options(
        rate_hz=rate_hz,
        interims=query.get("interim_results") == "true",
        endpointing=None if endpointing == "false" else int(endpointing) * rate_hz // 1000,
        utterance_end=int(utterance_end_ms) * rate_hz // 1000 if utterance_end_ms else None,
        vad_events=query.get("vad_events") == "true",
        encoding=query.get("encoding", ""),
    )


class Deepgram:
    """The door."""

    name = "deepgram"
    path = "/v1/listen"

    def refusal(self, request: web.Request, knobs: Knobs) -> web.Response | None:
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() not in ("token", "bearer") or not key or knobs.api_key not in ("", key):
            return refused(401, "INVALID_AUTH", "Invalid credentials.")
        query = request.query
        if not query.get("model", "nova-3").startswith(MODELS) or query.get("language", "en") not in LANGUAGES:
            return refused(400, "Bad Request", "No such model/language/tier combination found.")
        return None

    def too_many(self) -> web.Response:
        return refused(429, "TOO_MANY_REQUESTS", "Too many requests. Please try again later")

    def rate_hz(self, request: web.Request) -> int:
        return options_of(dict(request.query)).rate_hz

    async def begin(
        self, request: web.Request, line: Line, meter: Meter, ear: Ear, server: FakeServer
    ) -> "DeepgramTalk":
        query = dict(request.query)
        options = options_of(query)
        punctuate = "true" in (query.get("punctuate"), query.get("smart_format"))
        wording = messages.Wording(
            request_id=str(uuid4()),
            rate_hz=options.rate_hz,
            model=query.get("model", "nova-3"),
            language=query.get("language", "en"),
            punctuate=punctuate,
            single_precision=server.knobs.single_precision,
        )
        talk = DeepgramTalk(wording, options, line, meter, ear, server)
        if options.encoding not in ENCODINGS:
            await line.hang_up(1008, "DATA-0000")
        return talk


def refused(status: int, code: str, text: str) -> web.Response:
    """A handshake that fails, with the two headers that are always there."""
    request_id = str(uuid4())
    body = {"err_code": code, "err_msg": text, "request_id": request_id}
    return web.json_response(body, status=status, headers={"dg-error": text, "dg-request-id": request_id})


class DeepgramTalk:
    """One connection. All samples are the connection's; everything before `_final_to` is in a final."""

    def __init__(
        self, wording: messages.Wording, options: Options, line: Line, meter: Meter, ear: Ear, server: FakeServer
    ) -> None:
        self._wording = wording
        self._options = options
        self._line = line
        self._meter = meter
        self._ear = ear
        self._server = server
        self._final_to = 0
        self._interim_at = 0
        self._started = -1
        self._ended_after = 0
        self._late: dict[str, Any] | None = None

    @property
    def _knobs(self) -> Knobs:
        return self._server.knobs

    async def audio(self, pcm: bytes) -> None:
        if not pcm:
            await self.control('{"type": "CloseStream"}')  # an empty frame is how older clients say goodbye
            return
        await asyncio.sleep(max(0.0, self._meter.ahead_s(self._knobs.pace_limit)))
        await self._ear.hear(pcm)
        self._speech_started()
        await self._spans()
        self._utterance_end()

    async def control(self, text: str) -> None:
        kind = json.loads(text).get("type")
        if kind == "Finalize":
            await self._finalize()
        elif kind == "CloseStream":
            if self._ear.position > self._final_to:
                await self._ear.settle()
                self._final(self._ear.position)
            self._flush_late()
            self._say(messages.metadata(self._wording, self._ear.position))
            await self._line.hang_up(1000)
        elif kind != "KeepAlive":
            await self._line.hang_up(1011, "NET-0000")

    async def idle(self) -> None:
        await self._line.hang_up(1011, "NET-0001")

    async def _spans(self) -> None:
        """An interim or a final, when the audio asks for one."""
        position, silence = self._ear.position, self._ear.silence
        pending = self._pending(position)
        endpoint = self._options.endpointing
        if endpoint is not None and pending and silence >= endpoint:
            await self._ear.settle()
            self._final(position, speech_final=True)
        elif self._ear.cuttable and position - self._final_to >= self._samples(self._knobs.final_every_ms):
            await self._close_span(position, speaking=silence == 0)
        elif self._knobs.empty_finals and not pending and position > self._final_to and silence:
            self._final(position)
        elif position - self._interim_at >= self._samples(self._knobs.interim_every_ms):
            self._interim(position)

    async def _close_span(self, position: int, *, speaking: bool) -> None:
        """The longest span there may be: to the end of its last whole word."""
        shorter = self._knobs.final_shorter_than_partial
        to_sample = self._whole_words_to(position)
        if to_sample == self._final_to or (speaking and not shorter):
            return
        self._interim(position)
        await self._ear.settle()
        self._final(to_sample if shorter else position)

    async def _finalize(self) -> None:
        wanted = self._knobs.finalize_reply
        silent = wanted is Reply.NEVER or (wanted is Reply.WHEN_AUDIO and self._ear.position == self._final_to)
        if not silent:
            await self._ear.settle()
            self._final(self._ear.position, from_finalize=True)

    def _final(self, to_sample: int, *, speech_final: bool = False, from_finalize: bool = False) -> None:
        span, words = (self._final_to, to_sample), self._pending(to_sample)
        said = messages.results(
            self._wording,
            span,
            mistaken(words, self._knobs, self._options.rate_hz),
            is_final=True,
            speech_final=speech_final,
            from_finalize=from_finalize,
        )
        self._final_to = self._interim_at = to_sample
        self._line.record.finals.append(span)
        self._ear.forget(to_sample)
        self._flush_late()
        if self._knobs.late_finals and not from_finalize:
            self._late = said
            return
        for _ in range(2 if self._knobs.duplicate_finals else 1):
            self._say(said)

    def _interim(self, position: int) -> None:
        self._interim_at = position
        if self._options.interims:
            span = (self._final_to, position)
            self._say(messages.results(self._wording, span, self._pending(position), is_final=False))
        self._flush_late()

    def _flush_late(self) -> None:
        late, self._late = self._late, None
        if late:
            self._say(late)

    def _speech_started(self) -> None:
        fresh = [word.from_sample for word in self._ear.words if word.from_sample > self._started]
        if self._options.vad_events and fresh:
            self._say(messages.speech_started(self._wording, fresh[0]))
        self._started = max(fresh, default=self._started)

    def _utterance_end(self) -> None:
        silence = self._options.utterance_end
        spoken_to = self._ear.position - self._ear.silence
        if silence and spoken_to > self._ended_after and self._ear.silence >= silence:
            self._ended_after = spoken_to
            self._say(messages.utterance_end(self._wording, spoken_to))

    def _whole_words_to(self, position: int) -> int:
        """As far as no word is cut: where the one that is being spoken begins, or the one before it ended."""
        begun = [word.from_sample for word in self._ear.words if word.to_sample >= position]
        over = [word.to_sample for word in self._ear.words if self._final_to < word.to_sample < position]
        return (over[-1] if over else max(begun[0], self._final_to)) if begun else position

    def _pending(self, to_sample: int) -> list[HeardWord]:
        return [word for word in self._ear.words if self._final_to <= _middle(word) < to_sample]

    def _samples(self, length_ms: int) -> int:
        return length_ms * self._options.rate_hz // 1000

    def _say(self, message: dict[str, Any]) -> None:
        self._line.say(message, self._knobs.latency_ms)


def _middle(word: HeardWord) -> int:
    return (word.from_sample + word.to_sample) // 2
