"""What `webhook.deliveries` and `webhook.attempts` say of one partition: which events have their number, which are
settled, and which of the two topics' records a new process must still read. Pure.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from schemas import ids
from schemas.events import WebhookAttempt, WebhookDelivery
from schemas.topics import WEBHOOK_ATTEMPTS, WEBHOOK_DELIVERIES
from schemas.vocabulary import AttemptOutcome, Ordering
from sinks.webhooks.envelope import CONTENT_TYPE, DONE, FAILED, PROCESSED, PublicEvent, body
from sinks.webhooks.pending import Pending

SETTLED = {AttemptOutcome.DELIVERED, AttemptOutcome.EXHAUSTED}


@dataclass
class BotJournal:
    """One bot's lines. `frontier` is how far each input was read, at most, when the bot's last event got its number."""

    next_sequence: int = 0
    delivery_ids: set[str] = field(default_factory=set)
    pending: dict[str, Pending] = field(default_factory=dict)
    first_offset: dict[str, int] = field(default_factory=dict)
    transcript_told: bool = False
    done: bool = False
    frontier: Mapping[str, int] = field(default_factory=dict)


class Journal:
    """One endpoint's lines in one partition, by bot."""

    def __init__(self, endpoint_id: str, partition: int) -> None:
        self._endpoint_id = endpoint_id
        self._partition = partition
        self._bots: dict[str, BotJournal] = {}
        self._end: dict[str, int] = {}

    def bot(self, bot_id: str) -> BotJournal:
        return self._bots.setdefault(bot_id, BotJournal())

    def bots(self) -> Iterator[tuple[str, BotJournal]]:
        yield from list(self._bots.items())

    def forget(self, bot_id: str) -> None:
        self._bots.pop(bot_id, None)

    def draft(self, event: PublicEvent, now_us: int) -> WebhookDelivery | None:
        """The next delivery of the event's bot, or None when the event already has its number."""
        bot = self.bot(event.data.bot_id)
        delivery_id = ids.delivery_id(self._endpoint_id, event.event_id)
        if delivery_id in bot.delivery_ids:
            return None
        delivery = WebhookDelivery(
            tenant_id=event.tenant_id,
            bot_id=event.data.bot_id,
            meeting_id=event.data.meeting_id,
            delivery_id=delivery_id,
            endpoint_id=self._endpoint_id,
            sequence=bot.next_sequence,
            event_type=event.type,
            event_id=event.event_id,
            occurred_at_us=event.occurred_at_us,
            produced_at_us=now_us,
            body=body(event, bot.next_sequence),
            content_type=CONTENT_TYPE,
            ordering=Ordering.BOT,
        )
        self._number(bot, delivery)
        return delivery

    def delivery_read(self, offset: int, delivery: WebhookDelivery) -> None:
        """A line of `webhook.deliveries` as an earlier process left it; the first line of an event counts."""
        if delivery.endpoint_id == self._endpoint_id and delivery.delivery_id not in self._known(delivery):
            self._number(self.bot(delivery.bot_id), delivery)
            self.delivery_written(offset, delivery)
        self._pass(WEBHOOK_DELIVERIES.name, offset)

    def delivery_written(self, offset: int, delivery: WebhookDelivery) -> Pending:
        """A drafted delivery is on the log."""
        self._pass(WEBHOOK_DELIVERIES.name, offset)
        bot = self.bot(delivery.bot_id)
        bot.first_offset.setdefault(WEBHOOK_DELIVERIES.name, offset)
        bot.pending[delivery.delivery_id] = Pending(self._partition, offset, delivery)
        return bot.pending[delivery.delivery_id]

    def attempt_written(self, offset: int, attempt: WebhookAttempt) -> None:
        """A line of `webhook.attempts`, acknowledged just now or read back after all of `webhook.deliveries`."""
        self._pass(WEBHOOK_ATTEMPTS.name, offset)
        bot = self._bots.get(attempt.bot_id)
        if bot is None or attempt.endpoint_id != self._endpoint_id:
            return
        bot.first_offset.setdefault(WEBHOOK_ATTEMPTS.name, offset)
        pending = bot.pending.get(attempt.delivery_id)
        if pending is not None and attempt.outcome in SETTLED:
            del bot.pending[attempt.delivery_id]
        elif pending is not None:
            again = replace(pending, attempts=attempt.attempt, due_us=attempt.next_attempt_at_us or 0)
            bot.pending[attempt.delivery_id] = again

    def floor(self, topic: str) -> int | None:
        """First offset of `topic` that a new process must read; None when nothing is known of the topic."""
        firsts = [bot.first_offset[topic] for bot in self._bots.values() if topic in bot.first_offset]
        return min(firsts, default=self._end.get(topic))

    def _known(self, delivery: WebhookDelivery) -> set[str]:
        bot = self._bots.get(delivery.bot_id)
        return bot.delivery_ids if bot else set()

    def _pass(self, topic: str, offset: int) -> None:
        self._end[topic] = max(offset + 1, self._end.get(topic, 0))

    def _number(self, bot: BotJournal, delivery: WebhookDelivery) -> None:
        bot.delivery_ids.add(delivery.delivery_id)
        bot.next_sequence = max(bot.next_sequence, delivery.sequence + 1)
        bot.transcript_told |= delivery.event_type in {PROCESSED, FAILED}
        bot.done |= delivery.event_type == DONE
