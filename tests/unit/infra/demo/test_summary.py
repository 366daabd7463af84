"""What the demo prints when it is over."""

from infra.demo.summary import TRIES_SHOWN, delivery_lines


def test_the_delivery_log_ends_with_its_last_tries() -> None:
    """The head, how many are left out, and the last ones in order."""
    tries = [f"try {number}" for number in range(TRIES_SHOWN + 3)]
    lines = list(delivery_lines(["head", *tries]))
    assert lines == [f"Delivery log, {len(tries)} tries:", "head", "… 3 earlier ones", *tries[3:]]


def test_a_short_delivery_log_is_shown_whole() -> None:
    """An empty one too, which says that nothing was tried."""
    assert list(delivery_lines(["head", "try"])) == ["Delivery log, 1 tries:", "head", "try"]
    assert list(delivery_lines([])) == ["Delivery log, 0 tries:"]
