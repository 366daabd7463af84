"""`earshot sink webhooks` as a process, on real Kafka and a real registry, against a receiver that verifies everything."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

import pytest
from confluent_kafka import Consumer, Message, Producer, TopicPartition

from infra.demo.receiver import Receipt
from schemas.codec import Codec
from schemas.events import Record, WebhookAttempt, WebhookDelivery
from schemas.ids import new_bot_id
from schemas.kafka_client import consumer_config, producer_config
from schemas.registry import Registry
from schemas.topics import (
    BOT_EVENTS,
    MEETING_PARTICIPANTS,
    PARTITIONS,
    TRANSCRIPT_EVENTS,
    TRANSCRIPT_TURNS,
    WEBHOOK_ATTEMPTS,
    WEBHOOK_DELIVERIES,
    Topic,
    dlq_of,
)
from schemas.vocabulary import AttemptOutcome
from sinks.broker import partition_of
from tests.fakes.bot_script import BotScript
from tests.fakes.log_tail import LogTail
from tests.fakes.webhook_receiver import (
    SECRET,
    Fault,
    FaultyReceiver,
    first_deliveries,
    listening,
    missing,
    out_of_order,
    unsigned,
)

UNDER_WAY = 3
"""At a kill one is with the receiver, and a busy broker may not have acknowledged the outcomes of the two before it."""
pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]
EARSHOT = Path(sys.executable).parent / "earshot"
DEADLINE_S = 60.0
Line = TypeVar("Line", WebhookAttempt, WebhookDelivery)
INPUTS = (BOT_EVENTS, MEETING_PARTICIPANTS, TRANSCRIPT_TURNS, TRANSCRIPT_EVENTS)


@dataclass
class River:
    """The real services, a group of its own, and the sink's settings."""

    bootstrap: str
    registry_url: str
    folder: Path
    group: str = field(default_factory=lambda: f"webhooks-{uuid4()}")
    endpoint_id: str = field(default_factory=lambda: f"ep_{uuid4().hex[:8]}")

    def __post_init__(self) -> None:
        self.codec = Codec(Registry(self.registry_url))
        self.producer = Producer(producer_config(self.bootstrap))
        self._tail = LogTail(self.bootstrap)

    def close(self) -> None:
        self._tail.close()

    def command(self, url: str, **settings: str) -> list[str]:
        ours = {
            "KAFKA_BOOTSTRAP_SERVERS": self.bootstrap,
            "SCHEMA_REGISTRY_URL": self.registry_url,
            "WEBHOOK_URL": url,
            "WEBHOOK_SECRET": SECRET,
            "WEBHOOK_ALLOWED_RANGES": "127.0.0.0/8",
            "WEBHOOK_ENDPOINT_ID": self.endpoint_id,
            "WEBHOOK_CONSUMER_GROUP": self.group,
            "WEBHOOK_RETRY_WAITS_S": "0.2",
            "WEBHOOK_MAX_ATTEMPTS": "50",
            "WEBHOOK_TIMEOUT_S": "3",
            **settings,
        }
        said = (f"EARSHOT_{name}={value}" for name, value in ours.items())
        return ["env", "PYTHONFAULTHANDLER=1", *said, str(EARSHOT), "sink", "webhooks"]

    def script(self, **changes: int) -> BotScript:
        """A new bot; offsets in its records are those its partitions will give them."""
        bot_id = new_bot_id()
        partition = partition_of(bot_id, PARTITIONS)
        ends = {topic.name: self.end(topic, partition) for topic in INPUTS}
        return BotScript(bot_id, first_offset=ends, **changes)

    def put(self, topic: Topic, *records: Record) -> None:
        for record in records:
            bot_id: str = record.bot_id  # type: ignore[attr-defined]
            self.producer.produce(topic.name, key=bot_id.encode(), value=self.codec.encode(topic, record))
        assert self.producer.flush(30) == 0

    def put_bytes(self, topic: Topic, bot_id: str, value: bytes) -> None:
        self.producer.produce(topic.name, key=bot_id.encode(), value=value)
        assert self.producer.flush(30) == 0

    def end(self, topic: Topic, partition: int) -> int:
        consumer = Consumer(consumer_config(self.bootstrap, f"ends-{uuid4()}"))
        try:
            return int(consumer.get_watermark_offsets(TopicPartition(topic.name, partition), 10)[1])
        finally:
            consumer.close()

    def lines(self, topic: Topic, bot_id: str) -> list[Message]:
        """What is on `topic` now of a bot."""
        return self._tail.under(topic, bot_id)

    def attempts(self, bot_id: str) -> list[WebhookAttempt]:
        return self._ours(WEBHOOK_ATTEMPTS, WebhookAttempt, bot_id)

    def deliveries(self, bot_id: str) -> list[WebhookDelivery]:
        return self._ours(WEBHOOK_DELIVERIES, WebhookDelivery, bot_id)

    def _ours(self, topic: Topic, record_type: type[Line], bot_id: str) -> list[Line]:
        lines = [self.codec.decode(topic, m.value(), record_type) for m in self._tail.under(topic, bot_id)]
        return [line for line in lines if line.endpoint_id == self.endpoint_id]

    @asynccontextmanager
    async def sink(self, url: str, **settings: str) -> AsyncIterator[asyncio.subprocess.Process]:
        """The sink as a process; killed at the end of the block when it still runs."""
        with (self.folder / "sink.log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(*self.command(url, **settings), stderr=log)
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()

    @property
    def log(self) -> str:
        return (self.folder / "sink.log").read_text()


@pytest.fixture
def river(kafka_bootstrap: str, registry_url: str, tmp_path: Path) -> Iterator[River]:
    river = River(kafka_bootstrap, registry_url, tmp_path)
    yield river
    river.close()


async def until(condition: Callable[[], bool], what: str) -> None:
    """Poll `condition`; fail after the deadline."""
    try:
        async with asyncio.timeout(DEADLINE_S):
            while not condition():  # noqa: ASYNC110 - what is awaited happens in other processes
                await asyncio.sleep(0.05)
    except TimeoutError:
        pytest.fail(f"not within {DEADLINE_S} s: {what}")


def put_all(river: River, *scripts: BotScript) -> None:
    for script in scripts:
        for topic, records in script.records().items():
            river.put(topic, *records)


def got_done(receiver: FaultyReceiver, *scripts: BotScript) -> Callable[[], bool]:
    wanted = {script.bot_id for script in scripts}
    return lambda: wanted <= {receipt.bot_id for receipt in receiver.receipts if receipt.type == "bot.done"}


def assert_whole_and_in_order(receiver: FaultyReceiver, script: BotScript) -> None:
    """All events, dense numbers in order, the promises about the ends kept, nothing unsigned."""
    told = first_deliveries(receiver.receipts, script.bot_id)
    types = [receipt.type for receipt in told]
    assert [receipt.sequence for receipt in told] == list(range(script.public_events))
    assert types.index("bot.stopped") < types.index("transcription.processed")
    assert max(i for i, name in enumerate(types) if name == "transcript.data") < types.index("transcription.processed")
    assert types[0] == "bot.joining"
    assert types[-1] == "bot.done"
    assert unsigned(receiver.receipts) == 0


async def test_a_bots_records_arrive_as_signed_events_in_order(river: River) -> None:
    """Every public event of a bot arrives once, signed, numbered densely and in the promised order; SIGTERM ends well."""
    script = river.script()
    put_all(river, script)
    async with listening() as receiver, river.sink(receiver.url) as sink:
        await until(got_done(receiver, script), "bot.done")
        sink.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(sink.wait(), 15) == 0
    assert_whole_and_in_order(receiver, script)
    assert len(receiver.of(script.bot_id)) == script.public_events
    assert "good day" not in river.log
    assert "Ada" not in river.log
    assert SECRET not in river.log


async def test_a_receiver_that_fails_for_a_while_gets_everything_in_order(river: River) -> None:
    """500s, dropped connections and stalls hold a bot's later events back: nothing overtakes, nothing is lost."""
    rest = [Fault(503, headers=(("Retry-After", "1"),)), Fault(stall_s=2), Fault(404)]
    scripts = [river.script(), river.script()]
    put_all(river, *scripts)

    ours = {script.bot_id for script in scripts}

    def knob(receipt: Receipt, nth: int) -> Fault | None:
        """Of a connection that was kept libcurl asks again on another: there are two, so that a third drop is a failed try."""
        drops = 3 if receipt.sequence == 5 else 1
        faults = [Fault(500), *[Fault(drop=True)] * drops, *rest]
        return faults[nth - 1] if receipt.bot_id in ours and receipt.sequence % 5 == 0 and nth <= len(faults) else None

    async with listening() as receiver:
        receiver.knob = knob
        async with river.sink(receiver.url, WEBHOOK_TIMEOUT_S="1") as sink:
            await until(got_done(receiver, *scripts), "bot.done of both")
            sink.send_signal(signal.SIGTERM)
            await sink.wait()
    for script in scripts:
        assert_whole_and_in_order(receiver, script)
    attempts = river.attempts(scripts[0].bot_id)
    assert {a.error_class for a in attempts} >= {"", "http_5xx", "reset", "timeout", "http_4xx"}
    assert sum(a.outcome is AttemptOutcome.DELIVERED for a in attempts) == scripts[0].public_events


async def test_kill_9_in_mid_meeting_loses_nothing_and_keeps_the_numbers(river: River) -> None:
    """A new process goes on where the killed one stood: order kept, numbers dense, a number never means two events."""
    script = river.script(turns=40)
    life, people = script.life(), script.people()
    async with listening() as receiver:
        async with river.sink(receiver.url) as sink:
            river.put(BOT_EVENTS, *life[:4])
            river.put(MEETING_PARTICIPANTS, *people[:3])
            await until(lambda: len(receiver.of(script.bot_id)) >= 6, "the first events")
            receiver.knob = lambda receipt, _nth: Fault(500) if receipt.type == "transcript.data" else None
            river.put(TRANSCRIPT_TURNS, *script.spoken()[:20])
            river.put(MEETING_PARTICIPANTS, *people[3:])
            await until(lambda: len(river.deliveries(script.bot_id)) >= 30, "events journalled behind a failing head")
            sink.kill()
        receiver.knob = lambda receipt, _nth: Fault(stall_s=0.02)
        async with river.sink(receiver.url) as sink:
            await until(lambda: len(receiver.of(script.bot_id)) >= 15, "the backlog moving")
            sink.kill()
        river.put(TRANSCRIPT_TURNS, *script.spoken()[20:])
        river.put(TRANSCRIPT_EVENTS, script.transcript())
        river.put(BOT_EVENTS, *life[4:])
        async with river.sink(receiver.url):
            await until(got_done(receiver, script), "bot.done")
    assert_whole_and_in_order(receiver, script)
    meanings = {(receipt.sequence, receipt.message_id) for receipt in receiver.of(script.bot_id)}
    assert len(meanings) == script.public_events
    repeats = sum(receipt.duplicate for receipt in receiver.of(script.bot_id))
    assert repeats <= 2 * UNDER_WAY, "only what was under way at a kill may come twice"


async def test_a_second_process_takes_partitions_over_without_a_break_in_order(river: River) -> None:
    """Partitions move while a bot is live; its events go on from the other process, in order, numbers dense."""
    scripts = [river.script(turns=10) for _ in range(4)]
    async with listening() as receiver, river.sink(receiver.url) as first:
        for script in scripts:
            river.put(BOT_EVENTS, *script.life()[:4])
        await until(lambda: sum(len(receiver.of(script.bot_id)) for script in scripts) >= 16, "the first events")
        async with river.sink(receiver.url):
            for number in range(11):
                for script in scripts:
                    river.put(TRANSCRIPT_TURNS, script.spoken()[number])
                await asyncio.sleep(0.3)  # the rebalance comes somewhere among these
            first.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(first.wait(), 20) == 0, river.log[-3000:]
            for script in scripts:
                river.put(MEETING_PARTICIPANTS, *script.people())
                river.put(TRANSCRIPT_EVENTS, script.transcript())
                river.put(BOT_EVENTS, *script.life()[4:])
            await until(got_done(receiver, *scripts), "bot.done of all")
    for script in scripts:
        assert_whole_and_in_order(receiver, script)


async def test_poison_on_every_input_topic_is_buried_and_the_events_go_on(river: River) -> None:
    """Bad bytes go to each topic's dead letters as they are; the transcript does not wait for a turn nobody can read."""
    bot_id = new_bot_id()
    poison = {topic: poison_of(river, topic) for topic in INPUTS}
    for topic, values in poison.items():
        for value in values:
            river.put_bytes(topic, bot_id, value)
    script = river.script()
    records = script.records()
    records[TRANSCRIPT_TURNS].pop()
    for topic, readable in records.items():
        river.put(topic, *readable)
    river.put_bytes(TRANSCRIPT_TURNS, script.bot_id, b"the last turn")
    async with listening() as receiver, river.sink(receiver.url):
        await until(got_done(receiver, script), "bot.done")
    assert len(receiver.of(script.bot_id)) == script.public_events - 1
    assert out_of_order(receiver.receipts, script.bot_id) == 0
    assert receiver.of(script.bot_id)[-2].type == "transcription.processed"
    for topic, values in poison.items():
        letters = river.lines(dlq_of(topic), bot_id)
        assert {letter.value() or b"" for letter in letters} == values
        assert {dict(letter.headers())["stage"] for letter in letters} == {b"sink webhooks"}


def poison_of(river: River, topic: Topic) -> set[bytes]:
    """Nothing, a bad magic byte, a schema id nobody knows, and a record cut short."""
    whole = river.codec.encode(topic, BotScript("bot_any").records()[topic][0])
    return {b"", b"\x01not avro", b"\x00\x7f\xff\xff\xff of no schema", whole[:-3]}


def tries_of(river: River, script: BotScript, sequence: int) -> list[WebhookAttempt]:
    """What the log knows of the tries of one delivery."""
    return [attempt for attempt in river.attempts(script.bot_id) if attempt.sequence == sequence]


async def test_a_delivery_nobody_takes_goes_to_the_dead_letters_and_its_lane_goes_on(river: River) -> None:
    """After the last try the delivery lies in webhook.deliveries.dlq, body and all, and the next one is sent."""
    script = river.script()
    put_all(river, script)
    async with listening() as receiver:
        refused = (script.bot_id, 1)
        receiver.knob = lambda receipt, _nth: (
            Fault(500, body=b"no" * 20_000) if (receipt.bot_id, receipt.sequence) == refused else None
        )
        async with river.sink(receiver.url, WEBHOOK_MAX_ATTEMPTS="3"):
            await until(got_done(receiver, script), "bot.done")
            await until(lambda: len(tries_of(river, script, 1)) == 3, "the last try is on the log")
    assert missing(receiver.receipts, script.bot_id) == {1}
    assert out_of_order(receiver.receipts, script.bot_id) == 0
    given_up = tries_of(river, script, 1)
    assert [a.outcome for a in given_up] == [AttemptOutcome.RETRY, AttemptOutcome.RETRY, AttemptOutcome.EXHAUSTED]
    assert len(given_up[-1].response_snippet) == 16_384
    [letter] = river.lines(dlq_of(WEBHOOK_DELIVERIES), script.bot_id)
    [line] = [m for m in river.lines(WEBHOOK_DELIVERIES, script.bot_id) if m.value() == letter.value()]
    headers = dict(letter.headers())
    assert headers["error_class"] == b"exhausted"
    assert int(headers["origin_offset"]) == line.offset()


async def test_a_transcript_that_never_comes_is_said_to_have_failed_and_the_bot_is_done(river: River) -> None:
    """Some time after bot.stopped the wait for the transcript ends with transcription.failed, then bot.done."""
    script = river.script()
    river.put(BOT_EVENTS, *script.life())
    river.put(MEETING_PARTICIPANTS, *script.people())
    async with listening() as receiver, river.sink(receiver.url, WEBHOOK_TRANSCRIPT_TIMEOUT_S="2"):
        await until(got_done(receiver, script), "bot.done")
    types = [receipt.type for receipt in first_deliveries(receiver.receipts, script.bot_id)]
    assert types[-2:] == ["transcription.failed", "bot.done"]


async def test_another_group_with_the_same_endpoint_sends_nothing_twice(river: River) -> None:
    """The journal knows what was sent, even to a group that reads all topics from their beginning."""
    script = river.script()
    put_all(river, script)
    async with listening() as receiver:
        async with river.sink(receiver.url) as sink:
            await until(got_done(receiver, script), "bot.done")
            sink.send_signal(signal.SIGTERM)
            await sink.wait()
        river.group += "-again"
        later = river.script()
        put_all(river, later)
        async with river.sink(receiver.url):
            await until(got_done(receiver, later), "bot.done of the later bot")
    assert sum(receipt.duplicate for receipt in receiver.receipts) == 0


async def test_without_a_broker_it_says_so_and_ends(river: River) -> None:
    """Exit code 3 within 15 s, and how to start one."""
    river.bootstrap = "127.0.0.1:1"
    async with listening() as receiver, river.sink(receiver.url, STARTUP_TIMEOUT_S="3") as sink:
        assert await asyncio.wait_for(sink.wait(), 15) == 3
    assert "error: Kafka at 127.0.0.1:1 does not answer" in river.log
    assert "remedy: start it with `earshot up`" in river.log
    assert "Traceback" not in river.log
