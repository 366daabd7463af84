"""Records per core-second through `earshot transcribe` without an engine, against a raw confluent consumer in the same run.

Both read the same records of the same broker, one after the other; the ratio says what decoding, sequencing, voice detection
and the cursor cost, whatever machine this is.
"""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
from confluent_kafka import Consumer, Producer

from infra.benchmarks.synthetic import chunks
from infra.demo.script import PARTS
from infra.demo.supervisor import EARSHOT, Groups, Stage
from infra.demo.voices import flite_recordings
from infra.local.daemon import Daemon
from infra.local.own_broker import own_broker
from infra.local.stack import Stack
from infra.result import Result
from schemas.codec import Codec
from schemas.errors import Unavailable
from schemas.events import ResultEvent
from schemas.kafka_client import consumer_config, producer_config, record_headers
from schemas.registry import Registry
from schemas.settings import LocalSettings, TranscribeSettings
from schemas.timebase import SAMPLES_PER_UNIT, UNITS_PER_CHUNK, SystemClock
from schemas.topics import AUDIO_FRAMES, STT_RESULTS

NAME = "transcribe_throughput"
GROUP = TranscribeSettings.model_fields["consumer_group"].default
BOTS = 16
RECORDS_PER_BOT = 1_000
RECORDS = BOTS * RECORDS_PER_BOT
END_SAMPLE = RECORDS_PER_BOT * UNITS_PER_CHUNK * SAMPLES_PER_UNIT
DEADLINE_S = 180.0
WAV_HEADER_BYTES = 44


def run(settings: LocalSettings, seed: int, command: str) -> Result:
    """On a broker of its own, so that nothing else is read and nothing is left behind."""
    speech = [
        recording.wav.read_bytes()[WAV_HEADER_BYTES:]
        for recording in flite_recordings(PARTS, settings.var_dir / "bench" / "voices")
    ]
    with TemporaryDirectory(prefix="earshot-bench-") as folder, own_broker(settings, Path(folder)) as environment:
        codec = Codec(Registry(environment["EARSHOT_SCHEMA_REGISTRY_URL"]))
        bootstrap_servers = environment["EARSHOT_KAFKA_BOOTSTRAP_SERVERS"]
        transcribe_s = _transcribe(environment, Path(folder), lambda: _produce(bootstrap_servers, codec, speech), codec)
        raw_s = _raw(bootstrap_servers)
    return Result(
        name=NAME,
        command=command,
        seed=seed,
        passed=True,
        figures={
            "records": RECORDS,
            "transcribe_records_per_core_s": round(RECORDS / transcribe_s),
            "raw_consumer_records_per_core_s": round(RECORDS / raw_s),
            "ratio": round(raw_s / transcribe_s, 4),
            "streams_in_real_time_per_core": round(RECORDS / transcribe_s / 10, 1),
        },
    )


def _transcribe(environment: dict[str, str], folder: Path, produce: Callable[[], None], codec: Codec) -> float:
    """Processor seconds of `earshot transcribe` and its children from standing ready to the last sample's result."""
    groups = Groups(environment["EARSHOT_KAFKA_BOOTSTRAP_SERVERS"])
    stage = Stage(
        "transcribe",
        (EARSHOT, "transcribe"),
        {**environment, "EARSHOT_PROVIDER": "none"},
        lambda: groups.has_partitions(GROUP),
    )
    daemon = Daemon(stage, folder, die_with_us=True)
    running = Stack([daemon])
    running.up(DEADLINE_S)
    try:
        process = daemon.process()
        assert process
        before_s = _spent_s(process)
        produce()
        _wait_for_results(environment["EARSHOT_KAFKA_BOOTSTRAP_SERVERS"], codec)
        return _spent_s(process) - before_s
    finally:
        running.down()


def _spent_s(process: psutil.Process) -> float:
    everyone = [process, *process.children(recursive=True)]
    return sum(sum(one.cpu_times()[:2]) for one in everyone)


def _produce(bootstrap_servers: str, codec: Codec, speech: list[bytes]) -> None:
    producer = Producer(producer_config(bootstrap_servers))
    started_at_us = SystemClock().now_us()
    for number in range(BOTS):
        bot_id = f"bot_bench_{number}"
        headers: dict[str, str | bytes | None] = dict(record_headers("default", bot_id))
        for chunk in chunks(bot_id, f"stream_{number}", speech[number % len(speech)], RECORDS_PER_BOT, started_at_us):
            producer.produce(AUDIO_FRAMES.name, key=bot_id, value=codec.encode(AUDIO_FRAMES, chunk), headers=headers)
        producer.flush()


def _wait_for_results(bootstrap_servers: str, codec: Codec) -> None:
    """Until every stream's cursor has reached its last sample."""
    consumer = Consumer(consumer_config(bootstrap_servers, f"{NAME}-results"))
    consumer.subscribe([STT_RESULTS.name])
    cursors: dict[str, int] = {}
    deadline_s = time.monotonic() + DEADLINE_S
    while len(cursors) < BOTS or min(cursors.values()) < END_SAMPLE:
        if time.monotonic() > deadline_s:
            raise Unavailable(f"`earshot transcribe` did not get to the end within {DEADLINE_S:.0f} s")
        for message in consumer.consume(500, 0.5):
            result = codec.decode(STT_RESULTS, message.value(), ResultEvent)
            cursors[result.bot_id] = max(cursors.get(result.bot_id, 0), result.cursor_after_sample)
    consumer.close()


def _raw(bootstrap_servers: str) -> float:
    command = (
        sys.executable,
        "-m",
        "infra.benchmarks.raw_consumer",
        bootstrap_servers,
        AUDIO_FRAMES.name,
        str(RECORDS),
    )
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
