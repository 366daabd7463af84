"""All streams of a bot together. Pure."""

from collections import Counter
from collections.abc import Sequence

from schemas.vocabulary import ChunkKind
from sinks.ledger.evidence import Evidence
from sinks.ledger.report import Capture, Frames, LatencyMs, Transcription
from sinks.ledger.timing import percentile

LONG_ENOUGH_MS = 10_000
HEARD = (str(ChunkKind.AUDIO), str(ChunkKind.SILENCE))


def frames_of(captures: Sequence[Capture]) -> Frames:
    return Frames(
        captured=sum(capture.frames_captured_by_page for capture in captures),
        on_topic=sum(capture.units.get(kind, 0) for capture in captures for kind in HEARD),
        duplicates=sum(capture.duplicate_units for capture in captures),
        declared_gap_ms=sum(sum(capture.declared_gap_ms.values()) for capture in captures),
        unaccounted=sum(capture.unaccounted_units for capture in captures),
        clock_deviation=_worst_deviation(captures),
    )


def transcription_of(parts: Sequence[Transcription]) -> Transcription:
    skipped: Counter[str] = Counter()
    for part in parts:
        skipped.update(part.skipped_ms)
    return Transcription(
        transcribed_ms=sum(part.transcribed_ms for part in parts),
        skipped_ms=dict(skipped),
        undeclared_ms=sum(part.undeclared_ms for part in parts),
        misdeclared_ms=sum(part.misdeclared_ms for part in parts),
        cursor_holes=sum(part.cursor_holes for part in parts),
        cursor_overlaps=sum(part.cursor_overlaps for part in parts),
    )


def latency_of(evidence: Evidence) -> LatencyMs:
    delays = [stamp.delay_ms for epoch in evidence.epochs.values() for stamp in epoch.stamps.values()]
    words = evidence.utterances
    return LatencyMs(
        capture_to_kafka_p50=percentile(delays, 50),
        capture_to_kafka_p99=percentile(delays, 99),
        first_partial_p50=percentile(words.first_partial_ms, 50),
        end_of_speech_to_final_p50=percentile(words.final_ms, 50),
        end_of_speech_to_final_p95=percentile(words.final_ms, 95),
    )


def _worst_deviation(captures: Sequence[Capture]) -> float | None:
    """Of epochs long enough for a packet's jitter not to look like a clock's fault; of all when there is none."""
    known = [(capture.wall_ms >= LONG_ENOUGH_MS, capture.clock_deviation) for capture in captures]
    steady = [deviation for long_enough, deviation in known if long_enough and deviation is not None]
    return max(steady or [deviation for _, deviation in known if deviation is not None], default=None)
