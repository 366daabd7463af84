"""What the log says must have been sent to subscribers, held against what the receiver wrote down. No I/O."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

import msgspec

from infra.demo.minutes import PublicEvent
from infra.demo.report import Webhooks
from schemas.events import BotEvent, ParticipantEvent, TranscriptEvent, Turn
from schemas.vocabulary import BotState, ParticipantKind
from schemas.webhooks.payloads import EVENTS

BOT_NAMES = {BotState.CALL_ENDED: "stopped"}
PARTICIPANT_NAMES = {ParticipantKind.RENAME: "update", ParticipantKind.ROLE: "update"}
LAST = "bot.done"


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """One request the receiver got, in order of arrival."""

    event_id: str
    bot_id: str
    sequence: int
    verified: bool


def public_name(event: PublicEvent) -> str:
    """The name of schemas/webhooks an event goes by, whether or not there is such a name."""
    match event:
        case BotEvent():
            return f"bot.{BOT_NAMES.get(event.state, event.state)}"
        case ParticipantEvent():
            return f"participant_events.{PARTICIPANT_NAMES.get(event.kind, event.kind)}"
        case TranscriptEvent():
            return f"transcription.{event.kind}"
        case Turn():
            return "transcript.data"


def account(events: Iterable[PublicEvent], receipts: Sequence[Receipt]) -> Webhooks:
    """Count what came against `events`, the bot's records in log order; states without a public name are not sent.

    A repeat is a duplicate and says nothing of the order. Out of order is what comes after a later event of its own
    topic, after a higher sequence number, or after the bot's last event.
    """
    expected = {event.event_id: event for event in events if public_name(event) in EVENTS}
    good = [receipt for receipt in receipts if receipt.verified]
    arrived = list({receipt.event_id: receipt for receipt in reversed(good)}.values())[::-1]
    known = [expected[receipt.event_id] for receipt in arrived if receipt.event_id in expected]
    return Webhooks(
        expected=len(expected),
        received=len(known),
        duplicates=len(good) - len(arrived),
        out_of_order=_descents(receipt.sequence for receipt in arrived) + _misplaced(known, list(expected)),
        bad_signature=len(receipts) - len(good),
    )


def _misplaced(arrived: Sequence[PublicEvent], log_order: Sequence[str]) -> int:
    place = {event_id: index for index, event_id in enumerate(log_order)}
    descents = sum(_descents(place[event.event_id] for event in arrived if type(event) is topic) for topic in _topics())
    after_last = [event for event, later in pairwise(arrived) if public_name(event) == LAST and later]
    return descents + len(after_last)


def _topics() -> Iterator[type[PublicEvent]]:
    """Each topic has one type of record, and keeps the order of its own records only."""
    yield from (BotEvent, ParticipantEvent, Turn, TranscriptEvent)


def _descents(numbers: Iterable[int]) -> int:
    return sum(later < earlier for earlier, later in pairwise(numbers))
