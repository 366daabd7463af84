"""Ids are deterministic and keep their parts apart."""

from schemas import ids


def test_the_same_fact_has_the_same_id() -> None:
    """A re-emit after a crash is the same event and the same turn."""
    assert ids.event_id("bot_1", "bot", 3) == ids.event_id("bot_1", "bot", 3)
    assert ids.turn_id("b", "s", 0, 960, "live") == ids.turn_id("b", "s", 0, 960, "live")


def test_parts_do_not_run_together() -> None:
    """('ab', 'c') and ('a', 'bc') are different facts."""
    assert ids.event_id("ab", "c") != ids.event_id("a", "bc")


def test_one_bot_is_one_trace() -> None:
    """Records of a bot share the trace id and differ in the span id."""
    first, second = ids.traceparent("bot_1"), ids.traceparent("bot_1")
    assert first.split("-")[1] == second.split("-")[1]
    assert first.split("-")[2] != second.split("-")[2]
