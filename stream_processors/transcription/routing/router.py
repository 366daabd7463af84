"""What all streams of a worker share about providers: circuits, places, and who has been told of trouble."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from stream_processors.transcription.providers.interface import ProviderFailed
from stream_processors.transcription.routing.breaker import Circuit, CircuitState
from stream_processors.transcription.routing.choice import Asker, Choice, Grant, Wait
from stream_processors.transcription.routing.quota import Limits, Quota


@dataclass(frozen=True, slots=True)
class Alarm:
    """Trouble with a provider began, with its cause, or is over (None)."""

    choice: Choice
    cause: ProviderFailed | None


@dataclass(slots=True)
class Line:
    """One choice as the router knows it; `told` are the bots that were told of its trouble."""

    circuit: Circuit
    quota: Quota
    told: set[str] = field(default_factory=set)


class Router:
    """Gives leave to open sessions. `limits` are by provider; every credential has its own count.

    `revision` grows whenever an alarm begins or ends.
    """

    def __init__(self, limits: Mapping[str, Limits] | None = None) -> None:
        self._limits = limits or {}
        self._lines: dict[Choice, Line] = {}
        self._news: list[Alarm] = []
        self.revision = 0

    def ask(self, asker: Asker, choices: Sequence[Choice], now_ms: float) -> Grant | Wait:
        """Leave to open a session with the first of `choices` that can be had now, or when to ask again."""
        until_ms = float("inf")
        for choice in choices:
            line = self._line(choice)
            free_at_ms = line.circuit.free_at_ms(now_ms)
            if free_at_ms <= now_ms:
                free_at_ms = line.quota.free_at_ms(asker, now_ms)
            if free_at_ms <= now_ms:
                return self._granted(asker, choices, choice, now_ms)
            until_ms = min(until_ms, free_at_ms)
        return Wait(until_ms)

    def may_be_tried(self, choices: Sequence[Choice], now_ms: float) -> bool:
        """Whether the circuit of one of `choices` lets a session through now."""
        return any(self._line(choice).circuit.free_at_ms(now_ms) <= now_ms for choice in choices)

    def state(self, choice: Choice, now_ms: float) -> CircuitState:
        return self._line(choice).circuit.state(now_ms)

    def answered(self, grant: Grant, now_ms: float) -> None:
        """The session gave a result."""
        line = self._line(grant.choice)
        before = line.circuit.alarm
        line.circuit.answered(grant, now_ms)
        self._changed(grant.choice, before, line.circuit.alarm)

    def over(
        self, grant: Grant, now_ms: float, failure: ProviderFailed | None = None, *, answered: bool = True
    ) -> None:
        """The session is over: closed by us, or by `failure`."""
        line = self._line(grant.choice)
        line.quota.give_back(grant.asker)
        before = line.circuit.alarm
        if failure is None:
            line.circuit.released(grant)
        else:
            line.circuit.failed(grant, failure, now_ms, answered=answered)
        self._changed(grant.choice, before, line.circuit.alarm)

    def alarms(self, bot_id: str, choices: Sequence[Choice]) -> list[Alarm]:
        """What a bot that may use `choices` has not been told yet; each is handed out once for a bot."""
        found: list[Alarm] = []
        for choice in choices:
            line = self._line(choice)
            if line.circuit.alarm and bot_id not in line.told:
                line.told.add(bot_id)
                found.append(Alarm(choice, line.circuit.alarm))
            elif not line.circuit.alarm and bot_id in line.told:
                line.told.discard(bot_id)
                found.append(Alarm(choice, None))
        return found

    def news(self) -> list[Alarm]:
        """Alarms that began or ended since the last call, for logs and metrics."""
        news, self._news = self._news, []
        return news

    def _granted(self, asker: Asker, choices: Sequence[Choice], choice: Choice, now_ms: float) -> Grant:
        line = self._line(choice)
        for other in choices:
            self._line(other).quota.withdraw(asker)
        probes = line.circuit.state(now_ms) is CircuitState.HALF_OPEN
        grant = Grant(choice, asker, now_ms, probes)
        line.circuit.granted(grant)
        line.quota.take(asker, now_ms)
        return grant

    def _changed(self, choice: Choice, before: ProviderFailed | None, after: ProviderFailed | None) -> None:
        if (before is None) != (after is None):
            self.revision += 1
            self._news.append(Alarm(choice, after))

    def _line(self, choice: Choice) -> Line:
        if choice not in self._lines:
            self._lines[choice] = Line(Circuit(), Quota(self._limits.get(choice.provider, Limits())))
        return self._lines[choice]
