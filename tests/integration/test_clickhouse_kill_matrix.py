"""The kill matrix in short, on a broker and a server of its own: `make chaos SCENARIO=clickhouse` is the long one.

After every fault: each view says what the topics say, each row went in once, by raw counts and by views that sum.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.chaos.clickhouse.ground import SINK_COMMAND, Ground
from infra.chaos.clickhouse.matrix import (
    POINTS,
    read_only_user,
    server_in_a_loop,
    sink_at_every_point,
    sink_before_it_commits,
    sink_before_it_inserts,
    small_disk,
)
from infra.chaos.clickhouse.scenario import disturb
from schemas.settings import LocalSettings
from tests.fakes import careless_sink

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]
SHORT = (sink_at_every_point, server_in_a_loop, read_only_user)
SEED = 7


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """Services that the tests may kill."""
    ground = Ground(tmp_path_factory.mktemp("ground"), LocalSettings().cache_dir)
    with small_disk(ground.data), ground.up():
        yield ground


def test_nothing_is_lost_or_doubled_whatever_dies(ground: Ground) -> None:
    """The sink at each of its five points, the server in a loop, and a user who may not write."""
    ground.turn_to("disturbed", SINK_COMMAND)
    verdict = disturb(ground, SEED, SHORT, records_per_s=40, replay=False)
    assert verdict.passed, verdict
    assert verdict.dead_letters > 0
    assert ground.kills >= 2 * len(POINTS)


def careless(how: str) -> tuple[str, ...]:
    return (sys.executable, str(Path(careless_sink.__file__)), how)


def test_without_a_token_the_check_finds_doubled_rows(ground: Ground) -> None:
    """Negative control: the views are still right, which is what natural keys are for; the raw counts are not."""
    ground.turn_to("without_token", careless("without_token"))
    verdict = disturb(ground, SEED, (sink_before_it_commits,), records_per_s=40, replay=False)
    assert verdict.doubled > 0, verdict
    assert not verdict.raw_rows_exact
    assert (verdict.lost, verdict.views_equal) == (0, True)


def test_a_commit_before_the_insert_is_found_as_a_loss(ground: Ground) -> None:
    """Negative control: what died between the two is nowhere."""
    ground.turn_to("commit_first", careless("commit_first"))
    verdict = disturb(ground, SEED, (sink_before_it_inserts,), records_per_s=40, replay=False)
    assert not verdict.raw_rows_exact, verdict
    assert not verdict.passed
