"""What an erasure removes, table by table, as SQL. Pure.

Everything of a bot goes. Of a participant go their turns, in every revision (one from before a late attribution names nobody,
so turns go by their id), and what the platform said of them; where they are only mentioned (who overlapped a turn, whose
stream it was in the ledger) the mention goes. Audio windows and provider sessions stay: they hold neither speech nor names, and
bills must add up. A dead letter cannot be read, so every one of the bot goes.
"""

from collections.abc import Iterable
from dataclasses import dataclass

BY_TURN = ("turns", "turn_revisions", "turn_latencies")
BY_BOT = (*BY_TURN, "participant_events", "bot_events", "stt_sessions", "quality_windows", "webhook_attempts")
DEAD_LETTERS = "sink_dead_letters"
GONE = "(SELECT tenant_id, bot_id, what FROM {database}.tombstones)"
MENTIONS = "ledger_streams.participant_id"


@dataclass(frozen=True)
class Erasure:
    """What was asked for; no participant is the whole bot."""

    tenant_id: str
    bot_id: str
    participant_id: str
    event_id: str


@dataclass(frozen=True)
class Removal:
    """Rows of one table: to be deleted, or with `assignment` to be altered."""

    table: str
    where: str
    assignment: str = ""

    def count(self, database: str) -> str:
        return f"SELECT count() FROM {database}.{self.table} WHERE {self.where}"  # noqa: S608, quoted here

    def statements(self, database: str) -> tuple[str, ...]:
        """Rows are gone for readers after the first, and from the disk after the last."""
        table = f"{database}.{self.table}"
        if self.assignment:
            alter = f"ALTER TABLE {table} UPDATE {self.assignment} WHERE {self.where} SETTINGS mutations_sync = 2"
            return (alter,)
        delete = f"DELETE FROM {table} WHERE {self.where}"  # noqa: S608, quoted here
        return (delete, f"ALTER TABLE {table} APPLY DELETED MASK SETTINGS mutations_sync = 2")


def quoted(value: str) -> str:
    """A string as ClickHouse reads it."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def removals(erasure: Erasure, turn_ids: Iterable[str]) -> tuple[Removal, ...]:
    """What to remove; `turn_ids` are the participant's turns."""
    return _of_participant(erasure, tuple(turn_ids)) if erasure.participant_id else _of_bot(erasure)


def asked(database: str) -> str:
    """A query for every erasure."""
    return f"SELECT tenant_id, bot_id, participant_id, event_id FROM {database}.erasures FINAL"  # noqa: S608, an identifier


def unanswered(database: str) -> str:
    """A query for the erasures that were never carried out."""
    answered = f"SELECT tenant_id, bot_id, participant_id FROM {database}.erasure_receipts"  # noqa: S608, an identifier
    return f"{asked(database)} WHERE (tenant_id, bot_id, participant_id) NOT IN ({answered})"


def turns_of(erasure: Erasure, database: str) -> str:
    """A query for the ids of the participant's turns: those that name them in any revision, or did when they were erased."""
    mine, who = _mine(erasure), quoted(erasure.participant_id)
    named = " UNION DISTINCT ".join(
        f"SELECT turn_id FROM {database}.{table} WHERE {mine} AND participant_id = {who}"  # noqa: S608, quoted here
        for table in ("turns", "turn_revisions")
    )
    erased = f"SELECT what FROM {database}.tombstones WHERE {mine} AND participant_id = {who} AND what != {who}"  # noqa: S608
    return f"{named} UNION DISTINCT {erased}"


def returned(database: str) -> str:
    """A query for the bots, by tenant, that have rows a tombstone names: never erased yet, or back from a replay."""
    gone = GONE.format(database=database)
    bots = f"bot_id IN (SELECT bot_id FROM {database}.tombstones)"  # noqa: S608, an identifier
    keys = {table: ["''"] for table in BY_BOT}
    for table in BY_TURN:
        keys[table].append("turn_id")
    for table in ("turns", "turn_revisions", "participant_events"):
        keys[table].append("participant_id")
    queries = [_marked(f"{database}.{table}", bots, gone, names) for table, names in keys.items()]
    letters = (
        f"SELECT DISTINCT tenant_id, key AS bot_id FROM {database}.{DEAD_LETTERS} "  # noqa: S608, an identifier
        f"WHERE (tenant_id, key, '') IN {gone}"
    )
    return " UNION DISTINCT ".join([*queries, letters])


def _marked(table: str, bots: str, gone: str, names: list[str]) -> str:
    marks = " OR ".join(f"(tenant_id, bot_id, {name}) IN {gone}" for name in names)
    return f"SELECT DISTINCT tenant_id, bot_id FROM {table} WHERE {bots} AND ({marks})"  # noqa: S608, identifiers


def _mine(erasure: Erasure) -> str:
    return f"tenant_id = {quoted(erasure.tenant_id)} AND bot_id = {quoted(erasure.bot_id)}"


def _letters(erasure: Erasure) -> Removal:
    return Removal(DEAD_LETTERS, f"tenant_id IN ('', {quoted(erasure.tenant_id)}) AND key = {quoted(erasure.bot_id)}")


def _of_bot(erasure: Erasure) -> tuple[Removal, ...]:
    return (*(Removal(table, _mine(erasure)) for table in BY_BOT), _letters(erasure))


def _of_participant(erasure: Erasure, turn_ids: tuple[str, ...]) -> tuple[Removal, ...]:
    mine, who = _mine(erasure), quoted(erasure.participant_id)
    listed = ", ".join(map(quoted, turn_ids)) or "''"
    overlaps = f"overlaps = arrayFilter(one -> one != {who}, overlaps)"
    streams = f"`{MENTIONS}` = arrayMap(one -> if(one = {who}, '', one), `{MENTIONS}`)"
    return (
        *(Removal(table, f"{mine} AND turn_id IN ({listed})") for table in BY_TURN),
        Removal("participant_events", f"{mine} AND participant_id = {who}"),
        *(Removal(table, f"{mine} AND has(overlaps, {who})", overlaps) for table in ("turns", "turn_revisions")),
        Removal("bot_events", f"{mine} AND has(`{MENTIONS}`, {who})", streams),
        _letters(erasure),
    )
