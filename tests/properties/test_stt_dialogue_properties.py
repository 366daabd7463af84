"""What Deepgram and AssemblyAI mean, in any order of events: whatever is settled is settled once, and no word is missing.

The other side is the fake service itself, without a socket: hypothesis decides when it hears our next frame, when we hear
its next message, and how time passes.
"""

import json
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.vocabulary import ResultKind
from stream_processors.transcription.providers.assemblyai.protocol import AssemblyAIDialogue
from stream_processors.transcription.providers.deepgram import protocol as deepgram_protocol
from stream_processors.transcription.providers.deepgram.protocol import DeepgramDialogue
from stream_processors.transcription.providers.dialogue import Dialogue, Frame, Heard, Move, Reopen
from stream_processors.transcription.providers.interface import ProviderError, ProviderResult, ProviderWord
from stream_processors.transcription.providers.wire_clock import WireClock
from stream_processors.transcription.providers.word_order import in_order
from tests.fakes.stt import assemblyai, deepgram
from tests.fakes.stt import deepgram_messages as messages
from tests.fakes.stt.ear import NumberedEar
from tests.fakes.stt.knobs import Knobs, Reply
from tests.fakes.stt.line import Gone
from tests.fakes.stt.numbered_speech import number_of, silence, word
from tests.fakes.stt.server import Talk

MIN_TURN_SILENCE_MS = 1000


class Wire:
    """A socket that is none: what the service says waits until it is heard."""

    def __init__(self, talk_of: Callable[[Any, Any, NumberedEar, Any], Talk], knobs: Knobs) -> None:
        self.said: deque[str] = deque()
        self.frames: deque[bytes | str] = deque()
        self.record = SimpleNamespace(finals=[])
        meter = SimpleNamespace(cut=False, ahead_s=lambda _: 0.0, heard_ms=0)
        self._talk = talk_of(self, meter, NumberedEar(), SimpleNamespace(knobs=knobs))

    def say(self, message: dict[str, Any], _latency_ms: int = 0) -> None:
        self.said.append(json.dumps(message))

    async def hang_up(self, code: int, _reason: str = "") -> None:
        assert code == 1000, f"the service ends the session with {code}"
        raise Gone

    def serve(self) -> None:
        """The service hears the next frame."""
        frame = self.frames.popleft()
        ran(self._talk.audio(frame) if isinstance(frame, bytes) else self._talk.control(frame))


def ran(work: Coroutine[Any, Any, None]) -> None:
    """Run what never really waits."""
    try:
        while True:
            work.send(None)
    except (StopIteration, Gone):
        return


@dataclass
class Bench:
    """A dialogue, the wire it is on, and what came of both."""

    dialogue: Dialogue
    wire_of: Callable[[], Wire]
    now_ms: float = 0.0
    sent: int = 0
    words: list[tuple[str, int, int]] = field(default_factory=list)
    settled: list[ProviderResult] = field(default_factory=list)
    dead: bool = False

    def __post_init__(self) -> None:
        self.wire = self.wire_of()

    @property
    def final_to(self) -> int:
        return self.settled[-1].to_sample if self.settled else 0

    def speak(self, length_ms: int, piece: int) -> None:
        number = number_of(len(self.words))
        self.words.append((f"w{number}", self.sent, self.sent + length_ms * 48))
        self.send(word(number, length_ms), piece)

    def send(self, pcm: bytes, piece: int) -> None:
        for at in range(0, len(pcm), piece):
            part = pcm[at : at + piece]
            self.sent += len(part) // 2
            self.do(lambda part=part: self.dialogue.send(part, self.now_ms))

    def finalize(self) -> None:
        self.do(lambda: self.dialogue.finalize(self.now_ms))

    def wait(self, length_ms: int) -> None:
        self.now_ms += length_ms
        due = self.dialogue.deadline_ms
        if due is not None and due <= self.now_ms:
            self.do(lambda: self.dialogue.tick(self.now_ms))

    def serve(self) -> None:
        if self.wire.frames:
            self.wire.serve()

    def hear(self) -> None:
        if self.wire.said:
            text = self.wire.said.popleft()
            self.do(lambda: self.dialogue.heard(text, self.now_ms))

    def do(self, ask: Callable[[], list[Move] | list[Heard]]) -> None:
        if self.dead:
            return
        try:
            moves = ask()
        except ProviderError:
            self.dead = True
            return
        for move in moves:
            match move:
                case Frame(data):
                    assert data, "an empty frame"
                    self.wire.frames.append(data)
                case Reopen():
                    assert not self.wire.frames
                    self.wire = self.wire_of()
                case ProviderResult():
                    self.take(move)

    def take(self, result: ProviderResult) -> None:
        edges = [edge for w in result.words for edge in (w.from_sample, w.to_sample)]
        assert edges == sorted(edges)
        assert all(self.final_to <= edge <= result.to_sample for edge in edges)
        assert self.final_to <= result.to_sample <= self.sent
        if result.kind is not ResultKind.PARTIAL:
            self.settled.append(result)
            self.check()

    def check(self) -> None:
        """What is settled is what was said before that place: every word, once, in order."""
        said = [text for text, start, end in self.words if (start + end) // 2 < self.final_to]
        assert [w.text for result in self.settled for w in result.words] == said

    def end(self) -> None:
        """Everything is heard out: a final to the last sample comes, unless the session died."""
        self.finalize()
        for _ in range(200):
            while self.wire.frames or self.wire.said:
                self.serve()
                self.hear()
            if self.dead or self.final_to == self.sent:
                break
            self.wait(500)
        assert self.dead or self.final_to == self.sent
        self.check()


OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("speak"), st.sampled_from([60, 200, 300, 700]), st.sampled_from([1920, 9600, 5000, 200_000])),
        st.tuples(st.just("silence"), st.sampled_from([20, 200, 500, 1200, 3100]), st.just(9600)),
        st.tuples(st.just("finalize"), st.just(0), st.just(0)),
        st.tuples(st.just("serve"), st.integers(1, 12), st.just(0)),
        st.tuples(st.just("hear"), st.integers(1, 6), st.just(0)),
        st.tuples(st.just("wait"), st.sampled_from([100, 600, 1600, 2500]), st.just(0)),
    ),
    max_size=60,
)
KNOBS = st.builds(
    Knobs,
    interim_every_ms=st.sampled_from([100, 300, 1000]),
    final_every_ms=st.sampled_from([1500, 3000]),
    duplicate_finals=st.booleans(),
    late_finals=st.booleans(),
    empty_finals=st.booleans(),
    final_shorter_than_partial=st.booleans(),
    single_precision=st.booleans(),
    finalize_reply=st.sampled_from(Reply),
)


def run(bench: Bench, operations: list[tuple[str, int, int]]) -> None:
    for name, amount, piece in operations:
        match name:
            case "speak":
                bench.speak(amount, piece)
            case "silence":
                bench.send(silence(amount), piece)
            case "finalize":
                bench.finalize()
            case "wait":
                bench.wait(amount)
            case _:
                for _ in range(amount):
                    bench.serve() if name == "serve" else bench.hear()
    bench.end()


@settings(max_examples=150)
@given(OPERATIONS, KNOBS, st.sampled_from([None, 10, 300]))
def test_deepgram_settles_every_word_once(
    operations: list[tuple[str, int, int]], knobs: Knobs, endpointing_ms: int | None
) -> None:
    """However spans, requests, answers and time fall together."""
    endpointing = None if endpointing_ms is None else endpointing_ms * 48
    options = deepgram.Options(48_000, True, endpointing, 48_000, True, "linear16")
    wording = messages.Wording("r", 48_000, "nova-3", "en", True, knobs.single_precision)
    run(
        Bench(DeepgramDialogue(), lambda: Wire(lambda *a: deepgram.DeepgramTalk(wording, options, *a), knobs)),
        operations,
    )


@settings(max_examples=150)
@given(OPERATIONS, KNOBS, st.booleans())
def test_assemblyai_settles_every_word_once(operations: list[tuple[str, int, int]], knobs: Knobs, u3: bool) -> None:
    """However turns, requests, answers, terminations and time fall together."""
    model = "u3-rt-pro" if u3 else "universal-streaming-english"
    options = assemblyai.Options(48_000, "pcm_s16le", model, True, MIN_TURN_SILENCE_MS)
    dialogue = AssemblyAIDialogue(formatted_twice=not u3, min_turn_silence_samples=MIN_TURN_SILENCE_MS * 48)
    run(Bench(dialogue, lambda: Wire(lambda *a: assemblyai.AssemblyAITalk(options, *a), knobs)), operations)


def test_an_answer_that_reaches_too_far_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: Deepgram's answer to one request, taken for that to the next one too, loses a word."""
    monkeypatch.setattr(deepgram_protocol, "ROUNDED_SAMPLES", 12_000)
    options = deepgram.Options(48_000, True, None, 48_000, True, "linear16")
    wording = messages.Wording("r", 48_000, "nova-3", "en", True)
    bench = Bench(DeepgramDialogue(), lambda: Wire(lambda *a: deepgram.DeepgramTalk(wording, options, *a), Knobs()))
    with pytest.raises(AssertionError):
        run(bench, [("silence", 20, 9600), ("finalize", 0, 0), ("speak", 60, 1920)])


def test_a_turn_that_ended_by_itself_is_no_answer() -> None:
    """Negative control: AssemblyAI's own end of a turn, taken for the answer to a later request, loses a word."""
    options = assemblyai.Options(48_000, "pcm_s16le", "u3-rt-pro", True, MIN_TURN_SILENCE_MS)
    dialogue = AssemblyAIDialogue(formatted_twice=False, min_turn_silence_samples=2**40)
    bench = Bench(dialogue, lambda: Wire(lambda *a: assemblyai.AssemblyAITalk(options, *a), Knobs()))
    with pytest.raises(AssertionError):
        run(bench, [("speak", 300, 9600), ("silence", 1200, 9600), ("serve", 12, 0), ("speak", 300, 9600)])


def test_a_request_that_waits_for_the_next_socket_is_not_answered_on_this_one() -> None:
    """A word said while AssemblyAI winds a socket up is not final before the next socket has heard it."""
    options = assemblyai.Options(48_000, "pcm_s16le", "u3-rt-pro", True, MIN_TURN_SILENCE_MS)
    dialogue = AssemblyAIDialogue(formatted_twice=False, min_turn_silence_samples=MIN_TURN_SILENCE_MS * 48)
    bench = Bench(dialogue, lambda: Wire(lambda *a: assemblyai.AssemblyAITalk(options, *a), Knobs()))
    word_said = ("speak", 60, 1920)
    run(bench, [word_said, ("finalize", 0, 0), word_said, ("wait", 2500, 0), word_said])


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5_000)), max_size=40), st.integers(0, 10**9))
def test_added_silence_takes_no_time(pieces: list[tuple[bool, int]], session_from: int) -> None:
    """Each sample of the session is found where it was on the wire; what was added lies where it was added."""
    clock = WireClock(session_from)
    expected: list[int] = []
    for is_audio, samples in pieces:
        if is_audio:
            expected += range(clock.session, clock.session + samples)
            clock.audio(samples)
        else:
            expected += [clock.session] * samples
            clock.pad(samples)
    probes = range(0, len(expected), 97)
    assert [clock.to_session(wire) for wire in probes] == [expected[wire] for wire in probes]
    assert clock.to_session(len(expected) + 10**6) == clock.session


@given(
    st.lists(st.tuples(st.integers(-50, 200), st.integers(-20, 80)), max_size=30),
    st.integers(0, 100),
    st.integers(0, 100),
)
def test_words_fit_their_span(given_words: list[tuple[int, int]], from_sample: int, length: int) -> None:
    """Whatever a service says: side by side, inside, at least a sample each; only words of the past are left out."""
    words = [ProviderWord(str(n), start, start + size) for n, (start, size) in enumerate(given_words)]
    placed, left_out = in_order(words, from_sample, from_sample + length)
    edges = [edge for w in placed for edge in (w.from_sample, w.to_sample)]
    assert edges == sorted(edges)
    assert all(from_sample <= edge <= from_sample + length for edge in edges)
    assert all(w.from_sample < w.to_sample for w in placed)
    assert len(placed) + left_out == len(words)
    past = [w for w in words if (w.from_sample + w.to_sample) // 2 < from_sample]
    assert left_out >= len(past)
    if length >= len(words):
        assert left_out == len(past)


MESSAGES = st.recursive(
    st.none() | st.booleans() | st.integers(-10, 10**6) | st.floats(-1, 1e6) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "type",
                    "start",
                    "duration",
                    "channel",
                    "alternatives",
                    "words",
                    "word",
                    "end",
                    "is_final",
                    "turn_order",
                    "end_of_turn",
                    "text",
                    "speech_final",
                ]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=12,
)


def refused(dialogue: Dialogue, text: str) -> ProviderError | None:
    try:
        dialogue.heard(text, 1.0)
    except ProviderError as error:
        return error
    return None


@given(
    MESSAGES,
    st.sampled_from(["Results", "UtteranceEnd", "Turn", "Termination", "Error", "Nothing"]),
    st.text(max_size=20),
)
def test_no_message_breaks_a_dialogue(body: object, kind: str, noise: str) -> None:
    """Whatever a service sends is a result, a counted rejection, or a ProviderError with a class and a remedy."""
    texts = [json.dumps(body), json.dumps({**body, "type": kind}) if isinstance(body, dict) else noise, noise]
    for dialogue in (DeepgramDialogue(), AssemblyAIDialogue(formatted_twice=True, min_turn_silence_samples=48_000)):
        dialogue.send(bytes(96_000), 0.0)
        for text in texts:
            error = refused(dialogue, text)
            assert error is None or (error.code and error.remedy)
