"""The figures of an account, its table and its JSON."""

import msgspec

from schemas.vocabulary import ChunkKind, GapCause, ResultKind
from sinks.ledger.account import account
from sinks.ledger.report import Account
from sinks.ledger.table import table
from sinks.ledger.timing import Utterances
from tests.fakes.heard import CAPTURE_DELAY_US, Run, heard, ledger_of, logged

MINUTE = [
    Run(ChunkKind.SILENCE, 100),
    Run(ChunkKind.AUDIO, 500),
    Run(ChunkKind.GAP, 50, GapCause.NETWORK),
    Run(ChunkKind.AUDIO, 500),
    Run(ChunkKind.ABSENT, 30),
]


def accounted(part, results=None) -> Account:
    return account("bot_1", ledger_of(part), logged(part.chunks), logged(results or part.results))


def test_a_declared_gap_is_fine_and_shown_by_cause():
    """What was lost and said so closes the account."""
    found = accounted(heard(MINUTE))
    assert found.closed
    assert found.streams[0].capture.declared_gap_ms == {"network": 1000}
    assert found.frames.declared_gap_ms == 1000
    assert found.frames.on_topic == 1100
    assert found.transcription.skipped_ms == {"no_speech": 2000, "gap": 1000, "absent": 600}


def test_delays_are_counted_from_the_first_sample():
    """Broker's append stamp less capture of the record's first sample: 8 ms in this made-up log, whole milliseconds."""
    latency = accounted(heard(MINUTE)).latency_ms
    assert latency.capture_to_kafka_p50 == 8.0
    assert latency.capture_to_kafka_p99 == 8.0


def test_a_final_is_timed_from_the_end_of_its_last_word():
    """The made-up engine is 400 ms late, and has no partials to time."""
    latency = accounted(heard(MINUTE)).latency_ms
    assert latency.end_of_speech_to_final_p50 == 400.0
    assert latency.end_of_speech_to_final_p95 == 400.0
    assert latency.first_partial_p50 is None


def test_only_the_first_partial_of_a_turn_is_timed():
    """From the wall clock at which its first word began: the run lasts 10 s, the partial comes 400 ms later."""
    part = heard(MINUTE)
    spoken = part.results[1]
    partial = msgspec.structs.replace(
        spoken, kind=ResultKind.PARTIAL, cursor_after_sample=spoken.cursor_before_sample, event_id="evt_partial"
    )
    later = msgspec.structs.replace(partial, produced_at_us=partial.produced_at_us + 5_000_000)
    found = accounted(part, [part.results[0], partial, later, *part.results[1:]])
    assert found.closed
    assert found.latency_ms.first_partial_p50 == 10_400.0


def test_media_time_that_keeps_to_the_clock_deviates_by_nothing():
    """The made-up bot captures on the dot, and a declared gap is media time too; an undeclared hole is not."""
    part = heard(MINUTE)
    assert accounted(part).frames.clock_deviation == 0
    holed = account("bot_1", ledger_of(part), logged(part.chunks[:50] + part.chunks[60:]), logged(part.results))
    assert holed.frames.clock_deviation > 0.01


def test_media_time_that_runs_slow_is_measured():
    """Frames that arrive 2 % late by the end of a long stretch are 2 % of deviation."""
    part = heard([Run(ChunkKind.AUDIO, 1000)])
    start = part.chunks[0].captured_at_us
    slow = [
        msgspec.structs.replace(chunk, captured_at_us=start + round((chunk.captured_at_us - start) * 1.02))
        for chunk in part.chunks
    ]
    found = account("bot_1", ledger_of(part), logged(slow), logged(part.results))
    assert abs(found.frames.clock_deviation - 0.0196) < 0.0001
    assert found.closed


def test_a_short_stream_does_not_decide_the_worst_deviation():
    """A packet's jitter on a one-second stream is not a clock's fault."""
    long, short = heard([Run(ChunkKind.AUDIO, 1000)]), heard([Run(ChunkKind.AUDIO, 50)], stream_id="janus:2/audio")
    late = msgspec.structs.replace(short.chunks[-1], captured_at_us=short.chunks[-1].captured_at_us + 100_000)
    chunks = [*long.chunks, *short.chunks[:-1], late]
    found = account("bot_1", ledger_of(long, short), logged(chunks), logged([*long.results, *short.results]))
    assert found.frames.clock_deviation == 0
    assert found.streams[1].capture.clock_deviation > 0.05


def test_a_stream_the_ledger_does_not_know_opens_the_account():
    """Audio on the topic that the bot never claimed is not accounted for."""
    part, stranger = heard(MINUTE), heard([Run(ChunkKind.AUDIO, 5)], stream_id="janus:9/audio")
    found = account("bot_1", ledger_of(part), logged([*part.chunks, *stranger.chunks]), logged(part.results))
    assert not found.closed
    assert "janus:9/audio epoch 0: the bot's ledger does not know it" in found.reasons


def test_audio_that_has_expired_is_told_from_audio_that_was_lost():
    """Whoever verifies too late learns why there is nothing left to verify."""
    part = heard(MINUTE)
    found = account("bot_1", ledger_of(part), [], logged(part.results))
    assert found.reasons[0].endswith("nothing of it lies on audio.frames, which keeps records 6 hours")


def test_turn_keys_of_two_sessions_are_two_turns():
    """A provider may count its turns from one in every session."""
    part = heard([Run(ChunkKind.AUDIO, 50), Run(ChunkKind.SILENCE, 5), Run(ChunkKind.AUDIO, 50)])
    partials = [
        msgspec.structs.replace(
            result,
            kind=ResultKind.PARTIAL,
            cursor_after_sample=result.cursor_before_sample,
            provider_turn_key="1",
            stt_session_id=f"stt_{at}",
        )
        for at, result in enumerate(part.results)
        if result.words
    ]
    utterances = Utterances()
    for partial in partials:
        utterances.add(partial)
    assert len(utterances.first_partial_ms) == 2


def test_a_bot_that_heard_nothing_closes():
    """An empty ledger and an empty log agree."""
    found = account("bot_1", ledger_of(), [], [])
    assert found.closed
    assert found.frames.clock_deviation is None


def test_another_transcript_does_not_stand_in_for_this_one():
    """Only results of the label asked for count."""
    part = heard(MINUTE)
    found = account("bot_1", ledger_of(part), logged(part.chunks), logged(part.results), label="backfill-1")
    assert found.transcription.undeclared_ms == 23_600
    assert not found.closed


def test_the_table_says_what_is_wrong():
    """A closed account says so; an open one lists every reason."""
    part = heard(MINUTE)
    assert "CLOSED: all that was heard is delivered or declared." in list(table(accounted(part)))
    found = account("bot_1", ledger_of(part), logged(part.chunks[1:]), logged(part.results))
    text = "\n".join(table(found))
    assert "NOT CLOSED" in text
    assert all(reason in text for reason in found.reasons)


def test_the_json_is_the_struct():
    """What --json prints reads back as the documented struct."""
    found = accounted(heard(MINUTE))
    assert msgspec.json.decode(msgspec.json.encode(found), type=Account) == found


def test_the_capture_delay_of_the_made_up_log_is_known():
    """The figures above rest on it."""
    assert CAPTURE_DELAY_US == 3_000
