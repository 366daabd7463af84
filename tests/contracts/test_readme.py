"""The README's tables are those of the code."""

from infra.documentation.readme import README, TABLES, with_tables


def test_the_readme_tables_equal_the_code() -> None:
    """Whoever adds a topic or a setting runs `make readme`; a table that lies fails here."""
    text = README.read_text("utf-8")
    assert all(f"<!-- {name} -->" in text for name in TABLES)
    assert with_tables(text) == text
