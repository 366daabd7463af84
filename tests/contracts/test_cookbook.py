"""docs/analytics.md is what the questions and the views say: a page that was not renewed is found."""

from pathlib import Path

import pytest

from infra.documentation.answer import as_table
from infra.documentation.questions import QUESTIONS, Question, literal
from sinks.clickhouse.database.views import VIEWS

ROOT = Path(__file__).parents[2]
FRAME = (ROOT / "infra" / "documentation" / "cookbook.md").read_text("utf-8")
PAGE = (ROOT / "docs" / "analytics.md").read_text("utf-8")


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)
def test_every_question_is_on_the_page_with_its_query_and_an_answer(question: Question) -> None:
    """The query as it is today up to its first blank, and rows below it."""
    chapter = PAGE.partition(f"### {question.asked}\n")[2].partition("\n### ")[0]
    beginning = question.sql.partition("{database}")[0]
    assert beginning in chapter
    assert "| --- |" in chapter, "every question has an answer in the demo's data"


def test_the_words_around_the_questions_are_those_of_the_frame() -> None:
    """Nobody edited the page by hand: each paragraph of the frame is in it."""
    paragraphs = [part.strip() for part in FRAME.replace("QUESTIONS\n", "\n").replace("VIEWS\n", "\n").split("\n\n")]
    assert all(paragraph in PAGE for paragraph in paragraphs if paragraph)


def test_every_view_is_described() -> None:
    """The list of views has each, with its comment."""
    assert all(f"- `{view}`: " in PAGE for view in VIEWS)


def test_a_table_spells_null_and_keeps_its_cells() -> None:
    """NULL is a word, and a bar in a value stays in its cell."""
    assert as_table(["a", "b"], [(None, "x|y")]) == "| a | b |\n| --- | --- |\n| NULL | x\\|y |\n"
    assert as_table(["a"], []) == "(no rows)\n"
    assert as_table(["a"], [(1,)] * 13).endswith("| 1 |\n\n… and 1 more rows.\n")


def test_blanks_are_quoted() -> None:
    """A meeting's name with a quote does not end its literal."""
    assert literal("o'neil \\") == "'o\\'neil \\\\'"
