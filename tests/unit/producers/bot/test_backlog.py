"""What may wait in memory for Kafka."""

import msgspec

from producers.bot.backlog import Backlog
from schemas.vocabulary import ChunkKind, GapCause
from tests.fakes.audio_chunk import audio_chunk


def test_sound_passes_while_there_is_room() -> None:
    """Up to the limit and not beyond it."""
    backlog = Backlog(limit_bytes=20_000)
    chunk = audio_chunk()
    assert backlog.admit(chunk) is chunk
    backlog.sent(10_400)
    assert backlog.admit(chunk) is chunk
    backlog.sent(400)
    assert backlog.admit(chunk).kind is ChunkKind.GAP


def test_sound_without_room_is_declared_in_its_place() -> None:
    """Same stream, same units: a gap with the cause, and no bytes."""
    backlog = Backlog(limit_bytes=0)
    chunk = audio_chunk()
    gap = backlog.admit(chunk)
    assert (gap.kind, gap.cause, gap.pcm, gap.level_dbfs) == (ChunkKind.GAP, GapCause.BACKLOG_FULL, b"", None)
    same = ("stream_id", "epoch", "seq", "units", "captured_at_us", "participant_id")
    assert [getattr(gap, name) for name in same] == [getattr(chunk, name) for name in same]


def test_statements_always_pass() -> None:
    """A gap or silence costs next to nothing and is what proves the loss."""
    silence = msgspec.structs.replace(audio_chunk(), kind=ChunkKind.SILENCE, pcm=b"")
    assert Backlog(limit_bytes=0).admit(silence) is silence


def test_what_kafka_has_makes_room_again() -> None:
    """Acknowledged bytes do not wait any more."""
    backlog = Backlog(limit_bytes=10_000)
    backlog.sent(10_000)
    backlog.settled(10_000)
    chunk = audio_chunk()
    assert backlog.admit(chunk) is chunk
