"""What sequencing hands on: a stretch of one stream's media time, of one kind and one speaker."""

from dataclasses import dataclass, field, replace

from schemas.errors import InvalidRecord
from schemas.events import AudioChunk
from schemas.timebase import BYTES_PER_UNIT, SAMPLE_RATE_HZ, SAMPLES_PER_UNIT, UNIT_US
from schemas.vocabulary import Attribution, ChunkKind, Encoding, GapCause

MAX_UNITS = 3000
CLOCK_TOLERANCE_US = 3_600_000_000


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who is heard, and how that is known."""

    participant_id: str | None = None
    attribution: Attribution = Attribution.UNKNOWN
    confidence: float = 0.0


@dataclass(frozen=True, slots=True)
class Span:
    """`units` of 20 ms from `seq`. `pcm` is 48 kHz PCM16 for audio and empty otherwise.

    An `undeclared` span is a gap that nobody declared: its chunks never came.
    """

    seq: int
    units: int
    kind: ChunkKind
    cause: GapCause | None = None
    pcm: bytes = field(default=b"", repr=False)
    speaker: Speaker = Speaker()
    undeclared: bool = False

    @property
    def end_seq(self) -> int:
        return self.seq + self.units

    @property
    def from_sample(self) -> int:
        return self.seq * SAMPLES_PER_UNIT

    @property
    def to_sample(self) -> int:
        return self.end_seq * SAMPLES_PER_UNIT

    def part(self, seq: int, end_seq: int) -> "Span":
        """The units from `seq` to `end_seq` of this span."""
        if (seq, end_seq) == (self.seq, self.end_seq):
            return self
        pcm = self.pcm[(seq - self.seq) * BYTES_PER_UNIT : (end_seq - self.seq) * BYTES_PER_UNIT]
        return replace(self, seq=seq, units=end_seq - seq, pcm=pcm)


def span_of(chunk: AudioChunk) -> Span:
    """The chunk as a span; raises InvalidRecord naming the field when the chunk contradicts itself."""
    fault = _fault(chunk)
    if fault:
        raise InvalidRecord(f"chunk of {chunk.stream_id}: {fault}", error_class="bad_chunk")
    speaker = Speaker(chunk.participant_id, chunk.attribution, chunk.attribution_confidence)
    return Span(chunk.seq, chunk.units, chunk.kind, chunk.cause, chunk.pcm, speaker)


def _fault(chunk: AudioChunk) -> str:
    if chunk.seq < 0 or not 1 <= chunk.units <= MAX_UNITS:
        return f"seq is {chunk.seq} and units is {chunk.units}: seq is 0 or more, units 1 to {MAX_UNITS}"
    if chunk.seq * UNIT_US > chunk.captured_at_us - chunk.epoch_started_at_us + CLOCK_TOLERANCE_US:
        return f"seq {chunk.seq} lies more than an hour after captured_at_us"
    if chunk.kind is ChunkKind.UNKNOWN:
        return "kind is unknown here: this reader is older than the writer"
    return _audio_fault(chunk) if chunk.kind is ChunkKind.AUDIO else _marker_fault(chunk)


def _audio_fault(chunk: AudioChunk) -> str:
    if chunk.encoding is not Encoding.PCM_S16LE or chunk.sample_rate_hz != SAMPLE_RATE_HZ or chunk.channels != 1:
        return f"audio is {chunk.encoding}, {chunk.sample_rate_hz} Hz, {chunk.channels} channels, not 48 kHz mono PCM16"
    if len(chunk.pcm) != chunk.units * BYTES_PER_UNIT:
        return f"pcm has {len(chunk.pcm)} bytes, but {chunk.units} units are {chunk.units * BYTES_PER_UNIT}"
    return ""


def _marker_fault(chunk: AudioChunk) -> str:
    return f"pcm has {len(chunk.pcm)} bytes, but kind is {chunk.kind}" if chunk.pcm else ""
