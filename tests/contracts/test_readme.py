"""The tables of the README and of docs/ are those of the code, and what they link to is there."""

import re
from pathlib import Path

import pytest

from infra.documentation.readme import TABLES, with_tables

PAGES = pytest.mark.parametrize("page", TABLES, ids=lambda page: page.name)


@PAGES
def test_the_tables_equal_the_code(page: Path) -> None:
    """Whoever adds a topic, a setting or an event runs `python -m infra.documentation.readme`; a table that lies fails here."""
    text = page.read_text("utf-8")
    assert all(f"<!-- {name} -->" in text for name in TABLES[page])
    assert with_tables(text, TABLES[page]) == text


@PAGES
def test_every_link_within_the_repository_leads_somewhere(page: Path) -> None:
    """Files by their path from the page, headings of the page by their name."""
    text = page.read_text("utf-8")
    headings = {heading.strip().lower().replace(" ", "-") for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE)}
    for target in re.findall(r"\]\((?!https?://)([^)]+)\)", text):
        path, _, anchor = target.partition("#")
        assert (page.parent / path).exists(), target
        assert path or anchor in headings, target
