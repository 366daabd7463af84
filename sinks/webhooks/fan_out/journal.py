"""What `webhook.deliveries` says of one partition: which events have their numbers, and which of its lines a new process
must still read. Pure.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from schemas import ids
from schemas.events import WebhookDelivery
from schemas.vocabulary import DeliveryTrigger
from sinks.webhooks.endpoints.book import EndpointBook
from sinks.webhooks.endpoints.endpoint import Endpoint
from sinks.webhooks.events.envelope import CONTENT_TYPE, DONE, FAILED, PROCESSED, PublicEvent, body

TRANSCRIPT_ENDS = frozenset({PROCESSED, FAILED})
NEVER_US = -1


@dataclass
class Told:
    """Who has been told of an end: of the transcript, or of the bot."""

    by: set[str] = field(default_factory=set)
    event_type: str = ""
    at_us: int = NEVER_US


@dataclass
class BotJournal:
    """One bot's lines, over all endpoints. `over`: nothing more will be told, and what will be read of it again after a
    restart lies before `frontier`.
    """

    tenant_id: str = ""
    next_sequence: dict[str, int] = field(default_factory=dict)
    delivery_ids: set[str] = field(default_factory=set)
    first_offset: int | None = None
    transcript: Told = field(default_factory=Told)
    done: Told = field(default_factory=Told)
    over: bool = False
    frontier: Mapping[str, int] = field(default_factory=dict)


class Journal:
    """The lines of one partition, by bot."""

    def __init__(self, book: EndpointBook) -> None:
        self._book = book
        self._bots: dict[str, BotJournal] = {}
        self._end: int | None = None

    def bot(self, bot_id: str) -> BotJournal:
        return self._bots.setdefault(bot_id, BotJournal())

    def bots(self) -> Iterator[tuple[str, BotJournal]]:
        yield from list(self._bots.items())

    def forget(self, bot_id: str) -> None:
        self._bots.pop(bot_id, None)

    def all_told(self, bot_id: str, end: Told) -> bool:
        """Whether everybody who wants to hear of the end has heard; a process may have died between two of them."""
        if not end.by:
            return False
        tenant_id = self.bot(bot_id).tenant_id
        return all(one.endpoint_id in end.by for one in self._book.wanting(tenant_id, end.event_type, end.at_us))

    def drafts(self, event: PublicEvent, now_us: int) -> list[WebhookDelivery]:
        """The next delivery for each endpoint that wants the event and does not have it."""
        return [draft for one in self._book.subscribers(event) if (draft := self._draft(one, event, now_us))]

    def delivery_read(self, offset: int, delivery: WebhookDelivery) -> None:
        """A line as an earlier process left it; the first line of an event counts, later ones are sent again by hand."""
        if delivery.delivery_id not in self.bot(delivery.bot_id).delivery_ids and _of_event(delivery):
            self._number(delivery)
        self.delivery_written(offset, delivery)

    def delivery_written(self, offset: int, delivery: WebhookDelivery) -> None:
        """A drafted delivery is on the log."""
        self._end = max(offset + 1, self._end or 0)
        bot = self.bot(delivery.bot_id)
        if bot.first_offset is None:
            bot.first_offset = offset

    def floor(self) -> int | None:
        """First offset that a new process must read; None when nothing is known of the topic."""
        firsts = [bot.first_offset for bot in self._bots.values() if bot.first_offset is not None]
        return min(firsts, default=self._end)

    def _draft(self, endpoint: Endpoint, event: PublicEvent, now_us: int) -> WebhookDelivery | None:
        bot, name = self.bot(event.data.bot_id), endpoint.endpoint_id
        delivery_id = ids.delivery_id(name, event.event_id)
        told_end = event.type in TRANSCRIPT_ENDS and name in bot.transcript.by
        if delivery_id in bot.delivery_ids or name in bot.done.by or told_end:
            return None
        sequence = bot.next_sequence.get(name, 0)
        delivery = WebhookDelivery(
            tenant_id=event.tenant_id,
            bot_id=event.data.bot_id,
            meeting_id=event.data.meeting_id,
            delivery_id=delivery_id,
            endpoint_id=name,
            sequence=sequence,
            event_type=event.type,
            event_id=event.event_id,
            occurred_at_us=event.occurred_at_us,
            produced_at_us=now_us,
            body=body(event, sequence),
            content_type=CONTENT_TYPE,
            ordering=endpoint.ordering,
            trigger=DeliveryTrigger.EVENT,
        )
        self._number(delivery)
        return delivery

    def _number(self, delivery: WebhookDelivery) -> None:
        bot, name = self.bot(delivery.bot_id), delivery.endpoint_id
        bot.tenant_id = delivery.tenant_id
        bot.delivery_ids.add(delivery.delivery_id)
        bot.next_sequence[name] = max(bot.next_sequence.get(name, 0), delivery.sequence + 1)
        if delivery.event_type in TRANSCRIPT_ENDS:
            _tell(bot.transcript, delivery)
        elif delivery.event_type == DONE:
            _tell(bot.done, delivery)


def _tell(end: Told, delivery: WebhookDelivery) -> None:
    end.by.add(delivery.endpoint_id)
    end.event_type, end.at_us = delivery.event_type, delivery.occurred_at_us


def _of_event(delivery: WebhookDelivery) -> bool:
    return delivery.trigger in {DeliveryTrigger.EVENT, DeliveryTrigger.UNKNOWN}
