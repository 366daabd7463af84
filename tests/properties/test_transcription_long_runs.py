"""Transcription over long times and many voices, in simulated time: an outage, 1,000 streams, eight hours."""

import random

import numpy as np
import pytest

from infra.chaos.words import WordAccount
from schemas.events import AudioChunk
from schemas.timebase import SAMPLES_PER_UNIT, transcript_ms
from schemas.vocabulary import ChunkKind, ResultKind, SessionKind, SttErrorClass
from stream_processors.transcription.providers.interface import ProviderFailed
from tests.fakes.audio_records import chunk
from tests.fakes.logged_words import read_words
from tests.fakes.transcription_world.clock import START_US
from tests.fakes.transcription_world.cloud import NAMES, capabilities
from tests.fakes.transcription_world.exact_vad import ExactVad
from tests.fakes.transcription_world.script import Voice, talker
from tests.fakes.transcription_world.world import World

AWAY = ProviderFailed(SttErrorClass.TRANSIENT, "1006", "see the provider's status page")
MINUTE_UNITS = 3_000


@pytest.fixture(autouse=True)
def _exact_vad(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stream_processors.transcription.stream.pipeline.Vad", ExactVad)


def said(world: World) -> WordAccount:
    return WordAccount(said=sum(len(voice.words) for voice in world.voices))


def test_when_nobody_can_transcribe_the_audio_waits_and_then_catches_up() -> None:
    """Two minutes without any provider: hardly a session is opened, none is billed, nothing is dropped, bots are told; then
    what waited is sent faster than real time, without stale partials, and every word is there, in order.
    """
    luck = random.Random(4)
    voices = [v for i in range(4) for v in talker(luck, f"bot_{i}", i % 2, 180 * 50, rough=False)]
    world = World(4, voices, [capabilities(name, pace=2.0) for name in NAMES], workers=1)
    world.run(10_000)
    world.cloud.refuses |= dict.fromkeys(NAMES, AWAY)
    for session in list(world.cloud.sessions):
        session.die(AWAY)
    world.run(10_000)
    opened, sessions = world.cloud.opened, len(world.broker.sessions)
    world.run(110_000)
    assert world.cloud.opened - opened <= 3 * 110_000 / 5_000
    assert sum(event.billed_ms for event in world.broker.sessions[sessions:]) == 0
    assert world.nodes[0].worker.plan.paused()
    raised = {e.bot_id for e in world.broker.sessions if e.kind is SessionKind.ALERT_RAISED}
    assert raised == {voice.bot_id for voice in voices}
    world.cloud.refuses.clear()
    caught_up_ms = world.finish()
    assert caught_up_ms < 90_000
    assert world.accounts() == said(world)
    assert world.accounts(raw=True).doubled == 0
    cleared = {e.bot_id for e in world.broker.sessions if e.kind is SessionKind.ALERT_CLEARED}
    assert cleared == raised
    late = [
        result
        for results in world.results().values()
        for result in results
        if result.kind is ResultKind.PARTIAL and result.produced_at_us - result.occurred_at_us > 60_000_000
    ]
    assert late == []


class NoQuality:
    """Quality windows have tests of their own; 180,000 of them would be most of the work here."""

    def __init__(self, *_: object, **__: object) -> None: ...

    def nothing(self, *_: object, **__: object) -> tuple[()]:
        return ()

    arrived = sequenced = ordered = publish = nothing


@pytest.mark.timeout(600)
def test_a_thousand_streams_for_half_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mostly muted, as in a big meeting; each speaks now and then; one worker dies on the way. Every word, once."""
    monkeypatch.setattr("stream_processors.transcription.stream.pipeline.Quality", NoQuality)
    luck = random.Random(1_000)
    voices = [listener(luck, f"bot_{i % 50}", i, minutes=30) for i in range(1_000)]
    service = capabilities("first", pace=4.0, final_timeout_ms=60_000)
    world = World(5, voices, [service], partitions=8, workers=2, step_ms=5_000)
    world.cloud.latency_ms = 0.0
    world.run(900_000)
    world.kill(world.nodes[0])
    world.run(10_000)
    world.join()
    world.rebalance()
    world.finish(3_000_000)
    assert world.accounts() == said(world)
    assert world.holes() == []
    assert all(node.worker.commits()[n].offset > 0 for node in world.nodes for n in node.owned)


def test_word_times_are_exact_after_eight_hours() -> None:
    """A word every ten minutes: its place is exact to the sample, and its millisecond on the meeting's ruler to 1 ms."""
    places = {f"w{n + 1}": (n * 10 * MINUTE_UNITS + 17 * n) * SAMPLES_PER_UNIT for n in range(49)}
    chunks: list[tuple[float, AudioChunk]] = []
    seq = 0
    for word, from_sample in places.items():
        unit = from_sample // SAMPLES_PER_UNIT
        while seq + 50 < unit:
            units = min(MINUTE_UNITS, unit - 50 - seq)
            chunks.append((0.0, made(seq, units, ChunkKind.ABSENT)))
            seq += units
        script = [0] * (unit - seq) + [int(word[1:])] * 10 + [0] * 40
        chunks.append((0.0, made(seq, len(script), ChunkKind.AUDIO, script)))
        seq += len(script)
    voice = Voice("bot_1", "bot_1/audio", 0, 0, tuple(chunks), tuple(places))
    world = World(6, [voice], [capabilities("first", pace=100.0)], partitions=1, workers=1)
    world.finish()
    [results] = world.results().values()
    assert read_words(results) == list(places)
    for result in results:
        for word in result.words if result.kind is not ResultKind.PARTIAL else ():
            assert (word.from_sample, word.to_sample) == (places[word.text], places[word.text] + 10 * SAMPLES_PER_UNIT)
            ms = transcript_ms(word.from_sample, epoch_started_at_us=START_US, recording_started_at_us=START_US)
            assert abs(ms - places[word.text] / 48) < 1
    assert max(places.values()) >= 8 * 3_600 * 48_000


def listener(luck: random.Random, bot: str, number: int, minutes: int) -> Voice:
    """A voice that is muted but for two sentences."""
    chunks: list[tuple[float, AudioChunk]] = []
    words: list[str] = []
    seq = 0
    talks = {luck.randrange(1, minutes) for _ in range(2)}
    for minute in range(minutes):
        sentence = []
        if minute in talks:
            for _ in range(luck.randint(2, 6)):
                words.append(f"w{len(words) + 1}")
                sentence += [len(words)] * luck.randint(5, 15) + [0] * luck.choice([0, 2, 5])
            sentence = [0] * 20 + sentence + [0] * 40
            sentence += [0] * (-len(sentence) % 50)
        for at in range(0, len(sentence), 50):
            piece = sentence[at : at + 50]
            chunks.append(((seq + 50) * 20.0, made(seq, 50, ChunkKind.AUDIO, piece, bot, number)))
            seq += 50
        rest = (minute + 1) * MINUTE_UNITS - seq
        chunks.append(((seq + rest) * 20.0, made(seq, rest, ChunkKind.ABSENT, (), bot, number)))
        seq += rest
    return Voice(bot, f"{bot}/{number}", 0, int(bot[4:]) % 8, tuple(chunks), tuple(words))


def made(
    seq: int,
    units: int,
    kind: ChunkKind,
    script: list[int] | tuple[int, ...] = (),
    bot: str = "bot_1",
    number: int = -1,
) -> AudioChunk:
    pcm = b"".join(np.full(SAMPLES_PER_UNIT, word, dtype="<i2").tobytes() for word in script)
    stream_id = f"{bot}/audio" if number < 0 else f"{bot}/{number}"
    return chunk(seq, units, kind, pcm=pcm, bot_id=bot, stream_id=stream_id, started_at_us=START_US)
