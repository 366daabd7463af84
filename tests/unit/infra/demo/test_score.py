"""What the demo's score sees: every kind of wrong word, and turns given to the wrong speaker."""

import pytest

from infra.demo.score import Counts, Heard, Said, compare, misattributed, pooled, transcript_of

ANN = Said("Ann", "janus:1", "We should plant the young trees on Saturday. The flowers can wait until next week.")
BOB = Said("Bob", "janus:2", "My brother has a truck and he can bring the tables on Friday afternoon.")


def heard(participant_id: str | None, text: str, start_ms: int = 0) -> Heard:
    return Heard(f"turn_{start_ms}", participant_id, start_ms, text)


def test_case_and_punctuation_do_not_count() -> None:
    """What is written in capitals and with commas is heard without."""
    assert compare("Well, hello THERE!", "well hello there") == Counts(reference=3)


def test_every_kind_of_error_is_counted() -> None:
    """One word wrong, one missing, one too many."""
    assert compare("one two three four five six", "one too three five six seven") == Counts(6, 1, 1, 1)


def test_a_lost_second_of_words_is_seen() -> None:
    """Three words gone out of fifteen are twenty points, four times what the demo allows."""
    cut = ANN.text.replace("plant the young ", "")
    assert compare(ANN.text, cut).wer == pytest.approx(3 / 15)


def test_words_where_nothing_was_said_are_wrong() -> None:
    """Hearing voices is an error even without a reference to divide by."""
    assert compare("", "hello").wer == 1.0
    assert compare("", "").wer == 0.0


def test_tracks_are_pooled_by_words() -> None:
    """A short track does not weigh as much as a long one."""
    assert pooled([Counts(90), Counts(10, deleted=10)]).wer == pytest.approx(0.1)


def test_a_transcript_is_put_together_in_order_of_time() -> None:
    """Turns arrive in any order and of several people."""
    turns = [heard("janus:1", "there", 900), heard("janus:2", "what", 500), heard("janus:1", "hello", 100)]
    assert transcript_of(turns, "janus:1") == "hello there"


def test_a_turn_of_another_speaker_is_misattributed() -> None:
    """Bob's sentence under Ann's name is seen, whatever the engine misheard in it."""
    wrong = heard("janus:1", "my brother has a duck and he can bring the cables")
    right = heard("janus:2", "my brother has a duck and he can bring the cables")
    assert misattributed([ANN, BOB], [wrong, right]) == (wrong,)


def test_a_misheard_word_is_not_a_misattribution() -> None:
    """A lone word that happens to be in another script proves nothing."""
    assert misattributed([ANN, BOB], [heard("janus:1", "truck"), heard("janus:1", "the young trees my friday")]) == ()


def test_a_turn_of_nobody_is_unknown_and_not_wrong() -> None:
    """Unknown beats wrong; its words are missing from the speaker's track instead."""
    assert misattributed([ANN, BOB], [heard(None, BOB.text)]) == ()


def test_a_turn_of_a_stranger_is_wrong() -> None:
    """The bot itself or a ghost in the roster never said anything."""
    stranger = heard("janus:9", "hello")
    assert misattributed([ANN, BOB], [stranger]) == (stranger,)


def test_whoever_comes_back_says_the_same_words_rightly() -> None:
    """A second visit is another participant with the same script."""
    again = Said("Bob", "janus:3", BOB.text)
    assert misattributed([ANN, BOB, again], [heard("janus:3", BOB.text)]) == ()
