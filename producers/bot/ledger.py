"""What the bot put on audio.frames, counted while it is put there: the one side of heard = delivered + declared. Pure."""

from collections import Counter
from dataclasses import dataclass, field

from schemas.events import AudioChunk, Ledger, LedgerStream
from schemas.ledger import Range, joined, range_label, ranges_digest
from schemas.vocabulary import ChunkKind, GapCause

StreamEpoch = tuple[str, int]


@dataclass
class Account:
    """One epoch of one stream."""

    slot: str
    participant_id: str | None
    ranges: list[Range] = field(default_factory=list)
    units: Counter[ChunkKind] = field(default_factory=Counter)
    gaps: Counter[str] = field(default_factory=Counter)


class LedgerBook:
    """Counts every chunk as it is sent; `close` gives the ledger for the last event."""

    def __init__(self) -> None:
        self._accounts: dict[StreamEpoch, Account] = {}

    def count(self, chunk: AudioChunk) -> None:
        key = (chunk.stream_id, chunk.epoch)
        account = self._accounts.setdefault(key, Account(chunk.slot, chunk.participant_id))
        label = range_label(chunk.kind, chunk.cause)
        account.ranges[-1:] = joined([*account.ranges[-1:], (label, chunk.seq, chunk.seq + chunk.units - 1)])
        account.units[chunk.kind] += chunk.units
        if chunk.kind is ChunkKind.GAP:
            account.gaps[chunk.cause or GapCause.UNKNOWN] += chunk.units

    def close(self, frames_captured: dict[StreamEpoch, int], outcome: str) -> Ledger:
        """The ledger; `frames_captured` is the page's own count for each stream and epoch."""
        lines = [_line(key, account, frames_captured.get(key, 0)) for key, account in self._accounts.items()]
        return Ledger(streams=tuple(lines), outcome=outcome)


def _line(key: StreamEpoch, account: Account, frames_captured: int) -> LedgerStream:
    stream_id, epoch = key
    return LedgerStream(
        stream_id=stream_id,
        slot=account.slot,
        participant_id=account.participant_id,
        epoch=epoch,
        first_seq=account.ranges[0][1],
        last_seq=account.ranges[-1][2],
        units_audio=account.units[ChunkKind.AUDIO],
        units_silence=account.units[ChunkKind.SILENCE],
        units_absent=account.units[ChunkKind.ABSENT],
        units_gap={str(cause): units for cause, units in account.gaps.items()},
        frames_captured_by_page=frames_captured,
        ranges_sha256=ranges_digest(account.ranges),
    )
