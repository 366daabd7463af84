"""One ordinary record of audio.frames."""

from schemas.events import AudioChunk
from schemas.timebase import BYTES_PER_UNIT, UNITS_PER_CHUNK
from schemas.vocabulary import Attribution, ChunkKind, Encoding, TrackKind


def audio_chunk() -> AudioChunk:
    return AudioChunk(
        tenant_id="default",
        bot_id="bot_1",
        meeting_id="mtg_1",
        stream_id="janus:1/audio",
        slot="0/0",
        epoch=0,
        epoch_started_at_us=1_795_000_000_000_000,
        recording_started_at_us=1_795_000_000_000_000,
        seq=0,
        units=UNITS_PER_CHUNK,
        kind=ChunkKind.AUDIO,
        encoding=Encoding.PCM_S16LE,
        sample_rate_hz=48_000,
        channels=1,
        pcm=b"\1" * BYTES_PER_UNIT * UNITS_PER_CHUNK,
        participant_id="janus:1",
        track_kind=TrackKind.MICROPHONE,
        attribution=Attribution.EXACT,
        attribution_confidence=1.0,
        captured_at_us=1_795_000_000_000_000,
        level_dbfs=-42.0,
    )
