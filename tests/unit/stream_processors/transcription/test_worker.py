"""What a worker does with records, leases and rebalances: no Kafka, no Faust, a provider that says nothing."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from schemas.codec import Codec
from schemas.dead_letter import RawRecord
from schemas.events import AudioChunk, ResultEvent
from schemas.telemetry import STT_LOG_LAG, STT_PAUSED, STT_WAITING
from schemas.timebase import SAMPLES_PER_UNIT, SystemClock
from schemas.topics import AUDIO_FRAMES, STT_RESULTS
from schemas.vocabulary import ChunkKind
from stream_processors.transcription.hearing.gate import GateSettings
from stream_processors.transcription.partitions.lease import Lease
from stream_processors.transcription.partitions.outbox import Letter
from stream_processors.transcription.partitions.partition import Restored, Start, StreamKey
from stream_processors.transcription.partitions.worker import Worker
from stream_processors.transcription.providers.none.adapter import NoProvider
from stream_processors.transcription.routing.choice import Choice
from stream_processors.transcription.routing.router import Router
from stream_processors.transcription.stream.pipeline import Bench
from tests.fakes.audio_records import chunk
from tests.fakes.fixed_schemas import FixedSchemas

SILENCE_UNITS = 5
KEY = StreamKey("bot_1", "janus:1/audio", 0)


@dataclass
class Out:
    """A log that takes letters and acknowledges them when told to."""

    letters: list[tuple[Letter, Callable[[int], None]]] = field(default_factory=list)
    full: bool = False

    def append(self, letter: Letter, on_ack: Callable[[int], None]) -> bool:
        if not self.full:
            self.letters.append((letter, on_ack))
        return not self.full

    def acknowledge(self) -> None:
        for offset, (_, on_ack) in enumerate(self.letters):
            on_ack(offset)

    def of(self, topic: str) -> list[Letter]:
        return [letter for letter, _ in self.letters if letter.topic == topic]


class Desk:
    """A worker with everything around it."""

    def __init__(self) -> None:
        bench = Bench(
            {"none": NoProvider()},
            (Choice("none"),),
            Router(),
            SystemClock(),
            GateSettings(),
            "live",
            "w1",
            10_000,
            5_000,
        )
        self.schemas = FixedSchemas()
        self.codec = Codec(self.schemas)
        self.out = Out()
        self.worker = Worker(bench, self.codec, self.out, Lease(60_000), unsent_limit_ms=40_000)

    def assign(
        self, *partitions: int, kept: tuple[int, ...] = (), restored: dict[StreamKey, Restored] | None = None
    ) -> None:
        starts = {n: Start(0, restored or {}, 7) for n in partitions if n not in kept}
        self.worker.assigned(set(kept), starts)

    def renew(self) -> None:
        self.worker.renewed(SystemClock().monotonic_ms())

    async def feed(self, offset: int, each: AudioChunk | bytes, partition: int = 0) -> None:
        value = each if isinstance(each, bytes) else self.codec.encode(AUDIO_FRAMES, each)
        await self.worker.feed(RawRecord(AUDIO_FRAMES.name, partition, offset, b"bot_1", value, (("h", b"v"),)), 0)

    async def silence(self, seconds: int, from_offset: int = 0) -> None:
        """So much silence that a declaration is due after 5 s and a bit."""
        for i in range(from_offset, from_offset + seconds * 10):
            await self.feed(i, chunk(i * SILENCE_UNITS, kind=ChunkKind.SILENCE))

    def results(self) -> list[ResultEvent]:
        return [self.codec.decode(STT_RESULTS, letter.value, ResultEvent) for letter in self.out.of(STT_RESULTS.name)]


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def test_nothing_is_written_without_a_lease(desk: Desk) -> None:
    """A result waits until the broker has taken a commit, and comes then, in order."""
    desk.assign(0)
    await desk.silence(12)
    assert desk.out.letters == []
    desk.renew()
    assert [r.cursor_before_sample for r in desk.results()] == sorted(r.cursor_before_sample for r in desk.results())
    assert len(desk.results()) == 2


async def test_the_offset_follows_what_kafka_has(desk: Desk) -> None:
    """Reading moves nothing, writing moves nothing, the acknowledgement does."""
    desk.assign(0)
    desk.renew()
    await desk.silence(12)
    assert desk.worker.commits()[0].offset == 0
    desk.out.acknowledge()
    commit = desk.worker.commits()[0]
    covered = desk.results()[-1].cursor_after_sample - 300 * 48
    assert commit.offset == covered // (SILENCE_UNITS * SAMPLES_PER_UNIT)
    assert commit.results_from == len(desk.out.of("audio.quality")) + 1


async def test_a_result_goes_to_the_audio_s_own_partition(desk: Desk) -> None:
    """K is looked for there, whatever partitioner the writer of the audio used."""
    desk.assign(3)
    desk.renew()
    for i in range(120):
        await desk.feed(i, chunk(i * SILENCE_UNITS, kind=ChunkKind.SILENCE), partition=3)
    assert {letter.partition for letter in desk.out.of(STT_RESULTS.name)} == {3}
    assert {letter.partition for letter in desk.out.of("audio.quality")} == {None}


async def test_a_record_read_again_is_not_heard_again(desk: Desk) -> None:
    """After a rebalance the broker gives again what was not committed; it is neither duplicate nor late."""
    desk.assign(0)
    desk.renew()
    await desk.silence(12)
    read = desk.worker.records_read
    desk.assign(0, kept=(0,))
    desk.renew()
    await desk.silence(12)
    assert desk.worker.records_read == read


async def test_what_is_not_ours_any_more_is_not_written(desk: Desk) -> None:
    """A result that waited when its partition went away belongs to the next owner."""
    desk.assign(0, 1)
    await desk.silence(12)
    desk.worker.revoked()
    desk.assign(1, kept=(1,))
    desk.renew()
    assert desk.out.letters == []


async def test_between_revoked_and_assigned_nothing_is_written(desk: Desk) -> None:
    """Not even when a commit that was on its way succeeds."""
    desk.assign(0)
    desk.renew()
    desk.worker.revoked()
    desk.renew()
    await desk.silence(12)
    assert desk.out.letters == []
    desk.assign(0, kept=(0,))
    desk.renew()
    assert len(desk.results()) == 2


async def test_a_restored_stream_goes_on_at_its_cursor(desk: Desk) -> None:
    """The first result of the new owner begins where the last one of the old owner ended."""
    desk.assign(0, restored={KEY: Restored(48_000, 40)})
    desk.renew()
    assert desk.worker.commits()[0].results_from == 40
    await desk.silence(12)
    assert desk.results()[0].cursor_before_sample == 48_000


async def test_poison_holds_the_offset_until_its_dead_letter_is_there(desk: Desk) -> None:
    """Bytes and headers go aside; nothing is committed past them before Kafka has them."""
    desk.assign(0)
    desk.renew()
    await desk.feed(0, b"\x01bad")
    assert desk.worker.commits()[0].offset == 0
    [letter] = desk.out.of("audio.frames.dlq")
    assert (letter.key, letter.value, letter.headers[0]) == (b"bot_1", b"\x01bad", ("h", b"v"))
    desk.out.acknowledge()
    assert desk.worker.commits()[0].offset == 1


async def test_a_registry_that_is_away_makes_nothing_poison(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The record waits; it is read when the registry is back."""
    monkeypatch.setattr("stream_processors.transcription.partitions.worker.REGISTRY_RETRY_S", 0.0)
    desk.assign(0)
    desk.schemas.away = 3
    async with asyncio.timeout(10):
        await desk.feed(0, chunk(0))
    assert desk.worker.records_read == 1
    assert desk.worker.commits()[0].offset == 0


async def test_a_full_producer_keeps_the_order(desk: Desk) -> None:
    """What it does not take waits here, and nothing overtakes it."""
    desk.assign(0)
    desk.renew()
    desk.out.full = True
    await desk.silence(12)
    desk.out.full = False
    desk.worker.tick()
    cursors = [r.cursor_after_sample for r in desk.results()]
    assert len(cursors) == 2
    assert cursors == sorted(cursors)


async def test_a_new_epoch_settles_the_one_before(desk: Desk) -> None:
    """Capture restarted: what the old epoch still had is declared at once, not after the stream is idle."""
    desk.assign(0)
    desk.renew()
    await desk.silence(2)
    await desk.feed(20, chunk(0, kind=ChunkKind.SILENCE, epoch=1))
    [settled] = desk.results()
    assert (settled.epoch, settled.cursor_after_sample) == (0, 100 * SAMPLES_PER_UNIT)


async def test_how_far_a_worker_is_behind_can_be_seen(desk: Desk) -> None:
    """Records not read yet, speech no provider has taken, and whether a partition is paused, by partition."""
    desk.assign(0)
    desk.renew()
    await desk.silence(2)
    assert desk.worker.plan.behind({0: 30}, 0.0)
    assert not desk.worker.plan.behind({0: 20}, 0.0)
    assert desk.worker.plan.paused() == set()
    assert STT_LOG_LAG.labels(0)._value.get() == 0
    assert STT_WAITING.labels(0)._value.get() == 0
    assert STT_PAUSED.labels(0)._value.get() == 0


async def test_records_that_lie_unread_make_no_stream_idle(monkeypatch: pytest.MonkeyPatch, desk: Desk) -> None:
    """A worker that is behind is not waiting for anybody: only once the log is read to its end does the stream's time run."""
    now_ms = SystemClock().monotonic_ms()
    monkeypatch.setattr(SystemClock, "monotonic_ms", lambda _: now_ms)
    desk.assign(0)
    desk.renew()
    await desk.silence(2)

    def later(end: int) -> int:
        """Seven seconds on, with a look at the log's end every second; how many results there are."""
        nonlocal now_ms
        for _ in range(7):
            now_ms += 1_000
            desk.renew()
            desk.worker.plan.behind({0: end}, now_ms)
            desk.worker.tick()
        return len(desk.results())

    assert later(30) == 0
    assert later(20) == 1


async def test_a_worker_that_hangs_up_hears_nothing_more(desk: Desk) -> None:
    """Told to stop, it reads and opens nothing while it waits for the last acknowledgements."""
    desk.assign(0)
    desk.renew()
    await desk.silence(2)
    desk.worker.hang_up()
    read = desk.worker.records_read
    await desk.silence(2, from_offset=20)
    desk.worker.tick()
    assert desk.worker.records_read == read


async def test_a_record_that_comes_too_early_waits_for_those_before_it(desk: Desk) -> None:
    """Faust may go on behind records it fetched while the group formed: they are read again, and none is taken twice."""
    desk.assign(0)
    desk.renew()
    await desk.silence(1, from_offset=10)
    assert desk.worker.records_read == 0
    assert desk.worker.plan.missing() == {0: 0}
    await desk.silence(2)
    assert desk.worker.records_read == 20
    assert desk.worker.plan.missing() == {}


async def test_what_the_log_has_dropped_is_not_waited_for(desk: Desk) -> None:
    """Retention took it: reading goes on where the log begins now."""
    desk.assign(0)
    desk.renew()
    await desk.silence(1, from_offset=10)
    desk.worker.plan.expired({0: 10})
    await desk.silence(1, from_offset=10)
    assert desk.worker.records_read == 10
