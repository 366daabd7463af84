"""When the provider is killed, and what is told of the sentence in which it was."""

import msgspec
import pytest

from infra.demo.outage import Outage, Providers
from infra.demo.report import Failover, judge
from schemas.events import Turn, TurnWord
from schemas.topics import TRANSCRIPT_PARTIALS, TRANSCRIPT_TURNS
from schemas.vocabulary import BotState, TurnState
from tests.fakes.meeting_records import bot_event, turn
from tests.unit.infra.demo.test_report import GOOD

PROVIDERS = Providers(primary="deepgram", fallback="local")
SCRIPT = {"janus:1": "the old library will open its doors again in the spring"}


def said(number: int, text: str, *, provider: str = "deepgram", state: TurnState = TurnState.END_OF_TURN) -> Turn:
    words = tuple(TurnWord(text=word, start_ms=0, end_ms=1, word_is_final=False) for word in text.split())
    return msgspec.structs.replace(turn(number, "janus:1", text), provider=provider, state=state, words=words)


def speaking(number: int, text: str, *, provider: str = "deepgram") -> Turn:
    return said(number, text, provider=provider, state=TurnState.PARTIAL)


@pytest.fixture
def outage() -> Outage:
    """Two turns have settled."""
    found = Outage(PROVIDERS)
    for number in (1, 2):
        found.take(TRANSCRIPT_TURNS, said(number, "good morning"))
    return found


def test_the_moment_is_in_the_middle_of_a_sentence(outage: Outage) -> None:
    """Not before three words of a turn of the primary are there, not at its end, and not for another provider."""
    outage.take(TRANSCRIPT_PARTIALS, speaking(3, "the old"))
    outage.take(TRANSCRIPT_PARTIALS, speaking(4, "the old library", provider="local"))
    outage.take(TRANSCRIPT_PARTIALS, said(5, "the old library"))
    outage.take(TRANSCRIPT_PARTIALS, bot_event(1, BotState.JOINING))
    assert not outage.due
    outage.take(TRANSCRIPT_PARTIALS, speaking(3, "the old library"))
    assert outage.due


def test_the_primary_must_have_had_its_part_before() -> None:
    """A meeting that has just begun shows no failover."""
    early = Outage(PROVIDERS)
    early.take(TRANSCRIPT_PARTIALS, speaking(1, "the old library"))
    assert not early.due


def test_the_sentence_goes_on_with_the_fallback(outage: Outage) -> None:
    """It settles under the same id, and is held against what its speaker said."""
    outage.take(TRANSCRIPT_PARTIALS, speaking(3, "the old library"))
    assert outage.strike().turn_id == "turn_3"
    assert not outage.due
    outage.take(TRANSCRIPT_TURNS, said(3, "the old library will open doors again", provider="local"))
    figures = outage.figures(SCRIPT)
    assert figures == Failover(
        primary="deepgram",
        fallback="local",
        killed_in_turn="turn_3",
        words_before_kill=3,
        words_in_turn=7,
        wrong_words_in_turn=1,
        turn_settled_by="local",
        turns_of_primary=2,
        turns_of_fallback=1,
    )
    assert judge(msgspec.structs.replace(GOOD, failover=figures)).passed


def test_a_failover_that_proves_nothing_does_not_pass(outage: Outage) -> None:
    """Never killed, never settled, fewer words than before, or only one provider at work: each is a reason."""
    never = outage.figures(SCRIPT)
    outage.take(TRANSCRIPT_PARTIALS, speaking(3, "the old library"))
    outage.strike()
    unsettled = outage.figures(SCRIPT)
    outage.take(TRANSCRIPT_TURNS, said(3, "the old", provider="local"))
    shorter = outage.figures(SCRIPT)
    for figures, word in ((never, "not killed"), (unsettled, "never settled"), (shorter, "3 words before")):
        verdict = judge(msgspec.structs.replace(GOOD, failover=figures))
        assert any(word in reason for reason in verdict.reasons), verdict.reasons
