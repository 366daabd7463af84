"""An account as text for a person: one line a stream and epoch, the totals, the verdict and its reasons. Pure."""

from collections.abc import Iterator, Mapping

from sinks.ledger.report import Account, StreamAccount

COLUMNS = (
    "stream",
    "ep",
    "captured",
    "audio",
    "silence",
    "absent",
    "gap ms",
    "dup",
    "unacc",
    "stt ms",
    "skip ms",
    "lost ms",
)


def table(account: Account) -> Iterator[str]:
    """The lines of the table."""
    yield f"bot {account.bot_id} ({account.outcome or 'no outcome'}), transcript {account.transcript_label}"
    yield from _aligned([COLUMNS, *(_row(stream) for stream in account.streams)])
    yield ""
    yield from _totals(account)
    yield "CLOSED: all that was heard is delivered or declared." if account.closed else "NOT CLOSED:"
    yield from (f"  {reason}" for reason in account.reasons)


def _row(stream: StreamAccount) -> tuple[str, ...]:
    capture, transcription = stream.capture, stream.transcription
    figures = (
        stream.epoch,
        capture.frames_captured_by_page,
        capture.units.get("audio", 0),
        capture.units.get("silence", 0),
        capture.units.get("absent", 0),
        sum(capture.declared_gap_ms.values()),
        capture.duplicate_units,
        capture.unaccounted_units,
        transcription.transcribed_ms,
        sum(transcription.skipped_ms.values()),
        transcription.undeclared_ms,
    )
    return (stream.stream_id, *map(str, figures))


def _aligned(rows: list[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for first, *rest in rows:
        yield "  ".join([first.ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(rest, widths[1:], strict=True))])


def _totals(account: Account) -> Iterator[str]:
    frames, transcription, latency = account.frames, account.transcription, account.latency_ms
    yield (
        f"frames: {frames.captured} captured, {frames.on_topic} on the topic, {frames.duplicates} duplicates, "
        f"{frames.declared_gap_ms} ms declared gaps, {frames.unaccounted} unaccounted"
    )
    yield f"transcribed: {transcription.transcribed_ms} ms; declared not: {_by_reason(transcription.skipped_ms)}"
    yield f"media time against wall clock: {_percent(frames.clock_deviation)}"
    yield f"capture to Kafka: p50 {_ms(latency.capture_to_kafka_p50)}, p99 {_ms(latency.capture_to_kafka_p99)}"
    yield (
        f"first partial: p50 {_ms(latency.first_partial_p50)}; end of speech to final: "
        f"p50 {_ms(latency.end_of_speech_to_final_p50)}, p95 {_ms(latency.end_of_speech_to_final_p95)}"
    )
    if account.unreadable_records:
        yield f"{account.unreadable_records} records of this bot cannot be read"


def _by_reason(skipped_ms: Mapping[str, int]) -> str:
    return ", ".join(f"{reason} {ms} ms" for reason, ms in sorted(skipped_ms.items())) or "nothing"


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f} ms"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.2%} apart"
