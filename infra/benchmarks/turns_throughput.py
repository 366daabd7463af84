"""How fast `earshot turns` works off what lies on the log: results a second, by the wall and by the processor.

The results are as a cloud writes them: three partials that grow, then the end of the turn. A talker is about four a second.
"""

import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from confluent_kafka import Consumer, Producer

from infra import consumer_groups
from infra.benchmarks.one_stage import one_stage
from infra.benchmarks.one_worker import cpu_s
from infra.local.cluster import Cluster, own_cluster
from infra.result import Result
from schemas.codec import Codec
from schemas.errors import Unavailable
from schemas.events import ResultEvent, Word
from schemas.ids import event_id
from schemas.kafka_client import consumer_config, producer_config, record_headers
from schemas.registry import Registry
from schemas.settings import LocalSettings
from schemas.timebase import ms_to_samples
from schemas.topics import STT_RESULTS, TRANSCRIPT_PARTIALS
from schemas.vocabulary import Attribution, ResultKind

NAME = "turns_throughput"
BOTS, TURNS, GROWTH, WORDS, WORD_MS = 48, 25, 4, 8, 300
RESULTS = BOTS * TURNS * GROWTH
RESULTS_PER_TALKER_S = 4
LEAST_PER_S = 400  # a hundred talkers
STARTED_AT_US = 1_790_000_000_000_000
DEADLINE_S = 180.0


def run(settings: LocalSettings, seed: int, command: str) -> Result:
    """From the worker's first partition to the last revision on the log."""
    with TemporaryDirectory(prefix="earshot-bench-") as name, own_cluster(settings, Path(name)) as cluster:
        _say(cluster)
        with one_stage("turns", consumer_groups.TURNS, cluster, Path(name), {}) as process:
            began_s, spent_s = time.monotonic(), cpu_s(process)
            _wait_for_revisions(cluster.bootstrap_servers)
            wall_s, processor_s = time.monotonic() - began_s, cpu_s(process) - spent_s
    return Result(
        name=NAME,
        command=command,
        seed=seed,
        passed=RESULTS / wall_s >= LEAST_PER_S,
        figures={
            "results": RESULTS,
            "results_per_s": round(RESULTS / wall_s),
            "results_per_core_s": round(RESULTS / processor_s),
            "talkers_in_real_time": round(RESULTS / wall_s / RESULTS_PER_TALKER_S),
        },
    )


def _say(cluster: Cluster) -> None:
    """All bots at once, a turn of each after the other."""
    codec = Codec(Registry(cluster.registry_url))
    producer = Producer(producer_config(cluster.bootstrap_servers))
    for result in _results():
        headers: list[tuple[str, str | bytes | None]] = [*record_headers(result.tenant_id, result.bot_id)]
        value = codec.encode(STT_RESULTS, result)
        producer.produce(STT_RESULTS.name, key=result.bot_id, value=value, headers=headers)
        producer.poll(0)
    producer.flush(DEADLINE_S)


def _results() -> Iterator[ResultEvent]:
    for turn in range(TURNS):
        for bot in range(BOTS):
            for piece in range(1, GROWTH + 1):
                yield _result(f"bot_{bot}", turn, piece)


def _result(bot_id: str, turn: int, piece: int) -> ResultEvent:
    """The first `piece` quarters of a turn; with the last it ends."""
    ends = piece == GROWTH
    from_ms = turn * (WORDS + 1) * WORD_MS
    words = tuple(
        Word(
            text=f"word{number}",
            from_sample=ms_to_samples(from_ms + number * WORD_MS),
            to_sample=ms_to_samples(from_ms + (number + 1) * WORD_MS),
            word_is_final=ends,
        )
        for number in range(WORDS * piece // GROWTH)
    )
    before = ms_to_samples(from_ms)
    return ResultEvent(
        tenant_id="default",
        bot_id=bot_id,
        meeting_id=f"mtg_{bot_id}",
        event_id=event_id(bot_id, turn, piece),
        occurred_at_us=STARTED_AT_US,
        produced_at_us=STARTED_AT_US,
        stream_id="s0",
        epoch=0,
        epoch_started_at_us=STARTED_AT_US,
        recording_started_at_us=STARTED_AT_US,
        transcript_label="live",
        participant_id="p0",
        attribution=Attribution.EXACT,
        attribution_confidence=1.0,
        stt_session_id="sess_1",
        provider="bench",
        provider_result_id=f"{turn}/{piece}",
        provider_turn_key="",
        language="en",
        kind=ResultKind.END_OF_TURN if ends else ResultKind.PARTIAL,
        from_sample=before,
        to_sample=words[-1].to_sample,
        words=words,
        cursor_before_sample=before,
        cursor_after_sample=ms_to_samples(from_ms + (WORDS + 1) * WORD_MS) if ends else before,
    )


def _wait_for_revisions(bootstrap_servers: str) -> None:
    """Every result leads to one."""
    consumer = Consumer(consumer_config(bootstrap_servers, f"{NAME}-partials"))
    consumer.subscribe([TRANSCRIPT_PARTIALS.name])
    deadline_s, left = time.monotonic() + DEADLINE_S, RESULTS
    while left > 0:
        if time.monotonic() > deadline_s:
            raise Unavailable(f"`earshot turns` left {left} of {RESULTS} results after {DEADLINE_S:.0f} s")
        left -= sum(1 for message in consumer.consume(500, 0.2) if message.error() is None)
    consumer.close()
