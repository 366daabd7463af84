"""How long what refuses is left alone, and when a person has to look."""

from sinks.clickhouse.delivery.readiness import SERVER_AWAY_MS, TABLE_REFUSES_MS, faults_of
from sinks.clickhouse.delivery.retry import DELAYS_MS, NONE, STOPPED_DELAYS_MS, Outages
from sinks.clickhouse.server.refusal import Refusal


def test_each_failure_waits_longer_up_to_the_last_delay() -> None:
    """The table of delays is the policy; the outage ends by starting from NONE again."""
    outage, waits = NONE, []
    assert outage.may_try(0)
    for _ in range(len(DELAYS_MS) + 2):
        outage = outage.after_failure(100)
        assert not outage.may_try(outage.retry_at_ms - 1)
        assert outage.may_try(outage.retry_at_ms)
        waits.append(outage.retry_at_ms - 100)
    assert waits == [*DELAYS_MS, DELAYS_MS[-1], DELAYS_MS[-1]]


def test_a_table_that_refuses_leaves_the_others_alone() -> None:
    """Only an outcome that is not known concerns the whole server."""
    for refusal in (Refusal.RETRY, Refusal.SCHEMA, Refusal.ACCESS):
        outages = Outages()
        outages.after_failure("turns", refusal, 0, "why")
        assert not outages.may_try("turns", 1)
        assert outages.may_try("bot_events", 1)
    outages = Outages()
    outages.after_failure("turns", Refusal.UNKNOWN, 0, "why")
    assert not outages.may_try("bot_events", 1)
    assert outages.retry_at_ms() == DELAYS_MS[0]
    assert not outages.after_success("bot_events")
    assert outages.may_try("turns", 1)
    assert outages.retry_at_ms() is None


def test_a_stopped_table_is_asked_again_now_and_then_and_goes_on_by_itself() -> None:
    """Somebody mends it, and nobody has to restart anything."""
    outages = Outages()
    for delay_ms in STOPPED_DELAYS_MS:
        assert outages.after_failure("turns", Refusal.SCHEMA, 0, "no column").retry_at_ms == delay_ms
    assert outages.stopped() == {"turns": "no column"}
    assert outages.after_success("turns")
    assert outages.stopped() == {}


def test_readiness_names_a_stopped_table_at_once_and_other_faults_after_a_while() -> None:
    """What passes by itself does not make an orchestrator nervous."""
    outages = Outages()
    assert faults_of(outages, 0) == {}
    outages.after_failure("turns", Refusal.SCHEMA, 0, "no column")
    assert faults_of(outages, 0) == {"table turns": "stopped: no column"}
    outages = Outages()
    outages.after_failure("turns", Refusal.UNKNOWN, 5, "broke off")
    outages.after_failure("turns", Refusal.RETRY, 5, "parts")
    assert faults_of(outages, SERVER_AWAY_MS) == {}
    assert faults_of(outages, 6 + TABLE_REFUSES_MS) == {
        "clickhouse": "no answer for 30 s: broke off",
        "table turns": "takes nothing: parts",
    }
