"""PURE: rows of a query as a Markdown table."""

from collections.abc import Sequence

AT_MOST = 12


def as_table(names: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table of the first rows, a line each; NULL is spelt, and a bar in a value does not end its cell."""
    if not rows:
        return "(no rows)\n"
    lines = [names, ["---"] * len(names), *([_cell(value) for value in row] for row in rows[:AT_MOST])]
    more = f"\n… and {len(rows) - AT_MOST} more rows.\n" if len(rows) > AT_MOST else ""
    return "".join("| " + " | ".join(line) + " |\n" for line in lines) + more


def _cell(value: object) -> str:
    return "NULL" if value is None else str(value).replace("|", "\\|")
