"""How many sessions one credential may have, and how fast they may be opened; fair among bots when there is not enough.

When a place is free and several bots want it, it goes to the bot with the fewest sessions, then to who waits longest. A
stream that stops asking loses its turn. Nobody's session is ended for another's.
"""

from collections import Counter, deque
from dataclasses import dataclass

from stream_processors.transcription.routing.choice import Asker

MINUTE_MS = 60_000.0
ASK_AGAIN_MS = 500.0
FORGOTTEN_AFTER_MS = 2_000.0


@dataclass(frozen=True, slots=True)
class Limits:
    """None: as many as anybody wants."""

    sessions: int | None = None
    new_per_minute: int | None = None


@dataclass(slots=True)
class Waiting:
    """A stream without a place."""

    since_ms: float
    asked_at_ms: float


class Quota:
    """Places of one credential in this worker."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._open: Counter[str] = Counter()
        self._opened_at_ms: deque[float] = deque()
        self._waiting: dict[Asker, Waiting] = {}
        self._turn: Asker | None = None

    @property
    def open(self) -> int:
        """Sessions open now."""
        return self._open.total()

    def free_at_ms(self, asker: Asker, now_ms: float) -> float:
        """When `asker` may take a place: now, or when to ask again. Asking keeps its place in the queue."""
        free_at_ms = self._room_at_ms(now_ms)
        if free_at_ms <= now_ms and not self._waiting:
            return now_ms
        waiting = self._waiting.setdefault(asker, Waiting(now_ms, now_ms))
        waiting.asked_at_ms = now_ms
        if free_at_ms > now_ms:
            return min(free_at_ms, now_ms + ASK_AGAIN_MS)
        return now_ms if self._next(now_ms) == asker else now_ms + ASK_AGAIN_MS

    def take(self, asker: Asker, now_ms: float) -> None:
        """`asker` opens a session."""
        self._open[asker.bot_id] += 1
        if self._limits.new_per_minute is not None:
            self._opened_at_ms.append(now_ms)
        self.withdraw(asker)
        self._turn = None

    def give_back(self, asker: Asker) -> None:
        """The session is over."""
        self._open[asker.bot_id] -= 1
        if self._open[asker.bot_id] <= 0:
            del self._open[asker.bot_id]
        self._turn = None

    def withdraw(self, asker: Asker) -> None:
        """`asker` found another place, or is gone."""
        if self._waiting.pop(asker, None) and self._turn == asker:
            self._turn = None

    def _room_at_ms(self, now_ms: float) -> float:
        """When there is a place for somebody; a free place is waited for in steps, as nobody knows when it comes."""
        limits = self._limits
        if limits.sessions is not None and self.open >= limits.sessions:
            return now_ms + ASK_AGAIN_MS
        if limits.new_per_minute is None:
            return now_ms
        while self._opened_at_ms and self._opened_at_ms[0] <= now_ms - MINUTE_MS:
            self._opened_at_ms.popleft()
        full = len(self._opened_at_ms) >= limits.new_per_minute
        return self._opened_at_ms[0] + MINUTE_MS if full else now_ms

    def _next(self, now_ms: float) -> Asker | None:
        """Whose turn it is. Found once and kept until something changes, or that stream asks no more."""
        turn = self._waiting.get(self._turn) if self._turn else None
        if turn and now_ms - turn.asked_at_ms <= FORGOTTEN_AFTER_MS:
            return self._turn
        self._waiting = {a: w for a, w in self._waiting.items() if now_ms - w.asked_at_ms <= FORGOTTEN_AFTER_MS}
        order = sorted(self._waiting.items(), key=lambda each: (self._open[each[0].bot_id], each[1].since_ms))
        self._turn = order[0][0] if order else None
        return self._turn
