"""A transcript to read: time order, names, overlaps, the last revision."""

import msgspec

from schemas.events import Turn
from schemas.vocabulary import Attribution, TurnReason, TurnState
from sinks.terminal.transcript import clock, rendered, settled


def turn(turn_id: str, start_ms: int, text: str, **fields) -> Turn:
    return Turn(
        **{
            "tenant_id": "default",
            "bot_id": "bot_1",
            "meeting_id": "mtg_1",
            "event_id": "evt_1",
            "occurred_at_us": 0,
            "produced_at_us": 0,
            "recording_started_at_us": 0,
            "turn_id": turn_id,
            "revision": 0,
            "state": TurnState.END_OF_TURN,
            "stream_id": "s",
            "epoch": 0,
            "participant_id": "p1",
            "attribution": Attribution.EXACT,
            "attribution_confidence": 1.0,
            "display_name": "Ada",
            "language": "en",
            "text": text,
            "words": (),
            "start_ms": start_ms,
            "end_ms": start_ms + 1000,
            "seq_from": 0,
            "seq_to": 50,
            "provider": "local",
            "stt_session_id": "",
            "reason": TurnReason.ENDPOINT,
            "transcript_label": "live",
        }
        | fields
    )


def test_turns_come_in_the_order_they_began_whatever_the_log_says():
    """A long turn that settles late is still shown where it began."""
    turns = settled([turn("b", 5000, "second"), turn("a", 1000, "first")], "live")
    assert [line[:5] for line in rendered(turns, 80)] == ["00:01", "00:05"]


def test_the_last_revision_wins_in_any_order():
    """A late attribution replaces the turn it revises; an older revision read later does not."""
    old, new = turn("a", 0, "x", display_name=None, participant_id=None), turn("a", 0, "x", revision=1)
    assert settled([new, old], "live") == (new,)
    assert settled([old, new], "live") == (new,)


def test_another_transcript_of_the_same_bot_is_not_mixed_in():
    """Only turns of the label asked for."""
    assert settled([turn("a", 0, "x", transcript_label="backfill-1")], "live") == ()


def test_a_turn_names_its_speaker_and_whom_it_overlaps():
    """Names where known, the platform's id where not, and a plain word where nobody is known."""
    turns = (
        turn("a", 0, "hello", overlaps=("p2", "p3")),
        turn("b", 500, "hi", participant_id="p2", display_name="Ben"),
        turn("c", 700, "who", participant_id=None, display_name=None),
    )
    assert list(rendered(turns, 100)) == [
        "00:00  Ada                [over Ben, p3] hello",
        "00:00  Ben                hi",
        "00:00  (unknown speaker)  who",
    ]


def test_a_turn_still_open_shows_that_more_may_come():
    """An ellipsis marks a turn that has not settled."""
    assert list(rendered([turn("a", 0, "so", state=TurnState.FINAL)], 80)) == ["00:00  Ada  so …"]


def test_long_turns_wrap_under_their_text():
    """The clock and name column stays empty on continuation lines."""
    lines = list(rendered([turn("a", 0, "word " * 30)], 60))
    assert len(lines) > 1
    assert all(len(line) <= 60 for line in lines)
    assert all(line.startswith(" " * 12) for line in lines[1:])


def test_a_turn_without_words_still_has_its_line():
    """Nothing that settled vanishes from the transcript."""
    assert list(rendered([turn("a", 0, "")], 80)) == ["00:00  Ada"]


def test_the_clock_grows_hours_and_knows_before_the_start():
    """mm:ss, then h:mm:ss; what began before recording is negative."""
    assert [clock(ms) for ms in (0, 61_999, 3_600_000, -5_000)] == ["00:00", "01:01", "1:00:00", "-00:05"]


def test_the_text_of_a_turn_is_not_mangled():
    """Text goes through as it is, quotes and other scripts too."""
    text = '"don\'t" 日本語'
    assert text in next(iter(rendered([msgspec.structs.replace(turn("a", 0, text))], 80)))
