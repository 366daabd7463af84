"""One partition's records to deliveries, each event numbered once, and the offsets that may be committed for it. Pure.

Partition n of every topic the sink reads and writes belongs together, since all are keyed by bot. An input record is
settled when its delivery is on the log (or it has none); a bot's own events only with `bot.done`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from schemas.events import Record, WebhookAttempt, WebhookDelivery
from schemas.topics import (
    BOT_EVENTS,
    MEETING_PARTICIPANTS,
    TRANSCRIPT_EVENTS,
    TRANSCRIPT_TURNS,
    WEBHOOK_ATTEMPTS,
    WEBHOOK_DELIVERIES,
)
from sinks.webhooks.journal import BotJournal, Journal
from sinks.webhooks.offsets import Offsets
from sinks.webhooks.pending import Pending
from sinks.webhooks.release import BotRelease, Place, Step

INPUTS = (BOT_EVENTS, MEETING_PARTICIPANTS, TRANSCRIPT_TURNS, TRANSCRIPT_EVENTS)
JOURNALS = (WEBHOOK_DELIVERIES, WEBHOOK_ATTEMPTS)


@dataclass(frozen=True)
class Left:
    """What an earlier process left of a partition: its journal from the committed offsets on, with offsets.

    Inputs are read from `input_starts` on. What will be read again of bots that are done lies before `input_ends`.
    """

    deliveries: Sequence[tuple[int, WebhookDelivery]]
    attempts: Sequence[tuple[int, WebhookAttempt]]
    input_starts: Mapping[str, int]
    input_ends: Mapping[str, int]


@dataclass(frozen=True)
class Draft:
    """A delivery to put on the log; when it is there, `places` are settled."""

    delivery: WebhookDelivery
    places: tuple[Place, ...]


@dataclass(frozen=True)
class Drop:
    """A record that will not be told, and why: for the log of the process, without the record."""

    place: Place
    reason: str


class Advanced(NamedTuple):
    """What `advance` decided."""

    drafts: list[Draft]
    drops: list[Drop]


class FanOut:
    """`restore` once. Then again and again: `take` what was read, `pass_by` what could not be, `advance`, put the drafts
    on the log in order and say so; `commits` is what may be committed.
    """

    def __init__(self, endpoint_id: str, partition: int, *, timeout_us: int) -> None:
        self._timeout_us = timeout_us
        self._journal = Journal(endpoint_id, partition)
        self._offsets = {topic.name: Offsets() for topic in INPUTS}
        self._bots: dict[str, BotRelease] = {}

    def restore(self, left: Left) -> list[Pending]:
        """Take up what an earlier process left; returns what it had not delivered, in order per bot."""
        for offset, delivery in left.deliveries:
            self._journal.delivery_read(offset, delivery)
        for offset, attempt in left.attempts:
            self._journal.attempt_written(offset, attempt)
        for topic, offset in left.input_starts.items():
            self._offsets[topic].pass_to(offset)
        for _, bot in self._journal.bots():
            if bot.done:
                bot.frontier = left.input_ends
        return [pending for _, bot in self._journal.bots() for pending in bot.pending.values()]

    def take(self, place: Place, record: Record, bot_id: str, now_us: int) -> None:
        self._offsets[place.topic].take(place.offset)
        if bot_id not in self._bots:
            known = self._journal.bot(bot_id)
            self._bots[bot_id] = BotRelease(
                timeout_us=self._timeout_us, transcript_told=known.transcript_told, finished=known.done
            )
        self._bots[bot_id].take(place, record, now_us)

    def pass_by(self, place: Place) -> None:
        """The record there could not be read and is on its dead-letter topic."""
        self._offsets[place.topic].pass_to(place.offset + 1)

    def advance(self, now_us: int) -> Advanced:
        """Deliveries to put on the log, in order."""
        read_to = {topic: offsets.next or 0 for topic, offsets in self._offsets.items()}
        advanced = Advanced([], [])
        for bot_id, bot in list(self._bots.items()):
            for step in bot.release(read_to, now_us):
                self._step(step, advanced, now_us)
            if bot.unknown:
                self._forget(bot_id)
        return advanced

    def delivery_written(self, draft: Draft, offset: int) -> Pending:
        """The broker has the delivery; it may be tried."""
        pending = self._journal.delivery_written(offset, draft.delivery)
        self._settle(draft.places)
        bot = self._journal.bot(draft.delivery.bot_id)
        if bot.done and not bot.frontier:
            bot.frontier = {topic: offsets.next or 0 for topic, offsets in self._offsets.items()}
        return pending

    def attempt_written(self, offset: int, attempt: WebhookAttempt) -> None:
        """The broker has the record of a try."""
        self._journal.attempt_written(offset, attempt)

    @property
    def deadline_us(self) -> int | None:
        """When `advance` has something to do even if nothing is read."""
        return min((bot.deadline_us for bot in self._bots.values() if bot.deadline_us is not None), default=None)

    def commits(self) -> dict[str, int]:
        """Next offset to read after a restart, by topic."""
        for bot_id, bot in self._journal.bots():
            if bot.done and not bot.pending and self._read_past(bot):
                self._forget(bot_id)
        watermarks = {topic: offsets.watermark for topic, offsets in self._offsets.items()}
        floors = {topic.name: self._journal.floor(topic.name) for topic in JOURNALS}
        return {topic: offset for topic, offset in {**watermarks, **floors}.items() if offset is not None}

    def _step(self, step: Step, advanced: Advanced, now_us: int) -> None:
        delivery = self._journal.draft(step.event, now_us) if step.event else None
        if delivery:
            advanced.drafts.append(Draft(delivery, step.places))
            return
        if step.dropped:
            advanced.drops.extend(Drop(place, step.dropped) for place in step.places)
        self._settle(step.places)

    def _settle(self, places: Iterable[Place]) -> None:
        for place in places:
            self._offsets[place.topic].settle(place.offset)

    def _read_past(self, bot: BotJournal) -> bool:
        """Whether no record of the bot will be read again after a restart, so that nothing needs to know it is done."""
        return all((self._offsets[topic].watermark or 0) >= end for topic, end in bot.frontier.items())

    def _forget(self, bot_id: str) -> None:
        self._bots.pop(bot_id, None)
        self._journal.forget(bot_id)
