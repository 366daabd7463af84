"""Roles on a ClickHouse of their own: users and policies come from its configuration file, made of the same rules as the SQL."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from infra.local import clickhouse_engine, parts
from infra.local.clickhouse import ClickHouse
from infra.local.daemon import Daemon
from infra.local.ports import HOST, free_ports
from infra.local.stack import Stack
from schemas.settings import ClickHouseSettings
from schemas.timebase import SystemClock
from schemas.topics import ERASURE_COMMANDS
from sinks.clickhouse.database.access import AccessRules, statements
from sinks.clickhouse.database.migrate import migrate
from sinks.clickhouse.database.preparation import prepare
from sinks.clickhouse.database.views import VIEWS
from sinks.clickhouse.erasure.eraser import Eraser
from sinks.clickhouse.erasure.request import command
from sinks.clickhouse.server.adapter import Refused, Server
from sinks.clickhouse.server.refusal import Refusal
from tests.conftest import CACHE_DIR, START_DEADLINE_S
from tests.fakes.clickhouse_meeting import Meeting
from tests.fakes.clickhouse_rows import write

pytestmark = pytest.mark.integration
DATABASE = "guarded"
PASSWORD = "for this test only"
RULES = AccessRules(DATABASE)
PEOPLE = {
    "default": None,
    "sink": RULES.sink(),
    "analyst_acme": RULES.analyst(),
    "analyst_umbrella": RULES.analyst(),
}


def user_of(name: str, rights: Iterable[str] | None) -> str:
    """A user as the configuration file has it; nobody but `default` has rights that are not granted here."""
    password = "" if name == "default" else PASSWORD
    granted = "".join(f"<query>GRANT {escape(right)}</query>" for right in rights or ())
    grants = f"<grants>{granted}</grants>" if rights else "<access_management>1</access_management>"
    limit = f"<filter>tenant_id = '{name.removeprefix('analyst_')}'</filter>"
    policies = "".join(f"<{view}>{limit}</{view}>" for view in VIEWS) if name.startswith("analyst") else ""
    limits = f"<databases><{DATABASE}>{policies}</{DATABASE}></databases>" if policies else ""
    return (
        f"<{name}><password>{password}</password><networks><ip>127.0.0.1</ip></networks>"
        f"<profile>default</profile><quota>default</quota>{grants}{limits}</{name}>"
    )


def configuration(file: Path) -> str:
    users = "".join(user_of(name, rights) for name, rights in PEOPLE.items())
    return (
        f"<clickhouse><users_config>{file}</users_config><profiles><default/></profiles><quotas><default/></quotas>"
        f"<users>{users}</users></clickhouse>"
    )


class GuardedClickHouse(ClickHouse):
    """The engine with users in it."""

    def prepare(self, folder: Path) -> list[str]:
        file = folder / "users.xml"
        file.write_text(configuration(file), "utf-8")
        return [*super().prepare(folder), f"--config-file={file}"]


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouseSettings]:
    """Tables made by `default`, with a meeting of each tenant in them."""
    assert clickhouse_engine.__file__
    assert parts.clickhouse(CACHE_DIR)
    port, http_port = free_ports(2)
    daemon = Daemon(GuardedClickHouse(port, http_port, CACHE_DIR), tmp_path_factory.mktemp("guarded"), die_with_us=True)
    stack = Stack([daemon])
    stack.up(START_DEADLINE_S)
    settings = ClickHouseSettings(clickhouse_host=HOST, clickhouse_port=port, clickhouse_database=DATABASE)
    maker = Server(settings)
    migrate(maker, DATABASE)
    for tenant in ("acme", "umbrella"):
        write(maker, DATABASE, Meeting(tenant, f"bot_{tenant}").records(), group=tenant)
    maker.close()
    yield settings
    stack.down()


OPEN: list[Server] = []


@pytest.fixture(autouse=True)
def connections() -> Iterator[None]:
    """Connections of a test end with it."""
    yield
    while OPEN:
        OPEN.pop().close()


def as_user(settings: ClickHouseSettings, name: str) -> Server:
    password = Secret(PASSWORD) if name != "default" else Secret("")
    OPEN.append(Server(settings.model_copy(update={"clickhouse_user": name, "clickhouse_password": password})))
    return OPEN[-1]


class Secret:
    """The one thing a client asks of a secret."""

    def __init__(self, value: str) -> None:
        self._value = value

    def get_secret_value(self) -> str:
        return self._value


def refused(server: Server, statement: str) -> None:
    with pytest.raises(Refused) as error:
        server.run(statement)
    assert error.value.refusal is Refusal.ACCESS, statement


@pytest.mark.parametrize("view", [view for view in VIEWS if view != "v_phrase"])
def test_an_analyst_sees_their_tenant_in_every_view(guarded: ClickHouseSettings, view: str) -> None:
    """Whatever is asked, rows of another tenant are not there; the maker of the tables sees both."""
    analyst, maker = as_user(guarded, "analyst_acme"), as_user(guarded, "default")
    tenants = f"SELECT DISTINCT tenant_id FROM {DATABASE}.{view} ORDER BY 1"
    assert analyst.run(f"SELECT count() FROM {DATABASE}.{view} WHERE tenant_id = 'umbrella'") == [(0,)]
    if view not in ("v_dead_letters", "v_erasures", "v_interruptions"):
        assert analyst.run(tenants) == [("acme",)]
        assert maker.run(tenants) == [("acme",), ("umbrella",)], "negative control: without a policy both are there"


def test_an_analyst_finds_phrases_of_their_tenant_only(guarded: ClickHouseSettings) -> None:
    """Naming another tenant in the search finds nothing."""
    search = f"SELECT text FROM {DATABASE}.v_phrase(tenant = '{{}}', phrase = 'the cat')"
    assert as_user(guarded, "analyst_acme").run(search.format("acme")) == [("the cat",)]
    assert as_user(guarded, "analyst_acme").run(search.format("umbrella")) == []
    assert as_user(guarded, "analyst_umbrella").run(search.format("umbrella")) == [("the cat",)]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT count() FROM guarded.turns",
        "SELECT text FROM guarded.turns FINAL WHERE tenant_id = 'umbrella'",
        "SELECT value FROM guarded.sink_dead_letters",
        "INSERT INTO guarded.turns (tenant_id) SELECT 'acme'",
        "INSERT INTO guarded.tombstones (tenant_id, bot_id, what) SELECT 'umbrella', 'bot_umbrella', ''",
        "DELETE FROM guarded.turns WHERE 1",
        "ALTER TABLE guarded.turns UPDATE text = '' WHERE 1",
        "TRUNCATE TABLE guarded.turns",
        "DROP VIEW guarded.v_turns",
        "CREATE VIEW guarded.mine AS SELECT 1",
        "CREATE OR REPLACE VIEW guarded.v_turns AS SELECT 1",
    ],
)
def test_an_analyst_gets_around_nothing(guarded: ClickHouseSettings, statement: str) -> None:
    """No table behind the views, and no write of any kind."""
    refused(as_user(guarded, "analyst_acme"), statement)


def test_the_sink_s_role_inserts_and_erases_and_does_not_create(guarded: ClickHouseSettings) -> None:
    """With the rights of its role it starts on an up to date database, writes, and carries an erasure out."""
    settings = guarded.model_copy(
        update={"clickhouse_user": "sink", "clickhouse_password": Secret(PASSWORD), "clickhouse_migrate": False}
    )
    sink = as_user(guarded, "sink")
    prepare(settings, sink)
    meeting = Meeting("acme", "bot_to_go")
    write(sink, DATABASE, meeting.records(), group="sink")
    asked = command("acme", meeting.bot_id, None, by="test", reason="", now_us=1_800_000_000_000_000)
    write(sink, DATABASE, [(ERASURE_COMMANDS, asked)])
    eraser = Eraser(settings, SystemClock())
    assert eraser.sweep() == 1
    eraser.close()
    left = f"SELECT count() FROM {DATABASE}.turns WHERE bot_id = '{meeting.bot_id}'"
    assert as_user(guarded, "default").run(left) == [(0,)]
    refused(sink, "DROP TABLE guarded.turns")
    refused(sink, "CREATE TABLE guarded.mine (a Int8) ENGINE = Memory")


@pytest.mark.parametrize("rules", [RULES, AccessRules(DATABASE, "main")])
def test_the_sql_of_the_roles_parses(guarded: ClickHouseSettings, rules: AccessRules) -> None:
    """The same rules as SQL, for one server and for a cluster: every statement is one, and quotes in names do not end it."""
    server = as_user(guarded, "default")
    for statement in statements(rules, ["acme", "o'neil `x`\\"]):
        assert server.run(f"EXPLAIN AST {statement}")


def test_every_view_has_a_policy(guarded: ClickHouseSettings) -> None:
    """A view that is not in the rules would be in nobody's role; one that is forgotten here is found."""
    views = as_user(guarded, "default").run(
        f"SELECT name FROM system.tables WHERE database = '{DATABASE}' AND engine = 'View'"
    )
    assert {str(name) for (name,) in views} == set(VIEWS)
