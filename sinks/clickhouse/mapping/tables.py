"""Which table each topic fills, and its columns, as data. Pure.

Columns bear the names of the record's fields; a time loses its `_us`, because the column's type carries the unit.
Raise MAPPER_VERSION whenever a record would become another row than before: it is part of every insert's token.
"""

from dataclasses import dataclass

from schemas.events import BotEvent, Ledger, WebhookAttempt
from schemas.topics import (
    AUDIO_QUALITY,
    BOT_EVENTS,
    ERASURE_COMMANDS,
    MEETING_PARTICIPANTS,
    STT_SESSIONS,
    TRANSCRIPT_PARTIALS,
    TRANSCRIPT_TURNS,
    WEBHOOK_ATTEMPTS,
)
from sinks.clickhouse.mapping.columns import (
    Column,
    attributes,
    column,
    counts,
    flag,
    int32,
    int64,
    key,
    moment,
    nested,
    optional,
    real,
    text,
    texts,
    uint16,
    uint32,
    uint64,
)

MAPPER_VERSION = 1


@dataclass(frozen=True)
class Table:
    """A table and the columns a record fills, in the order of a row."""

    name: str
    columns: tuple[Column, ...]


WHOSE = (column("tenant_id", key), column("meeting_id", text), column("bot_id", key))
WHEN = (column("occurred_at", moment, "occurred_at_us"), column("produced_at", moment, "produced_at_us"))
FACT = (*WHOSE, column("event_id", key), *WHEN)

TURN_COLUMNS = (
    *FACT,
    column("recording_started_at", moment, "recording_started_at_us"),
    column("turn_id", key),
    column("revision", uint32),
    column("state", text),
    column("stream_id", text),
    column("epoch", uint32),
    column("participant_id", text),
    column("speaker_label", text),
    column("attribution", text),
    column("attribution_confidence", real),
    column("display_name", text),
    column("language", text),
    column("text", text),
    *nested(
        "words",
        (
            ("text", text),
            ("start_ms", int32),
            ("end_ms", int32),
            ("confidence", optional(real)),
            ("word_is_final", flag),
            ("speaker_label", text),
        ),
    ),
    column("start_ms", int32),
    column("end_ms", int32),
    column("seq_from", int64),
    column("seq_to", int64),
    column("provider", text),
    column("stt_session_id", text),
    column("reason", text),
    column("transcript_label", text),
    column("overlaps", texts),
)
TURNS = Table("turns", TURN_COLUMNS)
TURN_REVISIONS = Table("turn_revisions", TURN_COLUMNS)

PARTICIPANT_EVENTS = Table(
    "participant_events",
    (
        *FACT,
        column("sequence", uint64),
        column("kind", text),
        column("participant_id", key),
        column("display_name", optional(text)),
        column("is_bot", flag),
        column("source", text),
        column("at_ms", int64),
        column("stream_id", text),
        column("epoch", optional(uint32)),
        column("seq_from", optional(int64)),
        column("seq_to", optional(int64)),
        column("attribution", text),
        column("attribution_confidence", real),
    ),
)


def _ledger(record: BotEvent) -> Ledger:
    return record.ledger or Ledger(streams=(), outcome="")


def _of_ledger(entry: Column) -> Column:
    """The same column, read from the event's ledger."""
    return Column(f"ledger_{entry.name}", lambda record: entry.read(_ledger(record)))


LEDGER_STREAMS = nested(
    "streams",
    (
        ("stream_id", text),
        ("slot", text),
        ("participant_id", text),
        ("epoch", uint32),
        ("first_seq", int64),
        ("last_seq", int64),
        ("units_audio", uint64),
        ("units_silence", uint64),
        ("units_absent", uint64),
        ("units_gap", counts),
        ("frames_captured_by_page", uint64),
        ("ranges_sha256", text),
    ),
)
BOT_EVENTS_TABLE = Table(
    "bot_events",
    (
        *FACT,
        column("sequence", uint64),
        column("sequence_epoch", uint32),
        column("state", text),
        column("previous_state", text),
        column("sub_code", text),
        column("message", text),
        column("remedy", text),
        column("platform", text),
        column("region", text),
        column("recording_started_at", optional(moment), "recording_started_at_us"),
        column("attrs", attributes),
        *map(_of_ledger, (column("outcome", text), column("artefact_ids", texts), *LEDGER_STREAMS)),
    ),
)

STT_SESSION_EVENTS = Table(
    "stt_sessions",
    (
        *FACT,
        column("stt_session_id", text),
        column("stream_id", text),
        column("epoch", uint32),
        column("transcript_label", text),
        column("kind", text),
        column("attempt", uint32),
        column("provider", text),
        column("model", text),
        column("language", text),
        column("error_class", text),
        column("error_code", text),
        column("remedy", text),
        column("audio_sent_ms", uint64),
        column("speech_ms", uint64),
        column("billed_ms", uint64),
        column("cost_micros", uint64),
        column("first_result_ms", optional(int32)),
        column("latency_ms_p50", optional(int32)),
        column("latency_ms_p95", optional(int32)),
    ),
)

QUALITY_WINDOWS = Table(
    "quality_windows",
    (
        *FACT,
        column("stream_id", key),
        column("epoch", uint32),
        column("window_ms", int64),
        column("window_length_ms", uint32),
        column("revision", uint32),
        *(
            column(f"units_{kind}", uint32)
            for kind in ("expected", "received", "duplicate", "late", "reordered", "silence", "absent")
        ),
        column("units_gap", counts),
        column("units_clipped", uint32),
        column("level_dbfs", optional(real)),
        column("drift_ppm", real),
        column("capture_to_kafka_ms_p50", optional(real)),
        column("capture_to_kafka_ms_p99", optional(real)),
    ),
)


def _delivery_offset(record: WebhookAttempt) -> object:
    """A column that joins a sorting key later may have no default but 0, which is then what records without one get."""
    return int64("delivery_offset", max(record.delivery_offset, 0))


WEBHOOK_ATTEMPTS_TABLE = Table(
    "webhook_attempts",
    (
        *WHOSE,
        column("delivery_id", key),
        column("endpoint_id", key),
        column("sequence", uint64),
        column("event_type", text),
        column("attempt", uint32),
        *WHEN,
        column("outcome", text),
        column("status", uint16),
        column("error_class", text),
        column("latency_ms", int64),
        column("response_snippet", text),
        column("next_attempt_at", optional(moment), "next_attempt_at_us"),
        column("trigger", text),
        column("url_host", text),
        column("charged", flag),
        column("request_bytes", uint32),
        Column("delivery_offset", _delivery_offset),
    ),
)

ERASURES = Table(
    "erasures",
    (
        column("tenant_id", key),
        column("meeting_id", text),
        column("bot_id", key),
        column("event_id", key),
        *WHEN,
        column("participant_id", text),
        column("requested_by", text),
        column("reason", text),
    ),
)

TABLES = {
    TRANSCRIPT_TURNS.name: TURNS,
    TRANSCRIPT_PARTIALS.name: TURN_REVISIONS,
    MEETING_PARTICIPANTS.name: PARTICIPANT_EVENTS,
    BOT_EVENTS.name: BOT_EVENTS_TABLE,
    STT_SESSIONS.name: STT_SESSION_EVENTS,
    AUDIO_QUALITY.name: QUALITY_WINDOWS,
    WEBHOOK_ATTEMPTS.name: WEBHOOK_ATTEMPTS_TABLE,
    ERASURE_COMMANDS.name: ERASURES,
}
DEAD_LETTERS = "sink_dead_letters"
DEAD_LETTER_COLUMNS = (
    "tenant_id",
    "origin_topic",
    "origin_partition",
    "origin_offset",
    "stage",
    "error_class",
    "error",
    "failed_at",
    "key",
    "value",
    "headers",
)
PLACE_COLUMNS = ("log_partition", "log_offset")
COLUMN_NAMES: dict[str, tuple[str, ...]] = {
    **{table.name: (*(entry.name for entry in table.columns), *PLACE_COLUMNS) for table in TABLES.values()},
    DEAD_LETTERS: DEAD_LETTER_COLUMNS,
}
