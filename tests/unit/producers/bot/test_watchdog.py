"""What counts as a death of capture, and what is done about it."""

from itertools import pairwise

import pytest

from producers.bot.watchdog import PAGE_ATTEMPTS, SINK_ATTEMPTS, Remedy, Verdict, Watchdog
from schemas.vocabulary import GapCause

MS = 1000
SILENCE_US = 1_500 * MS


@pytest.fixture
def dog() -> Watchdog:
    watchdog = Watchdog(SILENCE_US, memory_limit_mb=2000)
    watchdog.capturing()
    watchdog.alive(0)
    return watchdog


def test_silence_under_a_living_page_is_a_dead_audio_service(dog: Watchdog) -> None:
    """No signal tells of it but the missing media of every live stream."""
    dog.alive(2_000 * MS)
    assert dog.look({"a": 500 * MS, "b": 520 * MS}, 2_000 * MS) == []
    verdicts = dog.look({"a": 500 * MS, "b": 520 * MS}, 2_001 * MS)
    assert verdicts == [Verdict(GapCause.AUDIO_SERVICE_DEATH, Remedy.REOPEN_SINKS)]


def test_one_silent_stream_of_several_is_a_stall(dog: Watchdog) -> None:
    """The audio service lives if anybody is heard; the same remedy is tried."""
    dog.alive(2_000 * MS)
    assert dog.look({"a": 0, "b": 1_900 * MS}, 2_000 * MS) == [Verdict(GapCause.CAPTURE_STALL, Remedy.REOPEN_SINKS)]


def test_nobody_live_nothing_missing(dog: Watchdog) -> None:
    """Streams of people who are away are not listened for."""
    dog.alive(60_000 * MS)
    assert dog.look({}, 60_000 * MS) == []


def test_reopened_sinks_get_time_and_then_a_new_page(dog: Watchdog) -> None:
    """Three attempts, each with the time of one silence; then the page is replaced."""
    found = []
    for at_ms in range(0, 10_000, 100):
        dog.alive(at_ms * MS)
        found += [(at_ms, verdict.remedy) for verdict in dog.look({"a": 0}, at_ms * MS)]
    remedies = [remedy for _, remedy in found]
    assert remedies == [Remedy.REOPEN_SINKS] * SINK_ATTEMPTS + [Remedy.NEW_PAGE]
    assert all(after - before > 1_500 for (before, _), (after, _) in pairwise(found))


def test_sound_that_is_back_resets_the_attempts(dog: Watchdog) -> None:
    """The next death starts again with the mildest remedy."""
    for start_ms in (0, 100_000, 200_000, 300_000, 400_000):
        dog.alive((start_ms + 2_000) * MS)
        (verdict,) = dog.look({"a": start_ms * MS}, (start_ms + 2_000) * MS)
        assert verdict.remedy is Remedy.REOPEN_SINKS
        assert dog.look({"a": (start_ms + 2_500) * MS}, (start_ms + 2_500) * MS) == []


def test_a_page_that_stands_still_is_waited_for(dog: Watchdog) -> None:
    """Without heartbeat it is not the audio service; only after long is the page replaced."""
    assert dog.look({"a": 0}, 5_000 * MS) == []
    assert dog.look({"a": 0}, 10_001 * MS) == [Verdict(GapCause.CAPTURE_STALL, Remedy.NEW_PAGE)]


def test_a_closed_socket_waits_for_the_event_that_explains_it(dog: Watchdog) -> None:
    """The socket closes before the crash is told: then it is a crash; when nothing is told, it was the network."""
    dog.socket_closed(1_000 * MS)
    assert dog.look({}, 1_400 * MS) == []
    assert dog.crashed(GapCause.RENDERER_CRASH, 1_450 * MS) == [Verdict(GapCause.RENDERER_CRASH, Remedy.NEW_PAGE)]
    dog.capturing()
    dog.alive(2_000 * MS)
    dog.socket_closed(2_000 * MS)
    assert dog.look({}, 2_501 * MS) == [Verdict(GapCause.NETWORK, Remedy.NEW_PAGE)]


def test_a_dead_browser_needs_a_new_one(dog: Watchdog) -> None:
    """And while it is on its way, nothing else is a failure."""
    assert dog.crashed(GapCause.BROWSER_CRASH, 0) == [Verdict(GapCause.BROWSER_CRASH, Remedy.NEW_BROWSER)]
    assert dog.crashed(GapCause.RENDERER_CRASH, 1) == []
    assert dog.look({"a": 0}, 9_000 * MS) == []


def test_a_lost_meeting_server_is_joined_again(dog: Watchdog) -> None:
    """The page itself does not reconnect."""
    assert dog.connection_lost(0) == [Verdict(GapCause.NETWORK, Remedy.NEW_PAGE)]


def test_too_much_memory_is_a_planned_restart(dog: Watchdog) -> None:
    """Better than an end without a word."""
    assert dog.memory(1999.0, 0) == []
    assert dog.memory(2001.0, 0) == [Verdict(GapCause.RESTART, Remedy.NEW_BROWSER)]


def test_attempts_are_spaced_and_end(dog: Watchdog) -> None:
    """Each failed attempt waits longer; after the last the bot gives up."""
    dog.crashed(GapCause.BROWSER_CRASH, 0)
    now_us, remedies = 0, []
    for _ in range(PAGE_ATTEMPTS):
        remedies += [verdict.remedy for verdict in dog.restart_failed(now_us)]
        assert dog.look({}, now_us + 1_000 * MS) == []
        now_us += 20_000 * MS
        remedies += [verdict.remedy for verdict in dog.look({}, now_us)]
    assert remedies == [Remedy.NEW_BROWSER] * (PAGE_ATTEMPTS - 1) + [Remedy.GIVE_UP]


def test_a_restart_that_leads_nowhere_has_failed(dog: Watchdog) -> None:
    """A new page that neither joins nor fails within its time counts as failed."""
    dog.crashed(GapCause.RENDERER_CRASH, 0)
    assert dog.look({}, 30_000 * MS) == []
    assert dog.look({}, 30_001 * MS) == []
    assert dog.look({}, 32_002 * MS) == [Verdict(GapCause.UNKNOWN, Remedy.NEW_BROWSER)]


def test_a_leaving_bot_has_no_failures(dog: Watchdog) -> None:
    """What breaks on the way out is not worth a recovery."""
    dog.stop()
    assert dog.crashed(GapCause.RENDERER_CRASH, 0) == []
    assert dog.look({"a": 0}, 60_000 * MS) == []
