"""Records into tables, as the sink writes them, without a log between."""

from collections.abc import Iterable

from schemas.topics import Topic
from sinks.clickhouse.mapping.rows import row_of
from sinks.clickhouse.mapping.tables import COLUMN_NAMES, TABLES
from sinks.clickhouse.server.adapter import Server
from tests.fakes.clickhouse_meeting import Posted
from tests.fakes.fresh_name import fresh


def write(server: Server, database: str, posted: Iterable[Posted], *, group: str = "") -> None:
    """Each stretch of records of one topic is one insert; `group` makes its tokens its own."""
    stretch: list[tuple[object, ...]] = []
    last: Topic | None = None
    for offset, (topic, record) in enumerate(posted):
        if last and topic != last:
            _insert(server, database, last, stretch, group)
            stretch = []
        row = row_of(topic.name, record, partition=0, offset=offset)
        stretch.append(row.values)
        last = topic
    if last:
        _insert(server, database, last, stretch, group)


def _insert(server: Server, database: str, topic: Topic, rows: list[tuple[object, ...]], group: str) -> None:
    """Columns that the table of an earlier version lacks are left out, as that version's sink would have."""
    table = TABLES[topic.name].name
    there = {name for name, *_ in server.run(f"DESCRIBE TABLE {database}.{table}")}
    kept = [place for place, name in enumerate(COLUMN_NAMES[table]) if name in there]
    names = ", ".join(f"`{COLUMN_NAMES[table][place]}`" for place in kept)
    fitting = [tuple(row[place] for place in kept) for row in rows]
    server.insert(f"{database}.{table} ({names})", fitting, token=f"{group}:{fresh('token')}")
