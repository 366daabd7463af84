"""A voice that no provider takes, in simulated time: it waits on the log alone, its neighbours on the partition go on."""

import random

import pytest

from infra.chaos.words import WordAccount
from schemas.timebase import SAMPLE_RATE_HZ
from schemas.vocabulary import SttErrorClass
from stream_processors.transcription.partitions import partition as partition_module
from stream_processors.transcription.partitions.backpressure import Reading
from stream_processors.transcription.providers.interface import ProviderFailed
from tests.fakes.transcription_world.cloud import capabilities
from tests.fakes.transcription_world.exact_vad import ExactVad
from tests.fakes.transcription_world.faults import storm
from tests.fakes.transcription_world.node import UNSENT_LIMIT_MS
from tests.fakes.transcription_world.script import Voice, talker
from tests.fakes.transcription_world.world import World

SAMPLES_PER_MS = SAMPLE_RATE_HZ // 1000
REFUSED = ProviderFailed(SttErrorClass.TRANSIENT, "1006", "see the provider's status page")
TALK_UNITS = 120 * 50
REFUSED_MS = 80_000
LIVE_MS = 12_000
"""How far results may be behind: silence is declared skipped every five seconds."""


@pytest.fixture(autouse=True)
def _exact_vad(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stream_processors.transcription.stream.pipeline.Vad", ExactVad)


def world_of(seed: int, *, workers: int = 1, rough: bool = False) -> World:
    """Six voices on one partition; no session takes the first."""
    luck = random.Random(seed)
    voices = [v for i in range(6) for v in talker(luck, f"bot_{seed}_{i}", 0, TALK_UNITS, rough=rough)]
    world = World(seed, voices, [capabilities("first", pace=2.0)], partitions=1, workers=workers)
    world.cloud.refused_voices[f"{voices[0].bot_id}/{voices[0].stream_id}"] = REFUSED
    return world


def furthest_behind_ms(world: World, voices: list[Voice]) -> float:
    """How far the results of voices that began with the world are behind its clock."""
    results = world.results()
    heard = [results[voice.bot_id, voice.stream_id, voice.epoch] for voice in voices]
    return (
        world.clock.ms - min(max(r.cursor_after_sample for r in each) if each else 0 for each in heard) / SAMPLES_PER_MS
    )


def said(world: World) -> WordAccount:
    return WordAccount(said=sum(len(voice.words) for voice in world.voices))


def test_neighbours_of_a_voice_that_nobody_hears_go_on() -> None:
    """Its audio stays on the log and out of memory, the offset waits for it; when it is heard it is heard whole."""
    world = world_of(1)
    world.run(REFUSED_MS)
    [node] = world.nodes
    assert node.worker.plan.paused() == set()
    assert furthest_behind_ms(world, world.voices[1:]) < LIVE_MS
    assert furthest_behind_ms(world, world.voices[:1]) > REFUSED_MS - LIVE_MS
    [entry] = node.worker._partitions[0].left().values()
    assert entry.unsent_bytes < (UNSENT_LIMIT_MS + 2_000) * SAMPLES_PER_MS * 2
    assert node.worker.commits()[0].offset < 200
    world.cloud.refused_voices.clear()
    world.finish()
    assert node.worker._partitions[0].left() == {}
    assert world.accounts() == world.accounts(raw=True) == said(world)
    assert world.holes() == []


def test_with_a_pause_for_everybody_they_would_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: reading stops for one voice, and its neighbours fall behind with it."""
    monkeypatch.setattr(partition_module, "reading", _all_or_nothing)
    world = world_of(1)
    world.run(REFUSED_MS)
    assert world.nodes[0].worker.plan.paused() == {0}
    assert furthest_behind_ms(world, world.voices[1:]) > 3 * LIVE_MS


def _all_or_nothing(unsent: list[int], limit: int) -> Reading:
    return Reading.STOP if max(unsent, default=0) > limit else Reading.ALL


@pytest.mark.parametrize("seed", range(1, 5))
def test_whatever_fails_meanwhile_no_word_is_lost_doubled_or_reordered(seed: int) -> None:
    """Losses, second epochs, workers that die, leave and join, an absent broker: a new owner has to find what was left."""
    world = world_of(seed, workers=2, rough=True)
    storm(world, 8, REFUSED_MS)
    world.cloud.refused_voices.clear()
    world.finish()
    assert world.accounts() == said(world), world.faults
    assert world.holes() == []


def test_forgetting_where_it_was_left_loses_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: a voice that simply goes on with what comes has lost what was left."""
    world = world_of(1)
    world.run(REFUSED_MS)
    world.cloud.refused_voices.clear()
    [key] = world.nodes[0].worker._partitions[0].left()
    world.nodes[0].worker._partitions[0].heard_again(key)
    world.run(300_000)
    assert world.accounts().lost > 0
