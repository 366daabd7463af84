"""One stage in its group, for as long as a benchmark looks at it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil

from infra.demo.supervisor import EARSHOT, Groups, Stage
from infra.local.cluster import Cluster
from infra.local.daemon import Daemon
from infra.local.stack import Stack

START_S = 120.0


@contextmanager
def one_stage(
    name: str, group: str, cluster: Cluster, folder: Path, settings: Mapping[str, str]
) -> Iterator[psutil.Process]:
    """`earshot NAME` on that cluster, once it has partitions; ended with the block."""
    groups = Groups(cluster.bootstrap_servers)
    everything = {**cluster.environment, **settings}
    stage = Stage(name, (EARSHOT, name), everything, lambda: groups.has_partitions(group))
    daemon = Daemon(stage, folder, die_with_us=True)
    running = Stack([daemon])
    running.up(START_S)
    try:
        process = daemon.process()
        assert process
        yield process
    finally:
        running.down()
