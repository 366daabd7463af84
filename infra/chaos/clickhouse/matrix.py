"""The faults, one function each: bring it about, see that the sink noticed, and put things right again."""

import contextlib
import os
import random
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from infra.chaos.clickhouse.ground import FIRST, READER, Ground
from infra.waiting import until
from schemas.errors import Unavailable

POINTS = ("after_poll", "after_intent", "in_insert", "after_ack", "after_commit")
DISK_MB = 192
SESSION_ENDS_S = 14.0
Fault = Callable[[Ground, random.Random], None]


def sink_at_every_point(ground: Ground, chance: random.Random) -> None:
    """The sink dies at each of the five points, at one of the first batches that come there."""
    for point in chance.sample(POINTS, len(POINTS)):
        _dies(ground, chance, point)


def sink_before_it_commits(ground: Ground, chance: random.Random) -> None:
    """The sink dies twice with rows inserted that no commit tells of."""
    for _ in range(2):
        _dies(ground, chance, "after_ack")


def sink_before_it_inserts(ground: Ground, chance: random.Random) -> None:
    """The sink dies twice with a batch named and nothing of it inserted."""
    for _ in range(2):
        _dies(ground, chance, "after_intent")


def _dies(ground: Ground, chance: random.Random, point: str) -> None:
    ground.kill_sink()
    sink = ground.start_sink(EARSHOT_CLICKHOUSE_DIE_AT=f"{point}:{chance.randint(1, 3)}")

    def died() -> bool:
        if ground.clickhouse.process() is None:
            ground.revive(ground.clickhouse)
        return sink.process() is None

    until(died, f"the sink dies {point}")
    ground.kills += 1
    ground.sinks.pop(FIRST).bury()
    ground.start_sink()


def sink_anywhere(ground: Ground, chance: random.Random) -> None:
    """The sink is killed wherever it is."""
    for _ in range(3):
        _wait_for_rows(ground)
        time.sleep(chance.uniform(0, 0.3))
        ground.kill_sink()
        ground.start_sink()


def server_in_a_loop(ground: Ground, chance: random.Random) -> None:
    """The server is killed again as soon as it is back."""
    for _ in range(8):
        time.sleep(chance.uniform(0.2, 1.2))
        ground.kill(ground.clickhouse)


def broker(ground: Ground, _: random.Random) -> None:
    """The broker is killed with records under way in both directions."""
    _wait_for_rows(ground)
    ground.kill(ground.kafka)


def server_frozen(ground: Ground, _: random.Random) -> None:
    """The server stops answering in the middle of whatever it does; the outcome of an insert is unknown."""
    ground.freeze(ground.clickhouse, 4.0)


def rebalance(ground: Ground, chance: random.Random) -> None:
    """A second sink comes while rows are inserted, and goes."""
    ground.start_sink("b", EARSHOT_CLICKHOUSE_INSTANCE_ID="")
    with contextlib.suppress(Unavailable):
        until(lambda: "partitions_assigned" in ground.said("b"), "the second sink has partitions", 20)
    time.sleep(chance.uniform(0.5, 2))
    ground.stop_sink("b")


def zombie(ground: Ground, _: random.Random) -> None:
    """A sink stands still until the group has given it up and another has its partitions; then it wakes."""
    ground.start_sink("b", EARSHOT_CLICKHOUSE_INSTANCE_ID="")
    ground.freeze(ground.sinks[FIRST], SESSION_ENDS_S)
    time.sleep(1)
    ground.stop_sink("b")


def disk_full(ground: Ground, _: random.Random) -> None:
    """Nothing fits on the server's disk; then something does."""
    ballast = ground.data / "ballast"
    if not os.path.ismount(ground.data):
        return
    with contextlib.suppress(OSError), ballast.open("wb") as file:
        while True:
            file.write(bytes(1_000_000))
            file.flush()
    _until_said(ground, "clickhouse_away")
    ballast.unlink()
    ground.keep()


def read_only_user(ground: Ground, _: random.Random) -> None:
    """The sink's user may not write, then may."""
    ground.kill_sink()
    ground.start_sink(EARSHOT_CLICKHOUSE_USER=READER)
    _until_said(ground, "table_stopped")
    ground.kill_sink()
    ground.start_sink()


def too_many_parts(ground: Ground, _: random.Random) -> None:
    """The table takes no more parts, then merges are allowed to catch up."""
    ground.ask(
        f"ALTER TABLE {ground.database}.turns MODIFY SETTING parts_to_throw_insert = 1, parts_to_delay_insert = 1"
    )
    _until_said(ground, "(code 252)")
    ground.ask(f"ALTER TABLE {ground.database}.turns RESET SETTING parts_to_throw_insert, parts_to_delay_insert")


def schema_drift(ground: Ground, _: random.Random) -> None:
    """A column goes under another name: that table stops, the others go on, and it goes on when the column is back."""
    ground.ask(f"ALTER TABLE {ground.database}.turns RENAME COLUMN reason TO reason_before")
    _until_said(ground, "table_stopped")
    _wait_for_rows(ground, "participant_events")
    ground.ask(f"ALTER TABLE {ground.database}.turns RENAME COLUMN reason_before TO reason")
    _wait_for_rows(ground)


SERVICES: Sequence[Fault] = (server_in_a_loop, broker, server_frozen, disk_full, read_only_user, too_many_parts)
GROUP: Sequence[Fault] = (rebalance, zombie, schema_drift)
SINK: Sequence[Fault] = (sink_at_every_point, sink_anywhere)
MATRIX: Sequence[Fault] = (*SINK, *SERVICES, *GROUP)


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """A disk of its own for the server's files, small enough to fill; only root can have one."""
    folder.mkdir(parents=True)
    command = ("mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "earshot-chaos", str(folder))
    mounted = os.geteuid() == 0 and subprocess.run(command, check=False, capture_output=True).returncode == 0
    try:
        yield
    finally:
        if mounted:
            subprocess.run(("umount", "-l", str(folder)), check=False)


def _rows(ground: Ground, table: str) -> int:
    return int(ground.ask(f"SELECT count() FROM {ground.database}.chaos_raw WHERE table = '{table}'")[0][0])  # noqa: S608


def _wait_for_rows(ground: Ground, table: str = "turns") -> None:
    before = _rows(ground, table)

    def more() -> bool:
        ground.keep()
        return _rows(ground, table) > before

    until(more, f"rows go into {table}")


def _until_said(ground: Ground, words: str) -> None:
    """Until the first sink has logged this since it was started, or once more if it had already."""
    before = ground.said().count(words)

    def said() -> bool:
        ground.keep()
        return ground.said().count(words) > before or (words in ground.said() and before == 0)

    until(said, f"the sink says {words}")
