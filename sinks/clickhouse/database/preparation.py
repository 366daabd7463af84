"""What a process does to the database before it uses it: bring it up to date, or see that somebody did."""

from schemas.errors import UsageError
from schemas.settings import ClickHouseSettings
from sinks.clickhouse.database.migrate import layout_of, migrate, pending
from sinks.clickhouse.database.retention import Change, changes, wanted
from sinks.clickhouse.server.adapter import Server
from sinks.clickhouse.server.config import database_of
from sinks.clickhouse.server.lock import held


def prepare(settings: ClickHouseSettings, server: Server) -> None:
    """Leave the database as this release needs it; raises UsageError when it may not be altered and is not up to date."""
    if settings.clickhouse_migrate:
        bring_up_to_date(settings, server)
        return
    database = database_of(settings)
    if missing := pending(server, database):
        raise UsageError(
            f"ClickHouse database {database} lacks {missing[0].name} and {len(missing) - 1} more",
            remedy="run `earshot clickhouse migrate` as a user who may create tables",
        )


def bring_up_to_date(settings: ClickHouseSettings, server: Server) -> tuple[list[str], list[Change]]:
    """Apply what is missing and keep rows as long as the settings say, one process at a time; what was done."""
    database = database_of(settings)
    if not pending(server, database) and not _overdue(settings, server):
        return [], []
    with held(settings, f"earshot migrates {database}"):
        applied = migrate(server, database, settings.clickhouse_cluster)
        return applied, keep(settings, server)


def keep(settings: ClickHouseSettings, server: Server) -> list[Change]:
    """Make tables keep their rows as long as the settings say; what was altered."""
    layout = layout_of(server, database_of(settings), settings.clickhouse_cluster)
    altered = _overdue(settings, server)
    for change in altered:
        server.run(change.statement(layout))
    return altered


def _overdue(settings: ClickHouseSettings, server: Server) -> list[Change]:
    """Tables that do not keep their rows as the settings say."""
    database = database_of(settings)
    found = server.run(f"SELECT name, engine_full FROM system.tables WHERE database = '{database}'")  # noqa: S608
    return changes(wanted(settings), {str(name): str(definition) for name, definition in found})
