"""Brings a database to the tables and views of schemas/clickhouse: numbered files, applied in order, once each.

Every statement may be run again, so a file that was interrupted half-way is simply applied again.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files

import structlog

from schemas.errors import UsageError
from sinks.clickhouse.adapter import Server

log = structlog.get_logger()


@dataclass(frozen=True)
class Migration:
    """One numbered file."""

    version: int
    name: str
    text: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()

    def statements(self, database: str) -> Iterator[str]:
        """The file's statements for `database`. A statement ends with a `;` at the end of a line."""
        for statement in self.text.replace("{database}", database).split(";\n"):
            if statement.strip():
                yield statement.strip()


def migrations() -> list[Migration]:
    """The files of schemas/clickhouse, in order."""
    found = [entry for entry in (files("schemas") / "clickhouse").iterdir() if entry.name.endswith(".sql")]
    return [
        Migration(int(entry.name.partition("_")[0]), entry.name, entry.read_text("utf-8"))
        for entry in sorted(found, key=lambda entry: entry.name)
    ]


def migrate(server: Server, database: str) -> list[str]:
    """Apply what is not applied yet and return its names; raises UsageError when an applied file was changed."""
    applied = _applied(server, database)
    done = []
    for migration in migrations():
        if migration.version in applied:
            _demand_unchanged(migration, applied[migration.version], database)
        else:
            _apply(server, database, migration)
            done.append(migration.name)
    return done


def _applied(server: Server, database: str) -> dict[int, str]:
    """Checksums of applied files by version."""
    exists = server.run(f"EXISTS TABLE {database}.schema_migrations")
    if exists != [(1,)]:
        return {}
    rows = server.run(f"SELECT version, checksum FROM {database}.schema_migrations FINAL")  # noqa: S608, an identifier
    return {int(str(version)): str(checksum) for version, checksum in rows}


def _demand_unchanged(migration: Migration, checksum: str, database: str) -> None:
    if checksum != migration.checksum:
        raise UsageError(
            f"{migration.name} is not what was applied to ClickHouse database {database}",
            remedy="put the file back and write the change as a new numbered file",
        )


def _apply(server: Server, database: str, migration: Migration) -> None:
    for statement in migration.statements(database):
        server.run(statement)
    row = (migration.version, migration.name, migration.checksum)
    server.insert(f"{database}.schema_migrations (version, name, checksum)", [row], token=migration.checksum)
    log.info("migration_applied", database=database, migration=migration.name)
