"""A decoded record and where the log has it: what pure code gets to see of Kafka."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from schemas.events import Record

R_co = TypeVar("R_co", bound=Record, covariant=True)


@dataclass(frozen=True, slots=True)
class Logged(Generic[R_co]):
    """`appended_at_ms` is the record's Kafka timestamp: the broker's on audio.frames, the producer's elsewhere."""

    offset: int
    appended_at_ms: int
    record: R_co
