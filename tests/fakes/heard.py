"""A bot's side of a made-up meeting: the chunks it would put on the log, its ledger, and a transcription that is whole."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from schemas.events import AudioChunk, BotEvent, Ledger, LedgerStream, ResultEvent, Word
from schemas.ledger import range_label, ranges_digest
from schemas.timebase import BYTES_PER_UNIT, SAMPLES_PER_UNIT, UNIT_US, samples_to_us
from schemas.vocabulary import (
    Attribution,
    BotState,
    ChunkKind,
    Encoding,
    GapCause,
    ResultKind,
    SkipReason,
    TrackKind,
)
from sinks.logged import Logged

STARTED_AT_US = 1_790_000_000_000_000
CAPTURE_DELAY_US = 3_000
FINAL_DELAY_US = 400_000
CAPTURED_GAPS = (GapCause.BACKLOG_FULL, GapCause.OPT_OUT)
SKIPPED_AS = {
    ChunkKind.SILENCE: SkipReason.NO_SPEECH,
    ChunkKind.ABSENT: SkipReason.ABSENT,
    ChunkKind.GAP: SkipReason.GAP,
}
LONGEST = {ChunkKind.AUDIO: 5, ChunkKind.SILENCE: 5, ChunkKind.ABSENT: 50, ChunkKind.GAP: 50}


@dataclass(frozen=True)
class Run:
    """A stretch of one kind, in 20 ms units."""

    kind: ChunkKind
    units: int
    cause: GapCause | None = None


@dataclass(frozen=True)
class Heard:
    """One epoch of one stream."""

    claim: LedgerStream
    chunks: tuple[AudioChunk, ...]
    results: tuple[ResultEvent, ...]


def heard(
    runs: Sequence[Run], *, bot_id: str = "bot_1", stream_id: str = "janus:1/audio", epoch: int = 0, first_seq: int = 0
) -> Heard:
    """What an honest bot and an honest transcription make of `runs`, one after the other from `first_seq`."""
    starts, seq = [], first_seq
    for run in runs:
        starts.append(seq)
        seq += run.units
    placed = list(zip(starts, runs, strict=True))
    who = {"bot_id": bot_id, "stream_id": stream_id, "epoch": epoch}
    chunks = tuple(chunk for start, run in placed for chunk in _chunks(who, start, run))
    return Heard(_claim(who, placed), chunks, tuple(_result(who, start, run) for start, run in placed))


def ledger_of(*parts: Heard) -> Ledger:
    return Ledger(streams=tuple(part.claim for part in parts), outcome="done")


def logged(records: Sequence[AudioChunk] | Sequence[ResultEvent]) -> list[Logged]:
    """The records as the log would have them, appended 8 ms after capture."""
    return [
        Logged(offset, (getattr(record, "captured_at_us", 0) + 8_000) // 1000, record)
        for offset, record in enumerate(records)
    ]


def bot_event(bot_id: str, state: BotState, ledger: Ledger | None = None, sequence: int = 0) -> BotEvent:
    return BotEvent(
        tenant_id="default",
        bot_id=bot_id,
        meeting_id="mtg_1",
        event_id=f"evt_{bot_id}_{sequence}",
        occurred_at_us=STARTED_AT_US,
        produced_at_us=STARTED_AT_US,
        sequence=sequence,
        sequence_epoch=0,
        state=state,
        previous_state=BotState.UNKNOWN,
        sub_code="",
        message="",
        remedy="",
        platform="janus",
        region="local",
        recording_started_at_us=STARTED_AT_US,
        attrs={},
        ledger=ledger,
    )


def chunk(bot_id: str, stream_id: str, epoch: int, seq: int, run: Run) -> AudioChunk:
    """One chunk; quiet audio of the right length, or nothing."""
    return AudioChunk(
        tenant_id="default",
        bot_id=bot_id,
        meeting_id="mtg_1",
        stream_id=stream_id,
        slot="0/1",
        epoch=epoch,
        epoch_started_at_us=STARTED_AT_US,
        recording_started_at_us=STARTED_AT_US,
        seq=seq,
        units=run.units,
        kind=run.kind,
        cause=run.cause,
        encoding=Encoding.PCM_S16LE,
        sample_rate_hz=48_000,
        channels=1,
        pcm=bytes([seq % 251]) * (run.units * BYTES_PER_UNIT) if run.kind is ChunkKind.AUDIO else b"",
        participant_id="janus:1",
        track_kind=TrackKind.MICROPHONE,
        attribution=Attribution.EXACT,
        attribution_confidence=1.0,
        captured_at_us=STARTED_AT_US + seq * UNIT_US + CAPTURE_DELAY_US,
        level_dbfs=-30.0 if run.kind is ChunkKind.AUDIO else None,
    )


def result(bot_id: str, stream_id: str, epoch: int, start: int, run: Run) -> ResultEvent:
    """What transcription says of a run: one word that fills it, or why there is none."""
    before, after = start * SAMPLES_PER_UNIT, (start + run.units) * SAMPLES_PER_UNIT
    spoken = run.kind is ChunkKind.AUDIO
    words = (Word(text="river", from_sample=before, to_sample=after, confidence=0.9, word_is_final=True),)
    return ResultEvent(
        tenant_id="default",
        bot_id=bot_id,
        meeting_id="mtg_1",
        event_id=f"evt_{stream_id}_{epoch}_{start}",
        occurred_at_us=STARTED_AT_US,
        produced_at_us=STARTED_AT_US + samples_to_us(after) + FINAL_DELAY_US,
        stream_id=stream_id,
        epoch=epoch,
        epoch_started_at_us=STARTED_AT_US,
        recording_started_at_us=STARTED_AT_US,
        transcript_label="live",
        participant_id="janus:1",
        attribution=Attribution.EXACT,
        attribution_confidence=1.0,
        stt_session_id="stt_1",
        provider="local",
        provider_result_id=f"r{start}",
        provider_turn_key=f"t{start}",
        language="en",
        kind=ResultKind.END_OF_TURN if spoken else ResultKind.SKIPPED,
        skip_reason=SkipReason.NONE if spoken else SKIPPED_AS[run.kind],
        from_sample=before,
        to_sample=after,
        words=words if spoken else (),
        cursor_before_sample=before,
        cursor_after_sample=after,
    )


def _chunks(who: dict, start: int, run: Run) -> list[AudioChunk]:
    longest = LONGEST[run.kind]
    return [
        chunk(**who, seq=start + at, run=Run(run.kind, min(longest, run.units - at), run.cause))
        for at in range(0, run.units, longest)
    ]


def _result(who: dict, start: int, run: Run) -> ResultEvent:
    return result(**who, start=start, run=run)


def _claim(who: dict, placed: list[tuple[int, Run]]) -> LedgerStream:
    kinds: Counter[ChunkKind] = Counter()
    gaps: Counter[str] = Counter()
    for _, run in placed:
        kinds[run.kind] += run.units
        if run.cause:
            gaps[str(run.cause)] += run.units
    return LedgerStream(
        stream_id=who["stream_id"],
        slot="0/1",
        participant_id="janus:1",
        epoch=who["epoch"],
        first_seq=placed[0][0],
        last_seq=placed[-1][0] + placed[-1][1].units - 1,
        units_audio=kinds[ChunkKind.AUDIO],
        units_silence=kinds[ChunkKind.SILENCE],
        units_absent=kinds[ChunkKind.ABSENT],
        units_gap=dict(gaps),
        frames_captured_by_page=kinds[ChunkKind.AUDIO]
        + kinds[ChunkKind.SILENCE]
        + sum(gaps[str(cause)] for cause in CAPTURED_GAPS),
        ranges_sha256=ranges_digest(
            (range_label(run.kind, run.cause), start, start + run.units - 1) for start, run in placed
        ),
    )
