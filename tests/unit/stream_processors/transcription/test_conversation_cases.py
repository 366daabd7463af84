"""What a stream does with its sessions, case by case: failover, alarms, watchdogs, pace, bills, successors."""

from dataclasses import replace

import pytest

from schemas.events import SessionEvent
from schemas.timebase import SAMPLES_PER_UNIT
from schemas.vocabulary import ResultKind, SessionKind, SttErrorClass
from stream_processors.transcription.providers.interface import (
    BilledBy,
    Capabilities,
    Price,
    ProviderFailed,
    ProviderReady,
    ProviderResult,
    ProviderWord,
)
from stream_processors.transcription.stream.commands import Close, Command, Done, Emit, Finalize, Note, Open, Send
from tests.unit.stream_processors.transcription.test_stream_cases import OneStream, at, hear, kinds

FIRST = Capabilities("first", "one", "en", final_timeout_ms=5_000)
SECOND = Capabilities("second", "two", "en", final_timeout_ms=5_000)
UNIT = SAMPLES_PER_UNIT


def notes(commands: list[Command]) -> list[SessionEvent]:
    return [command.event for command in commands if isinstance(command, Note)]


def opened(commands: list[Command]) -> list[str]:
    return [command.provider for command in commands if isinstance(command, Open)]


def sent_units(commands: list[Command]) -> int:
    return sum(len(command.pcm) for command in commands if isinstance(command, Send)) // (UNIT * 2)


def fail(stream: OneStream, error_class: SttErrorClass, ms: float, **more: object) -> list[Command]:
    failure = replace(ProviderFailed(error_class, "x", "mend it"), **more)  # type: ignore[arg-type]
    return stream.watched(stream.says(failure, at(ms)), at(ms))


def test_a_fatal_error_goes_to_the_next_provider_at_once_and_says_so() -> None:
    """One answer: the old session failed, the alarm with cause and remedy, the new one opened, the failover, all audio."""
    stream = OneStream(FIRST, SECOND)
    hear(stream, "s" * 50)
    commands = fail(stream, SttErrorClass.FATAL, 1_000)
    told = [(note.kind, note.provider, note.error_code, note.remedy) for note in notes(commands)]
    assert told == [
        (SessionKind.FAILED, "first", "x", "mend it"),
        (SessionKind.ALERT_RAISED, "first", "x", "mend it"),
        (SessionKind.OPENED, "second", "", ""),
        (SessionKind.FAILOVER, "second", "x", "mend it"),
        (SessionKind.READY, "second", "", ""),
    ]
    assert sent_units(commands) == 50
    assert notes(commands)[1].stt_session_id == ""


def test_results_carry_the_provider_that_said_them() -> None:
    """After a failover a word's provider is the fallback."""
    stream = OneStream(FIRST, SECOND)
    hear(stream, "s" * 50)
    fail(stream, SttErrorClass.FATAL, 1_000)
    said = stream.says(ProviderResult(ResultKind.FINAL, 50 * UNIT, (ProviderWord("x", 0, UNIT),)), at(1_100))
    [result] = [command.result for command in said if isinstance(command, Emit)]
    assert (result.provider, result.stt_session_id) == ("second", stream.opened[-1].request.session_id)


def test_a_provider_that_is_too_busy_is_noted_as_that() -> None:
    """`throttled`, then `failed` for the session; the fallback goes on."""
    stream = OneStream(FIRST, SECOND)
    hear(stream, "s" * 50)
    commands = fail(stream, SttErrorClass.THROTTLED, 1_000, retry_after_ms=4_000)
    assert [note.kind for note in notes(commands)][:2] == [SessionKind.THROTTLED, SessionKind.FAILED]
    assert opened(commands) == ["second"]


def test_an_expiry_that_was_planned_opens_the_same_provider_again() -> None:
    """At once, and it is no failover."""
    stream = OneStream(FIRST, SECOND)
    hear(stream, "s" * 50)
    commands = fail(stream, SttErrorClass.PLANNED_EXPIRY, 1_000)
    assert opened(commands) == ["first"]
    assert SessionKind.FAILOVER not in [note.kind for note in notes(commands)]


def test_the_end_of_an_alarm_is_told() -> None:
    """The circuit closes with the probe's result; the same bot hears that it is over."""
    stream = OneStream(FIRST)
    hear(stream, "s" * 50)
    assert SessionKind.ALERT_RAISED in [note.kind for note in notes(fail(stream, SttErrorClass.FATAL, 1_000))]
    stream.watched(stream.tick(at(601_000)), at(601_000))
    said = stream.says(ProviderResult(ResultKind.FINAL, 50 * UNIT), at(602_000))
    assert [note.kind for note in notes(said)] == [SessionKind.ALERT_CLEARED]


def test_while_nobody_can_be_asked_nothing_is_opened() -> None:
    """Ten minutes of ticks with the circuit open: no session, and the audio waits."""
    stream = OneStream(FIRST)
    hear(stream, "s" * 50)
    fail(stream, SttErrorClass.FATAL, 1_000)
    for ms in range(2_000, 600_000, 10_000):
        assert opened(stream.tick(at(ms))) == []
    assert stream.unsent_bytes == 50 * UNIT * 2


@pytest.mark.parametrize(
    ("capabilities", "answers", "taken", "code", "due_ms"),
    [
        (FIRST, False, False, "connect_timeout", 5_080),
        (replace(FIRST, stuck_after_ms=2_000), True, False, "send_stuck", 2_080),
        (replace(FIRST, silent_after_ms=1_000), True, True, "silent", 1_080),
    ],
)
def test_a_session_that_looks_alive_and_is_not(
    capabilities: Capabilities, answers: bool, taken: bool, code: str, due_ms: float
) -> None:
    """It does not open, takes nothing, or never says anything: dead, named, with a remedy."""
    stream = OneStream(capabilities)
    for i in range(500):
        now = at(i * 20)
        for command in stream.heard(audio_unit(i), [True], now):
            if isinstance(command, Open):
                stream.opened.append(command)
                if answers:
                    stream.watched(stream.says(ProviderReady(), now), now) if taken else stream.says(
                        ProviderReady(), now
                    )
            elif taken and isinstance(command, Send):
                stream.session(command.session_id, Done(command), now)
        dead = [note for note in notes(stream.tick(now)) if note.kind is SessionKind.FAILED]
        if dead:
            assert (dead[0].error_code, dead[0].error_class) == (code, SttErrorClass.TRANSIENT)
            assert dead[0].remedy
            assert due_ms - 40 <= now.ms <= due_ms + 40
            return
    raise AssertionError("it was never noticed")


def audio_unit(seq: int):  # type: ignore[no-untyped-def]
    from tests.unit.stream_processors.transcription.test_stream_cases import audio

    return audio(seq, 1)


def test_a_provider_that_may_be_silent_is_left_alone() -> None:
    """The local engine says nothing while it waits for a decoder: only its final is waited for."""
    stream = OneStream(FIRST)
    for i in range(600):
        now = at(i * 20)
        stream.watched(stream.heard(audio_unit(i), [True], now), now)
        stream.watched(stream.tick(now), now)
    assert len(stream.opened) == 1


def test_kept_back_audio_is_sent_at_the_providers_pace() -> None:
    """20 s wait for a session; it is given 1 s at once, then 1.25 s a second, and live audio joins the queue."""
    stream = OneStream(replace(FIRST, pace=1.25))
    first = stream.heard(audio_unit(0), [True], at(0))
    commands = [command for i in range(1, 1_000) for command in stream.heard(audio_unit(i), [True], at(0))]
    [opening] = [command for command in first + commands if isinstance(command, Open)]
    stream.opened.append(opening)
    got = sent_units(stream.watched(stream.says(ProviderReady(), at(20_000)), at(20_000)))
    assert got == 50
    for ms in range(20_200, 24_001, 200):
        got += sent_units(stream.watched(stream.tick(at(ms)), at(ms)))
    assert got == 50 + 4 * 62.5


def test_partials_are_left_out_while_much_waits() -> None:
    """They would speak of what was said long ago; finals come all the same."""
    stream = OneStream(replace(FIRST, pace=1.0))
    first = [command for i in range(300) for command in stream.heard(audio_unit(i), [True], at(0))]
    stream.opened += [command for command in first if isinstance(command, Open)]
    stream.watched(stream.says(ProviderReady(), at(0)), at(0))
    word = (ProviderWord("x", 0, UNIT),)
    assert stream.says(ProviderResult(ResultKind.PARTIAL, 20 * UNIT, word), at(10)) == []
    assert kinds(stream.says(ProviderResult(ResultKind.FINAL, 20 * UNIT, word), at(20))) == ["Emit"]


@pytest.mark.parametrize(
    ("price", "billed_ms", "cost_micros"),
    [
        (Price(), 0, 0),
        (Price(BilledBy.AUDIO_SENT, 288_000), 1_500, 120),
        (Price(BilledBy.SESSION_OPEN, 150_000), 3_560, 148),
    ],
)
def test_what_a_session_costs_is_in_its_last_event(price: Price, billed_ms: int, cost_micros: int) -> None:
    """By the audio sent, or by how long it was open, beside how much was spoken."""
    stream = OneStream(replace(FIRST, price=price))
    hear(stream, "s" * 50 + "." * 25)
    stream.says(ProviderResult(ResultKind.FINAL, 75 * UNIT), at(1_600))
    [closed] = notes(stream.tick(at(3_600)))
    assert (closed.kind, closed.billed_ms, closed.cost_micros) == (SessionKind.CLOSED, billed_ms, cost_micros)
    assert (closed.audio_sent_ms, closed.speech_ms) == (1_500, 1_000)


def expiring() -> OneStream:
    """A session that may live for 100 s, 81 s old, in the middle of an utterance; its successor is open and ready."""
    stream = OneStream(replace(FIRST, session_limit_ms=100_000))
    hear(stream, "s" * 50)
    now = at(81_000)
    commands = stream.watched(stream.tick(now), now)
    assert opened(commands) == ["first"]
    assert Close not in [type(command) for command in commands]
    return stream


def test_a_session_that_nears_its_limit_gets_a_successor_that_takes_over_in_a_silence() -> None:
    """The utterance under way ends on the old session; the next one goes to the new, which speaks when the old has."""
    stream = expiring()
    old, new = (each.request.session_id for each in stream.opened)
    rest = hear(stream, "." * 25 + "s" * 50 + "." * 25, seq=50)
    assert {c.session_id for c in rest if isinstance(c, Finalize)} == {old, new}
    word = (ProviderWord("second", 20 * UNIT, 30 * UNIT),)
    too_early = stream.session(new, ProviderResult(ResultKind.FINAL, 75 * UNIT, word), at(82_000))
    assert too_early == []
    word = (ProviderWord("first", 20 * UNIT, 30 * UNIT),)
    both = stream.session(old, ProviderResult(ResultKind.FINAL, 75 * UNIT, word), at(82_100))
    words = [word.text for command in both if isinstance(command, Emit) for word in command.result.words]
    assert words == ["first", "second"]
    assert [c.session_id for c in both if isinstance(c, Close)] == [old]


def test_when_the_old_session_dies_while_its_successor_is_unused_that_one_takes_all() -> None:
    """Nothing has to be opened: what is not settled is sent to the successor."""
    stream = expiring()
    old, new = (each.request.session_id for each in stream.opened)
    commands = stream.session(old, ProviderFailed(SttErrorClass.PLANNED_EXPIRY, "3008"), at(82_000))
    assert opened(commands) == []
    assert {c.session_id for c in commands if isinstance(c, Send)} == {new}
    assert sent_units(commands) == 50


def test_when_the_old_session_dies_after_its_successor_took_over_both_begin_again() -> None:
    """The order of audio on a session is the order of the stream, so a third one gets everything."""
    stream = expiring()
    old, new = (each.request.session_id for each in stream.opened)
    hear(stream, "." * 25 + "s" * 50, seq=50)
    commands = stream.watched(
        stream.session(old, ProviderFailed(SttErrorClass.PLANNED_EXPIRY, "3008"), at(83_000)), at(83_000)
    )
    assert {c.session_id for c in commands if isinstance(c, Close)} == {old, new}
    assert opened(commands) == ["first"]
    assert sent_units(commands) == 125


def test_an_endless_talker_is_handed_over_where_an_utterance_is_cut_when_time_is_up() -> None:
    """No silence comes: a cut is not good enough at first, and is when the session has little time left."""
    stream = OneStream(replace(FIRST, session_limit_ms=100_000))
    seconds_of_cuts = []
    for i in range(5_000):
        now = at(i * 20)
        commands = stream.watched(stream.heard(audio_unit(i), [True], now), now)
        commands += stream.watched(stream.tick(now), now)
        for command in commands:
            if isinstance(command, Finalize):
                seconds_of_cuts.append((i // 50, command.session_id))
                to_sample = (i + 1) * UNIT
                stream.session(command.session_id, ProviderResult(ResultKind.FINAL, to_sample), now)
    old, new = (each.request.session_id for each in stream.opened)
    assert {session for second, session in seconds_of_cuts if second < 91} == {old}
    assert old != new


def test_after_a_failover_the_primary_is_tried_again_in_a_silence() -> None:
    """Its circuit is half open: the next utterance opens it as a successor, and the one after that goes to it."""
    stream = OneStream(FIRST, SECOND)
    hear(stream, "s" * 50)
    fail(stream, SttErrorClass.THROTTLED, 1_000, retry_after_ms=200)
    rest = hear(stream, ("." * 25 + "s" * 50) * 2 + "." * 25, seq=50)
    assert opened(rest) == ["first"]
    asked = [command.session_id for command in rest if isinstance(command, Finalize)]
    _, fallback, primary = (each.request.session_id for each in stream.opened)
    assert asked == [fallback, fallback, primary]
