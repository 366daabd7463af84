"""Every topic, once, as data: who writes it, who reads it, what is in it and how long it stays.

Topics are keyed by `bot_id` with the murmur2 partitioner, so one bot's records are in one partition of each topic and
topics with the same partition count are co-partitioned. What is not about a bot says so by its `key`.
"""

from dataclasses import dataclass

from schemas import events

PARTITIONS = 8
PARTITIONER = "murmur2_random"
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
DLQ_SUFFIX = ".dlq"
COMPACT_SOON = {"segment.ms": str(HOUR_MS), "segment.bytes": str(32 << 20), "min.cleanable.dirty.ratio": "0.2"}
"""A segment that is written to is never compacted, and Kafka's own choice is to write to one for a week."""
MAX_RECORD_BYTES = 1_000_000


@dataclass(frozen=True)
class Topic:
    """One topic. `compaction` keeps the last record of a key for ever; otherwise records go after `retention_ms`."""

    name: str
    record: type[events.Record] | None
    schema: str
    writers: tuple[str, ...]
    readers: tuple[str, ...]
    retention_ms: int
    key: str = "bot_id"
    partitions: int = PARTITIONS
    compaction: bool = False
    broker_timestamps: bool = False

    @property
    def subject(self) -> str:
        """The registry's subject: Confluent's TopicNameStrategy."""
        return f"{self.name}-value"

    def config(self) -> dict[str, str]:
        """Topic configuration as Kafka takes it."""
        return {
            "cleanup.policy": "compact" if self.compaction else "delete",
            "retention.ms": str(self.retention_ms),
            "message.timestamp.type": "LogAppendTime" if self.broker_timestamps else "CreateTime",
            **(COMPACT_SOON if self.compaction else {}),
        }


AUDIO_FRAMES = Topic(
    name="audio.frames",
    record=events.AudioChunk,
    schema="audio_chunk.v1",
    writers=("bot", "synthetic"),
    readers=("transcribe", "verify"),
    retention_ms=6 * HOUR_MS,
    broker_timestamps=True,
)
MEETING_PARTICIPANTS = Topic(
    name="meeting.participants",
    record=events.ParticipantEvent,
    schema="participant_event.v1",
    writers=("bot", "synthetic"),
    readers=("turns", "sink clickhouse", "sink webhooks"),
    retention_ms=7 * DAY_MS,
)
BOT_EVENTS = Topic(
    name="bot.events",
    record=events.BotEvent,
    schema="bot_event.v1",
    writers=("bot", "synthetic"),
    readers=("turns", "sink clickhouse", "sink webhooks", "verify"),
    retention_ms=7 * DAY_MS,
)
AUDIO_QUALITY = Topic(
    name="audio.quality",
    record=events.QualityWindow,
    schema="quality_window.v1",
    writers=("transcribe",),
    readers=("sink clickhouse",),
    retention_ms=7 * DAY_MS,
)
STT_RESULTS = Topic(
    name="stt.results",
    record=events.ResultEvent,
    schema="result_event.v1",
    writers=("transcribe",),
    readers=("transcribe", "turns", "verify"),
    retention_ms=7 * DAY_MS,
    partitions=AUDIO_FRAMES.partitions,
)
STT_SESSIONS = Topic(
    name="stt.sessions",
    record=events.SessionEvent,
    schema="session_event.v1",
    writers=("transcribe",),
    readers=("sink clickhouse",),
    retention_ms=7 * DAY_MS,
)
TRANSCRIPT_PARTIALS = Topic(
    name="transcript.partials",
    record=events.Turn,
    schema="turn.v1",
    writers=("turns",),
    readers=("sink clickhouse",),
    retention_ms=DAY_MS,
)
TRANSCRIPT_TURNS = Topic(
    name="transcript.turns",
    record=events.Turn,
    schema="turn.v1",
    writers=("turns",),
    readers=("sink clickhouse", "sink webhooks", "transcript"),
    retention_ms=7 * DAY_MS,
)
TRANSCRIPT_EVENTS = Topic(
    name="transcript.events",
    record=events.TranscriptEvent,
    schema="transcript_event.v1",
    writers=("turns",),
    readers=("sink webhooks",),
    retention_ms=7 * DAY_MS,
)
WEBHOOK_DELIVERIES = Topic(
    name="webhook.deliveries",
    record=events.WebhookDelivery,
    schema="webhook_delivery.v2",
    writers=("sink webhooks",),
    readers=("sink webhooks", "webhooks"),
    retention_ms=7 * DAY_MS,
)
WEBHOOK_PARKED = Topic(
    name="webhook.parked",
    record=events.WebhookParked,
    schema="webhook_parked.v1",
    writers=("sink webhooks",),
    readers=("sink webhooks",),
    retention_ms=7 * DAY_MS,
    key="partition/offset on webhook.deliveries",
    compaction=True,
)
WEBHOOK_ATTEMPTS = Topic(
    name="webhook.attempts",
    record=events.WebhookAttempt,
    schema="webhook_attempt.v2",
    writers=("sink webhooks",),
    readers=("sink clickhouse", "webhooks"),
    retention_ms=7 * DAY_MS,
)
WEBHOOK_ENDPOINTS = Topic(
    name="webhook.endpoints",
    record=events.WebhookEndpoint,
    schema="webhook_endpoint.v1",
    writers=("webhooks", "sink webhooks"),
    readers=("sink webhooks", "webhooks"),
    retention_ms=7 * DAY_MS,
    key="endpoint_id",
    partitions=1,
    compaction=True,
)
WEBHOOK_COMMANDS = Topic(
    name="webhook.commands",
    record=events.WebhookCommand,
    schema="webhook_command.v1",
    writers=("webhooks",),
    readers=("sink webhooks",),
    retention_ms=7 * DAY_MS,
    key="endpoint_id",
)

RECORD_TOPICS = (
    AUDIO_FRAMES,
    MEETING_PARTICIPANTS,
    BOT_EVENTS,
    AUDIO_QUALITY,
    STT_RESULTS,
    STT_SESSIONS,
    TRANSCRIPT_PARTIALS,
    TRANSCRIPT_TURNS,
    TRANSCRIPT_EVENTS,
    WEBHOOK_DELIVERIES,
    WEBHOOK_PARKED,
    WEBHOOK_ATTEMPTS,
    WEBHOOK_ENDPOINTS,
    WEBHOOK_COMMANDS,
)


def dlq_of(topic: Topic) -> Topic:
    """Where a record of `topic` goes that a reader cannot read: raw bytes, so it has no schema."""
    return Topic(
        name=topic.name + DLQ_SUFFIX,
        record=None,
        schema="",
        writers=topic.readers,
        readers=("operators",),
        retention_ms=14 * DAY_MS,
        key="the record's own",
        partitions=1,
    )


TOPICS = RECORD_TOPICS + tuple(dlq_of(topic) for topic in RECORD_TOPICS)
BY_NAME = {topic.name: topic for topic in TOPICS}
