"""From the topics of the bots to webhook.deliveries: one member of the fanning-out group."""

import asyncio

import structlog

from schemas.events import BotEvent, ParticipantEvent, TranscriptEvent, Turn
from schemas.settings import WebhookSettings
from schemas.telemetry import PROGRESS_AT
from schemas.timebase import Clock
from schemas.topics import WEBHOOK_DELIVERIES
from sinks.log_reader import LogRecord
from sinks.webhooks.endpoints.book import EndpointBook
from sinks.webhooks.fan_out.fan_out import INPUTS, Draft, FanOut
from sinks.webhooks.fan_out.fitting import Fitting
from sinks.webhooks.fan_out.release import Place
from sinks.webhooks.fan_out.restore import left_of_fan_out
from sinks.webhooks.log.intake import Batch, Commits, Intake
from sinks.webhooks.log.writer import LogWriter

STAGE = "sink webhooks"
POLL_S = 0.1
COMMIT_EVERY_US = 1_000_000
Write = tuple[FanOut, Draft, "list[asyncio.Future[int]]"]
log = structlog.get_logger()


class FanOutLoop:
    """Numbers and freezes events until `stop`; everything before the committed offsets is on webhook.deliveries."""

    def __init__(self, settings: WebhookSettings, book: EndpointBook, writer: LogWriter, clock: Clock) -> None:
        self._timeout_us = int(settings.webhook_transcript_timeout_s * 1_000_000)
        self._book = book
        self._writer = writer
        self._clock = clock
        self._fitting = Fitting(settings, book, clock)
        self._stopping = False
        self._fan_outs: dict[int, FanOut] = {}
        self._commit_due_us = 0
        self.intake = Intake(settings, STAGE, settings.webhook_consumer_group, INPUTS, self._hand_over)

    def stop(self) -> None:
        self._stopping = True

    async def run(self) -> None:
        """Raises Unavailable when Kafka or the registry is away."""
        async with self.intake as intake:
            await intake.demand_likeness((*INPUTS, WEBHOOK_DELIVERIES))
            while not self._stopping:
                await self._turn_once(intake)
            await intake.commit(self._commits(self._fan_outs))

    async def _turn_once(self, intake: Intake) -> None:
        batch = await intake.poll(POLL_S)
        for partition in batch.assigned:
            fan_out = FanOut(self._book, timeout_us=self._timeout_us)
            fan_out.restore(await intake.left(left_of_fan_out, partition))
            self._fan_outs[partition] = fan_out
        self._take(batch)
        await self._put_on_log()
        now_us = self._clock.now_us()
        if now_us >= self._commit_due_us:
            self._commit_due_us = now_us + COMMIT_EVERY_US
            await intake.commit(self._commits(self._fan_outs))
        PROGRESS_AT.labels(STAGE).set(now_us / 1e6)

    def _take(self, batch: Batch) -> None:
        now_us = self._clock.now_us()
        for dead in batch.dead:
            self._fan_outs[dead.partition].pass_by(Place(dead.topic, dead.offset))
        for read in batch.records:
            place = Place(read.topic.name, read.offset)
            self._fan_outs[read.partition].take(place, read.record, _bot_id(read), now_us)

    async def _put_on_log(self) -> None:
        writes: list[Write] = []
        for partition, fan_out in self._fan_outs.items():
            writes += await self._write(partition, fan_out)
        for fan_out, draft, offsets in writes:
            fan_out.written(draft, [await offset for offset in offsets])

    async def _write(self, partition: int, fan_out: FanOut) -> list[Write]:
        drafts, drops = fan_out.advance(self._clock.now_us())
        for drop in drops:
            log.info("record_not_told", topic=drop.place.topic, offset=drop.place.offset, reason=drop.reason)
        writes: list[Write] = []
        for draft in drafts:
            fitted = [await self._fitting.fitted(one) for one in draft.deliveries]
            writes.append(
                (fan_out, draft, [self._writer.written(WEBHOOK_DELIVERIES, one, partition) for one in fitted])
            )
        return writes

    def _commits(self, fan_outs: dict[int, FanOut]) -> Commits:
        return Commits(
            {
                (topic, partition): offset
                for partition, fan_out in fan_outs.items()
                for topic, offset in fan_out.commits().items()
            }
        )

    async def _hand_over(self, partitions: frozenset[int]) -> Commits:
        """Other processes get these partitions: what is not on the log yet they read again."""
        return self._commits(
            {partition: self._fan_outs.pop(partition) for partition in partitions & self._fan_outs.keys()}
        )


def _bot_id(read: LogRecord) -> str:
    record = read.record
    assert isinstance(record, BotEvent | ParticipantEvent | Turn | TranscriptEvent)
    return record.bot_id
