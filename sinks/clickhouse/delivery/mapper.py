"""A batch of records to the rows of its table: all at once where nothing is out of the ordinary, else one by one."""

import random
from dataclasses import dataclass, field

from schemas.codec import HEADER, Codec, plain_schema
from schemas.dead_letter import RawRecord
from schemas.errors import InvalidRecord
from schemas.telemetry import RECORDS_READ
from schemas.topics import BY_NAME, Topic
from sinks.clickhouse.delivery.batch import Batch, Entry
from sinks.clickhouse.mapping.block import Block, block_of
from sinks.clickhouse.mapping.columnar import frame_of, is_columnar
from sinks.clickhouse.mapping.frame import Frame, placed
from sinks.clickhouse.mapping.rows import Row, row_of
from sinks.clickhouse.mapping.tables import TABLES

FEW = 48  # below this, framing a batch for the columnar reader costs more than it saves
MARK_BITS = 61
Dead = tuple[RawRecord, InvalidRecord]


@dataclass
class Mapped:
    """The rows of a batch, and what could not become one. `buried` of the dead are on their dead-letter topic already."""

    block: Block | Frame | None
    dead: list[Dead] = field(default_factory=list)
    buried: int = 0


class Mapper:
    """Rows of records, by the codec. The columnar way gives what the other gives, or leaves the batch to it."""

    def __init__(self, codec: Codec, stage: str) -> None:
        self._codec = codec
        self._stage = stage
        self._random = random.SystemRandom()

    def mapped(self, batch: Batch) -> Mapped:
        """What becomes of the batch; raises RegistryUnavailable while that cannot be told."""
        topic = BY_NAME[batch.place[0]]
        block = self._at_once(topic, batch)
        found = Mapped(block) if block else self._one_by_one(topic, batch)
        RECORDS_READ.labels(self._stage, topic.name).inc(len(batch.entries) - len(found.dead))
        return found

    def _at_once(self, topic: Topic, batch: Batch) -> Frame | None:
        table = TABLES[topic.name]
        headers = {(entry.value or b"")[: HEADER.size] for entry in batch.entries}
        if len(batch.entries) < FEW or len(headers) > 1 or not is_columnar(table):
            return None
        try:
            ours = self._codec.is_ours(topic, headers.pop())
        except InvalidRecord:
            return None
        bodies = [entry.value[HEADER.size :] for entry in batch.entries if entry.value]
        mark = self._random.getrandbits(MARK_BITS)
        rows = frame_of(table, plain_schema(topic), bodies, mark) if ours else None
        if rows is None:
            return None
        offsets = [entry.offset for entry in batch.entries]
        return Frame(table.name, placed(rows, batch.place[1], offsets), offsets)

    def _one_by_one(self, topic: Topic, batch: Batch) -> Mapped:
        rows: list[Row] = []
        offsets: list[int] = []
        dead: list[Dead] = []
        for entry in batch.entries:
            try:
                rows.append(self._row(topic, entry, batch.place[1]))
                offsets.append(entry.offset)
            except InvalidRecord as error:
                dead.append((entry.origin(), error))
        block = block_of(TABLES[topic.name].name, rows, offsets) if rows else None
        return Mapped(block, dead)

    def _row(self, topic: Topic, entry: Entry, partition: int) -> Row:
        assert topic.record is not None
        record = self._codec.decode(topic, entry.value, topic.record)
        return row_of(topic.name, record, partition=partition, offset=entry.offset)
