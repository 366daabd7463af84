"""The dispatcher against a receiver that fails at times: with lanes in order, and without them not."""

import asyncio

import aiohttp

from schemas.errors import InvalidRecord
from schemas.events import WebhookAttempt, WebhookDelivery
from schemas.timebase import SystemClock
from schemas.topics import Topic
from schemas.vocabulary import AttemptOutcome
from sinks.webhooks.delivery import Poster
from sinks.webhooks.dispatcher import Dispatcher
from sinks.webhooks.endpoint import Endpoint
from sinks.webhooks.envelope import body, public_event
from sinks.webhooks.journal import Journal
from sinks.webhooks.lanes import Lanes
from sinks.webhooks.pending import Pending
from sinks.webhooks.retry_policy import RetryPolicy
from sinks.webhooks.secret import secret_of
from sinks.webhooks.signing import signed_headers
from tests.fakes.bot_script import BotScript
from tests.fakes.webhook_endpoints import LOOPBACK
from tests.fakes.webhook_receiver import SECRET, Fault, FaultyReceiver, listening, missing, out_of_order

SCRIPT = BotScript("bot_1", turns=9)
QUICK = RetryPolicy((0.05,), 4)


class MemoryLog:
    """What the dispatcher needs of a log writer."""

    def __init__(self) -> None:
        self.attempts: list[WebhookAttempt] = []
        self.buried: list[tuple[Pending, str]] = []

    async def write(self, _topic: Topic, record: WebhookAttempt | WebhookDelivery, _partition: int) -> int:
        assert isinstance(record, WebhookAttempt)
        self.attempts.append(record)
        return len(self.attempts) - 1

    async def bury(self, pending: Pending, error: InvalidRecord, _now_us: int) -> None:
        self.buried.append((pending, error.error_class))


def deliveries() -> list[Pending]:
    journal = Journal("ep_1", 0)
    drafts = [journal.draft(event, 0) for turn in SCRIPT.spoken() if (event := public_event(turn))]
    return [Pending(0, offset, draft) for offset, draft in enumerate(drafts) if draft]


async def dispatch(receiver: FaultyReceiver, lanes_of: list[Lanes]) -> MemoryLog:
    """Deliver everything, each delivery through the lanes its number picks."""
    log, clock = MemoryLog(), SystemClock()
    endpoint = Endpoint("ep_1", receiver.url, (secret_of(SECRET, field="secret"),), timeout_s=5)
    async with Poster(clock=clock, ranges=LOOPBACK) as poster:
        dispatchers = [Dispatcher(lanes, endpoint, poster, log, clock, lambda *_: None) for lanes in lanes_of]
        for pending in deliveries():
            dispatchers[pending.offset % len(dispatchers)].push(pending)
        async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
            for dispatcher in dispatchers:
                tasks.create_task(dispatcher.run(tasks))
            while any(len(dispatcher) for dispatcher in dispatchers):  # noqa: ASYNC110 - it has no event for emptiness
                await asyncio.sleep(0.01)
            for dispatcher in dispatchers:
                dispatcher.stop()
    return log


def fail_thirds(receiver: FaultyReceiver) -> None:
    receiver.knob = lambda receipt, nth: Fault(500) if receipt.sequence % 3 == 0 and nth == 1 else None


async def test_failures_do_not_change_the_order() -> None:
    """A failed delivery is repeated before the next one of its bot is tried."""
    async with listening() as receiver:
        fail_thirds(receiver)
        log = await dispatch(receiver, [Lanes(QUICK, concurrency=8)])
    assert out_of_order(receiver.receipts, SCRIPT.bot_id) == 0
    assert missing(receiver.receipts, SCRIPT.bot_id) == set()
    assert [a.attempt for a in log.attempts if a.sequence == 3] == [1, 2]


async def test_without_a_common_lane_the_checker_sees_the_disorder() -> None:
    """Negative control: the same failures with a lane for each delivery arrive out of order, and that is counted."""
    async with listening() as receiver:
        fail_thirds(receiver)
        await dispatch(receiver, [Lanes(QUICK, concurrency=1) for _ in deliveries()])
    assert out_of_order(receiver.receipts, SCRIPT.bot_id) > 0


async def test_what_nobody_takes_is_buried_before_its_last_try_is_recorded() -> None:
    """A process killed in between buries it again rather than not at all; the lane goes on."""
    async with listening() as receiver:
        receiver.knob = lambda receipt, _nth: Fault(500) if receipt.sequence == 2 else None
        log = await dispatch(receiver, [Lanes(QUICK, concurrency=8)])
    assert [(pending.delivery.sequence, error_class) for pending, error_class in log.buried] == [(2, "exhausted")]
    assert [a.outcome for a in log.attempts if a.sequence == 2][-1] is AttemptOutcome.EXHAUSTED
    assert missing(receiver.receipts, SCRIPT.bot_id) == {2}


async def test_a_body_changed_on_the_way_is_counted_as_unsigned() -> None:
    """Negative control: signing one body and sending another is noticed."""
    event = public_event(SCRIPT.life()[0])
    assert event is not None
    signed = body(event, 0)
    headers = signed_headers(
        [secret_of(SECRET, field="secret")], "msg_1", signed, "application/json", SystemClock().now_us()
    )
    sent = signed.replace(b"a step", b"a leap")
    async with (
        listening() as receiver,
        aiohttp.ClientSession() as session,
        session.post(receiver.url, data=sent, headers=headers) as response,
    ):
        assert response.status == 401
    assert [receipt.verified for receipt in receiver.receipts] == [False]
