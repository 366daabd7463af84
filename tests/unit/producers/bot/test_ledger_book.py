"""The bot's side of the ledger."""

import msgspec

from producers.bot.ledger import LedgerBook
from schemas.events import AudioChunk
from schemas.ledger import ranges_digest
from schemas.vocabulary import ChunkKind, GapCause
from tests.fakes.audio_chunk import audio_chunk


def chunk(seq: int, units: int, kind: ChunkKind, cause: GapCause | None = None, epoch: int = 0) -> AudioChunk:
    return msgspec.structs.replace(
        audio_chunk(), stream_id="s", seq=seq, units=units, kind=kind, cause=cause, epoch=epoch, pcm=b""
    )


def test_units_are_counted_by_kind_and_gaps_by_cause() -> None:
    """And the digest is that of the joined ranges, as verify computes it."""
    book = LedgerBook()
    for one in (
        chunk(0, 5, ChunkKind.AUDIO),
        chunk(5, 5, ChunkKind.AUDIO),
        chunk(10, 2, ChunkKind.SILENCE),
        chunk(12, 3, ChunkKind.GAP, GapCause.NETWORK),
        chunk(15, 4, ChunkKind.GAP, GapCause.BACKLOG_FULL),
        chunk(19, 1, ChunkKind.ABSENT),
    ):
        book.count(one)
    ledger = book.close({("s", 0): 17}, "completed")
    (line,) = ledger.streams
    assert (line.first_seq, line.last_seq, line.frames_captured_by_page) == (0, 19, 17)
    assert (line.units_audio, line.units_silence, line.units_absent) == (10, 2, 1)
    assert line.units_gap == {"network": 3, "backlog_full": 4}
    assert line.ranges_sha256 == ranges_digest(
        [
            ("audio", 0, 9),
            ("silence", 10, 11),
            ("gap.network", 12, 14),
            ("gap.backlog_full", 15, 18),
            ("absent", 19, 19),
        ]
    )
    assert ledger.outcome == "completed"


def test_each_epoch_has_its_own_line() -> None:
    """A restart of capture begins another account."""
    book = LedgerBook()
    book.count(chunk(0, 5, ChunkKind.AUDIO))
    book.count(chunk(0, 2, ChunkKind.AUDIO, epoch=1))
    ledger = book.close({("s", 0): 5, ("s", 1): 2}, "completed")
    assert [(line.epoch, line.last_seq, line.frames_captured_by_page) for line in ledger.streams] == [
        (0, 4, 5),
        (1, 1, 2),
    ]


def test_a_bot_that_heard_nothing_has_an_empty_ledger() -> None:
    """Nothing heard, nothing owed."""
    assert LedgerBook().close({}, "failed").streams == ()
