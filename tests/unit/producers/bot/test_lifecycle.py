"""The table of a bot's life and its deadlines."""

import pytest

from producers.bot.lifecycle import NEXT, IllegalStep, Lifecycle, Limits
from schemas.vocabulary import BotState as S

S_US = 1_000_000
LIMITS = Limits(join_us=30 * S_US, alone_us=300 * S_US, duration_us=3600 * S_US)


def life(*states: S) -> Lifecycle:
    lifecycle = Lifecycle(LIMITS)
    for state in states:
        lifecycle.go(state, 0)
    return lifecycle


RECORDING = (S.JOINING, S.IN_CALL_NOT_RECORDING, S.IN_CALL_RECORDING)


def test_a_whole_life() -> None:
    """Each step knows where it came from."""
    lifecycle = life(*RECORDING, S.LEAVING, S.CALL_ENDED)
    step = lifecycle.go(S.DONE, 9)
    assert (step.previous, step.state) == (S.CALL_ENDED, S.DONE)
    assert lifecycle.on_time(10**18) == []


def test_what_the_table_forbids_is_refused() -> None:
    """Nobody is done before the end, and nothing follows it."""
    with pytest.raises(IllegalStep, match="done may not follow joining"):
        life(S.JOINING).go(S.DONE, 0)
    with pytest.raises(IllegalStep):
        life(S.JOINING, S.FATAL, S.DONE).go(S.JOINING, 0)


def test_every_state_leads_to_done() -> None:
    """There is no state a bot can be stuck in."""
    for start in NEXT:
        reached, edge = {start}, {start}
        while edge:
            edge = {after for state in edge for after in NEXT[state]} - reached
            reached |= edge
        assert S.DONE in reached, start


@pytest.mark.parametrize("states", [RECORDING[:1], (S.JOINING, S.IN_WAITING_ROOM), RECORDING[:2]])
def test_joining_has_a_deadline(states: tuple[S, ...]) -> None:
    """30 s in any state before the recording is fatal, with a remedy."""
    lifecycle = life(*states)
    assert lifecycle.on_time(30 * S_US - 1) == []
    (step,) = lifecycle.on_time(30 * S_US)
    assert (step.state, step.sub_code) == (S.FATAL, f"{states[-1]}_timeout")
    assert step.remedy


def test_alone_for_long_is_a_reason_to_leave() -> None:
    """The clock starts when the last one goes, and stops when somebody comes."""
    lifecycle = life(*RECORDING)
    lifecycle.company(0, 10 * S_US)
    lifecycle.company(0, 50 * S_US)
    assert lifecycle.on_time(310 * S_US - 1) == []
    lifecycle.company(1, 60 * S_US)
    assert lifecycle.on_time(310 * S_US) == []
    lifecycle.company(0, 400 * S_US)
    assert lifecycle.on_time(700 * S_US - 1) == []
    assert lifecycle.on_time(700 * S_US)[0].sub_code == "alone"
    assert lifecycle.leaving_because == "alone"


def test_no_stay_is_for_ever() -> None:
    """The longest stay ends in leaving; of two deadlines the earlier one speaks."""
    lifecycle = life(*RECORDING)
    lifecycle.company(0, 3500 * S_US)
    assert lifecycle.on_time(4000 * S_US)[0].sub_code == "max_duration"


def test_leaving_does_not_take_for_ever_either() -> None:
    """A page that does not let go is left behind, for the reason the bot was leaving."""
    lifecycle = life(*RECORDING)
    lifecycle.go(S.LEAVING, 0, sub_code="stopped")
    (step,) = lifecycle.on_time(10 * S_US)
    assert (step.state, step.sub_code) == (S.CALL_ENDED, "stopped")


def test_an_error_is_a_note_on_the_way() -> None:
    """It has its own record, and the state stays."""
    lifecycle = life(*RECORDING)
    note = lifecycle.note(sub_code="renderer_crash", message="joining again")
    assert (note.state, note.previous, lifecycle.state) == (S.ERROR, S.IN_CALL_RECORDING, S.IN_CALL_RECORDING)
