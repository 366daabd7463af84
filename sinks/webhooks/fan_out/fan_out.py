"""One partition's records to deliveries, each event numbered once, and the offsets that may be committed for it. Pure.

Partition n of every topic the sink reads and writes belongs together, since all are keyed by bot. An input record is
settled when its delivery is on the log (or it has none); a bot's own events only with `bot.done`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from schemas.events import Record, WebhookDelivery
from schemas.topics import (
    BOT_EVENTS,
    MEETING_PARTICIPANTS,
    TRANSCRIPT_EVENTS,
    TRANSCRIPT_TURNS,
    WEBHOOK_DELIVERIES,
)
from sinks.webhooks.endpoints.book import EndpointBook
from sinks.webhooks.events.envelope import DONE
from sinks.webhooks.fan_out.journal import BotJournal, Journal
from sinks.webhooks.fan_out.release import BotRelease, Place, Step
from sinks.webhooks.log.offsets import Offsets

INPUTS = (BOT_EVENTS, MEETING_PARTICIPANTS, TRANSCRIPT_TURNS, TRANSCRIPT_EVENTS)


@dataclass(frozen=True)
class Left:
    """What an earlier process left of a partition: its journal from the committed offset on, with offsets.

    Inputs are read from `input_starts` on. What will be read again of bots that are done lies before `input_ends`.
    """

    deliveries: Sequence[tuple[int, WebhookDelivery]]
    input_starts: Mapping[str, int]
    input_ends: Mapping[str, int]


@dataclass(frozen=True)
class Draft:
    """An event as deliveries to put on the log, one for each endpoint; when all are there, `places` are settled."""

    deliveries: tuple[WebhookDelivery, ...]
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

    def __init__(self, book: EndpointBook, *, timeout_us: int) -> None:
        self._timeout_us = timeout_us
        self._journal = Journal(book)
        self._offsets = {topic.name: Offsets() for topic in INPUTS}
        self._bots: dict[str, BotRelease] = {}
        self._open: dict[str, None] = {}  # a dict keeps the order of what was taken

    def restore(self, left: Left) -> None:
        """Take up what an earlier process left. A bot of which nothing is read again by the inputs' ends is over."""
        for offset, delivery in left.deliveries:
            self._journal.delivery_read(offset, delivery)
        for topic, offset in left.input_starts.items():
            self._offsets[topic].pass_to(offset)
        for _, bot in self._journal.bots():
            bot.frontier = left.input_ends

    def take(self, place: Place, record: Record, bot_id: str, now_us: int) -> None:
        self._offsets[place.topic].take(place.offset)
        if bot_id not in self._bots:
            known = self._journal.bot(bot_id)
            known.over |= self._journal.all_told(bot_id, known.done)
            self._bots[bot_id] = BotRelease(
                timeout_us=self._timeout_us,
                transcript_told=self._journal.all_told(bot_id, known.transcript),
                finished=known.over,
            )
        self._bots[bot_id].take(place, record, now_us)
        self._open[bot_id] = None

    def pass_by(self, place: Place) -> None:
        """The record there could not be read and is on its dead-letter topic."""
        self._offsets[place.topic].pass_to(place.offset + 1)

    def advance(self, now_us: int) -> Advanced:
        """Deliveries to put on the log, in order."""
        read_to = {topic: offsets.next or 0 for topic, offsets in self._offsets.items()}
        advanced = Advanced([], [])
        for bot_id in list(self._open):
            bot = self._bots[bot_id]
            for step in bot.release(read_to, now_us):
                self._step(step, advanced, now_us)
            if not bot.waits:
                del self._open[bot_id]
            if bot.unknown:
                self._let_go(bot_id)  # of what was told of it before, the journal knows until reading is past it
        return advanced

    def written(self, draft: Draft, offsets: Sequence[int]) -> None:
        """The broker has all deliveries of the draft."""
        for offset, delivery in zip(offsets, draft.deliveries, strict=True):
            self._journal.delivery_written(offset, delivery)
        self._settle(draft.places)
        if draft.deliveries[0].event_type == DONE:
            self._end(draft.deliveries[0].bot_id)

    @property
    def deadline_us(self) -> int | None:
        """When `advance` has something to do even if nothing is read."""
        return min((bot.deadline_us for bot in self._bots.values() if bot.deadline_us is not None), default=None)

    def commits(self) -> dict[str, int]:
        """Next offset to read after a restart, by topic."""
        for bot_id, bot in self._journal.bots():
            if self._over(bot_id, bot) and self._read_past(bot):
                self._forget(bot_id)
        offsets = {topic: offsets.watermark for topic, offsets in self._offsets.items()}
        offsets[WEBHOOK_DELIVERIES.name] = self._journal.floor()
        return {topic: offset for topic, offset in offsets.items() if offset is not None}

    def _step(self, step: Step, advanced: Advanced, now_us: int) -> None:
        deliveries = self._journal.drafts(step.event, now_us) if step.event else []
        if deliveries:
            advanced.drafts.append(Draft(tuple(deliveries), step.places))
            return
        if step.dropped:
            advanced.drops.extend(Drop(place, step.dropped) for place in step.places)
        self._settle(step.places)
        if step.event and step.event.type == DONE:
            self._end(step.event.data.bot_id)

    def _end(self, bot_id: str) -> None:
        bot = self._journal.bot(bot_id)
        bot.over = True
        bot.frontier = {topic: offsets.next or 0 for topic, offsets in self._offsets.items()}

    def _over(self, bot_id: str, bot: BotJournal) -> bool:
        """A live bot has unsettled events of its own, so a process that knows nothing of a bot after reading is past it."""
        return bot.over or bot_id not in self._bots

    def _settle(self, places: Iterable[Place]) -> None:
        for place in places:
            self._offsets[place.topic].settle(place.offset)

    def _read_past(self, bot: BotJournal) -> bool:
        """Whether no record of the bot will be read again after a restart, so that nothing needs to know it is done."""
        return all((self._offsets[topic].watermark or 0) >= end for topic, end in bot.frontier.items())

    def _forget(self, bot_id: str) -> None:
        self._let_go(bot_id)
        self._journal.forget(bot_id)

    def _let_go(self, bot_id: str) -> None:
        self._bots.pop(bot_id, None)
        self._open.pop(bot_id, None)
