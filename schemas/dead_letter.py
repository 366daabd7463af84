"""What goes to `<topic>.dlq`: the raw record, and headers that say where it came from and why it is here."""

from dataclasses import dataclass

import msgspec

from schemas.errors import InvalidRecord
from schemas.topics import DLQ_SUFFIX

Headers = list[tuple[str, bytes]]
ERROR_LIMIT = 2000
LETTER_HEADERS = ("origin_topic", "origin_partition", "origin_offset", "stage", "error_class", "error", "failed_at")
REDRIVE_OF = "redrive_of"  # on a record that was put back: topic/partition/offset of the one it is again


class RawRecord(msgspec.Struct, frozen=True):
    """A Kafka record as it lies in the log."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


@dataclass(frozen=True)
class DeadLetter:
    """A record to produce as it is: `value` is the poison, byte for byte."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers


def dead_letter(record: RawRecord, *, stage: str, error: InvalidRecord, failed_at_us: int) -> DeadLetter:
    """The dead letter of `record`, which `stage` (a console command's name) could not read."""
    origin: Headers = [
        ("origin_topic", record.topic.encode()),
        ("origin_partition", str(record.partition).encode()),
        ("origin_offset", str(record.offset).encode()),
        ("stage", stage.encode()),
        ("error_class", error.error_class.encode()),
        ("error", error.message[:ERROR_LIMIT].encode("utf-8", "replace")),
        ("failed_at", str(failed_at_us).encode()),
    ]
    return DeadLetter(record.topic + DLQ_SUFFIX, record.key, record.value, [*record.headers, *origin])
