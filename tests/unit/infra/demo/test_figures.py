"""The report's figures from a small meeting whose figures can be counted by hand."""

from dataclasses import replace

import pytest

from infra.demo.figures import Evidence, Proof, report, spoken
from infra.demo.minutes import Minutes
from infra.demo.report import Latency, Seconds, judge
from infra.demo.script import Visit
from schemas.events import Record
from schemas.topics import BOT_EVENTS, MEETING_PARTICIPANTS, TRANSCRIPT_PARTIALS, TRANSCRIPT_TURNS
from schemas.vocabulary import BotState, ParticipantKind
from tests.fakes.meeting_records import bot_event, participant_event, turn

ANN, BOB = "good morning to all of you", "we have a lot of work"
VISITS = (Visit("Ann", ANN, 1_000, 9_000), Visit("Bob", BOB, 2_000, 5_000), Visit("Bob", BOB, 6_000, 9_000))
PROOF = Proof(
    closed=True,
    reasons=(),
    frames=Proof.Units(
        captured=100, on_topic=100, duplicates=0, declared_gap_ms=0, unaccounted=0, clock_deviation=0.001
    ),
    latency_ms=Latency(
        capture_to_kafka_p50=100,
        capture_to_kafka_p99=150,
        first_partial_p50=700,
        end_of_speech_to_final_p50=500,
        end_of_speech_to_final_p95=700,
    ),
)


def minutes(*turns: Record) -> Minutes:
    """Ann and Bob come, Bob goes and comes again; the turns; the end."""
    taken = Minutes()
    taken.take(BOT_EVENTS, bot_event(0, BotState.JOINING))
    for number, (name, participant_id) in enumerate((("Ann", "janus:1"), ("Bob", "janus:2"), ("Bob", "janus:3"))):
        taken.take(MEETING_PARTICIPANTS, participant_event(number, name, participant_id))
    taken.take(MEETING_PARTICIPANTS, participant_event(3, "Ann", "janus:1", ParticipantKind.LEAVE))
    for record in turns:
        taken.take(TRANSCRIPT_TURNS, record)
    done = bot_event(9, BotState.DONE, at_us=80_000_001, concealed_ratio="0.001", cpu_seconds="24.0", rss_mb_peak="400")
    taken.take(BOT_EVENTS, done)
    return taken


HEARD = (turn(1, "janus:1", ANN), turn(2, "janus:2", BOB), turn(3, "janus:3", BOB))


def evidence(*turns: Record) -> Evidence:
    return Evidence(
        bot_id="bot_1",
        minutes=minutes(*turns),
        visits=VISITS,
        proof=PROOF,
        engine={"Ann": ANN, "Bob": BOB},
        clickhouse_turns=len({record.event_id for record in turns if hasattr(record, "event_id")}),
        receipts=[],
        deliveries=(),
        seconds=Seconds(setup=1, meeting=2, drain=3),
    )


def test_everything_heard_rightly_has_no_errors() -> None:
    """Each visit is a speaker of its own, and Bob's words count twice because he said them twice."""
    figures = report(evidence(*HEARD))
    assert [(s.name, s.participant_id, s.words_said, s.wer) for s in figures.speakers] == [
        ("Ann", "janus:1", 6, 0.0),
        ("Bob", "janus:2", 6, 0.0),
        ("Bob", "janus:3", 6, 0.0),
    ]
    assert (figures.words.reference, figures.words.wer) == (18, 0.0)
    assert (figures.turns.topic, figures.turns.clickhouse) == (3, 3)
    assert figures.bot.cpu_core == 0.3
    assert figures.frames.concealed_ratio == 0.001


def test_words_of_a_visit_the_bot_never_saw_are_missing() -> None:
    """They stay in the reference, so losing a talker cannot improve the score."""
    unseen = evidence(*HEARD[:2])
    unseen.minutes.joined.pop("janus:3")
    figures = report(unseen)
    assert figures.words.deleted == 6
    assert figures.speakers[-1].wer == 1.0


def test_a_later_revision_replaces_the_turn() -> None:
    """A late attribution is the same turn with another owner; it is not counted twice."""
    figures = report(evidence(turn(1, None, ANN), turn(1, "janus:1", ANN, revision=1), *HEARD[1:]))
    assert figures.turns.topic == 3
    assert figures.words.wer == 0.0


def test_a_turn_under_the_wrong_name_is_counted() -> None:
    """Bob's words in Ann's mouth."""
    figures = report(evidence(HEARD[0], turn(2, "janus:1", BOB), HEARD[2]))
    assert figures.misattributed_turns == 1


def test_the_engine_is_pooled_like_the_meeting() -> None:
    """Bob's two visits weigh twice in the engine's figure too."""
    heard = replace(evidence(*HEARD), engine={"Ann": ANN, "Bob": BOB.replace("work", "walk")})
    assert report(heard).words.engine_wer == pytest.approx(2 / 18, abs=1e-4)


def test_open_turns_are_not_settled() -> None:
    """A partial says nothing about the transcript."""
    taken = minutes()
    taken.take(TRANSCRIPT_PARTIALS, turn(1, "janus:1", "good"))
    assert taken.turns == {}


def test_what_the_bot_did_not_measure_fails_the_run() -> None:
    """A figure that is missing is not a good figure."""
    blind = evidence(*HEARD)
    blind.minutes.take(BOT_EVENTS, bot_event(10, BotState.DONE))
    figures = report(blind)
    assert figures.frames.concealed_ratio is None
    assert any("concealed" in reason for reason in judge(figures).reasons)


def test_visits_are_matched_in_order_of_time() -> None:
    """The first visit of a name is its first joining, in whatever order the visits are listed."""
    said = spoken(tuple(reversed(VISITS)), minutes())
    assert [(entry.name, entry.participant_id) for entry in said] == [
        ("Ann", "janus:1"),
        ("Bob", "janus:2"),
        ("Bob", "janus:3"),
    ]
