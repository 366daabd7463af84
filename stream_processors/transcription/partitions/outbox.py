"""What a worker writes, kept back while it may not write: without a lease, or while the group is shared out anew. Pure.

A worker that was stopped for longer than its group waits must not write a word: its partitions may be another's by then.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from stream_processors.transcription.partitions.lease import Lease
from stream_processors.transcription.partitions.partition import Partition


@dataclass(frozen=True, slots=True)
class Letter:
    """A record to append; `partition` None: where its key belongs."""

    topic: str
    partition: int | None
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]]


class Outlet(Protocol):
    """Appends to the log, in order for each partition."""

    def append(self, letter: Letter, on_ack: Callable[[int], None]) -> bool:
        """Take a letter and report its offset later; False when there is no room now."""
        ...


@dataclass(frozen=True, slots=True)
class Pending:
    """A letter that waits for the lease. It is dropped when `partition` is not ours any more."""

    letter: Letter
    partition: Partition
    on_ack: Callable[[int], None]


class Outbox:
    """Letters in order. Closed at first; `release` whenever there is a letter or the lease was renewed."""

    def __init__(self, outlet: Outlet, lease: Lease) -> None:
        self._outlet = outlet
        self._lease = lease
        self._letters: deque[Pending] = deque()
        self.closed = True

    def put(self, pending: Pending) -> None:
        self._letters.append(pending)

    def open(self, is_ours: Callable[[Partition], bool]) -> None:
        """The group is shared out: letters of partitions that are not ours are dropped."""
        self._letters = deque(each for each in self._letters if is_ours(each.partition))
        self.closed = False

    def close(self) -> None:
        """Write nothing until `open`; the lease is gone."""
        self.closed = True
        self._lease.lost()

    def renewed(self, sent_at_ms: float) -> None:
        """The broker took a commit that was sent at `sent_at_ms` (monotonic)."""
        self._lease.renewed(sent_at_ms)

    def release(self, now_ms: float) -> None:
        """Write what may be written."""
        while self._letters and not self.closed and self._lease.valid(now_ms):
            if not self._outlet.append(self._letters[0].letter, self._letters[0].on_ack):
                break
            self._letters.popleft()
