"""Put the tables between their marks in the README and in docs/: `python -m infra.documentation.readme`."""

import re
from collections.abc import Callable
from pathlib import Path

from infra.documentation.tables import events_table, settings_table, topics_table

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
TABLES: dict[Path, dict[str, Callable[[], str]]] = {
    README: {"topics": topics_table, "settings": settings_table},
    ROOT / "docs" / "webhooks.md": {"events": events_table},
}


def with_tables(text: str, tables: dict[str, Callable[[], str]]) -> str:
    """`text` with every `<!-- name -->…<!-- /name -->` filled from the code."""
    for name, table in tables.items():
        mark = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        body = table()
        text = mark.sub(lambda found, body=body: f"{found[1]}\n{body}\n{found[2]}", text)  # type: ignore[misc]
    return text


def main() -> None:
    """Rewrite the pages in place."""
    for page, tables in TABLES.items():
        page.write_text(with_tables(page.read_text("utf-8"), tables), "utf-8")


if __name__ == "__main__":
    main()
