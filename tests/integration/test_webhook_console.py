"""`earshot webhooks` on real Kafka: endpoints as records, commands carried out as copies on the log, and no secret anywhere."""

import asyncio
from collections.abc import Callable
from uuid import uuid4

import msgspec
import pytest
from click.testing import CliRunner
from confluent_kafka import Producer

from schemas.codec import Codec
from schemas.errors import UsageError
from schemas.events import Record, WebhookDelivery
from schemas.kafka_client import producer_config
from schemas.registry import Registry
from schemas.settings import WebhookSettings
from schemas.timebase import SystemClock
from schemas.topics import PARTITIONS, WEBHOOK_ATTEMPTS, WEBHOOK_DELIVERIES, WEBHOOK_ENDPOINTS, Topic
from schemas.vocabulary import AttemptOutcome, DeliveryTrigger
from schemas.webhooks.documents import read_body
from sinks.broker import partition_of
from sinks.scan import scan
from sinks.webhooks.commands.executor import CommandExecutor
from sinks.webhooks.console.cli import webhooks
from sinks.webhooks.endpoints.endpoint import Endpoint, opened
from sinks.webhooks.endpoints.registration import disabled
from sinks.webhooks.endpoints.store import EndpointFollower, EndpointStore
from sinks.webhooks.log.delivery_log import DeliveryLog
from tests.fakes.pending_deliveries import delivery
from tests.fakes.webhook_commands import attempt
from tests.fakes.webhook_endpoints import KEYS, KEYS_TEXT

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]
URL = "https://hooks.example.com/earshot?token=hidden"
DEADLINE_S = 60.0


class Console:
    """The command as a person types it, against services of our own."""

    def __init__(self, settings: WebhookSettings) -> None:
        self.settings = settings
        self.printed: list[str] = []

    def __call__(self, *arguments: str, ends: int = 0) -> str:
        done = CliRunner().invoke(webhooks, arguments)
        assert (done.exit_code, done.exception and ends == 0) == (ends, None), done.output + repr(done.exception)
        self.printed.append(done.output)
        return done.stdout

    def added(self, *options: str) -> tuple[str, str]:
        """Id and secret of a new endpoint."""
        lines = dict(
            line.split(maxsplit=1)
            for line in self("endpoints", "add", URL, *options).splitlines()
            if line[:4] != "note"
        )
        return lines["endpoint"], lines["verify"]


@pytest.fixture
def console(kafka_bootstrap: str, registry_url: str, monkeypatch: pytest.MonkeyPatch) -> Console:
    monkeypatch.setenv("EARSHOT_KAFKA_BOOTSTRAP_SERVERS", kafka_bootstrap)
    monkeypatch.setenv("EARSHOT_SCHEMA_REGISTRY_URL", registry_url)
    monkeypatch.setenv("EARSHOT_TENANT_ID", f"tenant-{uuid4().hex[:8]}")  # nobody's events: nothing is ever sent there
    monkeypatch.setenv("EARSHOT_WEBHOOK_KEYS", KEYS_TEXT)
    monkeypatch.setenv("EARSHOT_WEBHOOK_CONSUMER_GROUP", f"webhooks-{uuid4()}")
    return Console(WebhookSettings())


def stored(settings: WebhookSettings, endpoint_id: str) -> Endpoint:
    with EndpointStore(settings) as store:
        return opened(store.read().demand(endpoint_id), KEYS)


def test_an_endpoint_lives_on_its_topic(console: Console) -> None:
    """Added, listed, disabled, enabled, its secret changed, removed; two with one URL are allowed and told."""
    endpoint_id, secret = console.added("--events", "bot.*", "--retry-waits", "1s,2m")
    assert stored(console.settings, endpoint_id).retry_waits_s == (1.0, 120.0)
    assert [s.text for s in stored(console.settings, endpoint_id).secrets] == [secret]
    second, _ = console.added()
    assert f"note: {endpoint_id} posts to the same URL" in console.printed[-1]
    assert {endpoint_id, second} <= {line.split()[0] for line in console("endpoints", "list").splitlines()}
    console("disable", endpoint_id, "--reason", "holiday")
    assert stored(console.settings, endpoint_id).disabled_reason == "holiday"
    assert f"recover {endpoint_id} --since" in console("enable", endpoint_id)
    new = console("rotate-secret", endpoint_id, "--overlap", "1h").split()[-1]
    assert [s.text for s in stored(console.settings, endpoint_id).secrets] == [new, secret]
    shown = console("endpoints", "show", endpoint_id)
    assert "revision 3" in shown
    console("endpoints", "remove", endpoint_id)
    assert endpoint_id not in console("endpoints", "list")
    for text in (secret, new, secret.removeprefix("whsec_"), new.removeprefix("whsec_")):
        assert text not in shown
        assert not any(text.encode() in (m.value() or b"") for m in scan(console.settings, WEBHOOK_ENDPOINTS.name))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("endpoints", "add", "http://127.0.0.1/"), "private network"),
        (("endpoints", "add", URL, "--events", "bot.born"), "bot.born"),
        (("endpoints", "show", "ep_nobody"), "no endpoint ep_nobody"),
        (("disable", "ep_nobody"), "no endpoint ep_nobody"),
        (("resend", "msg_nobody"), "no delivery msg_nobody"),
        (("recover", "ep_nobody", "--since", "2h"), "no endpoint ep_nobody"),
        (("test", "ep_nobody", "--event", "bot.born"), "bot.born"),
    ],
)
def test_what_cannot_be_is_refused(console: Console, arguments: tuple[str, ...], says: str) -> None:
    """By name, before anything is written."""
    done = CliRunner().invoke(webhooks, arguments)
    assert says in getattr(done.exception, "message", "")


def test_a_change_that_meets_another_is_made_on_top_of_it(console: Console) -> None:
    """The console and the sink write the same record: neither undoes the other's change."""
    endpoint_id, _ = console.added()
    meddled: list[int] = []

    def change(record):
        if not meddled:
            meddled.append(1)
            console("rotate-secret", endpoint_id)
        return disabled(record, "failing", SystemClock().now_us())

    with EndpointStore(console.settings) as store:
        changed = store.change(endpoint_id, change)
    assert (changed.revision, len(changed.secrets), changed.enabled) == (2, 2, False)
    assert len(stored(console.settings, endpoint_id).secrets) == 2


def test_a_change_of_what_is_removed_meanwhile_does_not_bring_it_back(console: Console) -> None:
    """The removal stands, and whoever wanted the change is told."""
    endpoint_id, _ = console.added()

    def change(record):
        console("endpoints", "remove", endpoint_id)
        return disabled(record, "failing", SystemClock().now_us())

    with EndpointStore(console.settings) as store:
        with pytest.raises(UsageError, match="just removed"):
            store.change(endpoint_id, change)
        assert endpoint_id not in store.read().records
        assert store.read() is store.read()


async def test_whoever_follows_hears_of_every_change(console: Console) -> None:
    """Once at the start, then whenever an endpoint changes; the settings' own endpoint is always there."""
    own = Endpoint(endpoint_id="ep_own", url=URL, secrets=())
    heard: asyncio.Queue[list[Endpoint]] = asyncio.Queue()
    async with asyncio.timeout(DEADLINE_S), EndpointFollower(console.settings, KEYS, own, heard.put_nowait):
        assert (await heard.get())[0] == own
        endpoint_id, _ = await asyncio.to_thread(console.added)
        while endpoint_id not in {endpoint.endpoint_id for endpoint in await heard.get()}:
            pass
        await asyncio.to_thread(console, "disable", endpoint_id)
        while any(e.enabled for e in await heard.get() if e.endpoint_id == endpoint_id):
            pass


class Log:
    """Deliveries and attempts put on the real topics by hand, for an endpoint of the test's own."""

    def __init__(self, settings: WebhookSettings, endpoint_id: str) -> None:
        self.settings = settings
        self.endpoint_id = endpoint_id
        self.bot_id = f"bot_{uuid4().hex[:16]}"
        self.partition = partition_of(self.bot_id, PARTITIONS)
        self._codec = Codec(Registry(settings.schema_registry_url))
        self._producer = Producer(producer_config(settings.kafka_bootstrap_servers))
        self.offsets: list[int] = []

    def deliver(self, outcomes: list[AttemptOutcome | None]) -> list[WebhookDelivery]:
        now_us = SystemClock().now_us()
        made = [
            msgspec.structs.replace(
                delivery(0, number),
                bot_id=self.bot_id,
                endpoint_id=self.endpoint_id,
                delivery_id=f"msg_{uuid4().hex[:24]}",
                occurred_at_us=now_us,
                produced_at_us=now_us + number,
                body=b'{"text":"spoken words"}',
            )
            for number in range(len(outcomes))
        ]
        self.offsets = [self._put(WEBHOOK_DELIVERIES, sent) for sent in made]
        for sent, offset, outcome in zip(made, self.offsets, outcomes, strict=True):
            if outcome:
                self._put(WEBHOOK_ATTEMPTS, attempt(sent, outcome, offset))
        return made

    def _put(self, topic: Topic, record: Record) -> int:
        return self.put_bytes(topic, self._codec.encode(topic, record))

    def put_bytes(self, topic: Topic, value: bytes) -> int:
        offsets: list[int] = []
        self._producer.produce(
            topic.name,
            key=self.bot_id,
            value=value,
            partition=self.partition,
            on_delivery=lambda _, message: offsets.append(message.offset() or 0),
        )
        assert self._producer.flush(30) == 0
        return offsets[0]

    def copies(self, trigger: DeliveryTrigger) -> list[WebhookDelivery]:
        """What was appended for this endpoint."""
        with DeliveryLog(self.settings) as log:
            found = [record for p in range(PARTITIONS) for _, record in log.deliveries(p, 0)]
        return [d for d in found if d.endpoint_id == self.endpoint_id and d.trigger is trigger]


async def carried_out(settings: WebhookSettings, appended: Callable[[], int], count: int) -> None:
    """Run the executor until `count` records are appended."""
    executor = CommandExecutor(settings)
    async with asyncio.timeout(DEADLINE_S):
        running = asyncio.create_task(executor.run())
        while await asyncio.to_thread(appended) < count:  # noqa: ASYNC110 - the log has no event for it
            await asyncio.sleep(0.2)
        executor.stop()
        await running


async def test_recovering_resending_and_testing_append_to_the_log(console: Console) -> None:
    """Recover: what was given up, in order. Resend: one, the same id. Test: an example. Nothing shows a body."""
    endpoint_id, _ = console.added()
    log = Log(console.settings, endpoint_id)
    given_up, delivered, skipped, waiting = (
        AttemptOutcome.EXHAUSTED,
        AttemptOutcome.DELIVERED,
        AttemptOutcome.SKIPPED,
        None,
    )
    sent = log.deliver([given_up, delivered, skipped, waiting, given_up])
    statuses = [line.split()[-1] for line in console("events", "--endpoint", endpoint_id).splitlines()[1:]]
    assert statuses == ["exhausted", "delivered", "skipped", "waiting", "exhausted"]
    console("recover", endpoint_id, "--since", "1h")
    console("resend", sent[1].delivery_id)
    example = console("test", endpoint_id, "--event", "transcript.data").split("--bot ")[1].strip(" `\n")

    triggers = (DeliveryTrigger.RECOVER, DeliveryTrigger.RESEND, DeliveryTrigger.TEST)
    await carried_out(console.settings, lambda: sum(len(log.copies(trigger)) for trigger in triggers), 5)
    recovered, resent, tested = map(log.copies, triggers)
    assert [d.delivery_id for d in recovered] == [sent[i].delivery_id for i in (0, 2, 4)]
    assert [d.sequence for d in recovered] == [0, 2, 4]
    assert [(d.delivery_id, d.body) for d in resent] == [(sent[1].delivery_id, sent[1].body)]
    assert [(d.bot_id, read_body(d.body).type) for d in tested] == [(example, "transcript.data")]

    assert console("attempts", sent[0].delivery_id).count(sent[0].delivery_id) == 1
    assert msgspec.json.decode(console("attempts", sent[1].delivery_id, "--json"))["outcome"] == "delivered"
    assert "spoken words" not in "".join(console.printed)


def test_a_line_that_nobody_can_read_is_left_out_and_told_on_stderr(console: Console) -> None:
    """What a person pipes on holds deliveries and nothing else."""
    endpoint_id, _ = console.added()
    log = Log(console.settings, endpoint_id)
    log.deliver([AttemptOutcome.DELIVERED])
    log.put_bytes(WEBHOOK_ATTEMPTS, b"poison")
    done = CliRunner().invoke(webhooks, ["events", "--endpoint", endpoint_id])
    assert [line.split()[-1] for line in done.stdout.splitlines()[1:]] == ["delivered"]
    assert "record_unreadable" in done.stderr


async def test_a_recovery_carried_out_twice_sends_nothing_twice(console: Console) -> None:
    """A process killed before it committed the command: what waits already is not copied again."""
    endpoint_id, _ = console.added()
    log = Log(console.settings, endpoint_id)
    log.deliver([AttemptOutcome.EXHAUSTED, AttemptOutcome.EXHAUSTED])
    console("recover", endpoint_id, "--since", "1h", "--bot", log.bot_id)
    await carried_out(console.settings, lambda: len(log.copies(DeliveryTrigger.RECOVER)), 2)
    again = console.settings.model_copy(update={"webhook_consumer_group": f"webhooks-{uuid4()}"})
    console("resend", log.deliver([AttemptOutcome.DELIVERED])[0].delivery_id)
    await carried_out(again, lambda: len(log.copies(DeliveryTrigger.RESEND)), 1)
    assert len(log.copies(DeliveryTrigger.RECOVER)) == 2


def test_enabling_says_nothing_of_what_was_never_disabled(console: Console) -> None:
    """Negative control: the hint to recover comes from the record."""
    endpoint_id, _ = console.added()
    assert "recover" not in console("enable", endpoint_id)
