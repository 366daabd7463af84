"""What is written together: the rows of one stretch of one partition. Pure.

A batch covers an exact range of offsets and goes to each of its tables as one insert. The insert's token names that
range, so the same batch tried again after an unknown outcome is the same insert to ClickHouse.
"""

from dataclasses import dataclass, field

from sinks.clickhouse.rows import Row
from sinks.clickhouse.tables import MAPPER_VERSION

Place = tuple[str, int]


@dataclass(frozen=True)
class Insert:
    """Rows for one table, sent as one block."""

    table: str
    token: str
    rows: tuple[tuple[object, ...], ...]


@dataclass
class Batch:
    """The open batch of one partition. Offsets in it only rise."""

    place: Place
    first_offset: int
    last_offset: int
    opened_at_ms: float
    size_bytes: int = 0
    rows: list[Row] = field(default_factory=list)

    @property
    def next_offset(self) -> int:
        """What to commit once every insert is acknowledged."""
        return self.last_offset + 1

    def inserts(self, group: str) -> tuple[Insert, ...]:
        """One insert for each table the batch has rows for."""
        tables = dict.fromkeys(row.table for row in self.rows)
        return tuple(self._insert(group, table) for table in tables)

    def _insert(self, group: str, table: str) -> Insert:
        rows = tuple(row.values for row in self.rows if row.table == table)
        topic, partition = self.place
        span = f"{self.first_offset}-{self.last_offset}"
        return Insert(table, f"{group}:{table}:{topic}:{partition}:{span}:{len(rows)}:m{MAPPER_VERSION}", rows)


@dataclass(frozen=True)
class Limits:
    """When a batch is written: at so many rows, at such an age, or when all batches together hold so much."""

    rows: int
    age_ms: float
    held_bytes: int = 32_000_000


class Batches:
    """The open batches, at most one for each partition, and when the next of them is due."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._open: dict[Place, Batch] = {}

    def add(self, place: Place, offset: int, row: Row, *, size_bytes: int, now_ms: float) -> None:
        """Put the row of `offset` into its partition's batch; an offset that is already in it is not added again."""
        batch = self._open.setdefault(place, Batch(place, offset, offset - 1, now_ms))
        if offset <= batch.last_offset:
            return
        batch.rows.append(row)
        batch.last_offset = offset
        batch.size_bytes += size_bytes

    def take_due(self, now_ms: float) -> list[Batch]:
        """Batches that are full or old, closed; all of them when together they hold too much."""
        if sum(batch.size_bytes for batch in self._open.values()) >= self._limits.held_bytes:
            return self.take_all()
        due = [batch for batch in self._open.values() if self._is_due(batch, now_ms)]
        for batch in due:
            del self._open[batch.place]
        return due

    def take_all(self) -> list[Batch]:
        """Every batch, closed, whatever its age."""
        taken = list(self._open.values())
        self._open.clear()
        return taken

    def forget(self, places: list[Place]) -> None:
        """Drop the batches of partitions that are another's now, who reads them again from the committed offset."""
        for place in places:
            self._open.pop(place, None)

    def deadline_ms(self) -> float | None:
        """When the oldest batch is due; None while nothing waits."""
        opened = [batch.opened_at_ms for batch in self._open.values()]
        return min(opened) + self._limits.age_ms if opened else None

    def _is_due(self, batch: Batch, now_ms: float) -> bool:
        return len(batch.rows) >= self._limits.rows or now_ms - batch.opened_at_ms >= self._limits.age_ms
