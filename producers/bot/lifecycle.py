"""A bot's life as a table: which state may follow which, and until when each must have ended. Pure.

    joining ─► (in_waiting_room) ─► in_call_not_recording ─► in_call_recording ─► leaving ─► call_ended ─► done
       └───────────────┴───────────────────┴──────────────────────┴───────────► fatal ─────────────────────┘

Every life ends with `done`.
"""

from dataclasses import dataclass

from schemas.vocabulary import BotState

S = BotState
NEXT: dict[BotState, frozenset[BotState]] = {
    S.UNKNOWN: frozenset({S.JOINING}),
    S.JOINING: frozenset({S.IN_WAITING_ROOM, S.IN_CALL_NOT_RECORDING, S.LEAVING, S.FATAL}),
    S.IN_WAITING_ROOM: frozenset({S.IN_CALL_NOT_RECORDING, S.LEAVING, S.CALL_ENDED, S.FATAL}),
    S.IN_CALL_NOT_RECORDING: frozenset({S.IN_CALL_RECORDING, S.LEAVING, S.CALL_ENDED, S.FATAL}),
    S.IN_CALL_RECORDING: frozenset({S.LEAVING, S.CALL_ENDED, S.FATAL}),
    S.LEAVING: frozenset({S.CALL_ENDED, S.FATAL}),
    S.CALL_ENDED: frozenset({S.DONE, S.FATAL}),
    S.FATAL: frozenset({S.DONE}),
    S.DONE: frozenset(),
}
IN_CALL = frozenset({S.IN_CALL_NOT_RECORDING, S.IN_CALL_RECORDING})
ENDING = frozenset({S.LEAVING, S.CALL_ENDED, S.FATAL, S.DONE})
LEAVING_US = 10_000_000


class IllegalStep(Exception):
    """A state was asked for that may not follow: a fault of ours, never of the meeting."""


@dataclass(frozen=True)
class Limits:
    """How long each state may last."""

    join_us: int
    alone_us: int
    duration_us: int


@dataclass(frozen=True)
class Step:
    """One step of the life. An `error` step is a note: the state stays what it was."""

    state: BotState
    previous: BotState
    sub_code: str = ""
    message: str = ""
    remedy: str = ""


class Lifecycle:
    """Where one bot is in its life."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.state = S.UNKNOWN
        self.leaving_because = ""
        self._since_us = 0
        self._recording_since_us: int | None = None
        self._alone_since_us: int | None = None

    def go(self, state: BotState, now_us: int, *, sub_code: str = "", message: str = "", remedy: str = "") -> Step:
        """Take a step; raises IllegalStep when the table forbids it."""
        if state not in NEXT[self.state]:
            raise IllegalStep(f"{state} may not follow {self.state}")
        step = Step(state, self.state, sub_code, message, remedy)
        self.state, self._since_us = state, now_us
        if state is S.IN_CALL_RECORDING:
            self._recording_since_us = now_us
        if state is S.LEAVING:
            self.leaving_because = sub_code
        return step

    def may(self, state: BotState) -> bool:
        """Whether this state may follow now."""
        return state in NEXT[self.state]

    def note(self, *, sub_code: str, message: str, remedy: str = "") -> Step:
        """Something went wrong and the bot goes on."""
        return Step(S.ERROR, self.state, sub_code, message, remedy)

    def company(self, others: int, now_us: int) -> None:
        """How many others are in the call."""
        if others or self.state not in IN_CALL:
            self._alone_since_us = None
        elif self._alone_since_us is None:
            self._alone_since_us = now_us

    def on_time(self, now_us: int) -> list[Step]:
        """The step that a deadline demands by `now_us`."""
        due = [(at_us, name) for at_us, name in self._deadlines() if at_us <= now_us]
        if not due:
            return []
        return [self._late(min(due)[1], now_us)]

    def _deadlines(self) -> list[tuple[int, str]]:
        found: list[tuple[int, str]] = []
        if self.state in (S.JOINING, S.IN_WAITING_ROOM, S.IN_CALL_NOT_RECORDING):
            found.append((self._since_us + self._limits.join_us, "join"))
        if self.state is S.LEAVING:
            found.append((self._since_us + LEAVING_US, "leave"))
        if self.state in IN_CALL and self._alone_since_us is not None:
            found.append((self._alone_since_us + self._limits.alone_us, "alone"))
        if self.state is S.IN_CALL_RECORDING and self._recording_since_us is not None:
            found.append((self._recording_since_us + self._limits.duration_us, "duration"))
        return found

    def _late(self, deadline: str, now_us: int) -> Step:
        match deadline:
            case "alone":
                return self.go(S.LEAVING, now_us, sub_code="alone", message="nobody else is in the call")
            case "duration":
                return self.go(S.LEAVING, now_us, sub_code="max_duration", message="the longest stay is over")
            case "leave":
                return self.go(S.CALL_ENDED, now_us, sub_code=self.leaving_because, message="the page did not let go")
            case _:
                return self.go(
                    S.FATAL,
                    now_us,
                    sub_code=f"{self.state}_timeout",
                    message=f"still {self.state} after {self._limits.join_us // 1_000_000} s",
                    remedy="see whether the meeting lets anybody in, or raise EARSHOT_JOIN_TIMEOUT_S",
                )
