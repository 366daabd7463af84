"""The pipeline: records, to public events in order, to the journal, to lanes, to POSTs, and only then the offsets."""

import asyncio

import structlog

from schemas.events import BotEvent, ParticipantEvent, TranscriptEvent, Turn, WebhookAttempt
from schemas.settings import WebhookSettings
from schemas.telemetry import PROGRESS_AT
from schemas.timebase import SystemClock
from schemas.topics import WEBHOOK_DELIVERIES
from sinks.log_reader import LogRecord, Partition
from sinks.webhooks.config import allowed_ranges, proxy_url
from sinks.webhooks.delivery import Poster
from sinks.webhooks.dispatcher import Dispatcher
from sinks.webhooks.endpoint import Endpoint
from sinks.webhooks.fan_out import Draft, FanOut
from sinks.webhooks.intake import Batch, Intake
from sinks.webhooks.lanes import Lanes
from sinks.webhooks.log_writer import LogWriter
from sinks.webhooks.release import Place
from sinks.webhooks.retry_policy import retry_policy

STAGE = "sink webhooks"
POLL_S = 0.1
COMMIT_EVERY_US = 1_000_000
MOST_PENDING = 10_000
REVOKE_GRACE_S = 3.0
Write = tuple[FanOut, Draft, "asyncio.Future[int]"]
log = structlog.get_logger()


class WebhookSink:
    """One member of the sink's group, posting to one endpoint.

    Everything before the committed offsets is on `webhook.deliveries`, and everything there is either settled on
    `webhook.attempts` or taken up by whoever has the partition next.
    """

    def __init__(self, settings: WebhookSettings, endpoint: Endpoint) -> None:
        self._settings = settings
        self._endpoint = endpoint
        self._clock = SystemClock()
        self._stopping = False
        self._fan_outs: dict[int, FanOut] = {}
        self._committed: dict[Partition, int] = {}
        self._commit_due_us = 0

    def stop(self) -> None:
        """End after what is under way."""
        self._stopping = True

    async def run(self) -> None:
        """Until `stop`. Raises Unavailable when Kafka or the registry is away, alone or in a group."""
        settings, clock = self._settings, self._clock
        policy = retry_policy(settings.webhook_retry_waits_s, settings.webhook_max_attempts)
        lanes = Lanes(policy, concurrency=settings.webhook_concurrency)
        async with (
            Intake(settings, STAGE, self._hand_over) as intake,
            LogWriter(settings, STAGE) as writer,
            Poster(clock=clock, ranges=allowed_ranges(settings), proxy_url=proxy_url(settings)) as poster,
            asyncio.TaskGroup() as tasks,
        ):
            self._writer = writer
            self._dispatcher = Dispatcher(lanes, self._endpoint, poster, writer, clock, self._note_attempt)
            trying = tasks.create_task(self._dispatcher.run(tasks))
            log.info("sink_started", sink="webhooks", group=settings.webhook_consumer_group)
            while not self._stopping:
                await self._turn_once(intake)
            self._dispatcher.stop()
            await trying
            await self._commit(intake)

    async def _turn_once(self, intake: Intake) -> None:
        batch = await intake.poll(POLL_S)
        for partition in batch.assigned:
            await self._take_up(intake, partition)
        self._take(batch)
        await self._put_on_log()
        if self._clock.now_us() >= self._commit_due_us:
            await self._commit(intake)
        await intake.hold(len(self._dispatcher) > MOST_PENDING)
        PROGRESS_AT.labels(STAGE).set(self._clock.now_us() / 1e6)

    async def _take_up(self, intake: Intake, partition: int) -> None:
        """Begin where the partition's last process ended, wherever that was."""
        timeout_us = int(self._settings.webhook_transcript_timeout_s * 1_000_000)
        fan_out = FanOut(self._endpoint.endpoint_id, partition, timeout_us=timeout_us)
        for pending in fan_out.restore(await intake.left(partition)):
            self._dispatcher.push(pending)
        self._fan_outs[partition] = fan_out

    def _take(self, batch: Batch) -> None:
        now_us = self._clock.now_us()
        for dead in batch.dead:
            self._fan_outs[dead.partition].pass_by(Place(dead.topic, dead.offset))
        for read in batch.records:
            place = Place(read.topic.name, read.offset)
            self._fan_outs[read.partition].take(place, read.record, _bot_id(read), now_us)

    async def _put_on_log(self) -> None:
        """Journal what may be told now; only what the broker has is tried."""
        writes = [write for partition, fan_out in self._fan_outs.items() for write in self._write(partition, fan_out)]
        for fan_out, draft, offset in writes:
            self._dispatcher.push(fan_out.delivery_written(draft, await offset))

    def _write(self, partition: int, fan_out: FanOut) -> list[Write]:
        drafts, drops = fan_out.advance(self._clock.now_us())
        for drop in drops:
            log.info("record_not_told", topic=drop.place.topic, offset=drop.place.offset, reason=drop.reason)
        return [(fan_out, draft, self._writer.write(WEBHOOK_DELIVERIES, draft.delivery, partition)) for draft in drafts]

    def _note_attempt(self, partition: int, offset: int, attempt: WebhookAttempt) -> None:
        if partition in self._fan_outs:
            self._fan_outs[partition].attempt_written(offset, attempt)

    async def _commit(self, intake: Intake) -> None:
        self._commit_due_us = self._clock.now_us() + COMMIT_EVERY_US
        offsets = self._commits(self._fan_outs)
        changed = {place: offset for place, offset in offsets.items() if self._committed.get(place) != offset}
        await intake.commit(changed)
        self._committed.update(changed)

    def _commits(self, fan_outs: dict[int, FanOut]) -> dict[Partition, int]:
        return {
            (topic, partition): offset
            for partition, fan_out in fan_outs.items()
            for topic, offset in fan_out.commits().items()
        }

    async def _hand_over(self, partitions: frozenset[int]) -> dict[Partition, int]:
        """Other processes get these partitions: end the tries under way, forget, and say what to commit in leaving."""
        await self._dispatcher.drop(partitions, REVOKE_GRACE_S)
        gone = {partition: self._fan_outs.pop(partition) for partition in partitions & self._fan_outs.keys()}
        self._committed.clear()
        return self._commits(gone)


def _bot_id(read: LogRecord) -> str:
    record = read.record
    assert isinstance(record, BotEvent | ParticipantEvent | Turn | TranscriptEvent)
    return record.bot_id
