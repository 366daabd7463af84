"""The judge of the webhook chaos: what it passes, and that it bites."""

from dataclasses import astuple

from infra.chaos.webhooks.judge import Receipt, read_receipts, verdict
from infra.chaos.webhooks.plan import FAULTS, Fault, receivers

LANES = {("ep_1", "bot_1"), ("ep_1", "bot_2")}


def receipts(*places: tuple[str, int]) -> list[Receipt]:
    return [
        Receipt(
            endpoint_id="ep_1",
            bot_id=bot_id,
            sequence=sequence,
            message_id=f"msg_{bot_id}_{sequence}",
            happened_at="2026-11-28T12:00:00Z",
            received_at_us=1_795_867_200_050_000,
        )
        for bot_id, sequence in places
    ]


def test_everything_once_in_order_is_all_well() -> None:
    """Lanes may interleave."""
    found = verdict(receipts(("bot_1", 0), ("bot_2", 0), ("bot_2", 1), ("bot_1", 1)), LANES, 2, {"ep_1"})
    assert astuple(found) == (4, 0, 0, 0, 50)


def test_a_repeat_is_a_duplicate_and_no_disorder() -> None:
    """First deliveries are what order is promised of."""
    found = verdict(receipts(("bot_1", 0), ("bot_1", 1), ("bot_1", 0), ("bot_2", 0), ("bot_2", 1)), LANES, 2, set())
    assert (found.lost, found.lanes_out_of_order, found.duplicates) == (0, 0, 1)


def test_retrying_without_blocking_the_lane_is_seen() -> None:
    """Negative control: a later delivery that came first."""
    found = verdict(receipts(("bot_1", 1), ("bot_1", 0), ("bot_2", 0), ("bot_2", 1)), LANES, 2, set())
    assert found.lanes_out_of_order == 1


def test_committing_on_receipt_is_seen() -> None:
    """Negative control: holes, at the end of a lane too, and a lane of which nothing came."""
    found = verdict(receipts(("bot_1", 1)), LANES, 3, set())
    assert found.lost == 5


def test_a_half_written_line_is_left_out() -> None:
    """The report is read while it is written."""
    assert read_receipts(b'{"endpoint_id"') == []


def test_the_plan_has_every_fault_and_ends_in_good_times() -> None:
    """The same seed gives the same plan."""
    planned = receivers(list(range(21)), 120.0, 7)
    assert planned == receivers(list(range(21)), 120.0, 7)
    assert {receiver.fault for receiver in planned} == set(FAULTS)
    assert len(planned) == len(FAULTS) + 1 == 21
    assert all(end <= 120.0 for receiver in planned for _, end in receiver.ill_s)
    assert any(receiver.ill(60.0) for receiver in planned if receiver.fault is not Fault.NONE)
