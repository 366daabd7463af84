"""Transcription under a storm of faults, in simulated time, through the real worker: no word lost, doubled or out of place.

Every seed is its own world: two or three workers, four partitions, six voices that talk for thirty seconds, and ten faults of
fourteen kinds. Then each rule that makes it so is broken once, and the same check sees it.
"""

import random
from collections.abc import Sequence

import pytest

from infra.chaos.words import WordAccount
from stream_processors.order import Order, Turn
from tests.fakes.transcription_world.cloud import NAMES, capabilities
from tests.fakes.transcription_world.exact_vad import ExactVad
from tests.fakes.transcription_world.faults import (
    FAULTS,
    Fault,
    everybody_is_away,
    provider_dies,
    records_are_left_out,
    storm,
    worker_is_killed,
    worker_is_stopped,
)
from tests.fakes.transcription_world.node import Rules
from tests.fakes.transcription_world.script import talker
from tests.fakes.transcription_world.world import World

SEEDS = range(1, 23)
FAULTS_EACH = 10
PARTITIONS = 4
TALK_MS = 30_000


@pytest.fixture(autouse=True)
def _exact_vad(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stream_processors.transcription.stream.pipeline.Vad", ExactVad)


def world_of(seed: int, rules: Rules = Rules(), voices: int = 6) -> World:  # noqa: B008, it is frozen
    luck = random.Random(seed)
    talkers = [
        voice
        for i in range(voices)
        for voice in talker(luck, f"bot_{seed}_{i}", luck.randrange(PARTITIONS), TALK_MS // 20)
    ]
    services = [capabilities(name, limit_ms=luck.choice([None, 25_000])) for name in NAMES]
    return World(seed, talkers, services, partitions=PARTITIONS, workers=luck.choice([2, 3]), rules=rules)


def stormy(seed: int, rules: Rules = Rules(), faults: Sequence[Fault] = FAULTS) -> World:  # noqa: B008, it is frozen
    world = world_of(seed, rules)
    storm(world, FAULTS_EACH, TALK_MS, faults)
    world.finish()
    return world


@pytest.mark.parametrize("seed", SEEDS)
def test_no_word_is_lost_doubled_or_reordered_whatever_fails(seed: int) -> None:
    """Sockets, providers, workers, the group and the broker: the words are those that were said, each once, in order."""
    world = stormy(seed)
    print(f"seed {seed}: {world.faults}")
    assert world.accounts() == WordAccount(said=sum(len(voice.words) for voice in world.voices)), world.faults
    assert world.holes() == []


def test_two_hundred_faults_are_made() -> None:
    """What the seeds add up to."""
    assert len(SEEDS) * FAULTS_EACH >= 200


def broken(rules: Rules, faults: Sequence[Fault], *, raw: bool = False, worlds: int = 2) -> WordAccount:
    """What some worlds lose when their workers break a rule; a world that never settles is cut short."""
    total = WordAccount()
    for seed in range(1, worlds + 1):
        world = world_of(seed, rules, voices=4)
        storm(world, FAULTS_EACH, TALK_MS, faults)
        for _ in range(60):
            if not world.settled():
                world.run(1_000)
        total += world.accounts(raw=raw)
    return total


def test_committing_what_was_read_loses_words() -> None:
    """Negative control: a kill then forgets what was read and not settled."""
    assert broken(Rules(commit_holds_back=False), [worker_is_killed]).lost > 0


def test_a_cursor_that_is_not_read_back_doubles_words() -> None:
    """Negative control: the next owner begins where it reads and says again what was said."""
    assert broken(Rules(cursor_is_read_back=False), [worker_is_killed], raw=True).doubled > 0


def test_without_the_midpoint_rule_words_are_doubled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: the preroll of a replay is heard and accepted again."""
    monkeypatch.setattr("stream_processors.transcription.stream.replies.within", lambda words, *_: words)
    assert broken(Rules(), [provider_dies, worker_is_killed], raw=True).doubled > 0


def test_a_pause_that_drops_the_rest_of_a_batch_loses_words() -> None:
    """Negative control: what Faust's own pause does."""
    assert broken(Rules(pause_skips_nothing=False), [everybody_is_away]).lost > 0


def test_going_on_behind_records_that_were_left_out_loses_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: a worker that takes whatever comes next; then its words are gone and nobody knows."""

    def anything_newer(order: Order, offset: int) -> Turn:
        return Turn.NEXT if offset >= order.due else Turn.SEEN

    monkeypatch.setattr(Order, "turn_of", anything_newer)
    assert broken(Rules(), [records_are_left_out]).lost > 0


def test_without_a_lease_a_stopped_worker_doubles_more() -> None:
    """Negative control: it goes on writing for partitions that are not its own; only what was on its way may double."""
    stops = [worker_is_stopped]
    without, kept = (broken(rules, stops, raw=True, worlds=1) for rules in (Rules(lease=False), Rules()))
    assert without.doubled > kept.doubled
