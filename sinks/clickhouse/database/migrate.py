"""Brings a ClickHouse database up to date: the numbered files of schemas/clickhouse, in order, each once.

Every statement can be run again without harm, so a run that dies half-way is simply run again. A file that was applied
may not change afterwards: the next run says so instead of leaving two databases that differ.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.resources import files

import structlog

from schemas.errors import UsageError
from sinks.clickhouse.database.formerly import FORMERLY
from sinks.clickhouse.database.layout import Layout, canonical, version_of
from sinks.clickhouse.database.views import BLANK, views_sql
from sinks.clickhouse.server.adapter import Server

log = structlog.get_logger()


@dataclass(frozen=True)
class Migration:
    """One numbered file; `views` is what its blank of that name stands for."""

    version: int
    name: str
    text: str
    views: str = ""

    @property
    def checksum(self) -> str:
        return hashlib.sha256(canonical(self.text).encode()).hexdigest()

    def statements(self, layout: Layout) -> Iterator[str]:
        """The file's statements for that ClickHouse. A statement ends with a `;` at the end of a line."""
        for statement in layout.fill(self.text.replace(BLANK, self.views)).split(";\n"):
            if statement.strip():
                yield statement.strip()


def migrations() -> list[Migration]:
    """The files of schemas/clickhouse, in order. The newest one that makes views makes them."""
    found = [entry for entry in (files("schemas") / "clickhouse").iterdir() if entry.name.endswith(".sql")]
    numbered = [
        Migration(int(entry.name.partition("_")[0]), entry.name, entry.read_text("utf-8"))
        for entry in sorted(found, key=lambda entry: entry.name)
    ]
    newest = max(entry.version for entry in numbered if BLANK in entry.text)
    return [replace(entry, views=views_sql()) if entry.version == newest else entry for entry in numbered]


def layout_of(server: Server, database: str, cluster: str = "") -> Layout:
    """The layout for the server that answers."""
    [(version,)] = server.run("SELECT version()")
    return Layout(database, cluster, version_of(str(version)))


def migrate(server: Server, database: str, cluster: str = "") -> list[str]:
    """Apply what is not applied yet and return its names; raises UsageError when an applied file was changed."""
    layout = layout_of(server, database, cluster)
    missing = pending(server, database)
    for migration in missing:
        _apply(server, layout, migration)
    return [migration.name for migration in missing]


def pending(server: Server, database: str) -> list[Migration]:
    """What is not applied yet; raises UsageError when an applied file was changed.

    What a newer release applied is left alone: files only add, so this release still finds what it needs.
    """
    applied = _applied(server, database)
    known = migrations()
    for migration in known:
        if migration.version in applied:
            _demand_unchanged(migration, applied[migration.version], database)
    return [migration for migration in known if migration.version not in applied]


def _applied(server: Server, database: str) -> dict[int, str]:
    """Checksums of applied files by version."""
    exists = server.run(f"EXISTS TABLE {database}.schema_migrations")
    if exists != [(1,)]:
        return {}
    rows = server.run(f"SELECT version, checksum FROM {database}.schema_migrations FINAL")  # noqa: S608, an identifier
    return {int(str(version)): str(checksum) for version, checksum in rows}


def _demand_unchanged(migration: Migration, checksum: str, database: str) -> None:
    if checksum not in (migration.checksum, FORMERLY.get(migration.version)):
        raise UsageError(
            f"{migration.name} is not what was applied to ClickHouse database {database}",
            remedy="put the file back and write the change as a new numbered file",
        )


def _apply(server: Server, layout: Layout, migration: Migration) -> None:
    for statement in migration.statements(layout):
        server.run(statement)
    row = (migration.version, migration.name, migration.checksum)
    server.insert(f"{layout.database}.schema_migrations (version, name, checksum)", [row], token=migration.checksum)
    log.info("migration_applied", database=layout.database, migration=migration.name)
