"""Made-up audio for load: speech of the demo's voices, cut into records as a bot would put them on audio.frames."""

from collections.abc import Iterator
from itertools import islice

from schemas.events import AudioChunk
from schemas.ids import meeting_id
from schemas.timebase import BYTES_PER_UNIT, SAMPLE_RATE_HZ, UNIT_US, UNITS_PER_CHUNK
from schemas.vocabulary import Attribution, ChunkKind, Encoding, TrackKind

CHUNK_BYTES = UNITS_PER_CHUNK * BYTES_PER_UNIT
LEVEL_DBFS = -20.0


def chunks(bot_id: str, stream_id: str, speech: bytes, count: int, started_at_us: int) -> Iterator[AudioChunk]:
    """`count` records of one stream that says `speech` (48 kHz mono PCM16) over and over, from media time zero on."""
    pieces = [speech[at : at + CHUNK_BYTES] for at in range(0, len(speech) - CHUNK_BYTES + 1, CHUNK_BYTES)]
    for number, pcm in enumerate(islice(_for_ever(pieces), count)):
        seq = number * UNITS_PER_CHUNK
        yield AudioChunk(
            tenant_id="default",
            bot_id=bot_id,
            meeting_id=meeting_id("synthetic", bot_id),
            stream_id=stream_id,
            slot="0/0",
            epoch=0,
            epoch_started_at_us=started_at_us,
            recording_started_at_us=started_at_us,
            seq=seq,
            units=UNITS_PER_CHUNK,
            kind=ChunkKind.AUDIO,
            encoding=Encoding.PCM_S16LE,
            sample_rate_hz=SAMPLE_RATE_HZ,
            channels=1,
            pcm=pcm,
            participant_id=stream_id,
            track_kind=TrackKind.MICROPHONE,
            attribution=Attribution.EXACT,
            attribution_confidence=1.0,
            captured_at_us=started_at_us + seq * UNIT_US,
            level_dbfs=LEVEL_DBFS,
        )


def _for_ever(pieces: list[bytes]) -> Iterator[bytes]:
    while True:
        yield from pieces
