"""What the log says of everything a bot heard: an account that closes, or the reasons why it does not. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator

from schemas.events import AudioChunk, Ledger, LedgerStream, ResultEvent
from schemas.ledger import range_label
from schemas.timebase import UNIT_MS, samples_to_ms
from schemas.vocabulary import ChunkKind, GapCause
from sinks.ledger.chain import Chain, at_least_ms, followed
from sinks.ledger.evidence import Epoch, Evidence, gathered
from sinks.ledger.reasons import reasons
from sinks.ledger.report import Account, Capture, StreamAccount, Transcription
from sinks.ledger.tiling import GAP_PREFIX, Tiling
from sinks.ledger.timing import clock_deviation, wall_us
from sinks.ledger.totals import frames_of, latency_of, transcription_of
from sinks.logged import Logged

CAPTURED = (
    str(ChunkKind.AUDIO),
    str(ChunkKind.SILENCE),
    range_label(ChunkKind.GAP, GapCause.BACKLOG_FULL),
    range_label(ChunkKind.GAP, GapCause.OPT_OUT),
)


def account(
    bot_id: str,
    ledger: Ledger,
    chunks: Iterable[Logged[AudioChunk]],
    results: Iterable[Logged[ResultEvent]],
    *,
    label: str = "live",
) -> Account:
    """Hold the bot's `ledger` against its `chunks` and the `results` of one transcript, both in log order."""
    evidence = gathered(chunks, results, label)
    streams = tuple(
        _stream(claim, evidence.epochs[claim.stream_id, claim.epoch]) for claim in _claims(ledger, evidence)
    )
    against = tuple(reason for stream in streams for reason in stream.reasons)
    return Account(
        bot_id=bot_id,
        closed=not against,
        reasons=against,
        outcome=ledger.outcome,
        transcript_label=label,
        unreadable_records=0,
        frames=frames_of([stream.capture for stream in streams]),
        transcription=transcription_of([stream.transcription for stream in streams]),
        latency_ms=latency_of(evidence),
        streams=streams,
    )


def _claims(ledger: Ledger, evidence: Evidence) -> Iterator[LedgerStream]:
    """The bot's claims, and an empty claim for each epoch the topics know and the bot does not."""
    known = {(claim.stream_id, claim.epoch) for claim in ledger.streams}
    yield from ledger.streams
    for stream_id, epoch in sorted(evidence.epochs.keys() - known):
        yield LedgerStream(
            stream_id=stream_id,
            slot="",
            epoch=epoch,
            first_seq=0,
            last_seq=-1,
            units_audio=0,
            units_silence=0,
            units_absent=0,
            units_gap={},
            frames_captured_by_page=0,
            ranges_sha256="",
        )


def _stream(claim: LedgerStream, epoch: Epoch) -> StreamAccount:
    tiling = epoch.tiling()
    capture = _capture(claim, epoch, tiling)
    transcription = _transcription(followed(epoch.moves, claim.first_seq, claim.last_seq, tiling.ranges))
    return StreamAccount(
        stream_id=claim.stream_id,
        epoch=claim.epoch,
        participant_id=claim.participant_id,
        capture=capture,
        transcription=transcription,
        reasons=reasons(claim, capture, transcription),
    )


def _capture(claim: LedgerStream, epoch: Epoch, tiling: Tiling) -> Capture:
    units, stamps = tiling.units(), epoch.stamps_in_order()
    within = tiling.covered(claim.first_seq, claim.last_seq)
    holes = claim.last_seq - claim.first_seq + 1 - within
    captured = sum(units[label] for label in CAPTURED)
    return Capture(
        first_seq=claim.first_seq,
        last_seq=claim.last_seq,
        frames_captured_by_page=claim.frames_captured_by_page,
        units=dict(units),
        declared_gap_ms={
            label.removeprefix(GAP_PREFIX): n * UNIT_MS for label, n in units.items() if label.startswith(GAP_PREFIX)
        },
        duplicate_units=tiling.duplicate_units,
        overlap_units=tiling.overlap_units,
        hole_units=holes,
        stray_units=units.total() - within,
        unaccounted_units=max(holes, abs(claim.frames_captured_by_page - captured)),
        malformed_records=epoch.malformed,
        counts_ok=units == _claimed_units(claim),
        digest_ok=tiling.digest == claim.ranges_sha256,
        clock_deviation=clock_deviation(stamps, tiling),
        wall_ms=wall_us(stamps) // 1000,
    )


def _claimed_units(claim: LedgerStream) -> Counter[str]:
    gaps = {GAP_PREFIX + cause: units for cause, units in claim.units_gap.items()}
    plain = {"audio": claim.units_audio, "silence": claim.units_silence, "absent": claim.units_absent}
    return Counter(plain | gaps)


def _transcription(chain: Chain) -> Transcription:
    return Transcription(
        transcribed_ms=samples_to_ms(chain.transcribed_samples),
        skipped_ms={reason: samples_to_ms(samples) for reason, samples in chain.skipped_samples.items()},
        undeclared_ms=at_least_ms(chain.undeclared_samples),
        misdeclared_ms=at_least_ms(chain.misdeclared_samples),
        cursor_holes=chain.holes,
        cursor_overlaps=chain.overlaps,
    )
