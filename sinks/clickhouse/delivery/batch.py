"""What is written together: one stretch of one partition, named by its exact range of offsets. Pure.

A batch is cut from what waits of its partition when it is full, heavy or old; or, when an earlier process left word of a
batch it was about to insert, exactly as that one was. Its tokens name group, table, topic, partition, range and mapper, so
the same batch tried again after an unknown outcome is the same insert to ClickHouse.
"""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from schemas.dead_letter import RawRecord
from sinks.clickhouse.delivery.intent import Intent
from sinks.clickhouse.mapping.tables import MAPPER_VERSION

Place = tuple[str, int]


class Entry(NamedTuple):
    """One record of a batch; `origin` gives it as it lies in the log, for a dead letter."""

    offset: int
    value: bytes | None
    origin: Callable[[], RawRecord]


@dataclass(frozen=True)
class Batch:
    """Consecutive records of one partition. `intended`: the log's commit metadata says already that this is being inserted."""

    place: Place
    entries: tuple[Entry, ...]
    intent: Intent
    intended: bool = False
    opened_at_ms: float = 0.0

    @property
    def next_offset(self) -> int:
        """What to commit once every table has acknowledged."""
        return self.intent.last_offset + 1

    def token(self, group: str, table: str, first_offset: int, last_offset: int) -> str:
        """The deduplication token of the batch's rows from one offset to another, both included."""
        topic, partition = self.place
        span = f"{first_offset}-{last_offset}"
        return f"{group}:{table}:{topic}:{partition}:{span}:m{self.intent.mapper_version}"


@dataclass(frozen=True)
class Limits:
    """When a batch is cut: at so many rows, at so many bytes, or at such an age."""

    rows: int
    age_ms: float
    bytes: int = 8_000_000


@dataclass
class Waiting:
    """What was read of one partition and is in no batch yet. Offsets in it only rise."""

    intent: Intent | None
    entries: deque[Entry] = field(default_factory=deque)
    size_bytes: int = 0
    opened_at_ms: float = 0.0

    def add(self, entry: Entry, now_ms: float) -> None:
        if self.entries and entry.offset <= self.entries[-1].offset:
            return
        if not self.entries:
            self.opened_at_ms = now_ms
        self.entries.append(entry)
        self.size_bytes += len(entry.value or b"")

    def take(self, most: int, most_bytes: int, last_offset: int | None = None) -> tuple[Entry, ...]:
        """The first entries, at most so many and so heavy but never none, or all up to `last_offset`."""
        taken: list[Entry] = []
        taken_bytes = 0
        while self.entries:
            size_bytes = len(self.entries[0].value or b"")
            full = len(taken) >= most or taken_bytes + size_bytes > most_bytes
            if self.entries[0].offset > last_offset if last_offset is not None else full and taken:
                break
            taken.append(self.entries.popleft())
            taken_bytes += size_bytes
        self.size_bytes -= taken_bytes
        return tuple(taken)


class Batches:
    """What waits of each partition that is ours. A partition gives no batch before it is known what was left of it."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._waiting: dict[Place, Waiting] = {}
        self._unknown: dict[Place, Waiting] = {}

    @property
    def unknown(self) -> list[Place]:
        """Partitions of which nobody has said yet what an earlier process left."""
        return list(self._unknown)

    def open(self, places: Iterable[Place]) -> None:
        """These partitions are ours now."""
        for place in places:
            self._waiting.pop(place, None)
            self._unknown[place] = Waiting(None)

    def left(self, place: Place, intent: Intent | None) -> None:
        """An earlier process left this intent, or none: the partition may give batches."""
        waiting = self._unknown.pop(place)
        waiting.intent = intent
        self._waiting[place] = waiting

    def add(self, place: Place, entry: Entry, now_ms: float) -> None:
        """Put a record to its partition's others; one that is there already is not added again."""
        waiting = self._waiting.get(place) or self._unknown.get(place)
        if waiting:
            waiting.add(entry, now_ms)

    def take_due(self, now_ms: float, busy: Iterable[Place] = (), *, all_: bool = False) -> list[Batch]:
        """One batch, at most, of each partition that has one due and is not `busy`; whatever its age, with `all_`."""
        free = self._waiting.keys() - set(busy)
        found = [self._cut(place, self._waiting[place], now_ms, all_) for place in sorted(free)]
        return [batch for batch in found if batch]

    def forget(self, places: Iterable[Place]) -> None:
        """Drop what waits of partitions that are another's now, who reads it again from the committed offset."""
        for place in places:
            self._waiting.pop(place, None)
            self._unknown.pop(place, None)

    def full(self) -> set[Place]:
        """Partitions of which enough waits: no more of them is to be read."""
        everyone = {**self._waiting, **self._unknown}
        return {place for place, waiting in everyone.items() if self._is_full(waiting) and not waiting.intent}

    def deadline_ms(self, busy: Iterable[Place] = ()) -> float | None:
        """When the oldest of what waits is due; None while nothing does, or only what waits for the rest of its batch."""
        free = [self._waiting[place] for place in self._waiting.keys() - set(busy)]
        opened = [waiting.opened_at_ms for waiting in free if waiting.entries and not waiting.intent]
        return min(opened) + self._limits.age_ms if opened else None

    def _cut(self, place: Place, waiting: Waiting, now_ms: float, all_: bool) -> Batch | None:
        if not waiting.entries:
            return None
        if waiting.intent:
            return self._again(place, waiting, waiting.intent)
        if not (all_ or self._is_full(waiting) or now_ms - waiting.opened_at_ms >= self._limits.age_ms):
            return None
        entries = waiting.take(self._limits.rows, self._limits.bytes)
        first, last = entries[0].offset, entries[-1].offset
        intent = Intent(first_offset=first, last_offset=last, records=len(entries), mapper_version=MAPPER_VERSION)
        return Batch(place, entries, intent, opened_at_ms=waiting.opened_at_ms)

    def _again(self, place: Place, waiting: Waiting, intent: Intent) -> Batch | None:
        """The batch an earlier process was about to insert, once all of it is here.

        What retention has taken from it since is gone from the log; of what is left the token still holds.
        """
        first, last = waiting.entries[0].offset, waiting.entries[-1].offset
        if first < intent.first_offset or first > intent.last_offset:
            waiting.intent = None  # the group was sent elsewhere in the log, or the log begins later by now
            return None
        if last < intent.last_offset:
            return None
        waiting.intent = None
        entries = waiting.take(0, 0, intent.last_offset)
        return Batch(place, entries, intent, intended=True, opened_at_ms=waiting.opened_at_ms)

    def _is_full(self, waiting: Waiting) -> bool:
        return len(waiting.entries) >= self._limits.rows or waiting.size_bytes >= self._limits.bytes
