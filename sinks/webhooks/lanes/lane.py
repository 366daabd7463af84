"""The deliveries of one bot to one endpoint, in order, only the first under way. Pure."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from msgspec.structs import replace

from sinks.webhooks.lanes.backlog import Backlog
from sinks.webhooks.log.pending import Pending

NONE_YET = -1
LaneKey = tuple[str, int]
"""Bot, and with `ordering: none` the delivery's own offset, so that nothing waits for anything."""


@dataclass
class Lane:
    """First those with their bodies in memory, then the offsets of the rest, ascending throughout.

    Everything up to offset `parked_to` is on webhook.parked, and always a beginning of the lane: what is parked comes before
    what is not, here and after a restart. `beyond` holds parked ones only. `fetching` bodies are on their way here;
    `awaited`: the head's is, and the lane stands in no queue until it comes. `ticket` 0: it stands in none.
    """

    key: LaneKey
    partition: int
    loaded: deque[Pending] = field(default_factory=deque)
    beyond: Backlog = field(default_factory=Backlog)
    parked_to: int = NONE_YET
    attempts: int = 0
    due_us: int = 0
    ticket: int = 0
    under_way: bool = False
    fetching: int = 0
    awaited: bool = False

    def __len__(self) -> int:
        return len(self.loaded) + len(self.beyond)

    @property
    def first(self) -> int:
        return self.loaded[0].offset if self.loaded else self.beyond.first

    def head(self) -> Pending:
        """The first one, with its tries and when the next is due."""
        if self.attempts == self.loaded[0].attempts:
            return self.loaded[0]
        return replace(self.loaded[0], attempts=self.attempts, due_us=self.due_us)

    def unparked(self) -> Iterator[Pending]:
        """In order; all of them are loaded."""
        return (pending for pending in self.loaded if pending.offset > self.parked_to)

    def pop(self) -> Pending:
        """The head is settled: the next one begins with no tries behind it."""
        self.attempts = self.due_us = 0
        return self.loaded.popleft()

    def unload(self, kept: int) -> None:
        """Keep the bodies of the first `kept`, and of the rest offsets alone. All of the lane must be parked."""
        spare = [self.loaded.pop().offset for _ in range(len(self.loaded) - kept)]
        if spare:
            self.beyond.put_back(reversed(spare))
