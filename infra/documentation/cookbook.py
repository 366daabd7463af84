"""Render docs/analytics.md: each question, its query, and what it answers on the data that is in ClickHouse now.

`python -m infra.documentation.cookbook [BOT_ID]`, after `make demo`: asks the database of EARSHOT_CLICKHOUSE_… about that bot,
or about the last one that was there. The words around the questions are in `cookbook.md` beside this file.
"""

import sys
from pathlib import Path

import click
from clickhouse_driver import Client

from infra.documentation.answer import as_table
from infra.documentation.questions import QUESTIONS, Question, Scope
from schemas.errors import UsageError
from schemas.settings import ClickHouseSettings, load

PAGE = Path(__file__).parents[2] / "docs" / "analytics.md"
FRAME = Path(__file__).with_name("cookbook.md")
TITLES = {
    Scope.MEETING: "One meeting",
    Scope.TENANT: "All meetings of a tenant",
    Scope.PHRASE: "Search",
}


def main(bot_id: str | None = None) -> None:
    """Ask and rewrite the page in place."""
    settings = load(ClickHouseSettings)
    client = Client(
        settings.clickhouse_host,
        settings.clickhouse_port,
        user=settings.clickhouse_user,
        password=settings.clickhouse_password.get_secret_value(),
        database=settings.clickhouse_database,
        secure=settings.clickhouse_secure,
    )
    blanks = _subject(client, bot_id)
    questions = "\n".join(_chapter(client, scope, blanks) for scope in TITLES)
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(
        FRAME.read_text("utf-8").replace("QUESTIONS\n", questions).replace("VIEWS\n", _views(client)), "utf-8"
    )
    click.echo(f"{PAGE.name} written from bot {blanks['bot']}")


def _subject(client: Client, bot_id: str | None) -> dict[str, str]:
    """The meeting to ask about: of that bot, or of the last bot with settled turns; and three words said in it."""
    which = "WHERE bot_id = %(bot_id)s" if bot_id else ""
    found = client.execute(
        "SELECT tenant_id, meeting_id, bot_id, arrayStringConcat(arraySlice(splitByChar(' ', text), 2, 2), ' ') "  # noqa: S608
        f"FROM v_turns {which} ORDER BY recording_started_at DESC, words DESC, turn_id LIMIT 1",
        {"bot_id": bot_id},
    )
    if not found:
        raise UsageError("ClickHouse has no settled turn of that bot", remedy="run `make demo` first")
    return dict(zip(("tenant", "meeting", "bot", "phrase"), map(str, found[0]), strict=True))


def _chapter(client: Client, scope: Scope, blanks: dict[str, str]) -> str:
    asked = [_section(client, question, blanks) for question in QUESTIONS if question.scope is scope]
    return f"## {TITLES[scope]}\n\n" + "\n".join(asked)


def _section(client: Client, question: Question, blanks: dict[str, str]) -> str:
    rows, columns = client.execute(question.query(database="earshot", **blanks), with_column_types=True)
    answer = as_table([name for name, _ in columns], rows)
    query = question.query(database="earshot", **blanks)
    reading = f"{question.reading}\n\n" if question.reading else ""
    return f"### {question.asked}\n\n{reading}```sql\n{query}\n```\n\n{answer}"


def _views(client: Client) -> str:
    """Every view with what its own comment says."""
    views = client.execute(
        "SELECT name, comment FROM system.tables WHERE database = currentDatabase() AND name LIKE 'v\\\\_%%' ORDER BY name"
    )
    return "".join(f"- `{name}`: {comment}\n" for name, comment in views)


if __name__ == "__main__":
    main(*sys.argv[1:2])
