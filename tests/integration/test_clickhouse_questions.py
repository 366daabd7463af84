"""The analysts' views against an oracle in plain Python, from the same records, on a real ClickHouse."""

import itertools
import re
from collections import Counter
from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.local.clickhouse import ClickHouseServer
from schemas.events import Turn
from schemas.topics import (
    AUDIO_QUALITY,
    BOT_EVENTS,
    MEETING_PARTICIPANTS,
    STT_SESSIONS,
    TRANSCRIPT_TURNS,
    WEBHOOK_ATTEMPTS,
)
from schemas.vocabulary import AttemptOutcome, BotState, DeliveryTrigger, ParticipantKind, SessionKind, TurnState
from sinks.clickhouse.database.migrate import migrate
from sinks.clickhouse.server.adapter import Server
from tests.fakes import speaking_oracle as oracle
from tests.fakes.clickhouse_bench import Bench, Log
from tests.fakes.clickhouse_meeting import STARTED_AT_US, Meeting, Posted
from tests.fakes.clickhouse_rows import write
from tests.fakes.fresh_name import fresh

pytestmark = pytest.mark.integration
NUMBERS = itertools.count()
SPEAKERS = ("janus:1", "janus:2", "janus:3", None)
SAID = (
    "Who is it?",
    "the cat sat",
    "is it so",
    "no. is it",
    "well",
    "Blue whale, blue whale!",
    "什么\uff1f no",
    "et quoi",
)


@pytest.fixture(scope="module")
def server(clickhouse: ClickHouseServer) -> Iterator[Server]:
    server = Bench(Log("127.0.0.1:1", "http://127.0.0.1:1"), clickhouse.host, clickhouse.port).server()
    yield server
    server.close()


@pytest.fixture(scope="module")
def database(server: Server) -> str:
    name = fresh("db")
    migrate(server, name)
    return name


def spoken(meeting: Meeting, turn_id: str, start_ms: int, said: str, speaker: str | None, **changes: object) -> Turn:
    """A settled turn that begins there; its words last 200 ms and their pauses 100."""
    turn = meeting.turn(0, words=said)
    words = tuple(
        msgspec.structs.replace(word, start_ms=start_ms + place * 300, end_ms=start_ms + place * 300 + 200)
        for place, word in enumerate(turn.words)
    )
    return msgspec.structs.replace(
        turn,
        turn_id=turn_id,
        event_id=f"evt_{turn_id}_{changes.get('revision', 1)}",
        words=words,
        start_ms=start_ms,
        end_ms=words[-1].end_ms,
        participant_id=speaker,
        display_name=speaker and speaker.upper(),
        produced_at_us=STARTED_AT_US + words[-1].end_ms * 1000 + 500_000,
        **changes,  # type: ignore[arg-type]
    )


@st.composite
def histories(draw: st.DrawFn) -> list[Turn]:
    """Turns of one meeting in two labels, some revised, some attributed late, in any order, some twice."""
    meeting = Meeting("tenant", "bot", "mtg")
    records: list[Turn] = []
    for number in range(draw(st.integers(1, 9))):
        label = draw(st.sampled_from(("live", "live", "live", "backfill-1")))
        speaker = draw(st.sampled_from(SPEAKERS))
        start_ms, said = draw(st.integers(-500, 4000)), draw(st.sampled_from(SAID))
        language = draw(st.sampled_from(("en-US", "", "fr")))
        turn_id = f"{label}_{number}"
        first = spoken(meeting, turn_id, start_ms, said, speaker, transcript_label=label, language=language)
        records.append(first)
        if draw(st.booleans()):
            late = draw(st.sampled_from(SPEAKERS))
            later = first.produced_at_us + 60_000_000
            records.append(msgspec.structs.replace(first, revision=2, participant_id=late, produced_at_us=later))
    again = draw(st.lists(st.sampled_from(records), max_size=3))
    return draw(st.permutations([*records, *again]))


def put(server: Server, database: str, history: list[Turn]) -> str:
    """Write the history for a bot of its own; the bot."""
    bot_id = f"bot_{next(NUMBERS)}_{fresh('x')}"
    mine = [msgspec.structs.replace(turn, bot_id=bot_id, turn_id=f"{bot_id}/{turn.turn_id}") for turn in history]
    write(server, database, [(TRANSCRIPT_TURNS, turn) for turn in mine], group=bot_id)
    return bot_id


def asked(server: Server, database: str, columns: str, view: str, bot_id: str, label: str) -> list[tuple[object, ...]]:
    return server.run(
        f"SELECT {columns} FROM {database}.{view} WHERE tenant_id = 'tenant' AND meeting_id = 'mtg' "
        f"AND bot_id = '{bot_id}' AND transcript_label = '{label}' ORDER BY ALL"
    )


EXPECTED = {
    "v_talk_time": "speaker_id, turns, words, talk_ms, speech_ms, questions, longest_turn_ms",
    "v_meetings": "speakers, turns, words, questions, talk_ms, voiced_ms, silence_ms",
    "v_crosstalk": "speaker_id, voiced_ms, overlap_ms",
    "v_interruptions": "turn_id, by_turn_id, at_ms, overlap_ms, took_floor",
    "v_monologues": "speaker_id, first_word_ms, monologue_ms, turns",
}


def expected(view: str, transcript: oracle.Transcript) -> list[tuple[object, ...]]:
    if view == "v_meetings":
        return [oracle.meeting(transcript)]
    rows = getattr(oracle, view.removeprefix("v_"))(transcript)
    return sorted(rows)


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(histories())
def test_speaking_views_say_what_the_oracle_says(server: Server, database: str, history: list[Turn]) -> None:
    """Talk, speech, questions, silence, overlap, interruptions and monologues, for each label by itself."""
    bot_id = put(server, database, history)
    mine = [msgspec.structs.replace(turn, bot_id=bot_id, turn_id=f"{bot_id}/{turn.turn_id}") for turn in history]
    for (_, label), transcript in oracle.transcripts(mine).items():
        for view, columns in EXPECTED.items():
            assert asked(server, database, columns, view, bot_id, label) == expected(view, transcript), view
        spoken_words = asked(server, database, "word, start_ms, end_ms, speaker_id", "v_words", bot_id, label)
        said = [
            (word.text, word.start_ms, word.end_ms, oracle.speaker_of(turn))
            for turn in transcript.turns
            for word in turn.words
        ]
        assert spoken_words == sorted(said)


def test_labels_do_not_mix_and_mixing_them_would_show(server: Server, database: str) -> None:
    """A meeting transcribed twice has its talk time once for each label; summed over labels it would be double."""
    meeting = Meeting("tenant", "bot", "mtg")
    live = spoken(meeting, "a", 0, "the cat sat", "janus:1")
    again = spoken(meeting, "b", 0, "the cat sat", "janus:1", transcript_label="backfill-1")
    bot_id = put(server, database, [live, again])
    for label in ("live", "backfill-1"):
        assert asked(server, database, "talk_ms", "v_talk_time", bot_id, label) == [(800,)]
        assert asked(server, database, "voiced_ms, overlap_ms", "v_crosstalk", bot_id, label) == [(800, 0)]
    both = f"SELECT sum(talk_ms) FROM {database}.v_talk_time WHERE tenant_id = 'tenant' AND bot_id = '{bot_id}'"
    assert server.run(both) == [(1600,)]


def test_a_late_attribution_moves_the_talk_time_and_not_the_latency(server: Server, database: str) -> None:
    """Revision 2 says who it was a minute later: theirs is the talk, and the turn settled when revision 1 did."""
    tenant = fresh("tenant")
    first = spoken(Meeting(tenant, fresh("bot"), "mtg"), fresh("turn"), 0, "the cat sat", None)
    late = msgspec.structs.replace(
        first, revision=2, participant_id="janus:2", produced_at_us=first.produced_at_us + 60_000_000
    )
    write(server, database, [(TRANSCRIPT_TURNS, late), (TRANSCRIPT_TURNS, first)], group=tenant)
    mine = f"WHERE tenant_id = '{tenant}'"
    assert server.run(f"SELECT speaker_id, talk_ms FROM {database}.v_talk_time {mine}") == [("janus:2", 800)]
    assert server.run(f"SELECT turns, latency_ms_p50, latency_ms_p99 FROM {database}.v_latency {mine}") == [
        (1, 500, 500)
    ]


@settings(max_examples=8)
@given(
    st.lists(
        st.tuples(st.integers(0, 90 * 60), st.integers(0, 5000), st.sampled_from(("a", "b"))), min_size=1, max_size=30
    )
)
def test_latency_is_the_oracle_s(server: Server, database: str, drawn: list[tuple[int, int, str]]) -> None:
    """p50, p95 and p99 for each hour and provider, whatever was revised later."""
    meeting = Meeting(fresh("tenant"), fresh("bot"), "mtg")
    turns = []
    for second, latency_ms, provider in drawn:
        turn = spoken(meeting, fresh("turn"), second * 1000, "well", "janus:1", provider=provider)
        settled_at_us = STARTED_AT_US + (turn.end_ms + latency_ms) * 1000
        turn = msgspec.structs.replace(turn, produced_at_us=settled_at_us)
        revised = msgspec.structs.replace(turn, revision=2, produced_at_us=settled_at_us + 7_200_000_000)
        turns += [turn, revised]
    write(server, database, [(TRANSCRIPT_TURNS, turn) for turn in turns], group=meeting.tenant_id)
    rows = server.run(
        "SELECT toUnixTimestamp(hour), provider, transcript_label, turns, latency_ms_p50, latency_ms_p95, latency_ms_p99 "
        f"FROM {database}.v_latency WHERE tenant_id = '{meeting.tenant_id}' ORDER BY ALL"
    )
    wanted = [
        (hour * 3600, provider, label, len(ms), *(oracle.quantile(ms, level) for level in (0.5, 0.95, 0.99)))
        for (hour, provider, label), ms in sorted(oracle.latencies(turns).items())
    ]
    assert rows == wanted


@settings(max_examples=12)
@given(histories(), st.sampled_from(("blue whale", "THE CAT", "whale, blue", "absent words", "it")))
def test_a_phrase_is_found_with_its_context(server: Server, database: str, history: list[Turn], phrase: str) -> None:
    """Every settled turn that holds the phrase, the turn before and the turn after; only of the tenant asked for."""
    tenant = fresh("tenant")
    mine = [msgspec.structs.replace(turn, tenant_id=tenant, turn_id=f"{tenant}/{turn.turn_id}") for turn in history]
    write(server, database, [(TRANSCRIPT_TURNS, turn) for turn in mine], group=tenant)
    phrases = f"{database}.v_phrase(tenant = '{{}}', phrase = '{phrase}')"
    found = server.run(f"SELECT text, before_text, after_text FROM {phrases.format(tenant)} ORDER BY ALL")
    whole = re.compile(rf"\b{re.escape(phrase)}\b", re.IGNORECASE)
    wanted = [
        row
        for transcript in oracle.transcripts(mine).values()
        for row in oracle.contexts(transcript, phrase)
        if whole.search(str(row[0]))
    ]
    assert found == sorted(wanted)
    assert server.run(f"SELECT count() FROM {phrases.format(fresh('tenant'))}") == [(0,)]


@settings(max_examples=8)
@given(st.lists(st.tuples(st.sampled_from(("p1", "p2")), st.booleans()), max_size=8))
def test_stays_run_from_join_to_leave(server: Server, database: str, moves: list[tuple[str, bool]]) -> None:
    """A stay ends with the next leave or join, or when the bot left."""
    meeting = Meeting(fresh("tenant"), fresh("bot"))
    posted: list[Posted] = [
        (BOT_EVENTS, meeting.step(0, BotState.IN_CALL_RECORDING, recording_started_at_us=STARTED_AT_US)),
        (BOT_EVENTS, meeting.step(30, BotState.CALL_ENDED, recording_started_at_us=STARTED_AT_US)),
    ]
    events = []
    for sequence, (participant, joins) in enumerate(moves):
        kind = ParticipantKind.JOIN if joins else ParticipantKind.LEAVE
        event = meeting.participant(sequence, kind, participant_id=participant, display_name=participant.upper())
        posted.append((MEETING_PARTICIPANTS, event))
        events.append((participant, kind.value, event.at_ms))
    write(server, database, posted[::-1], group=meeting.bot_id)
    columns = "participant_id, joined_ms, left_ms, until_ms"
    found = server.run(f"SELECT {columns} FROM {database}.v_presence WHERE tenant_id = '{meeting.tenant_id}'")
    assert sorted(found, key=str) == oracle.stays(events, 30_000)


def test_a_bot_s_life(server: Server, database: str) -> None:
    """Joining time, last state, outcome and the ledger's units, errors on the way counted apart."""
    meeting = Meeting(fresh("tenant"), fresh("bot"))
    steps = [
        meeting.step(0, BotState.JOINING),
        meeting.step(4, BotState.IN_CALL_RECORDING, recording_started_at_us=STARTED_AT_US),
        meeting.step(5, BotState.ERROR, sub_code="provider"),
        meeting.step(60, BotState.LEAVING, sub_code="alone"),
        meeting.step(70, BotState.DONE, ledger=meeting.ledger()),
    ]
    write(server, database, [(BOT_EVENTS, step) for step in steps[::-1]], group=meeting.bot_id)
    columns = "platform, state, sub_code, outcome, join_ms, errors, units_audio, units_silence, units_lost"
    found = server.run(f"SELECT {columns} FROM {database}.v_bots WHERE bot_id = '{meeting.bot_id}'")
    assert found == [("janus", "done", "alone", "done", 4000, 1, 900, 94, 6)]


def test_costs_and_failovers_of_providers(server: Server, database: str) -> None:
    """A session's cost is its last sum, not the sum of its sums; failovers are for each session."""
    meeting = Meeting(fresh("tenant"), fresh("bot"))

    def session(second: int, name: str, kind: SessionKind, cost: int) -> Posted:
        changes = {"stt_session_id": name, "cost_micros": cost, "billed_ms": cost * 100, "provider": "deepgram"}
        return (STT_SESSIONS, meeting.session(second, kind, **changes))

    posted = [
        session(1, "s1", SessionKind.OPENED, 0),
        session(2, "s1", SessionKind.CLOSED, 700),
        session(3, "s2", SessionKind.OPENED, 0),
        session(4, "s2", SessionKind.FAILED, 300),
        session(5, "s3", SessionKind.OPENED, 0),
        session(6, "s3", SessionKind.FAILOVER, 0),
        session(7, "s4", SessionKind.OPENED, 0),
    ]
    write(server, database, [*posted, posted[1]], group=meeting.bot_id)
    columns = "sessions, failed_sessions, failovers, failure_rate, failover_rate, billed_ms, cost_micros, cost_micros_per_billed_hour"
    mine = f"FROM {database}.v_provider_costs WHERE tenant_id = '{meeting.tenant_id}' AND provider = 'deepgram'"
    assert server.run(f"SELECT {columns} {mine}") == [(4, 1, 1, 0.25, 0.25, 100_000, 1000, 36_000.0)]


def test_frames_lost_by_platform(server: Server, database: str) -> None:
    """The last revision of every window counts, by cause; the platform is the bot's."""
    tenant = fresh("tenant")
    zoom, janus = Meeting(tenant, fresh("bot")), Meeting(tenant, fresh("bot"))
    posted = [
        (BOT_EVENTS, zoom.step(0, BotState.JOINING, platform="zoom")),
        (BOT_EVENTS, janus.step(0, BotState.JOINING)),
        (AUDIO_QUALITY, zoom.window(0)),
        (AUDIO_QUALITY, zoom.window(0, 2, units_gap={"network": 50})),
        (AUDIO_QUALITY, zoom.window(1)),
        (AUDIO_QUALITY, janus.window(0)),
    ]
    write(server, database, posted, group=tenant)
    columns = "platform, bots, units_expected, units_lost, lost_share, units_gap"
    found = server.run(f"SELECT {columns} FROM {database}.v_frames_lost WHERE tenant_id = '{tenant}' ORDER BY platform")
    assert found == [
        ("janus", 1, 500, 6, 0.012, {"network": 5, "undeclared": 1}),
        ("zoom", 1, 1000, 56, 0.056, {"network": 55, "undeclared": 1}),
    ]


OUTCOMES = st.lists(st.sampled_from((*AttemptOutcome,)), min_size=1, max_size=3)


@settings(max_examples=8)
@given(st.lists(OUTCOMES, min_size=1, max_size=6))
def test_what_becomes_of_deliveries(server: Server, database: str, deliveries: list[list[AttemptOutcome]]) -> None:
    """Delivered, given up or under way; shares are of all deliveries, times of the delivered ones."""
    meeting = Meeting(fresh("tenant"), fresh("bot"))
    posted: list[Posted] = []
    fates: Counter[str] = Counter()
    times: list[int] = []
    for number, outcomes in enumerate(deliveries):
        for attempt, outcome in enumerate(outcomes, 1):
            record = meeting.attempt(attempt, outcome, 200)
            posted.append((WEBHOOK_ATTEMPTS, msgspec.structs.replace(record, delivery_id=f"msg_{number}")))
        if AttemptOutcome.DELIVERED in outcomes:
            fates["delivered"] += 1
            fates["first"] += len(outcomes) == 1
            times.append(outcomes.index(AttemptOutcome.DELIVERED) * 1000 + 12)
        else:
            dropped = {AttemptOutcome.EXHAUSTED, AttemptOutcome.SKIPPED, AttemptOutcome.DISABLED}
            fates["given_up" if dropped & set(outcomes) else "under_way"] += 1
    write(server, database, posted, group=meeting.bot_id)
    columns = "deliveries, delivered, given_up, under_way, attempts, first_try_share, delivery_ms_p50"
    found = server.run(f"SELECT {columns} FROM {database}.v_webhook_slo WHERE tenant_id = '{meeting.tenant_id}'")
    share = fates["first"] / len(deliveries)
    median = oracle.quantile(times, 0.5) if times else None
    counts = (len(deliveries), fates["delivered"], fates["given_up"], fates["under_way"], len(posted))
    assert found == [(*counts, share, median)]


def test_a_delivery_sent_again_keeps_its_first_attempts(server: Server, database: str) -> None:
    """A copy begins with attempt 1 again: both are in the log of attempts, and the delivery counts once; a test never."""
    meeting = Meeting(fresh("tenant"), fresh("bot"))
    first = meeting.attempt(1, AttemptOutcome.EXHAUSTED, 500)
    copy = msgspec.structs.replace(
        first, outcome=AttemptOutcome.DELIVERED, status=200, trigger=DeliveryTrigger.RESEND, delivery_offset=7
    )
    test = msgspec.structs.replace(first, delivery_id="msg_test", trigger=DeliveryTrigger.TEST)
    write(server, database, [(WEBHOOK_ATTEMPTS, one) for one in (first, copy, test, first)], group=meeting.bot_id)
    mine = f"WHERE tenant_id = '{meeting.tenant_id}'"
    found = server.run(f"SELECT delivery_id, attempt, outcome FROM {database}.v_webhook_attempts {mine} ORDER BY ALL")
    assert found == [("msg_1", 1, "delivered"), ("msg_1", 1, "exhausted"), ("msg_test", 1, "exhausted")]
    slo = server.run(f"SELECT deliveries, delivered, given_up, attempts FROM {database}.v_webhook_slo {mine}")
    assert slo == [(1, 1, 0, 2)]


def test_a_turn_that_is_not_settled_is_in_no_speaking_view(server: Server, database: str) -> None:
    """Negative control for state: a final that did not settle is no talk time, and no latency."""
    meeting = Meeting(fresh("tenant"), fresh("bot"), "mtg")
    turn = spoken(meeting, fresh("turn"), 0, "well", "janus:1", state=TurnState.FINAL)
    write(server, database, [(TRANSCRIPT_TURNS, turn)], group=meeting.bot_id)
    for view in (*EXPECTED, "v_latency"):
        assert server.run(f"SELECT count() FROM {database}.{view} WHERE tenant_id = '{meeting.tenant_id}'") == [(0,)]
