"""SHELL: records for which Kafka has no room yet, on disk, first in first out.

A record is a head (lengths of topic, key and value), the three, and nothing else. The file appears with the first record
and goes with the last one. Where the disk takes no more, records stay in memory behind those on it: the order holds, and
`full` says that no more sound should come.
"""

import os
import struct
from collections import deque
from dataclasses import dataclass
from pathlib import Path

import structlog

log = structlog.get_logger()
HEAD = struct.Struct(">HHI")


@dataclass(frozen=True, slots=True)
class Spooled:
    """A record as it goes to Kafka, but for its headers: they follow from its bot."""

    topic: str
    key: bytes
    value: bytes

    def encoded(self) -> bytes:
        topic = self.topic.encode()
        return HEAD.pack(len(topic), len(self.key), len(self.value)) + topic + self.key + self.value


class Spool:
    """The records of one process. One thread uses it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.full = False
        self.waiting_bytes = 0
        self._file: int | None = None
        self._read_at = 0
        self._end = 0
        self._behind: deque[Spooled] = deque()

    def append(self, record: Spooled) -> None:
        """Behind all others."""
        data = record.encoded()
        self.waiting_bytes += len(data)
        if self.full or not self._write(data):
            self._behind.append(record)

    def pop(self) -> Spooled | None:
        """The oldest record, taken out; None when there is none."""
        found = self._read() if self._read_at < self._end else self._next_behind()
        if found:
            self.waiting_bytes -= HEAD.size + len(found.topic.encode()) + len(found.key) + len(found.value)
        if self._read_at == self._end:
            self._forget()
        return found

    def _next_behind(self) -> Spooled | None:
        return self._behind.popleft() if self._behind else None

    def _write(self, data: bytes) -> bool:
        try:
            if self._file is None:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
            written = os.pwrite(self._file, data, self._end)
        except OSError as error:
            log.error("spool_refused", error=error.strerror)
            self.full = True
            return False
        if written < len(data):
            self.full = True
            return False
        self._end += len(data)
        return True

    def _read(self) -> Spooled:
        assert self._file is not None
        topic, key, value = HEAD.unpack(os.pread(self._file, HEAD.size, self._read_at))
        body = os.pread(self._file, topic + key + value, self._read_at + HEAD.size)
        self._read_at += HEAD.size + len(body)
        return Spooled(body[:topic].decode(), body[topic : topic + key], body[topic + key :])

    def _forget(self) -> None:
        """Give the disk back; when nothing waits any more, it may be tried again."""
        if self._file is not None:
            os.close(self._file)
            self.path.unlink(missing_ok=True)
        self._file, self._read_at, self._end = None, 0, 0
        self.full = self.full and bool(self._behind)
