"""The bot's spool: whatever is put in comes out once, in order, on a disk that works and on one that does not."""

import os
import tempfile
from collections import deque
from pathlib import Path

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from producers.bot.spool import Spool, Spooled

RECORDS = st.builds(Spooled, st.sampled_from(["audio.frames", "bot.events"]), st.binary(max_size=8), st.binary())


class SpoolAgainstQueue(RuleBasedStateMachine):
    """The spool beside a queue in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.spool = Spool(Path(self.folder.name) / "deep" / "bot.spool")
        self.expected: deque[Spooled] = deque()

    @rule(record=RECORDS)
    def append(self, record: Spooled) -> None:
        self.spool.append(record)
        self.expected.append(record)

    @rule()
    def pop(self) -> None:
        assert self.spool.pop() == (self.expected.popleft() if self.expected else None)

    @rule()
    def the_disk_is_full(self) -> None:
        self.spool.full = True

    @invariant()
    def what_waits_is_known(self) -> None:
        assert self.spool.waiting_bytes == sum(len(record.encoded()) for record in self.expected)

    @invariant()
    def an_empty_spool_leaves_no_file(self) -> None:
        assert self.expected or not self.spool.path.exists()

    def teardown(self) -> None:
        while self.spool.pop():
            pass
        self.folder.cleanup()


TestSpoolAgainstQueue = SpoolAgainstQueue.TestCase


def test_a_disk_that_takes_no_more_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write cut short or refused keeps the record in memory, whole and in its place, and says `full`."""
    spool = Spool(tmp_path / "bot.spool")
    records = [Spooled("audio.frames", b"bot", bytes([number]) * 100) for number in range(3)]
    spool.append(records[0])
    monkeypatch.setattr(os, "pwrite", lambda *_: 10)
    spool.append(records[1])
    assert spool.full
    monkeypatch.undo()
    spool.append(records[2])
    assert [spool.pop() for _ in range(4)] == [*records, None]
    assert not spool.full


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """Nothing is lost: everything waits in memory."""
    (tmp_path / "spool").write_text("a file where the folder should be")
    spool = Spool(tmp_path / "spool" / "bot.spool")
    record = Spooled("bot.events", b"bot", b"joining")
    spool.append(record)
    assert spool.full
    assert spool.pop() == record
