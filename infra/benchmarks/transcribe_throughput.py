"""Records per core-second through `earshot transcribe` without an engine, against a raw confluent consumer in the same run.

Both read the same records of the same broker, one after the other; the ratio says what decoding, sequencing, voice detection
and the cursor cost, whatever machine this is.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from confluent_kafka import Consumer

from infra import consumer_groups
from infra.benchmarks.one_stage import one_stage
from infra.benchmarks.one_worker import cpu_s
from infra.demo.script import PARTS
from infra.demo.supervisor import EARSHOT
from infra.demo.voices import flite_recordings
from infra.local.cluster import Cluster, own_cluster
from infra.result import Result
from schemas.codec import Codec
from schemas.errors import Unavailable
from schemas.events import BotEvent, Ledger, ResultEvent
from schemas.kafka_client import consumer_config
from schemas.registry import Registry
from schemas.settings import LocalSettings
from schemas.timebase import SAMPLES_PER_UNIT
from schemas.topics import AUDIO_FRAMES, BOT_EVENTS, STT_RESULTS

NAME = "transcribe_throughput"
BOTS, SPEAKERS, LENGTH_S = 4, 4, 100
DEADLINE_S = 180.0
Stream = tuple[str, str]


@dataclass(frozen=True)
class Made:
    """What the synthetic bots put on the log: how many records of audio, and where each stream ends, in samples."""

    records: int
    ends: dict[Stream, int]


def run(settings: LocalSettings, seed: int, command: str) -> Result:
    """On a broker of its own, so that nothing else is read and nothing is left behind."""
    voices = settings.var_dir / "bench" / "voices"
    flite_recordings(PARTS, voices)
    with TemporaryDirectory(prefix="earshot-bench-") as folder, own_cluster(settings, Path(folder)) as cluster:
        codec = Codec(Registry(cluster.registry_url))
        transcribe_s, made = _transcribe(cluster, Path(folder), lambda: _made(cluster, codec, voices, seed), codec)
        raw_s = _raw(cluster.bootstrap_servers, made.records)
    return Result(
        name=NAME,
        command=command,
        seed=seed,
        passed=True,
        figures={
            "records": made.records,
            "transcribe_records_per_core_s": round(made.records / transcribe_s),
            "raw_consumer_records_per_core_s": round(made.records / raw_s),
            "ratio": round(raw_s / transcribe_s, 4),
            "streams_in_real_time_per_core": round(made.records / transcribe_s / 10, 1),
        },
    )


def _transcribe(cluster: Cluster, folder: Path, make: Callable[[], Made], codec: Codec) -> tuple[float, Made]:
    """Processor seconds of `earshot transcribe` and its children from standing ready to the last sample's result."""
    settings = {"EARSHOT_PROVIDER": "none"}
    with one_stage("transcribe", consumer_groups.TRANSCRIBE, cluster, folder, settings) as process:
        before_s = cpu_s(process)
        made = make()
        _wait_for_results(cluster.bootstrap_servers, codec, made.ends)
        return cpu_s(process) - before_s, made


def _made(cluster: Cluster, codec: Codec, voices: Path, seed: int) -> Made:
    """A hundred seconds of several meetings, as fast as the broker takes them."""
    load = ("--bots", str(BOTS), "--speakers", str(SPEAKERS), "--talking", "1", "--wav-dir", str(voices))
    length = ("--duration", str(LENGTH_S), "--speed", "1000", "--seed", str(seed))
    environment = {**cluster.environment, "PATH": os.defpath}
    said = subprocess.run((EARSHOT, "synthetic", *load, *length), env=environment, check=True, capture_output=True)
    done = json.loads(said.stdout.splitlines()[-1])
    return Made(done["audio_records"], _ends(cluster.bootstrap_servers, codec))


def _ends(bootstrap_servers: str, codec: Codec) -> dict[Stream, int]:
    """Where every stream ends, as the bots' last words say."""
    consumer = Consumer(consumer_config(bootstrap_servers, f"{NAME}-events"))
    consumer.subscribe([BOT_EVENTS.name])
    ledgers: dict[str, Ledger] = {}
    while len(ledgers) < BOTS:
        for message in consumer.consume(500, 0.5):
            event = codec.decode(BOT_EVENTS, message.value(), BotEvent)
            ledgers |= {event.bot_id: event.ledger} if event.ledger else {}
    consumer.close()
    return {
        (bot_id, stream.stream_id): (stream.last_seq + 1) * SAMPLES_PER_UNIT
        for bot_id, ledger in ledgers.items()
        for stream in ledger.streams
    }


def _wait_for_results(bootstrap_servers: str, codec: Codec, ends: dict[Stream, int]) -> None:
    """Until every stream's cursor has reached its last sample."""
    consumer = Consumer(consumer_config(bootstrap_servers, f"{NAME}-results"))
    consumer.subscribe([STT_RESULTS.name])
    deadline_s, waiting = time.monotonic() + DEADLINE_S, set(ends)
    while waiting:
        if time.monotonic() > deadline_s:
            raise Unavailable(f"`earshot transcribe` did not get to the end within {DEADLINE_S:.0f} s")
        for message in consumer.consume(500, 0.5):
            result = codec.decode(STT_RESULTS, message.value(), ResultEvent)
            stream = (result.bot_id, result.stream_id)
            if result.cursor_after_sample >= ends[stream]:
                waiting.discard(stream)
    consumer.close()


def _raw(bootstrap_servers: str, records: int) -> float:
    command = (
        sys.executable,
        "-m",
        "infra.benchmarks.raw_consumer",
        bootstrap_servers,
        AUDIO_FRAMES.name,
        str(records),
    )
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
