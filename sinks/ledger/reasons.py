"""Why an epoch's account does not close, in words a person can act on; empty when it does. Pure."""

from schemas.events import LedgerStream
from schemas.topics import AUDIO_FRAMES, HOUR_MS
from sinks.ledger.report import Capture, Transcription

KEPT_HOURS = AUDIO_FRAMES.retention_ms // HOUR_MS


def reasons(claim: LedgerStream, capture: Capture, transcription: Transcription) -> tuple[str, ...]:
    """One sentence for each rule that is broken, beginning with the stream and epoch."""
    where = f"{claim.stream_id} epoch {claim.epoch}: "
    return tuple(where + text for broken, text in (*_captured(claim, capture), *_transcribed(transcription)) if broken)


def _captured(claim: LedgerStream, capture: Capture) -> tuple[tuple[bool, str], ...]:
    return (
        (not claim.ranges_sha256, "the bot's ledger does not know it"),
        (_all_gone(claim, capture), f"nothing of it lies on audio.frames, which keeps records {KEPT_HOURS} hours"),
        (capture.unaccounted_units > 0, f"{capture.unaccounted_units} captured frames are unaccounted for"),
        (capture.hole_units > 0, f"{capture.hole_units} units are missing on audio.frames and not declared"),
        (capture.overlap_units > 0, f"{capture.overlap_units} units lie on audio.frames twice and disagree"),
        (capture.stray_units > 0, f"{capture.stray_units} units lie on audio.frames outside the ledger's range"),
        (capture.malformed_records > 0, f"{capture.malformed_records} chunks contradict themselves"),
        (not capture.counts_ok, "units by kind differ between the ledger and audio.frames"),
        (not capture.digest_ok, "the digest of the ranges differs between the ledger and audio.frames"),
    )


def _all_gone(claim: LedgerStream, capture: Capture) -> bool:
    return not capture.units and claim.last_seq >= claim.first_seq


def _transcribed(transcription: Transcription) -> tuple[tuple[bool, str], ...]:
    return (
        (transcription.undeclared_ms > 0, f"{transcription.undeclared_ms} ms are neither transcribed nor declared"),
        (transcription.misdeclared_ms > 0, f"{transcription.misdeclared_ms} ms of audio were declared gap or absent"),
        (transcription.cursor_holes > 0, f"the cursor jumps ahead {transcription.cursor_holes} times"),
        (transcription.cursor_overlaps > 0, f"the cursor goes back {transcription.cursor_overlaps} times"),
    )
