"""What happens to a bot reaches its meeting as what it is."""

from producers.bot.happening import Crashed, JoinFailed, Left, Measured, SocketClosed, StopAsked, decide
from producers.bot.lifecycle import Lifecycle, Limits, Step
from producers.bot.meeting import Meeting, Order
from producers.bot.watchdog import Watchdog
from schemas.errors import Unavailable
from schemas.vocabulary import BotState, GapCause
from tests.fakes.synthetic_bot import SyntheticBot
from tests.fakes.synthetic_page import STARTED_AT_US

S_US = 1_000_000


def joining() -> Meeting:
    meeting = Meeting(Lifecycle(Limits(30 * S_US, 60 * S_US, 300 * S_US)), Watchdog(5 * S_US, memory_limit_mb=1_000))
    meeting.start(0)
    return meeting


def test_asked_to_stop_it_leaves_and_says_who_asked() -> None:
    """Then the page lets go, and the call has ended for the same reason."""
    meeting = joining()
    [leaving] = decide(meeting, StopAsked("SIGTERM"), S_US)
    assert isinstance(leaving, Step)
    assert (leaving.state, leaving.message) == (BotState.LEAVING, "stopped by SIGTERM")
    [ended] = decide(meeting, Left(), 2 * S_US)
    assert isinstance(ended, Step)
    assert (ended.state, ended.sub_code) == (BotState.CALL_ENDED, "stopped")


def test_the_first_page_that_does_not_join_is_fatal_with_its_remedy() -> None:
    """The person who sent the bot reads both."""
    [fatal] = decide(joining(), JoinFailed(Unavailable("no page", remedy="look at the link")), S_US)
    assert isinstance(fatal, Step)
    assert (fatal.state, fatal.sub_code) == (BotState.FATAL, "join_failed")
    assert (fatal.message, fatal.remedy) == ("no page", "look at the link")


def test_what_only_the_watchdog_minds_sends_nothing_at_once() -> None:
    """A socket may close and come back; little memory in use is no news."""
    meeting = joining()
    assert decide(meeting, SocketClosed(), S_US) == []
    assert decide(meeting, Measured(10.0), S_US) == []


def test_a_crash_is_noted_and_capture_begun_anew() -> None:
    """A note that names the cause, and a new page."""
    bot = SyntheticBot()
    bot.join({"janus:ann": "Ann"}, {"0/0": "ann"}, STARTED_AT_US)
    outputs = decide(bot.meeting, Crashed(GapCause.RENDERER_CRASH), STARTED_AT_US + S_US)
    assert outputs[-1] is Order.NEW_PAGE
    assert [output.sub_code for output in outputs if isinstance(output, Step)] == ["renderer_crash"]
