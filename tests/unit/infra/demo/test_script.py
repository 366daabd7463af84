"""The demo's meeting on paper: enough is said, and nothing is said where nobody could hear it."""

import pytest

from infra.demo.score import words_of
from infra.demo.script import LATE_S, PARTS, TAIL_S, Line, layout, own_parts

SECONDS_A_LINE = 4.0


def test_enough_words_are_said_to_judge_the_hearing() -> None:
    """Pooled over all visits the script says at least 280 words."""
    assert sum(part.visits * len(words_of(part.said)) for part in PARTS) >= 280


def test_the_script_has_no_digits() -> None:
    """A digit has several spoken forms, so it could never be scored."""
    assert not any(character.isdigit() for part in PARTS for character in part.said)


def test_the_meeting_has_what_it_must_show() -> None:
    """Somebody joins late, somebody comes back, somebody mutes, and every talker has an own voice."""
    assert any(part.joins_at_s > 0 for part in PARTS)
    assert any(part.visits == 2 for part in PARTS)
    assert any(line.muted for part in PARTS for line in part.lines)
    assert {part.voice for part in PARTS} == {"rms", "awb", "slt"}


def test_two_talkers_overlap_for_some_seconds() -> None:
    """When two speak at once each is still heard alone; the script makes that happen."""
    spoken = [
        (span.from_s + part.joins_at_s, span.to_s + part.joins_at_s, part.name)
        for part in PARTS
        for span in layout(part.lines, [SECONDS_A_LINE] * len(part.lines)).speech
    ]
    shared = [
        min(end, other_end) - max(start, other_start)
        for start, end, name in spoken
        for other_start, other_end, other in spoken
        if name < other
    ]
    assert max(shared) > 2


def test_nothing_is_said_inside_a_mute() -> None:
    """Words inside a mute would be gone while the reference still has them."""
    for part in PARTS:
        placed = layout(part.lines, [SECONDS_A_LINE] * len(part.lines))
        if placed.mute:
            mute = placed.mute
            assert mute.to_s > mute.from_s
            assert all(span.to_s < mute.from_s or span.from_s > mute.to_s for span in placed.speech)


def test_a_recording_ends_after_its_last_word() -> None:
    """A talker leaves only when the last word had time to arrive."""
    placed = layout((Line("one", pause_s=1), Line("two", pause_s=2)), (3.0, 4.0))
    assert placed.speech[-1].to_s == pytest.approx(10.0)
    assert placed.length_s == pytest.approx(10.0 + TAIL_S)


def test_own_recordings_get_the_same_meeting() -> None:
    """Of three recordings one mutes first, one comes late and the shorter of the others comes back."""
    bea, cem, dan = own_parts([("Dan", "hello there", 9), ("Bea", "good day", 30), ("Cem", "well then", 8)])
    assert [bea.visits, cem.visits, dan.visits] == [1, 2, 1]
    assert bea.lines[0].muted
    assert dan.joins_at_s == LATE_S
    assert bea.joins_at_s == cem.joins_at_s == 0


def test_a_long_recording_is_not_said_twice() -> None:
    """Coming back would double the meeting."""
    assert [part.visits for part in own_parts([("Ann", "a", 300), ("Bob", "b", 400)])] == [1, 1]


def test_one_recording_makes_a_meeting() -> None:
    """A single talker is there on time."""
    (only,) = own_parts([("Ann", "hello", 5)])
    assert only.joins_at_s == 0
