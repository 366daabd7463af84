"""One meeting, decided without a browser: life, people, recoveries and the ledger together."""

from producers.bot.meeting import Order
from producers.browser.frames import Goodbye, Heartbeat, Hello, SlotFormat
from producers.platforms.interface import ConnectionLost, Joined, ParticipantSeen, Refused, Removed
from schemas.vocabulary import BotState, ChunkKind, GapCause, ParticipantKind
from tests.fakes.synthetic_bot import SyntheticBot, capture_closes, verified
from tests.fakes.synthetic_page import STARTED_AT_US, SyntheticPage

SECOND = 1_000_000
RECORDING = [BotState.JOINING, BotState.IN_CALL_NOT_RECORDING, BotState.IN_CALL_RECORDING]


def in_call() -> tuple[SyntheticBot, SyntheticPage]:
    bot = SyntheticBot()
    bot.join({"janus:ann": "Ann"}, {"0/0": "ann"}, STARTED_AT_US)
    return bot, SyntheticPage()


def test_recording_starts_when_the_page_captures_and_the_platform_lets_in() -> None:
    """In either order."""
    bot = SyntheticBot()
    bot.take(bot.meeting.observe(Joined({}), STARTED_AT_US))
    assert bot.states == RECORDING[:2]
    bot.take(bot.meeting.message(Hello("binding"), STARTED_AT_US))
    assert bot.states == RECORDING
    assert bot.meeting.transport == "binding"


def test_people_are_told_from_the_start_of_the_recording_on() -> None:
    """Who was there before is a join at the beginning."""
    bot = SyntheticBot()
    bot.take(bot.meeting.observe(Joined({"janus:ann": "Ann"}), STARTED_AT_US))
    assert bot.facts == []
    bot.take(bot.meeting.message(Hello("websocket"), STARTED_AT_US))
    bot.take(bot.meeting.observe(ParticipantSeen("janus:bob", "Bob"), STARTED_AT_US))
    assert [(fact.kind, fact.display_name) for fact in bot.facts] == [
        (ParticipantKind.JOIN, "Ann"),
        (ParticipantKind.JOIN, "Bob"),
    ]


def test_a_renderer_crash_is_a_new_page_a_note_and_a_gap() -> None:
    """And the ledger closes over both epochs."""
    bot, page = in_call()
    bot.hear(page.run(50))
    bot.take(bot.meeting.crashed(GapCause.RENDERER_CRASH, page.wall_us))
    assert bot.orders == [Order.NEW_PAGE]
    assert (bot.steps[-1].state, bot.steps[-1].sub_code) == (BotState.ERROR, "renderer_crash")
    again = SyntheticPage(wall_us=page.wall_us + 2 * SECOND)
    bot.join({"janus:ann": "Ann"}, {"0/0": "ann"}, again.wall_us)
    bot.hear(again.run(50))
    ledger = bot.end(again.wall_us)
    assert [(line.epoch, line.units_gap) for line in ledger.streams] == [(0, {"renderer_crash": 100}), (1, {})]
    assert capture_closes(verified(ledger, bot.topic))
    assert bot.states[-1] is BotState.ERROR, "the bot was recording all the time"
    assert [fact.kind for fact in bot.facts] == [ParticipantKind.JOIN], "who stayed did not join twice"


def test_a_dead_audio_service_is_found_by_its_silence() -> None:
    """The sinks are reopened, and what was missing says why."""
    bot, page = in_call()
    bot.hear(page.run(50))
    page.hole(3 * SECOND)
    bot.take(bot.meeting.message(Heartbeat(0, 0, {}), page.wall_us - SECOND))
    bot.take(bot.meeting.tick(page.wall_us - SECOND))
    assert bot.orders == [Order.REOPEN_SINKS]
    bot.hear(page.run(50))
    ledger = bot.end(page.wall_us)
    assert [(line.epoch, line.units_gap) for line in ledger.streams] == [(0, {"audio_service_death": 150})]
    assert capture_closes(verified(ledger, bot.topic))


def test_a_meeting_that_refuses_is_fatal_with_a_remedy() -> None:
    """What the platform said, for people."""
    bot = SyntheticBot()
    bot.take(bot.meeting.observe(Refused("no_such_room", "room 7 does not exist", "create it"), STARTED_AT_US))
    assert bot.steps[-1].state is BotState.FATAL
    assert (bot.steps[-1].sub_code, bot.steps[-1].remedy) == ("no_such_room", "create it")


def test_a_bot_that_was_thrown_out_has_nothing_missing_after_that() -> None:
    """The call ended for it; the page needs seconds more to go."""
    bot, page = in_call()
    bot.hear(page.run(50))
    bot.take(bot.meeting.observe(Removed("kicked", "out"), page.wall_us))
    assert (bot.steps[-1].state, bot.steps[-1].sub_code) == (BotState.CALL_ENDED, "kicked")
    ledger = bot.end(page.wall_us + 9 * SECOND)
    assert ledger.streams[0].units_gap == {}


def test_a_slow_way_out_is_no_gap() -> None:
    """After the page's goodbye nobody listens any more."""
    bot, page = in_call()
    bot.hear(page.run(50))
    bot.take(bot.meeting.stop(page.wall_us, sub_code="stopped", message=""))
    bot.take(bot.meeting.message(Goodbye({"0": 50}), page.wall_us))
    bot.take(bot.meeting.left(page.wall_us + 8 * SECOND))
    assert bot.states[-2:] == [BotState.LEAVING, BotState.CALL_ENDED]
    assert bot.steps[-1].sub_code == "stopped"
    assert bot.end(page.wall_us + 8 * SECOND).streams[0].units_gap == {}


def test_a_lost_meeting_server_is_joined_again_and_given_up_in_the_end() -> None:
    """Attempts that fail are repeated; the last one is fatal, with what was lost declared."""
    bot, page = in_call()
    bot.hear(page.run(50))
    bot.take(bot.meeting.observe(ConnectionLost(), page.wall_us))
    now_us = page.wall_us
    while bot.steps[-1].state is not BotState.FATAL:
        bot.take(bot.meeting.join_failed(now_us, sub_code="join_failed", message="away", remedy="wait"))
        now_us += 20 * SECOND
        bot.take(bot.meeting.tick(now_us))
    assert bot.steps[-1].sub_code == "capture_lost"
    ledger = bot.end(now_us)
    assert set(ledger.streams[0].units_gap) == {"network"}
    assert capture_closes(verified(ledger, bot.topic))


def test_a_first_page_that_does_not_open_is_fatal_at_once() -> None:
    """Nothing was heard yet, and somebody waits for the answer."""
    bot = SyntheticBot()
    bot.take(bot.meeting.join_failed(STARTED_AT_US, sub_code="join_failed", message="away", remedy="wait"))
    assert bot.states == [BotState.JOINING, BotState.FATAL]
    assert bot.meeting.fail(STARTED_AT_US, sub_code="x", message="", remedy="") == [], "one end is enough"


def test_another_sample_rate_is_fatal() -> None:
    """Better no recording than one at the wrong speed."""
    bot, page = in_call()
    bot.take(bot.meeting.message(SlotFormat(0, 48_000), page.wall_us))
    bot.take(bot.meeting.message(SlotFormat(0, 44_100), page.wall_us))
    assert bot.steps[-1].sub_code == "sample_rate"


def test_a_full_backlog_is_declared_and_the_account_closes() -> None:
    """Kafka is away for longer than memory lasts: captured frames are delivered or declared."""
    bot = SyntheticBot(backlog_bytes=50 * 1920)
    bot.join({"janus:ann": "Ann"}, {"0/0": "ann"}, STARTED_AT_US)
    page = SyntheticPage()
    bot.hear(page.run(100))
    ledger = bot.end(page.wall_us)
    assert ledger.streams[0].units_gap == {"backlog_full": 50}
    assert capture_closes(verified(ledger, bot.topic))


def test_one_frame_dropped_after_capture_opens_the_account() -> None:
    """Negative control: whatever is declared in its place, verify must fail."""
    bot, page = in_call()
    frames = list(page.run(100))
    bot.hear([*frames[:40], *frames[41:]])
    account = verified(bot.end(page.wall_us), bot.topic)
    assert not capture_closes(account)
    assert account.streams[0].capture.unaccounted_units == 1


def test_one_chunk_dropped_before_the_topic_opens_the_account() -> None:
    """Negative control: a hole in the tiling."""
    bot, page = in_call()
    bot.hear(page.run(100))
    ledger = bot.end(page.wall_us)
    assert [chunk.kind for chunk in bot.topic] == [ChunkKind.AUDIO] * 20
    assert capture_closes(verified(ledger, bot.topic))
    assert not capture_closes(verified(ledger, [*bot.topic[:7], *bot.topic[8:]]))
