"""The turn machine in single cases: ids, ends, speakers, languages, bad word times."""

import pytest

from schemas.ids import turn_id
from schemas.timebase import ms_to_samples
from schemas.vocabulary import ResultKind, SkipReason, TurnReason, TurnState
from stream_processors.turns.machine.turn_machine import apply, machine_for
from tests.fakes.emissions import emissions_of, lines, shown
from tests.fakes.scripted_results import Voice, said, word


def test_turn_id_is_that_of_the_first_sample_shown() -> None:
    """The id is fixed when the turn opens, also when the first word's start moves later."""
    v = Voice()
    v.partial((word("wel", 100, 300, final=False),))
    v.end((word("well", 120, 340),), 400)
    first, last = emissions_of(v.written)
    assert first.turn_id == last.turn_id == turn_id("bot_1", v.stream_id, 0, ms_to_samples(100), "live")


def test_the_same_place_again_is_another_turn() -> None:
    """A turn taken back and one that starts at the same sample do not share an id."""
    v = Voice()
    v.partial(said("hm", 1000, final=False))
    v.end()
    v.partial(said("so", 1000, final=False))
    shown_first, _, shown_again = emissions_of(v.written)
    assert shown_first.turn_id != shown_again.turn_id


def test_late_words_after_the_end() -> None:
    """After a turn has ended, a word before the cursor is dropped and counted, one after it opens a new turn."""
    v = Voice()
    v.end(said("over", 0), 200)
    machine = machine_for(v.written[0])
    machine = apply(machine, v.written[0]).machine
    step = apply(machine, v.final((*said("over", 0), *said("really", 200)), 400))
    assert step.dropped == 1
    assert [shown(e.words) for e in step.emissions] == ["really"]
    assert step.emissions[0].revision == 1


def test_speaker_change_closes_the_turn() -> None:
    """When the audio says somebody else speaks, the open turn ends with that reason and a new one opens."""
    v = Voice()
    v.final(said("mine", 0), 300)
    v.participant_id = "janus:2"
    v.end(said("yours", 300), 600)
    emitted = emissions_of(v.written)
    assert [(e.state, e.reason) for e in emitted][1:] == [
        (TurnState.END_OF_TURN, TurnReason.SPEAKER_CHANGE),
        (TurnState.END_OF_TURN, TurnReason.ENDPOINT),
    ]
    assert [e.voice.participant_id for e in emitted] == ["janus:1", "janus:1", "janus:2"]


def test_a_speaker_learnt_inside_a_turn_is_no_change() -> None:
    """From unknown to known is learning; a record that does not say leaves what was known."""
    v = Voice(participant_id=None)
    v.final(said("who", 0), 200)
    v.participant_id = "janus:2"
    v.final(said("am", 200), 400)
    v.participant_id = None
    v.end(said("i", 400), 600)
    assert [e.voice.participant_id for e in emissions_of(v.written)] == [None, "janus:2", "janus:2"]
    assert len({e.turn_id for e in emissions_of(v.written)}) == 1


@pytest.mark.parametrize("key", ["", "0"])
def test_a_long_turn_is_cut(key: str) -> None:
    """A minute without an end is cut; what the provider repeats of it afterwards is not said again."""
    v = Voice()
    text = " ".join(f"w{i}" for i in range(61))
    v.final(said(text, 0, 1000), 61_000, key=key)
    more = said(text + " more", 0, 1000) if key else said("more", 61_000, 1000)
    v.end(more, 62_000, key=key)
    cut, rest = emissions_of(v.written)
    assert (cut.state, cut.reason, len(cut.words)) == (TurnState.END_OF_TURN, TurnReason.FORCED_CUT, 61)
    assert shown(rest.words) == "more"


def test_declared_silence_ends_a_turn() -> None:
    """A provider that never ends a turn: enough declared silence does; a short pause does not."""
    v = Voice()
    v.final(said("wait", 0), 200)
    v.skipped(2000)
    v.skipped(3500)
    assert [(e.state, e.reason) for e in emissions_of(v.written)] == [
        (TurnState.FINAL, TurnReason.NONE),
        (TurnState.END_OF_TURN, TurnReason.ENDPOINT),
    ]


def test_skipping_takes_back_what_was_pending_there() -> None:
    """A span declared not transcribed has no words: pending ones in it go."""
    v = Voice()
    v.final(said("sure", 0), 200)
    v.partial(said("maybe", 200, final=False))
    v.skipped(600)
    assert lines(v.written) == ["1 final sure", "2 partial sure [maybe]", "3 final sure"]


def test_stream_end_closes_with_its_reason() -> None:
    """The last skip of a stream ends the open turn."""
    v = Voice()
    v.final(said("bye", 0), 200)
    v.skipped(400, SkipReason.STREAM_END)
    assert emissions_of(v.written)[-1].reason is TurnReason.STREAM_END


def test_language_switch_inside_a_turn() -> None:
    """The turn goes on and carries the language heard last."""
    v = Voice()
    v.result(ResultKind.FINAL, said("hello", 0), 200, language="en")
    v.result(ResultKind.END_OF_TURN, said("hola", 200), 400, language="es")
    emitted = emissions_of(v.written)
    assert [e.voice.language for e in emitted] == ["en", "es"]
    assert len({e.turn_id for e in emitted}) == 1


def test_words_out_of_order_or_overlapping_are_put_right() -> None:
    """Bad times lose no word: words are ordered by start and pushed apart."""
    v = Voice()
    v.end((word("b", 300, 500), word("a", 0, 350), word("c", 450, 440)), 600)
    [turn] = emissions_of(v.written)
    assert shown(turn.words) == "a b c"
    assert all(x.to_sample <= y.from_sample for x, y in zip(turn.words, turn.words[1:], strict=False))


def test_item_words_share_the_items_span() -> None:
    """Words without times of their own divide their item evenly."""
    v = Voice()
    v.end((word("a", 0, 300), word("b", 0, 300), word("c", 0, 300)), 300)
    [turn] = emissions_of(v.written)
    assert [(w.from_sample, w.to_sample) for w in turn.words] == [(0, 4800), (4800, 9600), (9600, 14400)]
