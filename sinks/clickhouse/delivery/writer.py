"""Writes one block of a batch to its table, acknowledged; finds the rows that ClickHouse will not have, by halving."""

from dataclasses import dataclass

from schemas.telemetry import ROWS_INSERTED
from sinks.clickhouse.delivery.agreement import disagreements
from sinks.clickhouse.delivery.batch import Batch
from sinks.clickhouse.mapping.block import Block
from sinks.clickhouse.mapping.frame import Frame
from sinks.clickhouse.server.adapter import Refused, Server
from sinks.clickhouse.server.refusal import Refusal

HOPELESS_ROWS = 8  # so many rows refused and not one taken: it is not the rows


@dataclass(frozen=True)
class BadRow:
    """A row that ClickHouse refuses whatever stands beside it."""

    offset: int
    reason: str


class Writer:
    """Of one thread, with that thread's own connection."""

    def __init__(self, server: Server, *, database: str, group: str) -> None:
        self._server = server
        self._database = database
        self._group = group

    def write(self, batch: Batch, block: Block | Frame) -> list[BadRow]:
        """Return once all rows are in but those returned. May be called again for the same batch: no row gets in twice.

        Raises NotNow or Refused; a table that refuses every row, or whose columns are not what we send, is Refused as SCHEMA.
        """
        first, last = batch.intent.first_offset, batch.intent.last_offset
        try:
            self.insert(batch, block, first, last)
        except Refused as error:
            if error.refusal is not Refusal.DATA:
                raise
            self._demand_agreement(block.table)
            return Halving(self, batch).bad_rows(block, first, last, error)
        return []

    def insert(self, batch: Batch, block: Block | Frame, first_offset: int, last_offset: int) -> None:
        """One block, once for this range of the batch; raises NotNow or Refused."""
        token = batch.token(self._group, block.table, first_offset, last_offset)
        self._server.insert_block(self._database, block, token=token)
        ROWS_INSERTED.labels(block.table).inc(len(block.offsets))

    def close(self) -> None:
        self._server.close()

    def _demand_agreement(self, table: str) -> None:
        try:
            described = self._server.run(f"DESCRIBE TABLE {self._database}.{table}")
        except Refused as error:
            if error.refusal is Refusal.ACCESS:
                return  # a user who may only insert: the count of refused rows has to tell
            raise
        wrong = disagreements(table, {str(row[0]): str(row[1]) for row in described})
        if wrong:
            raise Refused(f"table {table} does not hold what is sent: {'; '.join(wrong)}", Refusal.SCHEMA)


class Halving:
    """The search for bad rows in one refused block. Each half has a token of its own, the same in every search."""

    def __init__(self, writer: Writer, batch: Batch) -> None:
        self._writer = writer
        self._batch = batch
        self._taken = 0
        self._bad: list[BadRow] = []

    def bad_rows(self, block: Block | Frame, first: int, last: int, error: Refused) -> list[BadRow]:
        """The rows of a refused block, from offset `first` to `last`, that are refused alone; all others are in."""
        self._halve(block, first, last, error)
        return self._bad

    def _halve(self, block: Block | Frame, first: int, last: int, error: Refused) -> None:
        """Both halves are tried before either is halved again: bad rows that lie together do not look like a bad table."""
        count = len(block.offsets)
        if count == 1:
            self._set_aside(block.offsets[0], error)
            return
        middle = count // 2
        halves = (
            (block.part(0, middle), first, block.offsets[middle - 1]),
            (block.part(middle, count), block.offsets[middle], last),
        )
        for half, refused in [(half, self._refused(*half)) for half in halves]:
            if refused:
                self._halve(*half, refused)

    def _refused(self, block: Block | Frame, first: int, last: int) -> Refused | None:
        try:
            self._writer.insert(self._batch, block, first, last)
        except Refused as error:
            if error.refusal is not Refusal.DATA:
                raise
            return error
        self._taken += len(block.offsets)
        return None

    def _set_aside(self, offset: int, error: Refused) -> None:
        self._bad.append(BadRow(offset, error.message))
        if len(self._bad) >= HOPELESS_ROWS and not self._taken:
            raise Refused(f"no row is taken: {error.message}", Refusal.SCHEMA)
