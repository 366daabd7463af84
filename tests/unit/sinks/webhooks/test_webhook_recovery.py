"""What a recovery sends again, what resending and testing append, in a log that is told record by record."""

import msgspec
import pytest

from schemas.events import WebhookCommand, WebhookDelivery
from schemas.vocabulary import AttemptOutcome, CommandKind, DeliveryTrigger
from schemas.webhooks.documents import example_file, read_body
from schemas.webhooks.payloads import EVENTS
from sinks.webhooks.commands.copy import copied, example_delivery
from sinks.webhooks.commands.recovery import Recovery
from tests.fakes.pending_deliveries import delivery
from tests.fakes.webhook_commands import attempt, command

DELIVERED, EXHAUSTED, SKIPPED, RETRY = (
    AttemptOutcome.DELIVERED,
    AttemptOutcome.EXHAUSTED,
    AttemptOutcome.SKIPPED,
    AttemptOutcome.RETRY,
)


def recovered(
    log: list[WebhookDelivery], outcomes: dict[int, AttemptOutcome], asked: WebhookCommand | None = None
) -> list[int]:
    """Offsets that a recovery copies, when the deliveries at these offsets came to these outcomes."""
    recovery = Recovery(asked or command())
    for offset, found in enumerate(log):
        recovery.note_delivery(offset, found)
    for offset, outcome in outcomes.items():
        recovery.note_attempt(attempt(log[offset], outcome, offset))
    return [offset for offset, found in enumerate(log) if recovery.wanted(offset, found)]


THREE = [delivery(0, 0), delivery(0, 1), delivery(1, 0)]


def test_what_was_given_up_or_skipped_is_sent_again_in_order() -> None:
    """Delivered, waiting and retrying messages are not."""
    log = [delivery(0, number) for number in range(5)]
    outcomes = {0: EXHAUSTED, 1: DELIVERED, 2: SKIPPED, 3: RETRY}
    assert recovered(log, outcomes) == [0, 2]


def test_what_was_copied_and_waits_is_not_copied_again() -> None:
    """A command that is carried out twice does not send everything twice."""
    log = [*THREE, copied(THREE[0], DeliveryTrigger.RECOVER, 9)]
    assert recovered(log, {0: EXHAUSTED, 1: EXHAUSTED, 2: EXHAUSTED}) == [1, 2]


def test_a_copy_that_was_given_up_too_is_sent_again() -> None:
    """Once, at the place of the first."""
    log = [*THREE, copied(THREE[0], DeliveryTrigger.RECOVER, 9)]
    assert recovered(log, {0: EXHAUSTED, 1: DELIVERED, 2: DELIVERED, 3: EXHAUSTED}) == [0]


def test_a_copy_that_arrived_settles_the_message() -> None:
    """Whatever became of the first."""
    log = [*THREE, copied(THREE[0], DeliveryTrigger.RESEND, 9)]
    assert recovered(log, {0: EXHAUSTED, 1: DELIVERED, 2: DELIVERED, 3: DELIVERED}) == []


@pytest.mark.parametrize(
    ("asked", "offsets"),
    [
        (command(bot_id="bot_1"), [2]),
        (command(endpoint_id="ep_2"), []),
        (command(since_us=1), []),
        (command(until_us=0), []),
        (command(since_us=0, until_us=1), [0, 1, 2]),
    ],
)
def test_endpoint_bot_and_time_narrow_it(asked: WebhookCommand, offsets: list[int]) -> None:
    """`until` is excluded, `since` is not; times are those of the events."""
    assert recovered(THREE, dict.fromkeys(range(3), EXHAUSTED), asked) == offsets


def test_attempts_of_version_1_speak_of_the_first_copy() -> None:
    """They name no offset."""
    recovery = Recovery(command())
    recovery.note_delivery(7, THREE[0])
    recovery.note_attempt(attempt(THREE[0], EXHAUSTED, -1))
    assert recovery.wanted(7, THREE[0])


def test_a_copy_is_the_same_message() -> None:
    """Id, number and body stay; what asked for it is new."""
    copy = copied(THREE[0], DeliveryTrigger.RESEND, 9)
    assert copy == msgspec.structs.replace(THREE[0], produced_at_us=9, trigger=DeliveryTrigger.RESEND)


@pytest.mark.parametrize("event_type", list(EVENTS))
def test_a_test_event_is_a_valid_event_about_a_bot_that_never_was(event_type: str) -> None:
    """For every public event; the same command makes the same message."""
    asked = command(kind=CommandKind.TEST, event_type=event_type)
    sent = example_delivery(asked, example_file(event_type).read_bytes(), now_us=9)
    body = read_body(sent.body)
    assert (body.type, body.sequence, body.id) == (event_type, 0, sent.event_id)
    assert body.data.bot_id == sent.bot_id == "bot_test_1"
    assert sent.trigger is DeliveryTrigger.TEST
    assert sent.delivery_id == example_delivery(asked, example_file(event_type).read_bytes(), now_us=10).delivery_id
