"""The dispatcher against a receiver that fails at times: with lanes in order, and without them not."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import aiohttp

from schemas.errors import InvalidRecord
from schemas.events import WebhookAttempt, WebhookDelivery, WebhookParked
from schemas.timebase import SystemClock
from schemas.topics import Topic
from schemas.vocabulary import AttemptOutcome, Ordering
from sinks.webhooks.dispatch.dispatcher import Dispatcher
from sinks.webhooks.dispatch.outcome_log import OutcomeLog
from sinks.webhooks.dispatch.takeover import LeftBehind
from sinks.webhooks.endpoints.book import EndpointBook
from sinks.webhooks.endpoints.endpoint import Endpoint
from sinks.webhooks.endpoints.retry_policy import RetryPolicy
from sinks.webhooks.endpoints.secret import secret_of
from sinks.webhooks.events.envelope import body, public_event
from sinks.webhooks.fan_out.journal import Journal
from sinks.webhooks.log.parked import Write, newest
from sinks.webhooks.log.pending import Pending
from sinks.webhooks.posting.delivery import Poster
from sinks.webhooks.posting.signing import signed_headers
from tests.fakes.bot_script import BotScript
from tests.fakes.webhook_endpoints import LOOPBACK, endpoint
from tests.fakes.webhook_receiver import SECRET, Fault, FaultyReceiver, listening, missing, out_of_order

SCRIPT = BotScript("bot_1", turns=9)
QUICK = RetryPolicy((0.05,), 4)


class MemoryLog:
    """What the dispatcher needs of a log: a writer that acknowledges in the loop, and bodies by offset."""

    def __init__(self, deliveries: list[WebhookDelivery]) -> None:
        self.deliveries = deliveries
        self.attempts: list[WebhookAttempt] = []
        self.buried: list[tuple[int, str]] = []
        self.parked: list[tuple[str, WebhookParked | None]] = []
        self.order: list[str] = []

    def write(self, _topic: Topic, record: WebhookAttempt, _partition: int, on_ack: Callable[[int], None]) -> None:
        self.attempts.append(record)
        self.order.append(record.outcome.value)
        asyncio.get_running_loop().call_soon(on_ack, len(self.attempts) - 1)

    def park(self, write: Write, on_ack: Callable[[int], None]) -> None:
        self.parked.append((write.key, write.record))
        asyncio.get_running_loop().call_soon(on_ack, len(self.parked) - 1)

    def bury(self, pending: Pending, error: InvalidRecord, _now_us: int, on_ack: Callable[[int], None]) -> None:
        self.buried.append((pending.delivery.sequence, error.error_class))
        self.order.append("buried")
        asyncio.get_running_loop().call_soon(on_ack, 0)

    async def bodies(self, places: Sequence[tuple[int, int]]) -> list[tuple[tuple[int, int], WebhookDelivery | None]]:
        return [((partition, offset), self.deliveries[offset]) for partition, offset in sorted(places)]


def deliveries(target: Endpoint) -> list[WebhookDelivery]:
    journal = Journal(EndpointBook([target], QUICK))
    events = [event for turn in SCRIPT.spoken() if (event := public_event(turn))]
    return [draft for event in events for draft in journal.drafts(event, 0)]


async def dispatch(receiver: FaultyReceiver, policy: RetryPolicy = QUICK, **terms: Any) -> tuple[MemoryLog, Dispatcher]:
    """Deliver everything, from taking the partition over until nothing is left to do."""
    target = endpoint("ep_1", receiver.url, timeout_s=5, **terms)
    log, clock, book = MemoryLog(deliveries(target)), SystemClock(), EndpointBook([target], policy)
    async with Poster(clock=clock, ranges=LOOPBACK) as poster, asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        dispatcher = Dispatcher(book, poster, OutcomeLog(log, clock), log, clock)  # type: ignore[arg-type]
        dispatcher.run(tasks)
        dispatcher.take_over(LeftBehind(0, 0, 0, frozenset(), [], []))
        for offset, delivery in enumerate(log.deliveries):
            dispatcher.push(0, offset, delivery, clock.now_us())
        dispatcher.go_on()
        while len(dispatcher):  # noqa: ASYNC110 - it has no event for emptiness
            await asyncio.sleep(0.01)
        await dispatcher.stop(1)
    return log, dispatcher


def fail_thirds(receiver: FaultyReceiver) -> None:
    receiver.knob = lambda receipt, nth: Fault(500) if receipt.sequence % 3 == 0 and nth == 1 else None


async def test_failures_do_not_change_the_order() -> None:
    """A failed delivery is repeated before the next one of its bot is tried; what was parked for it is settled."""
    async with listening() as receiver:
        fail_thirds(receiver)
        log, dispatcher = await dispatch(receiver)
    assert out_of_order(receiver.receipts, SCRIPT.bot_id) == 0
    assert missing(receiver.receipts, SCRIPT.bot_id) == set()
    assert [a.attempt for a in log.attempts if a.sequence == 3] == [1, 2]
    assert log.parked
    assert newest(log.parked) == {}
    commit = dispatcher.commits()[0]
    assert (commit.deliveries, commit.note, commit.attempts) == (len(log.deliveries), "", len(log.attempts))


async def test_without_a_common_lane_the_checker_sees_the_disorder() -> None:
    """Negative control: `ordering: none`, the same failures with a lane for each delivery arrive out of order."""
    async with listening() as receiver:
        fail_thirds(receiver)
        await dispatch(receiver, ordering=Ordering.NONE)
    assert out_of_order(receiver.receipts, SCRIPT.bot_id) > 0
    assert missing(receiver.receipts, SCRIPT.bot_id) == set()


async def test_what_nobody_takes_is_buried_before_its_last_try_is_recorded() -> None:
    """A process killed in between buries it again rather than not at all; the lane goes on."""
    async with listening() as receiver:
        receiver.knob = lambda receipt, _nth: Fault(500) if receipt.sequence == 2 else None
        log, _ = await dispatch(receiver)
    assert log.buried == [(2, "exhausted")]
    assert log.order[log.order.index("buried") + 1] == "exhausted"
    assert [a.outcome for a in log.attempts if a.sequence == 2][-1] is AttemptOutcome.EXHAUSTED
    assert missing(receiver.receipts, SCRIPT.bot_id) == {2}


async def test_a_receiver_that_is_gone_gets_nothing_more() -> None:
    """410 disables: what waits is skipped on the record, and whoever keeps the endpoints is told once."""
    async with listening() as receiver:
        receiver.knob = lambda receipt, _nth: Fault(410) if receipt.sequence == 2 else None
        log, dispatcher = await dispatch(receiver)
    assert [a.outcome for a in log.attempts if a.sequence == 2] == [AttemptOutcome.DISABLED]
    assert {(a.outcome, a.error_class) for a in log.attempts if a.sequence > 2} == {
        (AttemptOutcome.SKIPPED, "disabled")
    }
    assert [dispatcher.closings.get_nowait() for _ in range(dispatcher.closings.qsize())] == [("ep_1", "gone")]
    assert len(receiver.tries) == 3


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
