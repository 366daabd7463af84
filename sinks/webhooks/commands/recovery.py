"""Which deliveries a recovery sends once more: what the endpoint was given up on, in the order of the log. Pure.

`note_delivery` and `note_attempt` everything of one partition since the command's time, then ask `wanted` of each delivery
again, in order. What is delivered, or still being tried, or was already copied and waits its turn, is not wanted.
"""

from collections.abc import Container
from dataclasses import dataclass, field

from schemas.events import WebhookAttempt, WebhookCommand, WebhookDelivery
from schemas.vocabulary import AttemptOutcome

GIVEN_UP: Container[AttemptOutcome] = frozenset(
    {AttemptOutcome.EXHAUSTED, AttemptOutcome.SKIPPED, AttemptOutcome.HELD, AttemptOutcome.DISABLED}
)
NOT_SAID = -1


@dataclass
class Copies:
    """One message's records on `webhook.deliveries`: the first, and the last, which counts."""

    first_offset: int
    last_offset: int
    outcomes: dict[int, AttemptOutcome] = field(default_factory=dict)
    delivered: bool = False

    @property
    def given_up(self) -> bool:
        return not self.delivered and self.outcomes.get(self.last_offset) in GIVEN_UP


class Recovery:
    """One `recover` command in one partition."""

    def __init__(self, command: WebhookCommand) -> None:
        self._command = command
        self._messages: dict[str, Copies] = {}

    def note_delivery(self, offset: int, delivery: WebhookDelivery) -> None:
        if self._concerns(delivery):
            copies = self._messages.setdefault(delivery.delivery_id, Copies(offset, offset))
            copies.last_offset = offset

    def note_attempt(self, attempt: WebhookAttempt) -> None:
        """After all deliveries, in the order of the log."""
        copies = self._messages.get(attempt.delivery_id)
        if copies is None:
            return
        offset = copies.first_offset if attempt.delivery_offset == NOT_SAID else attempt.delivery_offset
        copies.outcomes[offset] = attempt.outcome
        copies.delivered |= attempt.outcome is AttemptOutcome.DELIVERED

    def wanted(self, offset: int, delivery: WebhookDelivery) -> bool:
        """Whether to append a copy of the delivery at `offset`; each message once, at its first place."""
        copies = self._messages.get(delivery.delivery_id)
        return copies is not None and copies.first_offset == offset and copies.given_up

    def _concerns(self, delivery: WebhookDelivery) -> bool:
        command = self._command
        return (
            delivery.endpoint_id == command.endpoint_id
            and command.bot_id in (None, delivery.bot_id)
            and (command.since_us or 0) <= delivery.occurred_at_us
            and (command.until_us is None or delivery.occurred_at_us < command.until_us)
        )
