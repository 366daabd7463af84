"""The demo passes only when every figure is where it must be: each bound has the figure that breaks it."""

import json

import msgspec
import pytest

from infra.demo.report import (
    Bot,
    Frames,
    Latency,
    Report,
    Seconds,
    Speaker,
    Turns,
    Webhooks,
    Words,
    as_json,
    judge,
)

GOOD = Report(
    bot_id="bot_1",
    speakers=(Speaker(name="Ann", participant_id="janus:1", words_said=300, wer=0.05),),
    frames=Frames(
        captured=9000,
        on_topic=9000,
        duplicates=0,
        declared_gap_ms=0,
        unaccounted=0,
        clock_deviation=0.004,
        concealed_ratio=0.001,
    ),
    words=Words(reference=300, substituted=10, deleted=5, inserted=0, wer=0.05, engine_wer=0.04),
    misattributed_turns=0,
    turns=Turns(topic=20, clickhouse=20),
    webhooks=Webhooks(expected=40, received=40, duplicates=0, out_of_order=0, bad_signature=0),
    latency_ms=Latency(
        capture_to_kafka_p50=110,
        capture_to_kafka_p99=180,
        first_partial_p50=800,
        end_of_speech_to_final_p50=600,
        end_of_speech_to_final_p95=900,
    ),
    seconds=Seconds(setup=12, meeting=60, drain=4),
    bot=Bot(cpu_core=0.3, rss_mb_peak=500),
)


def broken(part: str, **figures: float | None) -> Report:
    """The good report with some figures of one part changed."""
    return msgspec.structs.replace(GOOD, **{part: msgspec.structs.replace(getattr(GOOD, part), **figures)})


def test_a_good_run_passes() -> None:
    """Nothing to complain of: no reasons."""
    verdict = judge(GOOD)
    assert verdict.passed
    assert verdict.reasons == ()


@pytest.mark.parametrize(
    ("report", "word"),
    [
        (broken("frames", captured=0), "captured"),
        (broken("frames", unaccounted=1), "neither"),
        (broken("frames", clock_deviation=0.011), "clock"),
        (broken("frames", clock_deviation=None), "clock"),
        (broken("frames", concealed_ratio=None), "concealed"),
        (broken("frames", concealed_ratio=0.02), "concealed"),
        (broken("words", reference=279), "words were said"),
        (broken("words", wer=0.091), "word error rate"),
        (msgspec.structs.replace(GOOD, misattributed_turns=1), "wrong speaker"),
        (broken("turns", clickhouse=19), "ClickHouse"),
        (broken("turns", topic=0, clickhouse=0), "ClickHouse"),
        (broken("webhooks", received=39), "39 of 40"),
        (broken("webhooks", received=0, expected=0), "0 of 0"),
        (broken("webhooks", out_of_order=1), "order"),
        (broken("webhooks", bad_signature=1), "signature"),
        (broken("latency_ms", capture_to_kafka_p99=250.1), "p99"),
        (broken("latency_ms", capture_to_kafka_p99=None), "p99"),
    ],
)
def test_one_figure_out_of_bounds_fails_the_run(report: Report, word: str) -> None:
    """The run fails and the reason names what broke."""
    verdict = judge(report)
    assert not verdict.passed
    assert len(verdict.reasons) == 1
    assert word in verdict.reasons[0]


def test_a_ledger_that_does_not_close_fails_the_run() -> None:
    """What `earshot verify` says against it is said again."""
    verdict = judge(GOOD, ledger_reasons=("janus:1/audio epoch 0: digest differs",))
    assert not verdict.passed
    assert verdict.reasons == ("janus:1/audio epoch 0: digest differs",)


def test_the_bounds_themselves_are_inside() -> None:
    """Exactly at a bound is good."""
    assert judge(broken("words", wer=0.09, engine_wer=0.04)).passed
    assert judge(broken("frames", clock_deviation=0.01)).passed
    assert judge(broken("latency_ms", capture_to_kafka_p99=250.0)).passed


def test_own_recordings_may_be_short() -> None:
    """Whoever brings recordings decides how much is said."""
    assert judge(broken("words", reference=30), min_words=0).passed


def test_the_file_has_the_agreed_keys() -> None:
    """Other tools read the report by these names."""
    written = json.loads(as_json(GOOD, judge(GOOD)))
    assert list(written) == [
        "bot_id",
        "speakers",
        "frames",
        "words",
        "misattributed_turns",
        "turns",
        "webhooks",
        "latency_ms",
        "seconds",
        "bot",
        "pass",
        "reasons",
    ]
    assert written["pass"] is True
    assert written["latency_ms"]["capture_to_kafka_p99"] == 180
