"""The files of schemas/clickhouse/views: one for each view, and a numbered migration that knows how they are today."""

from importlib.resources import files

from sinks.clickhouse.database.layout import Layout
from sinks.clickhouse.database.migrate import migrations
from sinks.clickhouse.database.views import BLANK, VIEWS, fingerprint, views_sql

FOLDER = files("schemas") / "clickhouse" / "views"


def test_every_file_is_listed() -> None:
    """A view that has a file is made, and granted to analysts."""
    assert {entry.name for entry in FOLDER.iterdir()} == {f"{view}.sql" for view in VIEWS}


def test_a_file_makes_the_view_it_is_named_for() -> None:
    """One statement, which says what the view is, runs with its maker's rights and can be run again."""
    for view in VIEWS:
        text = (FOLDER / f"{view}.sql").read_text("utf-8")
        assert (
            f"CREATE OR REPLACE VIEW {{database}}.{view}{{on_cluster}} DEFINER = CURRENT_USER SQL SECURITY DEFINER"
            in text
        )
        assert text.count("CREATE ") == 1
        assert "\nCOMMENT '" in text


def test_views_that_changed_have_a_migration() -> None:
    """Databases that have the newest `{views}` would keep their old views: a changed view takes a new numbered file with it."""
    newest = [entry for entry in migrations() if BLANK in entry.text][-1]
    known = fingerprint(views_sql())
    assert known in newest.text, f"add a file like {newest.name} with the next number that names {known}"


def test_any_change_is_noticed() -> None:
    """The control: a letter in a view, or in a phrase it uses, is another fingerprint."""
    assert fingerprint(views_sql() + " ") != fingerprint(views_sql())
    assert fingerprint("{settled}") == fingerprint(Layout("{database}").fill("{settled}"))


def test_only_the_newest_makes_views() -> None:
    """An older file may lack columns they read; and no numbered file makes a view itself."""
    assert [bool(entry.views) for entry in migrations() if BLANK in entry.text][-1:] == [True]
    assert sum(bool(entry.views) for entry in migrations()) == 1
    assert not [entry.name for entry in migrations() if "REPLACE VIEW" in entry.text]
