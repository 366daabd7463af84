"""What the topics hold of each epoch of each stream, gathered in one pass and kept small: no audio is held. Pure."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from schemas.events import AudioChunk, ResultEvent
from sinks.ledger.chain import Move, move_of
from sinks.ledger.tiling import Tile, Tiling, tile_of, tiled
from sinks.ledger.timing import Stamp, Utterances, stamp_of
from sinks.logged import Logged

Key = tuple[str, int]


@dataclass
class Epoch:
    """One epoch of one stream, in log order."""

    tiles: list[Tile] = field(default_factory=list)
    stamps: dict[int, Stamp] = field(default_factory=dict)
    moves: list[Move] = field(default_factory=list)
    malformed: int = 0

    def tiling(self) -> Tiling:
        return tiled(self.tiles)

    def stamps_in_order(self) -> list[Stamp]:
        return [self.stamps[seq] for seq in sorted(self.stamps)]


@dataclass
class Evidence:
    """Everything the account is made of, by stream and epoch."""

    epochs: defaultdict[Key, Epoch] = field(default_factory=lambda: defaultdict(Epoch))
    utterances: Utterances = field(default_factory=Utterances)


def gathered(chunks: Iterable[Logged[AudioChunk]], results: Iterable[Logged[ResultEvent]], label: str) -> Evidence:
    """The evidence in a bot's chunks and its results under `label`, both in log order."""
    evidence = Evidence()
    for chunk in chunks:
        _add_chunk(evidence.epochs[chunk.record.stream_id, chunk.record.epoch], chunk)
    for logged in results:
        if logged.record.transcript_label == label:
            _add_result(evidence, logged.record)
    return evidence


def _add_chunk(epoch: Epoch, logged: Logged[AudioChunk]) -> None:
    tile, stamp = tile_of(logged.record), stamp_of(logged)
    if tile is None:
        epoch.malformed += 1
        return
    epoch.tiles.append(tile)
    if stamp is not None:
        epoch.stamps.setdefault(stamp.seq, stamp)


def _add_result(evidence: Evidence, result: ResultEvent) -> None:
    evidence.utterances.add(result)
    move = move_of(result)
    if move is not None:
        evidence.epochs[result.stream_id, result.epoch].moves.append(move)
