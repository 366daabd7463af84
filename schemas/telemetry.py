"""Metric names and the shape of log lines: the one place both are defined.

A log line is an event with fields. It never carries speech, names of people, or links with secrets; ids are fine.
"""

import logging
import sys

import structlog
from prometheus_client import Counter, Gauge, Histogram

RECORDS_READ = Counter("earshot_records_read_total", "Records read from a topic", ["stage", "topic"])
RECORDS_WRITTEN = Counter("earshot_records_written_total", "Records acknowledged by Kafka", ["stage", "topic"])
RECORDS_DEAD = Counter(
    "earshot_records_dead_total", "Records sent to a dead-letter topic", ["stage", "topic", "error_class"]
)
UNITS_CAPTURED = Counter("earshot_units_captured_total", "20 ms units captured", ["kind"])
UNITS_LOST = Counter("earshot_units_lost_total", "20 ms units declared lost", ["cause"])
CAPTURE_RECOVERIES = Counter("earshot_capture_recoveries_total", "Times capture was brought back", ["cause"])
STT_SESSIONS_OPEN = Gauge("earshot_stt_sessions_open", "Provider sessions open now", ["provider"])
STT_ERRORS = Counter("earshot_stt_errors_total", "Provider errors", ["provider", "error_class"])
STT_REJECTED = Counter(
    "earshot_stt_rejected_total", "Messages or words of a provider that are not used", ["provider", "reason"]
)
STT_ALARMS = Gauge(
    "earshot_stt_alarms", "1 while a provider is out: refused us for good, or failed repeatedly", ["provider"]
)
STT_WAITING = Gauge("earshot_stt_waiting_seconds", "Most speech of one voice no provider has taken yet", ["partition"])
STT_PAUSED = Gauge(
    "earshot_stt_paused", "1 while nothing is read from a partition: its providers are behind", ["partition"]
)
STT_LEFT = Gauge("earshot_stt_left_streams", "Voices whose audio waits on the log while others go on", ["partition"])
STT_LOG_LAG = Gauge("earshot_stt_log_lag_records", "Audio records not read yet", ["partition"])
STT_FINAL_LATENCY = Histogram("earshot_stt_final_latency_seconds", "End of speech to final result", ["provider"])
DELAYS_S = (0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 2, 5, 10, 30, 60, 300)
STT_SEND_DELAY = Histogram(
    "earshot_stt_send_delay_seconds", "From a record's append to its speech on the provider's socket", buckets=DELAYS_S
)
STT_APPEND_DELAY = Histogram(
    "earshot_stt_append_delay_seconds", "From a provider's message to Kafka's acknowledgement", buckets=DELAYS_S
)
TURNS_SETTLED = Counter("earshot_turns_settled_total", "Turns settled")
TURN_REVISIONS = Histogram(
    "earshot_turn_revisions", "Revisions a turn took until it settled", buckets=(1, 2, 3, 5, 8, 13, 21, 34, 55, 89)
)
PARTIAL_WORDS = Counter("earshot_partial_words_total", "Words shown before they were final")
PARTIAL_WORDS_CHANGED = Counter(
    "earshot_partial_words_changed_total", "Of those, words that were later replaced or taken back"
)
WORDS_DROPPED = Counter("earshot_words_dropped_total", "Words dropped as already committed", ["reason"])
ROWS_INSERTED = Counter("earshot_rows_inserted_total", "Rows inserted into ClickHouse", ["table"])
ROWS_ERASED = Counter("earshot_rows_erased_total", "Rows removed from ClickHouse by an erasure", ["table"])
TABLE_STOPPED = Gauge(
    "earshot_table_stopped", "1 while a ClickHouse table takes nothing until somebody mends something", ["table"]
)
INSERTED_AT = Gauge("earshot_inserted_timestamp_seconds", "Wall clock of the last rows ClickHouse took", ["table"])
BATCH_AGE = Histogram("earshot_batch_age_seconds", "First record of a batch read to its rows acknowledged", ["table"])
LAG = Gauge(
    "earshot_lag_records", "Records on the topic's partitions of this process, not committed yet", ["stage", "topic"]
)
WEBHOOK_ATTEMPTS = Counter("earshot_webhook_attempts_total", "Webhook attempts", ["outcome", "error_class"])
WEBHOOK_DELIVERIES_WAITING = Gauge(
    "earshot_webhook_deliveries_waiting", "Webhook deliveries not settled, parked or holding offsets back", ["where"]
)
WEBHOOK_ENDPOINTS_DISABLED = Counter(
    "earshot_webhook_endpoints_disabled_total", "Endpoints disabled: gone (410) or failing for days", ["reason"]
)
PROCESS_ERRORS = Counter(
    "earshot_process_errors_total", "Errors caught at a process's outermost loop", ["stage", "error"]
)
PROGRESS_AT = Gauge(
    "earshot_progress_timestamp_seconds", "Wall clock of the last progress; liveness is read from it", ["stage"]
)

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def configure_logging(level: str, log_format: str) -> None:
    """Send our events and other libraries' log lines to stderr, one a line."""
    processors: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(colors=False) if log_format == "console" else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[*processors, structlog.processors.format_exc_info, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            _traceback_of_errors,
            structlog.processors.format_exc_info,
            renderer,
        ],
        foreign_pre_chain=processors,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(level=max(LEVELS[level], logging.WARNING), handlers=[handler], force=True)


def _traceback_of_errors(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """What a library warns of it raises as well, and whoever hears of it says so, with a remedy."""
    if event["level"] not in ("error", "critical"):
        event.pop("exc_info", None)
    return event
