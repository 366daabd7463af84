"""The digest of the ledger: the same for the same units, whatever records carried them."""

from schemas.ledger import joined, range_label, ranges_digest
from schemas.vocabulary import ChunkKind, GapCause


def test_neighbours_of_one_label_are_one_run() -> None:
    """How units were cut into records does not matter."""
    assert list(joined([("audio", 0, 4), ("audio", 5, 9), ("silence", 10, 14)])) == [
        ("audio", 0, 9),
        ("silence", 10, 14),
    ]


def test_a_hole_is_not_joined() -> None:
    """A missing unit splits a run, so the digest changes."""
    assert ranges_digest([("audio", 0, 4), ("audio", 6, 9)]) != ranges_digest([("audio", 0, 9)])


def test_the_cause_of_a_gap_counts() -> None:
    """Two gaps of different causes are two runs."""
    network, stall = range_label(ChunkKind.GAP, GapCause.NETWORK), range_label(ChunkKind.GAP, GapCause.CAPTURE_STALL)
    assert (network, stall) == ("gap.network", "gap.capture_stall")
    assert ranges_digest([(network, 0, 4), (stall, 5, 9)]) != ranges_digest([(network, 0, 9)])
