"""What may wait in memory for Kafka."""

import msgspec

from producers.bot.backlog import Backlog
from schemas.vocabulary import ChunkKind, GapCause
from tests.fakes.audio_chunk import audio_chunk


def test_sound_passes_while_there_is_room() -> None:
    """Up to the limit and not beyond it."""
    backlog = Backlog(memory_bytes=20_000)
    chunk = audio_chunk()
    assert backlog.admit(chunk) is chunk
    backlog.sent(10_400)
    assert backlog.admit(chunk) is chunk
    backlog.sent(400)
    assert backlog.admit(chunk).kind is ChunkKind.GAP


def test_sound_without_room_is_declared_in_its_place() -> None:
    """Same stream, same units: a gap with the cause, and no bytes."""
    backlog = Backlog(memory_bytes=0)
    chunk = audio_chunk()
    gap = backlog.admit(chunk)
    assert (gap.kind, gap.cause, gap.pcm, gap.level_dbfs) == (ChunkKind.GAP, GapCause.BACKLOG_FULL, b"", None)
    same = ("stream_id", "epoch", "seq", "units", "captured_at_us", "participant_id")
    assert [getattr(gap, name) for name in same] == [getattr(chunk, name) for name in same]


def test_statements_always_pass() -> None:
    """A gap or silence costs next to nothing and is what proves the loss."""
    silence = msgspec.structs.replace(audio_chunk(), kind=ChunkKind.SILENCE, pcm=b"")
    assert Backlog(memory_bytes=0).admit(silence) is silence


def test_what_kafka_has_makes_room_again() -> None:
    """Acknowledged bytes do not wait any more."""
    backlog = Backlog(memory_bytes=10_000)
    backlog.sent(10_000)
    backlog.settled(10_000)
    chunk = audio_chunk()
    assert backlog.admit(chunk) is chunk


def test_what_memory_does_not_hold_goes_to_the_disk_until_that_is_full() -> None:
    """Memory first, then the disk; sound for which neither has room is declared."""
    backlog = Backlog(memory_bytes=10_000, disk_bytes=20_000)
    chunk = audio_chunk()
    backlog.sent(10_000)
    assert backlog.spools(len(chunk.pcm))
    assert backlog.admit(chunk) is chunk
    backlog.spooled(20_000)
    assert backlog.admit(chunk).kind is ChunkKind.GAP


def test_nothing_overtakes_what_is_on_disk() -> None:
    """While a record is there the next one goes behind it, however empty memory is; half empty, the oldest come back."""
    backlog = Backlog(memory_bytes=10_000, disk_bytes=20_000)
    backlog.sent(10_000)
    backlog.spooled(100)
    assert not backlog.refills()
    backlog.settled(5_000)
    assert backlog.refills()
    assert backlog.spools(1)
    backlog.unspooled(100)
    assert not backlog.spools(1)
    assert not backlog.refills()


def test_a_disk_that_refuses_has_no_room_for_sound() -> None:
    """Its cause is the backlog, as for a full one."""
    backlog = Backlog(memory_bytes=0, disk_bytes=10**9)
    backlog.disk_refuses()
    assert backlog.admit(audio_chunk()).kind is ChunkKind.GAP
