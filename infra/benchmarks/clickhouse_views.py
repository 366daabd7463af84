"""How long each question of the cookbook takes on ten million words, on a ClickHouse of its own: medians, in milliseconds.

ClickHouse makes the words itself. Each question is asked several times over one connection, after one time that warms it up.
The transcript is also asked of the table itself: how much of a view's time is the machine's shows in that figure.
"""

import statistics
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
from clickhouse_driver import Client

from infra.benchmarks.many_meetings import MEETINGS, TENANTS, WORDS, Load
from infra.demo.supervisor import EARSHOT
from infra.documentation.questions import QUESTIONS, Question, Scope
from infra.local.clickhouse import ClickHouse
from infra.local.daemon import Daemon
from infra.local.ports import free_ports
from infra.local.stack import Stack
from infra.result import Figure, Result
from schemas.settings import LocalSettings

NAME = "clickhouse_views"
DATABASE = "bench"
BOUNDS_MS = {Scope.MEETING: 20.0, Scope.TENANT: 150.0, Scope.PHRASE: 50.0}
BARE = Question(
    "bare_table",
    "The transcript, past every view",
    "",
    Scope.MEETING,
    "SELECT start_ms, display_name, text FROM {database}.turns FINAL WHERE tenant_id = {tenant} AND meeting_id = {meeting} "
    "AND bot_id = {bot} AND state = 'end_of_turn' ORDER BY start_ms",
)
TIMES = 25
DEADLINE_S = 60.0
ENOUGH_TIME_S = 600


def run(settings: LocalSettings, seed: int, command: str) -> Result:
    """Load, ask, compare with the bounds."""
    with TemporaryDirectory(prefix="earshot-bench-") as folder, _server(settings, Path(folder)) as (server, pid):
        client = Client("127.0.0.1", server.port, send_receive_timeout=ENOUGH_TIME_S, compression="lz4")
        started_s = time.monotonic()
        for statement in Load(DATABASE, seed).statements():
            client.execute(statement)
        load_s = time.monotonic() - started_s
        [(words,)] = client.execute(f"SELECT sum(length(words.text)) FROM {DATABASE}.turns FINAL")  # noqa: S608
        taken = {question: _ask(client, pid, question) for question in QUESTIONS}
        bare_ms, _ = _ask(client, pid, BARE)
    return _result(
        taken, {"words": words, "load_s": round(load_s, 1), "bare_table_ms": round(bare_ms, 1)}, seed, command
    )


@contextmanager
def _server(settings: LocalSettings, folder: Path) -> Iterator[tuple[ClickHouse, int]]:
    """A ClickHouse with our tables; and its process."""
    port, http_port = free_ports(2)
    server = ClickHouse(port, http_port, settings.cache_dir)
    daemon = Daemon(server, folder, die_with_us=True)
    stack = Stack([daemon])
    stack.up(DEADLINE_S)
    try:
        process = daemon.process()
        assert process
        where = {**server.environment(), "EARSHOT_CLICKHOUSE_DATABASE": DATABASE, "EARSHOT_CLICKHOUSE_TURNS_DAYS": "0"}
        changes = [f"{name}={value}" for name, value in where.items()]
        subprocess.run(["env", *changes, EARSHOT, "clickhouse", "migrate"], check=True, capture_output=True)
        yield server, process.pid
    finally:
        stack.down()


def _ask(client: Client, pid: int, question: Question) -> tuple[float, float]:
    """Median milliseconds on the wall, and mean milliseconds of processor."""
    number = MEETINGS // 2 + 7
    sql = question.query(
        database=DATABASE,
        tenant=f"tenant_{number % TENANTS}",
        meeting=f"mtg_{number}",
        bot=f"bot_{number}",
        phrase=_phrase(client, number),
    )
    client.execute(sql)
    before_s, taken_ms = _spent_s(pid), []
    for _ in range(TIMES):
        started_s = time.monotonic()
        client.execute(sql)
        taken_ms.append((time.monotonic() - started_s) * 1000)
    return statistics.median(taken_ms), (_spent_s(pid) - before_s) * 1000 / TIMES


def _phrase(client: Client, number: int) -> str:
    """Three words that were said in that meeting."""
    turn = f"SELECT arrayStringConcat(arraySlice(words.text, 3, 3), ' ') FROM {DATABASE}.turns "  # noqa: S608
    [(phrase,)] = client.execute(
        f"{turn} WHERE tenant_id = 'tenant_{number % TENANTS}' AND meeting_id = 'mtg_{number}' LIMIT 1"
    )
    return str(phrase)


def _spent_s(pid: int) -> float:
    return float(sum(psutil.Process(pid).cpu_times()[:2]))


def _result(taken: dict[Question, tuple[float, float]], around: dict[str, Figure], seed: int, command: str) -> Result:
    within = {question: wall_ms <= BOUNDS_MS[question.scope] for question, (wall_ms, _) in taken.items()}
    figures: dict[str, Figure] = {
        **around,
        "meetings": MEETINGS,
        "load_average": round(psutil.getloadavg()[0], 1),
        **{f"{scope}_bound_ms": bound_ms for scope, bound_ms in BOUNDS_MS.items()},
        **{f"{question.scope}_{question.name}_ms": round(wall_ms, 1) for question, (wall_ms, _) in taken.items()},
        **{f"{question.scope}_{question.name}_cpu_ms": round(cpu_ms, 1) for question, (_, cpu_ms) in taken.items()},
        "over_bound": ", ".join(question.name for question, fits in within.items() if not fits),
    }
    passed = all(within.values()) and around["words"] == WORDS
    return Result(name=NAME, command=command, seed=seed, passed=passed, figures=figures)
