"""The turn machine, read like transcripts of a conversation: one table of messages for each provider's style."""

from dataclasses import dataclass

import pytest

from schemas.events import ResultEvent
from schemas.vocabulary import SkipReason, TurnReason
from tests.fakes.emissions import lines
from tests.fakes.scripted_results import Voice, said, word


@dataclass(frozen=True)
class Style:
    """A scripted provider and what must come of it."""

    name: str
    script: list[ResultEvent]
    emitted: list[str]


def spans_and_partials() -> Style:
    """Deepgram: partials of the open segment, a final for a span of it, the turn ended by the last final."""
    v = Voice()
    v.partial(said("so we", 0, final=False))
    v.partial(said("so we could shift", 0, final=False))
    v.final(said("so we could", 0), 600)
    v.partial(said("ship it today", 600, final=False))
    v.end(said("ship it today", 600), 1200)
    return Style(
        "partial and span finals",
        v.written,
        [
            "1 partial [so] [we]",
            "2 partial [so] [we] [could] [shift]",
            "3 partial so we could [shift]",
            "4 partial so we could [ship] [it] [today]",
            "5 end_of_turn so we could ship it today",
        ],
    )


def final_shorter_than_partial() -> Style:
    """A final may stop before the last partial did; the rest stays pending until somebody says otherwise."""
    v = Voice()
    v.partial(said("one two three", 0, final=False))
    v.final(said("one two", 0), 400)
    v.final((), 700)
    v.end()
    return Style(
        "final shorter than partial, then an empty final",
        v.written,
        ["1 partial [one] [two] [three]", "2 partial one two [three]", "3 final one two", "4 end_of_turn one two"],
    )


def utterance_end_apart() -> Style:
    """An end of turn that comes alone, twice, after the finals; the second has nothing to end."""
    v = Voice()
    v.final(said("yes", 0), 300)
    v.end()
    v.end()
    v.final(said("no", 1000), 1300)
    v.end(cursor_ms=1400)
    return Style(
        "end of turn apart from the final, and twice",
        v.written,
        ["1 final yes", "2 end_of_turn yes", "1 final no", "2 end_of_turn no"],
    )


def cumulative_turns() -> Style:
    """AssemblyAI: each message repeats the whole turn; final words move the cursor; the formatted end replaces them."""
    v = Voice()
    v.partial((word("hello", 0, 300), word("wor", 300, 450, final=False)), 300, key="0")
    v.partial((word("hello", 0, 300), word("world", 300, 600), word("how", 600, 700, final=False)), 600, key="0")
    v.final((word("hello", 0, 300), word("world", 300, 600), word("how", 600, 800)), 800, key="0")
    v.end((word("Hello", 0, 300), word("world,", 300, 600), word("how?", 600, 800)), 800, key="0")
    v.end((word("HELLO", 0, 300), word("world,", 300, 600), word("how?", 600, 800)), 800, key="0")
    v.end((word("Fine", 1000, 1300),), 1300, key="1")
    return Style(
        "cumulative turns, formatted before and after the end",
        v.written,
        [
            "1 partial hello [wor]",
            "2 partial hello world [how]",
            "3 final hello world how",
            "4 end_of_turn Hello world, how?",
            "1 end_of_turn Fine",
        ],
    )


def cumulative_over_two_sessions() -> Style:
    """A session dies inside a turn: the next one counts its turns anew, starts before the cursor, and our turn goes on."""
    v = Voice()
    v.partial((word("we", 0, 200), word("lost", 200, 400), word("the", 400, 500, final=False)), 400, key="0")
    v.session = "sess_2"
    v.partial((word("lost", 200, 405, final=False), word("the", 405, 600, final=False)), key="0")
    v.end((word("lost", 200, 405), word("the", 405, 600), word("line", 600, 800)), 800, key="0")
    return Style(
        "cumulative turns over two sessions",
        v.written,
        ["1 partial we lost [the]", "2 partial we lost [the]", "3 end_of_turn we lost the line"],
    )


def token_stream() -> Style:
    """Soniox: each message has new final tokens, once, and what is pending after them."""
    v = Voice()
    v.partial((word("good", 0, 200, final=False),))
    v.partial((word("good", 0, 200), word("mor", 200, 300, final=False)), 200)
    v.partial((word("morning", 200, 500), word("all", 500, 600, final=False)), 500)
    v.partial((word("all", 500, 700),), 700)
    v.end()
    return Style(
        "token stream",
        v.written,
        [
            "1 partial [good]",
            "2 partial good [mor]",
            "3 partial good morning [all]",
            "4 final good morning all",
            "5 end_of_turn good morning all",
        ],
    )


def items_without_word_times() -> Style:
    """OpenAI: items without word times; every word carries the item's span and gets an even share of it."""
    v = Voice()
    v.partial((word("turn", 0, 400, final=False),), key="item_1")
    v.final((word("turn", 0, 900), word("it", 0, 900), word("off", 0, 900)), 900, key="item_1")
    v.end((word("please", 900, 1500),), 1500, key="item_2")
    return Style(
        "items without word times",
        v.written,
        ["1 partial [turn]", "2 final turn it off", "3 end_of_turn turn it off please"],
    )


def items_in_deltas() -> Style:
    """An item told in deltas under one key: what is not repeated is added to."""
    v = Voice()
    v.final(said("first", 0), 200, key="item_1")
    v.final(said("second", 200), 400, key="item_1")
    v.end(key="item_1")
    return Style("item in deltas", v.written, ["1 final first", "2 final first second", "3 end_of_turn first second"])


def local_engine() -> Style:
    """The local engine: partials without finals, then one final for the utterance, silence declared between."""
    v = Voice()
    v.skipped(500)
    v.partial(said("the kettle", 500, final=False))
    v.partial(said("the kettle boiled", 500, final=False))
    v.end(said("the kettle boils", 500), 1300)
    v.skipped(3000)
    v.end(said("quick", 3000), 3400, reason=TurnReason.FORCED_CUT)
    v.skipped(4000, SkipReason.STREAM_END)
    return Style(
        "local engine",
        v.written,
        [
            "1 partial [the] [kettle]",
            "2 partial [the] [kettle] [boiled]",
            "3 end_of_turn the kettle boils",
            "1 end_of_turn quick",
        ],
    )


def takes_back_what_it_showed() -> Style:
    """A partial that no final confirms: shown, taken back, and the end says so without words."""
    v = Voice()
    v.partial(said("hm", 1000, final=False))
    v.end(cursor_ms=1500)
    v.partial(said("hm", 2000, final=False))
    return Style("words taken back", v.written, ["1 partial [hm]", "2 end_of_turn", "1 partial [hm]"])


def another_style_takes_over() -> Style:
    """A provider of cumulative turns fails inside a turn and one of spans goes on: one turn, no word twice."""
    v = Voice()
    v.partial((word("can", 0, 200), word("you", 200, 400), word("her", 400, 500, final=False)), 400, key="3")
    v.session = "sess_other"
    v.partial(said("you hear", 200, final=False))
    v.final(said("you hear", 200), 600)
    v.end(said("me", 600), 800)
    return Style(
        "cumulative turns, then spans of another provider",
        v.written,
        [
            "1 partial can you [her]",
            "2 partial can you [hear]",
            "3 final can you hear",
            "4 end_of_turn can you hear me",
        ],
    )


def end_while_words_are_pending() -> Style:
    """An end of turn before the last words are final: they are the next turn's."""
    v = Voice()
    v.final(said("that is all", 0), 600)
    v.partial(said("by the way", 700, final=False))
    v.end()
    v.partial(said("by the way", 700, final=False))
    v.end(said("by the way", 700), 1300)
    return Style(
        "end of turn while words are pending",
        v.written,
        [
            "1 final that is all",
            "2 partial that is all [by] [the] [way]",
            "3 end_of_turn that is all",
            "1 partial [by] [the] [way]",
            "2 end_of_turn by the way",
        ],
    )


def late_final() -> Style:
    """A final that arrives after a later one has covered its span: nothing of it is new."""
    v = Voice()
    v.final(said("one two three", 0), 600)
    v.cursor_ms = 200
    v.final(said("two", 200), 400)
    v.cursor_ms = 600
    v.end(said("four", 600), 800)
    return Style("late final", v.written, ["1 final one two three", "2 end_of_turn one two three four"])


STYLES = [
    spans_and_partials(),
    final_shorter_than_partial(),
    utterance_end_apart(),
    cumulative_turns(),
    cumulative_over_two_sessions(),
    token_stream(),
    items_without_word_times(),
    items_in_deltas(),
    local_engine(),
    takes_back_what_it_showed(),
    another_style_takes_over(),
    end_while_words_are_pending(),
    late_final(),
]


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.name)
def test_style(style: Style) -> None:
    """Each provider's way of speaking leads to the revisions that a reader expects."""
    assert lines(style.script) == style.emitted


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.name)
def test_a_raw_repeat_changes_nothing(style: Style) -> None:
    """A result that is written twice, as after a crash before its commit, says nothing new."""
    twice = [result for result in style.script for _ in range(2)]
    assert lines(twice) == style.emitted
