"""A dead letter as it lies on its topic, and what of it is to be put back. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from schemas.dead_letter import LETTER_HEADERS, REDRIVE_OF, Headers, RawRecord

HeaderPairs = Sequence[tuple[str, bytes]]


@dataclass(frozen=True)
class Origin:
    """Where a record lay when somebody could not read it."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}/{self.offset}"


@dataclass(frozen=True)
class Letter:
    """One dead letter. `offset` is its own, on the dead-letter topic; `appended_at_ms` its Kafka timestamp."""

    offset: int
    appended_at_ms: int
    origin: Origin
    stage: str
    error_class: str
    error: str
    record: RawRecord

    def put_back_headers(self) -> Headers:
        """The record's own headers, and which record this is again."""
        ours = {*LETTER_HEADERS, REDRIVE_OF}
        own = [(name, value) for name, value in self.record.headers if name not in ours]
        return [*own, (REDRIVE_OF, str(self.origin).encode())]


def letter_of(record: RawRecord, appended_at_ms: int) -> Letter | None:
    """The letter in a record of a dead-letter topic; None when its headers do not say where it came from."""
    said = {name: value.decode("utf-8", "replace") for name, value in record.headers}
    try:
        origin = Origin(said["origin_topic"], int(said["origin_partition"]), int(said["origin_offset"]))
    except (KeyError, ValueError):
        return None
    stage, error_class, error = (said.get(name, "") for name in ("stage", "error_class", "error"))
    return Letter(record.offset, appended_at_ms, origin, stage, error_class, error, record)


def put_back_already(headers: HeaderPairs) -> str | None:
    """The origin that a record on its topic was put back for; None for a record that is there for the first time."""
    return next((value.decode("utf-8", "replace") for name, value in headers if name == REDRIVE_OF), None)


def to_put_back(letters: Iterable[Letter], there_again: set[str]) -> list[Letter]:
    """One letter for each origin that is not on its topic again: two stages may have written one each, or one of them two."""
    first: dict[str, Letter] = {}
    for letter in letters:
        first.setdefault(str(letter.origin), letter)
    return [letter for origin, letter in first.items() if origin not in there_again]


def tallies(letters: Iterable[Letter]) -> Mapping[tuple[str, str], int]:
    """How many letters for each stage and error class."""
    counts: dict[tuple[str, str], int] = {}
    for letter in letters:
        counts[letter.stage, letter.error_class] = counts.get((letter.stage, letter.error_class), 0) + 1
    return counts
