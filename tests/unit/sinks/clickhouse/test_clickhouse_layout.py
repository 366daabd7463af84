"""The same files for one server, a cluster and older servers; what they are known by stays the same."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.settings import ClickHouseSettings
from sinks.clickhouse.database.access import AccessRules, statements
from sinks.clickhouse.database.layout import Layout, canonical, version_of
from sinks.clickhouse.database.migrate import migrations
from sinks.clickhouse.database.retention import KEPT_FROM, Change, changes, kept, wanted
from sinks.clickhouse.erasure.erasing import BY_BOT, DEAD_LETTERS, Erasure, quoted, removals

ENGINE_FULL = (
    "ReplacingMergeTree(revision) ORDER BY a TTL toDateTime(x) + toIntervalDay({}) SETTINGS index_granularity = 1"
)
READ_AS_THEY_STAND = {"{tenant:String}", "{phrase:String}"}


@pytest.mark.parametrize("layout", [Layout("d"), Layout("d", "c"), Layout("d", "", (24, 8))])
def test_no_blank_stays_empty(layout: Layout) -> None:
    """Every blank of every file has a value in every layout; what is left in braces are the parameters of a view."""
    for migration in migrations():
        for statement in migration.statements(layout):
            assert set(re.findall(r"\{[^}]*\}", statement)) <= READ_AS_THEY_STAND, migration.name


def test_the_layout_does_not_change_what_a_file_is_known_by() -> None:
    """A file's checksum is of its text for one server: a database may move to a cluster, or to a newer server."""
    assert canonical("a{on_cluster} {replicated}X SETTINGS {deduplication_window}{small_granules}; {database}") == (
        "a X SETTINGS non_replicated_deduplication_window = 10000; {database}"
    )


def test_a_changed_phrase_is_a_changed_file() -> None:
    """Phrases are in the text a file is known by."""
    assert "end_of_turn" in canonical("WHERE {settled}")


@pytest.mark.parametrize(
    ("answer", "version"), [("24.8.14.39", (24, 8)), ("26.7.2.1", (26, 7)), ("25.10.1-lts", (25, 10))]
)
def test_versions_are_read(answer: str, version: tuple[int, int]) -> None:
    """Year and month, as ClickHouse counts."""
    assert version_of(answer) == version


def test_servers_before_the_text_index_get_a_filter() -> None:
    """26.2 has the index; 24.8 and 26.1 the filter of words."""
    assert "TYPE text(" in Layout("d", "", (26, 2)).fill("{text_index}")
    for version in ((24, 8), (26, 1)):
        assert "tokenbf_v1" in Layout("d", "", version).fill("{text_index}")


@given(st.dictionaries(st.sampled_from(sorted(KEPT_FROM)), st.integers(0, 9999)))
def test_once_altered_there_is_nothing_to_alter(want: dict[str, int]) -> None:
    """Whatever was there, after the changes the definitions are as wanted, and only what differs is altered."""
    before = {table: ENGINE_FULL.format(7) for table in want}
    altered = changes(want, before)
    assert {change.table for change in altered} == {table for table, days in want.items() if days != 7}
    after = {**before, **{c.table: ENGINE_FULL.format(c.days) if c.days else "MergeTree" for c in altered}}
    assert changes(want, after) == []


def test_for_ever_is_no_ttl() -> None:
    """0 days removes the TTL, and a table without one is kept for ever."""
    assert Change("turns", 0).statement(Layout("d")) == "ALTER TABLE d.turns REMOVE TTL"
    assert kept("MergeTree ORDER BY a") == 0
    assert wanted(ClickHouseSettings(clickhouse_turns_days=3))["turn_latencies"] == 3


@given(st.text(max_size=20))
def test_no_id_ends_its_own_quotes(text: str) -> None:
    """Whatever an id holds, its literal has no quote that is not escaped."""
    inner = quoted(text)[1:-1]
    assert re.fullmatch(r"(?:[^'\\]|\\.)*", inner, re.DOTALL)
    assert re.sub(r"\\(.)", r"\1", inner, flags=re.DOTALL) == text


def test_an_erasure_names_every_table() -> None:
    """All of a bot means every table that has a bot in it."""
    tables = [removal.table for removal in removals(Erasure("t", "b", "", "e"), ())]
    assert tables == [*BY_BOT, DEAD_LETTERS]


def test_a_participant_without_turns_removes_no_turns() -> None:
    """No turn is found: the condition on turns matches none, and not all."""
    turns = removals(Erasure("t", "b", "p", "e"), ())[0]
    assert turns.where == "tenant_id = 't' AND bot_id = 'b' AND turn_id IN ('')"


def test_an_analyst_s_role_has_views_only() -> None:
    """No grant to an analyst is on anything but a view, and none but SELECT."""
    granted = [s for s in statements(AccessRules("d"), ["acme"]) if "TO `earshot_analyst_acme`" in s]
    grants = [statement for statement in granted if statement.startswith("GRANT")]
    assert grants
    assert all(statement.startswith("GRANT SELECT ON d.v_") for statement in grants)
    [policy] = [statement for statement in granted if statement.startswith("CREATE ROW POLICY")]
    assert "USING tenant_id = 'acme'" in policy
