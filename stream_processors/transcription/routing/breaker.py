"""The circuit of one provider under one credential: closed while it works, open after it failed, tried by one stream then.

What opens it: an error that is fatal, a refusal for being too many, or three sessions in a row that died young or never
answered; if all three were one stream's while another was answered, that stream has the trouble, and waits alone. When its
time is over the circuit is half open: one stream probes it, with its own real audio, and only a result closes it again; a
connection that merely opens proves nothing.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from schemas.vocabulary import SttErrorClass
from stream_processors.transcription.providers.interface import ProviderFailed
from stream_processors.transcription.routing.choice import Asker, Grant

YOUNG_MS = 5_000.0
DEATHS_THAT_OPEN = 3
FATAL_MS = 600_000.0
FIRST_TRIP_MS = 5_000.0
LONGEST_TRIP_MS = 60_000.0
PROBE_AGAIN_MS = 500.0


class CircuitState(StrEnum):
    """Whether sessions may be opened."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(slots=True)
class Circuit:
    """`alarm` is the failure people should know about; None while nothing is wrong for longer than a moment."""

    alarm: ProviderFailed | None = None
    _open_until_ms: float | None = None
    _probe: Grant | None = None
    _deaths: int = 0
    _bereaved: set[Asker] = field(default_factory=set)
    _others_answered: bool = False
    _last_death_ms: float = field(default=float("-inf"))
    _trips: int = 0

    def state(self, now_ms: float) -> CircuitState:
        if self._open_until_ms is None:
            return CircuitState.CLOSED
        return CircuitState.OPEN if now_ms < self._open_until_ms else CircuitState.HALF_OPEN

    def free_at_ms(self, now_ms: float) -> float:
        """When a session may be asked for: now when it may be now."""
        if self._open_until_ms is None:
            return now_ms
        if now_ms < self._open_until_ms:
            return self._open_until_ms
        return now_ms if self._probe is None else now_ms + PROBE_AGAIN_MS

    def granted(self, grant: Grant) -> None:
        """A session is opened; while half open it is the probe."""
        if grant.probes:
            self._probe = grant

    def answered(self, grant: Grant, now_ms: float) -> None:
        """A session of this grant gave a result: a probe closes the circuit, an old enough session forgives the deaths."""
        if grant is self._probe:
            self.alarm, self._open_until_ms, self._probe = None, None, None
            self._forgive()
        self._others_answered |= bool(self._bereaved) and grant.asker not in self._bereaved
        lived = now_ms - grant.granted_at_ms >= YOUNG_MS
        if lived and self._open_until_ms is None and grant.granted_at_ms >= self._last_death_ms:
            self._forgive()
            self._trips = 0

    def failed(self, grant: Grant, failure: ProviderFailed, now_ms: float, *, answered: bool) -> None:
        """A session of this grant died; `answered`: it had given a result."""
        probed = grant is self._probe
        self.released(grant)
        if failure.error_class is SttErrorClass.PLANNED_EXPIRY:
            return
        fatal = failure.error_class is SttErrorClass.FATAL
        throttled = failure.error_class is SttErrorClass.THROTTLED
        if throttled or not answered or now_ms - grant.granted_at_ms < YOUNG_MS:
            self._deaths += 1
            self._bereaved.add(grant.asker)
            self._last_death_ms = now_ms
        dead = probed or self._out
        if fatal or ((throttled or dead) and (probed or self._open_until_ms is None)):
            self._open_until_ms = now_ms + self._wait_ms(failure)
            self._trips += 1
        if self._open_until_ms is not None and (fatal or self._out or (throttled and self._deaths >= DEATHS_THAT_OPEN)):
            self.alarm = failure

    def released(self, grant: Grant) -> None:
        """The session is over without having failed; another stream may probe."""
        if grant is self._probe:
            self._probe = None

    @property
    def _out(self) -> bool:
        """Whether it is the provider that fails, and not one stream."""
        return self._deaths >= DEATHS_THAT_OPEN and (len(self._bereaved) > 1 or not self._others_answered)

    def _forgive(self) -> None:
        self._deaths = 0
        self._bereaved.clear()
        self._others_answered = False

    def _wait_ms(self, failure: ProviderFailed) -> float:
        if failure.error_class is SttErrorClass.FATAL:
            return FATAL_MS
        if failure.error_class is SttErrorClass.THROTTLED and failure.retry_after_ms is not None:
            return float(failure.retry_after_ms)
        return min(LONGEST_TRIP_MS, FIRST_TRIP_MS * 2.0 ** min(self._trips, 10))
