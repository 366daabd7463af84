"""Endpoints from the console, served by the real sink on a real broker: sent, recovered, resent, removed, and nothing leaks."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import msgspec
import pytest
from aiohttp import web
from click.testing import CliRunner
from confluent_kafka import Producer

from schemas.codec import Codec
from schemas.events import Record, WebhookAttempt
from schemas.ids import new_bot_id
from schemas.kafka_client import producer_config
from schemas.registry import Registry
from schemas.settings import WebhookSettings
from schemas.timebase import SystemClock
from schemas.topics import BOT_EVENTS, PARTITIONS, TRANSCRIPT_TURNS, WEBHOOK_DELIVERIES, Topic
from schemas.vocabulary import AttemptOutcome, BotState
from schemas.webhooks.documents import read_body
from sinks.broker import partition_of
from sinks.scan import scan
from sinks.webhooks.console.cli import webhooks
from sinks.webhooks.content.link import Links
from sinks.webhooks.content.server import application
from sinks.webhooks.content.store import ContentStore
from sinks.webhooks.log.delivery_log import DeliveryLog
from tests.fakes.bot_script import BotScript
from tests.fakes.webhook_endpoints import KEYS_TEXT
from tests.fakes.webhook_receiver import Fault, FaultyReceiver, listening, out_of_order, unsigned

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]
EARSHOT = Path(sys.executable).parent / "earshot"
DEADLINE_S = 90.0
WORDS = 300


class Deployment:
    """The sink's settings, the console, and bots whose events happen now."""

    def __init__(self, environment: dict[str, str], folder: Path) -> None:
        self.environment = environment
        self.settings = WebhookSettings()
        self.log_file = folder / "sink.log"
        self._codec = Codec(Registry(self.settings.schema_registry_url))
        self._producer = Producer(producer_config(self.settings.kafka_bootstrap_servers))

    def console(self, *arguments: str) -> str:
        done = CliRunner().invoke(webhooks, arguments)
        assert done.exit_code == 0, done.output + repr(done.exception)
        return done.output

    def added(self, receiver: FaultyReceiver, secret: str, *options: str) -> str:
        """A new endpoint that signs with `secret`."""
        arguments = ("endpoints", "add", receiver.receiver.url, "--secret-stdin", *options)
        done = CliRunner().invoke(webhooks, arguments, input=secret)
        assert done.exit_code == 0, done.output + repr(done.exception)
        return done.output.split()[1]

    def put(self, topic: Topic, records: Iterable[Any]) -> None:
        for record in records:
            ours = {"tenant_id": self.settings.tenant_id, "occurred_at_us": SystemClock().now_us()}
            self._put(topic, msgspec.structs.replace(record, **ours), record.bot_id)
        assert self._producer.flush(30) == 0

    def _put(self, topic: Topic, record: Record, bot_id: str) -> None:
        self._producer.produce(topic.name, key=bot_id, value=self._codec.encode(topic, record))

    def talk(self, turns: int) -> BotScript:
        """A bot that is in a call and hears so many long turns."""
        script = BotScript(new_bot_id(), turns=turns)
        self.put(BOT_EVENTS, script.life()[:4])
        self.put(TRANSCRIPT_TURNS, [long_turn(script, number) for number in range(turns)])
        return script

    def attempts(self, endpoint_id: str, bot_id: str) -> list[WebhookAttempt]:
        with DeliveryLog(self.settings) as log:
            found = [a for _, a in log.attempts(partition_of(bot_id, PARTITIONS), 0)]
        return [a for a in found if (a.endpoint_id, a.bot_id) == (endpoint_id, bot_id)]

    @asynccontextmanager
    async def sink(self) -> AsyncIterator[None]:
        with self.log_file.open("ab") as log:
            command = ["env", *(f"{n}={v}" for n, v in self.environment.items()), str(EARSHOT), "sink", "webhooks"]
            process = await asyncio.create_subprocess_exec(*command, stderr=log, stdout=log)
        try:
            yield
        finally:
            process.kill()
            await process.wait()


def long_turn(script: BotScript, number: int) -> Any:
    turn = script.turn(number)
    return msgspec.structs.replace(turn, words=turn.words * WORDS, text="spoken words " * WORDS)


@pytest.fixture
def deployment(kafka_bootstrap: str, registry_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Deployment:
    environment = {
        "EARSHOT_KAFKA_BOOTSTRAP_SERVERS": kafka_bootstrap,
        "EARSHOT_SCHEMA_REGISTRY_URL": registry_url,
        "EARSHOT_TENANT_ID": f"tenant-{uuid4().hex[:8]}",
        "EARSHOT_WEBHOOK_KEYS": KEYS_TEXT,
        "EARSHOT_WEBHOOK_ALLOWED_RANGES": "127.0.0.0/8",
        "EARSHOT_WEBHOOK_CONSUMER_GROUP": f"webhooks-{uuid4()}",
        "EARSHOT_WEBHOOK_CONTENT_DIR": str(tmp_path / "content"),
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return Deployment(environment, tmp_path)


async def until(condition: Callable[[], bool], what: str) -> None:
    """Poll `condition`; fail after the deadline."""
    try:
        async with asyncio.timeout(DEADLINE_S):
            while not await asyncio.to_thread(condition):  # noqa: ASYNC110 - what is awaited happens in other processes
                await asyncio.sleep(0.2)
    except TimeoutError:
        pytest.fail(f"not within {DEADLINE_S} s: {what}")


def secret_of(letter: str) -> str:
    return "whsec_" + letter * 43 + "="


async def content_of(body: bytes, store: ContentStore) -> bytes:
    """What the body's link leads to, from a content server of the same folder."""
    runner = web.AppRunner(application(store, Links("", 1, store.key), SystemClock()), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = read_body(body).content.url.replace("127.0.0.1:18090", f"127.0.0.1:{runner.addresses[0][1]}")
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        content = await response.read()
    await runner.cleanup()
    return content


async def test_endpoints_of_the_console_are_served(deployment: Deployment) -> None:
    """Each gets what it wants under its own secret; a large event's content is behind its link; what failed is recovered
    in order and resent under its old id; a test event arrives; no log line holds a secret or what was said.
    """
    good_secret, ill_secret = secret_of("G"), secret_of("I")
    async with listening(good_secret) as good, listening(ill_secret) as ill, deployment.sink():
        ill.knob = lambda _receipt, _nth: Fault(500, body=b"out of order")
        turns_only = ("--events", "transcript.*")
        good_id = await asyncio.to_thread(deployment.added, good, good_secret)
        ill_id = await asyncio.to_thread(deployment.added, ill, ill_secret, *turns_only, "--retry-waits", "100ms")
        script = await asyncio.to_thread(deployment.talk, 3)
        await until(lambda: len(good.of(script.bot_id)) >= 7, "four states and three turns at the good one")
        await until(lambda: len(deployment.attempts(ill_id, script.bot_id)) >= 6, "two tries of each at the ill one")
        assert [r.sequence for r in good.of(script.bot_id)] == list(range(7))
        assert not ill.of(script.bot_id)

        ill.knob = lambda _receipt, _nth: None
        await asyncio.to_thread(deployment.console, "recover", ill_id, "--since", "1h")
        await until(lambda: len(ill.of(script.bot_id)) >= 3, "the recovered turns")
        assert [r.sequence for r in ill.of(script.bot_id)] == [0, 1, 2]
        message_id = ill.of(script.bot_id)[1].message_id
        await asyncio.to_thread(deployment.console, "resend", message_id)
        await until(lambda: len(ill.of(script.bot_id)) >= 4, "the resent turn")
        assert (ill.of(script.bot_id)[3].message_id, ill.of(script.bot_id)[3].duplicate) == (message_id, True)

        await asyncio.to_thread(deployment.console, "rotate-secret", good_id, "--overlap", "1h")
        tested = await asyncio.to_thread(deployment.console, "test", good_id, "--event", "bot.done")
        bot_id = tested.split("--bot ")[1].strip(" `\n")
        await until(lambda: len(good.of(bot_id)) == 1, "the test event, verified with the old secret")
        for receiver in (good, ill):
            assert (out_of_order(receiver.receipts, script.bot_id), unsigned(receiver.receipts)) == (0, 0)

    bodies = [
        Codec(Registry(deployment.settings.schema_registry_url)).decode(WEBHOOK_DELIVERIES, m.value(), d_type).body
        for m in scan(deployment.settings, WEBHOOK_DELIVERIES.name, bot_id=script.bot_id)
        if (d_type := WEBHOOK_DELIVERIES.record)
    ]
    thin = next(body for body in bodies if b"transcript.data" in body)
    assert len(thin) < 3_000
    content = await content_of(thin, ContentStore(deployment.settings.webhook_content_dir))
    assert read_body(content).data.text == "spoken words " * WORDS
    shown = await asyncio.to_thread(deployment.console, "attempts", "--bot", script.bot_id, "--json")
    assert "out of order" in shown
    for text in (deployment.log_file.read_text(), shown, tested):
        for hidden in (good_secret, ill_secret, "G" * 20, "I" * 20, "spoken words"):
            assert hidden not in text


async def test_what_waits_for_a_removed_endpoint_is_skipped_on_the_record(deployment: Deployment) -> None:
    """The lanes end, the delivery log says why, and the other endpoint has noticed nothing."""
    secret = secret_of("S")
    async with listening(secret) as down, listening(secret) as good, deployment.sink():
        down.knob = lambda _receipt, _nth: Fault(503)
        down_id = await asyncio.to_thread(deployment.added, down, secret, "--retry-waits", "1h")
        await asyncio.to_thread(deployment.added, good, secret)
        script = await asyncio.to_thread(deployment.talk, 2)
        await until(lambda: len(good.of(script.bot_id)) == 6, "everything at the good one")
        await until(lambda: len(deployment.attempts(down_id, script.bot_id)) == 1, "the first try at the other")
        await asyncio.to_thread(deployment.console, "endpoints", "remove", down_id)
        await until(lambda: len(deployment.attempts(down_id, script.bot_id)) == 7, "all six settled")
        skipped = deployment.attempts(down_id, script.bot_id)[1:]
        assert [(a.sequence, a.outcome, a.error_class) for a in skipped] == [
            (number, AttemptOutcome.SKIPPED, "removed") for number in range(6)
        ]
        deployment.put(BOT_EVENTS, [script.bot_event(9, BotState.ERROR, attrs={})])
        await until(lambda: len(good.of(script.bot_id)) == 7, "the next event at the good one")
    assert len(down.tries) == 1
