"""What the kill matrix compares with: computed from the records alone."""

from hypothesis import given
from hypothesis import strategies as st

from infra.chaos.clickhouse.load import VIOLATION, records, turn
from infra.chaos.clickhouse.oracle import Lying, Oracle, oracle_of
from schemas.topics import TRANSCRIPT_PARTIALS, TRANSCRIPT_TURNS
from schemas.vocabulary import TurnState

SETTLED = TurnState.END_OF_TURN


def refused(text: str) -> bool:
    return VIOLATION in text


def oracle(*lying: object) -> Oracle:
    return oracle_of((Lying(TRANSCRIPT_TURNS.name, 0, at, record) for at, record in enumerate(lying)), refused)


def test_the_last_revision_that_fits_is_the_transcript() -> None:
    """Poison, an overflow and a violation are dead letters; they win over nothing."""
    found = oracle(
        turn("bot", 1, 2, "so it is", SETTLED),
        None,
        turn("bot", 1, 3, VIOLATION, SETTLED),
        turn("bot", 7, 2, "overflows", SETTLED),
    )
    assert found.turns == {("bot", "turn_00000001"): ("bot", "turn_00000001", 2, "so it is")}
    assert found.words == {("bot", "turn_00000001"): ["so", "it", "is"]}
    assert found.dead == {(TRANSCRIPT_TURNS.name, 0, at) for at in (1, 2, 3)}
    assert found.rows == {TRANSCRIPT_TURNS.name: {(0, 0)}}


@given(st.permutations([(number, revision) for number in (1, 2) for revision in (2, 3)]))
def test_the_order_of_revisions_does_not_matter(order: list[tuple[int, int]]) -> None:
    """As it must not to the tables."""
    found = oracle(*(turn("bot", number, revision, f"r{revision}", SETTLED) for number, revision in order))
    assert [said[2:] for _, said in sorted(found.turns.items())] == [(3, "r3"), (3, "r3")]


def test_the_constraint_is_on_turns_and_not_on_partials() -> None:
    """A partial of the same text is a row."""
    partial = Lying(TRANSCRIPT_PARTIALS.name, 0, 0, turn("bot", 1, 1, VIOLATION, TurnState.PARTIAL))
    found = oracle_of([partial], refused)
    assert (found.dead, found.turns) == (set(), {})


def test_the_load_is_the_same_for_a_seed() -> None:
    """So that a run can be had again."""
    first, second = records(3), records(3)
    assert [next(first) for _ in range(200)] == [next(second) for _ in range(200)]
