"""Put the tables between their marks in the README: `python -m infra.documentation.readme`."""

import re
from collections.abc import Callable
from pathlib import Path

from infra.documentation.tables import settings_table, topics_table

README = Path(__file__).parents[2] / "README.md"
TABLES: dict[str, Callable[[], str]] = {"topics": topics_table, "settings": settings_table}


def with_tables(text: str) -> str:
    """`text` with every `<!-- name -->…<!-- /name -->` filled from the code."""
    for name, table in TABLES.items():
        mark = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        body = table()
        text = mark.sub(lambda found, body=body: f"{found[1]}\n{body}\n{found[2]}", text)  # type: ignore[misc]
    return text


def main() -> None:
    """Rewrite the README in place."""
    README.write_text(with_tables(README.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
