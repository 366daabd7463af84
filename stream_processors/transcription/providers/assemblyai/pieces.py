"""Audio cut anew into pieces AssemblyAI takes: 50 ms to a second, else it ends the session. Pure."""

from schemas.timebase import BYTES_PER_SAMPLE, ms_to_samples

SHORTEST_BYTES = ms_to_samples(50) * BYTES_PER_SAMPLE
LONGEST_BYTES = ms_to_samples(1000) * BYTES_PER_SAMPLE


class Pieces:
    """Holds back what is too short to be sent yet."""

    def __init__(self) -> None:
        self._rest = b""

    @property
    def rest_samples(self) -> int:
        """How much is held back."""
        return len(self._rest) // BYTES_PER_SAMPLE

    def feed(self, pcm: bytes) -> list[bytes]:
        """The pieces that may be sent now."""
        audio = self._rest + pcm if self._rest else pcm
        cuts = []
        while len(audio) >= SHORTEST_BYTES:
            cuts.append(audio[:LONGEST_BYTES])
            audio = audio[LONGEST_BYTES:]
        self._rest = audio
        return cuts

    def flush(self) -> tuple[bytes, int]:
        """What is held back, made long enough with silence, and how many samples of silence; nothing when there is nothing."""
        rest, self._rest = self._rest, b""
        if not rest:
            return b"", 0
        padding = SHORTEST_BYTES - len(rest)
        return rest + bytes(padding), padding // BYTES_PER_SAMPLE
