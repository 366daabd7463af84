"""A fake AssemblyAI (`/v3/ws`), driven by the bytes it is sent.

All messages with the same turn_order describe the same turn, from its beginning. With the universal-streaming models words
become final one by one and never change, and a turn ends with one message, or with two when it is formatted too. With
the u3 family no word is final before the one, formatted, end.
"""

import json
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

from aiohttp import web

from tests.fakes.stt import assemblyai_messages as messages
from tests.fakes.stt.ear import Ear, HeardWord
from tests.fakes.stt.knobs import Knobs, Reply
from tests.fakes.stt.line import Line, Meter
from tests.fakes.stt.mistakes import mistaken
from tests.fakes.stt.server import FakeServer

MODELS = ("universal-streaming-english", "universal-streaming-multilingual", "whisper-rt")
U3_MODELS = ("u3-rt-pro", "u3-pro", "universal-3-5-pro", "universal-3-6", "universal-3-6-pro")
SHORTEST_MS, LONGEST_MS = 50, 1000
TOO_MANY = "Too many concurrent sessions"


@dataclass(frozen=True)
class Options:
    """What the client asked for in the query, or with UpdateConfiguration."""

    rate_hz: int
    encoding: str
    model: str
    format_turns: bool
    min_turn_silence_ms: int

    @property
    def u3(self) -> bool:
        return self.model in U3_MODELS


def options_of(query: dict[str, str]) -> Options:
    return Options(
        rate_hz=int(query.get("sample_rate", "16000")),
        encoding=query.get("encoding", "pcm_s16le"),
        model=query.get("speech_model", MODELS[0]),
        format_turns=query.get("format_turns", "false").lower() == "true",
        min_turn_silence_ms=int(query.get("min_turn_silence", "400")),
    )


class AssemblyAI:
    """The door. Whatever is wrong is said on the socket."""

    name = "assemblyai"
    path = "/v3/ws"

    def refusal(self, request: web.Request, knobs: Knobs) -> web.Response | None:
        return None

    def too_many(self) -> web.Response | None:
        return None

    def rate_hz(self, request: web.Request) -> int:
        return options_of(dict(request.query)).rate_hz

    async def begin(
        self, request: web.Request, line: Line, meter: Meter, ear: Ear, server: FakeServer
    ) -> "AssemblyAITalk":
        options = options_of(dict(request.query))
        talk = AssemblyAITalk(options, line, meter, ear, server)
        key = request.headers.get("Authorization", "") or request.query.get("token", "")
        if not key or " " in key or server.knobs.api_key not in ("", key):
            await talk.refuse(1008, "Not authorized")
        if server.knobs.concurrency_cap and server.open_connections > server.knobs.concurrency_cap:
            await talk.refuse(server.knobs.concurrency_close_code, TOO_MANY)
        if options.model not in MODELS + U3_MODELS or options.encoding != "pcm_s16le":
            await talk.refuse(3006, f"Invalid speech_model or encoding: {options.model}, {options.encoding}")
        line.say(messages.begin(str(uuid4()), options.model), server.knobs.latency_ms)
        return talk


class AssemblyAITalk:
    """One connection. All samples are the connection's; the turn began at `_turn_from`."""

    def __init__(self, options: Options, line: Line, meter: Meter, ear: Ear, server: FakeServer) -> None:
        self._options = options
        self._line = line
        self._meter = meter
        self._ear = ear
        self._server = server
        self._order = 0
        self._turn_from = 0
        self._said_at = 0
        self._started = -1
        self._late: dict[str, Any] | None = None

    @property
    def _knobs(self) -> Knobs:
        return self._server.knobs

    async def refuse(self, code: int, text: str) -> None:
        """Say Error, and close with its code; raises Gone."""
        self._say(messages.error(code, text))
        await self._line.hang_up(code, text)

    async def audio(self, pcm: bytes) -> None:
        length_ms = len(pcm) * 1000 / 2 / self._options.rate_hz
        if not SHORTEST_MS <= length_ms <= LONGEST_MS and not self._meter.cut:
            await self.refuse(
                3007, f"Input Duration Violation: {length_ms:g} ms. Expected between {SHORTEST_MS} and {LONGEST_MS} ms"
            )
        if self._meter.ahead_s(self._knobs.pace_limit) > 0:
            await self.refuse(3007, "Audio Transmission Rate Exceeded")
        await self._ear.hear(pcm)
        if self._knobs.session_max_ms and self._meter.heard_ms >= self._knobs.session_max_ms:
            await self.refuse(3008, "Session expired: maximum session duration exceeded")
        self._speech_started()
        silence_ms = self._ear.silence * 1000 // self._options.rate_hz
        if self._turn and silence_ms >= self._options.min_turn_silence_ms:
            await self._end_turn()
        elif self._turn and self._ear.position - self._said_at >= self._samples(self._knobs.interim_every_ms):
            self._partial()

    async def control(self, text: str) -> None:
        try:
            said = json.loads(text)
            kind = said.get("type")
        except (ValueError, AttributeError):
            kind = None
        match kind:
            case "ForceEndpoint":
                await self._force()
            case "UpdateConfiguration":
                silence_ms = said.get("min_turn_silence", self._options.min_turn_silence_ms)
                format_turns = said.get("format_turns", self._options.format_turns)
                self._options = replace(self._options, min_turn_silence_ms=silence_ms, format_turns=format_turns)
            case "Terminate":
                await self._terminate()
            case "KeepAlive":
                pass
            case _:
                await self.refuse(3006, "Invalid Message")

    async def idle(self) -> None:
        """Without inactivity_timeout a session stays open, and is billed."""

    @property
    def _turn(self) -> list[HeardWord]:
        return [word for word in self._ear.words if word.to_sample > self._turn_from]

    async def _force(self) -> None:
        wanted = self._knobs.finalize_reply
        if wanted is Reply.ALWAYS or (wanted is Reply.WHEN_AUDIO and self._turn):
            await self._end_turn()

    async def _terminate(self) -> None:
        if self._ear.position > self._turn_from:
            await self._ear.settle()
        if self._turn:
            await self._end_turn()
        self._flush_late()
        audio_s = self._ear.position // self._options.rate_hz
        self._say(messages.termination(audio_s, audio_s))
        await self._line.hang_up(1000)

    def _partial(self) -> None:
        self._said_at = self._ear.position
        words = self._turn
        over = sum(word.to_sample < self._ear.position for word in words)
        self._say(self._message(words, finals=0 if self._options.u3 else over))
        self._flush_late()

    async def _end_turn(self) -> None:
        await self._ear.settle()
        words, position = mistaken(self._turn, self._knobs, self._options.rate_hz), self._ear.position
        self._line.record.finals.append((self._turn_from, position))
        ends = [self._message(words, finals=len(words), end_of_turn=True, formatted=self._options.u3)]
        if self._options.format_turns and not self._options.u3:
            ends.append(self._message(words, finals=len(words), end_of_turn=True, formatted=True))
        self._order += 1
        self._turn_from = self._said_at = position
        self._ear.forget(position)
        self._flush_late()
        if self._knobs.late_finals and len(ends) > 1:
            self._late = ends.pop()
        for message in ends * (2 if self._knobs.duplicate_finals else 1):
            self._say(message)
        if self._knobs.empty_finals:
            self._say(messages.turn(self._order, (), self._options.rate_hz, finals=0, end_of_turn=True, formatted=True))
            self._order += 1

    def _message(
        self, words: list[HeardWord], *, finals: int, end_of_turn: bool = False, formatted: bool = False
    ) -> dict[str, Any]:
        language = "en" if self._options.model.endswith("multilingual") else ""
        return messages.turn(
            self._order,
            words,
            self._options.rate_hz,
            finals=finals,
            end_of_turn=end_of_turn,
            formatted=formatted,
            language=language,
        )

    def _flush_late(self) -> None:
        late, self._late = self._late, None
        if late:
            self._say(late)

    def _speech_started(self) -> None:
        fresh = [word.from_sample for word in self._ear.words if word.from_sample > self._started]
        if fresh and self._options.u3 and len(self._turn) == len(fresh):
            self._say(messages.speech_started(fresh[0] * 1000 // self._options.rate_hz))
        self._started = max(fresh, default=self._started)

    def _samples(self, length_ms: int) -> int:
        return length_ms * self._options.rate_hz // 1000

    def _say(self, message: dict[str, Any]) -> None:
        self._line.say(message, self._knobs.latency_ms)
