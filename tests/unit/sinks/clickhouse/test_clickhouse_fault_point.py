"""The points at which a chaos run has the sink die."""

import os
import signal

import pytest

from schemas.errors import UsageError
from schemas.settings import ClickHouseSettings, load
from sinks.clickhouse.delivery.fault_point import FaultPoint, FaultPoints


@pytest.fixture
def killed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    sent: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda pid, number: sent.append((pid, number)))
    return sent


def test_nobody_dies_unless_told_to(killed: list[tuple[int, int]]) -> None:
    """The default: no point is one to die at."""
    points = FaultPoints(ClickHouseSettings().clickhouse_die_at)
    for point in FaultPoint:
        points.reach(point)
    assert killed == []


@pytest.mark.parametrize("point", FaultPoint)
def test_the_nth_time_a_point_is_reached_is_the_last(point: FaultPoint, killed: list[tuple[int, int]]) -> None:
    """By SIGKILL, which nothing survives, and only there."""
    points = FaultPoints(f"{point}:2")
    for each in (*FaultPoint, *FaultPoint):
        points.reach(each)
    assert killed == [(os.getpid(), signal.SIGKILL)]


def test_a_point_that_is_none_is_refused_at_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """The setting names the points there are."""
    for point in FaultPoint:
        assert ClickHouseSettings(clickhouse_die_at=f"{point}:3")
    monkeypatch.setenv("EARSHOT_CLICKHOUSE_DIE_AT", "sometime")
    with pytest.raises(UsageError, match="EARSHOT_CLICKHOUSE_DIE_AT"):
        load(ClickHouseSettings)
