"""A speaker's timeline."""

import random

import pytest

from producers.synthetic.speech import Line, Numbers, Recorded, whole_units
from producers.synthetic.talk import Talk
from schemas.timebase import BYTES_PER_UNIT
from tests.fakes.heard_numbers import numbers

LINE = Line("three units", b"\x40\x40" * (3 * BYTES_PER_UNIT // 2))


def talk(*, talking: float = 0.4, end_unit: int | None = 5_000, seed: int = 1) -> Talk:
    return Talk(Numbers(), random.Random(seed), talking=talking, end_unit=end_unit)


def test_the_timeline_is_tiled_to_its_end():
    """Stretches follow on without hole or overlap, none longer than a chunk or over a chunk's border."""
    at = 0
    for stretch in talk().go_on(10_000):
        assert stretch.from_unit == at
        assert stretch.units > 0
        assert at // 5 == (at + stretch.units - 1) // 5
        assert len(stretch.pcm) in (0, stretch.units * BYTES_PER_UNIT)
        at += stretch.units
    assert at == 5_000


def test_what_is_heard_is_what_was_said():
    """The words of the script are in the audio, in order, and nothing else is."""
    speaker = talk()
    pcm = b"".join(s.pcm or bytes(s.units * BYTES_PER_UNIT) for s in speaker.go_on(10_000))
    heard = [f"w{word.number}" for word in numbers(pcm, 48_000)]
    assert heard == [word.text for line in speaker.said for word in line.words]
    assert len(heard) > 50


@pytest.mark.parametrize("talking", [0.2, 0.5, 1.0])
def test_the_share_of_talking_comes_out(talking: float):
    """Pauses are in proportion to lines."""
    speaker = talk(talking=talking, end_unit=60_000)
    spoken = sum(stretch.units for stretch in speaker.go_on(60_000) if stretch.pcm)
    assert spoken / 60_000 == pytest.approx(talking, abs=0.05)


def test_a_line_that_does_not_fit_before_the_end_is_not_begun():
    """A meeting of known length has no line cut short, and no audio after the last one."""
    speaker = talk(end_unit=1_111)
    speaker.go_on(2_000)
    assert not any(line.cut for line in speaker.said)
    assert not speaker.speaks


def test_stopping_finishes_the_word():
    """Told to stop in mid-word, the speaker says it to its end and no more; the line is marked as cut."""
    speaker = talk(talking=1.0, end_unit=None)
    speaker.go_on(33)
    speaker.stop()
    assert speaker.end_unit is not None
    assert 33 <= speaker.end_unit < 33 + 22
    speaker.go_on(10_000)
    assert speaker.unit == speaker.end_unit
    [line] = speaker.said
    assert line.cut
    assert line.words[-1].to_unit == speaker.end_unit


def test_stopping_between_words_or_lines_ends_at_once():
    """Where no word is known to be half said there is nothing to finish."""
    speaker = Talk(Recorded([LINE]), random.Random(1), talking=1.0, end_unit=None)
    speaker.go_on(5)
    speaker.stop()
    assert speaker.end_unit == 5
    assert [line.cut for line in speaker.said] == [False, True]


def test_silence_within_a_recording_is_silence():
    """A unit of zeros inside a recording carries no bytes, as a bot would have it."""
    line = Line("gap", whole_units(b"\x40\x40" * 960 + bytes(2 * 960) + b"\x40\x40" * 900))
    speaker = Talk(Recorded([line]), random.Random(1), talking=1.0, end_unit=3)
    assert [bool(stretch.pcm) for stretch in speaker.go_on(3)] == [True, False, True]


def test_the_same_seed_says_the_same():
    """A run can be had again."""
    assert talk(seed=4).go_on(900) == talk(seed=4).go_on(900)
    assert talk(seed=4).go_on(900) != talk(seed=5).go_on(900)
