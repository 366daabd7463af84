"""How far a transcript covers what a bot's ledger says it heard: what is to be read, what is gone, when all is done. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from schemas.events import Ledger
from schemas.timebase import SAMPLES_PER_UNIT, samples_to_ms

StreamEpoch = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Claim:
    """One epoch of one stream as the bot says it heard it, in samples."""

    from_sample: int
    to_sample: int


class Coverage:
    """`cursors` is K by stream and epoch as far as results of the transcript say; it grows by `settled`."""

    def __init__(self, ledger: Ledger, cursors: Mapping[StreamEpoch, int]) -> None:
        self.cursors = dict(cursors)
        self._claims = {
            (stream.stream_id, stream.epoch): Claim(
                stream.first_seq * SAMPLES_PER_UNIT, (stream.last_seq + 1) * SAMPLES_PER_UNIT
            )
            for stream in ledger.streams
            if stream.last_seq >= stream.first_seq
        }

    @property
    def done(self) -> bool:
        """Whether every stream is covered to its end."""
        return not self.open

    @property
    def open(self) -> set[StreamEpoch]:
        """What is not covered to its end."""
        return {key for key in self._claims if self.needs(key)}

    def needs(self, key: StreamEpoch) -> bool:
        """Whether a stream the ledger knows is not covered to its end."""
        claim = self._claims.get(key)
        return claim is not None and self.cursors.get(key, claim.from_sample) < claim.to_sample

    @property
    def audio_ms(self) -> int:
        """Length of everything the bot heard, all streams together."""
        return sum(samples_to_ms(claim.to_sample - claim.from_sample) for claim in self._claims.values())

    def ends(self, key: StreamEpoch, to_sample: int) -> bool:
        """Whether a stream's last audio is read once `to_sample` is."""
        return key in self._claims and to_sample >= self._claims[key].to_sample

    def settled(self, key: StreamEpoch, cursor: int) -> None:
        """The log has a result that moves K of a stream to `cursor`."""
        self.cursors[key] = max(cursor, self.cursors.get(key, 0))

    def gone(self, first_found: Mapping[StreamEpoch, int]) -> dict[StreamEpoch, int]:
        """What is not on the log any more of the audio that is still needed, in ms by stream.

        `first_found` is the first sample of each stream that still lies there.
        """
        missing: dict[StreamEpoch, int] = {}
        for key in self.open:
            claim = self._claims[key]
            needed = self.cursors.get(key, claim.from_sample)
            found = min(first_found.get(key, claim.to_sample), claim.to_sample)
            if found > needed:
                missing[key] = samples_to_ms(found - needed)
        return missing

    def found_all(self, found: Iterable[StreamEpoch]) -> bool:
        """Whether the beginning of everything that is still needed has been found."""
        return self.open <= set(found)
