"""Where an utterance begins and ends, from one yes or no a 20 ms unit.

Speech opens after `ONSET_UNITS` of speech within `ONSET_WINDOW` units, with `preroll` before it; `hangover` without
speech closes it. An utterance longer than four fifths of `forced_cut` is cut at the first short pause, at `forced_cut`
wherever it is, and the next one begins at once. A lone unit of speech (a click) opens nothing.
"""

from collections import deque
from dataclasses import dataclass

from schemas.timebase import SAMPLES_PER_UNIT, ms_to_samples
from schemas.vocabulary import TurnReason

ONSET_UNITS = 3
ONSET_WINDOW = 5
SHORT_PAUSE_UNITS = 5


@dataclass(frozen=True, slots=True)
class GateSettings:
    """Lengths in ms, as in the settings of `earshot transcribe`."""

    preroll_ms: int = 300
    hangover_ms: int = 500
    forced_cut_ms: int = 15_000


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """Speech from `from_sample`, preroll included."""

    from_sample: int


@dataclass(frozen=True, slots=True)
class SpeechEnded:
    """The utterance reaches to `to_sample`; its last unit of speech ended at `last_speech_sample`."""

    to_sample: int
    last_speech_sample: int
    reason: TurnReason


GateEvent = SpeechStarted | SpeechEnded


class Gate:
    """The gate of one stream and epoch. Samples only go forward."""

    def __init__(self, settings: GateSettings, from_sample: int) -> None:
        self._preroll = ms_to_samples(settings.preroll_ms)
        self._hangover = ms_to_samples(settings.hangover_ms)
        self._longest = ms_to_samples(settings.forced_cut_ms)
        self._floor = from_sample
        self._now = from_sample
        self._opened_at: int | None = None
        self._last_speech = from_sample
        self._recent: deque[bool] = deque(maxlen=ONSET_WINDOW)

    @property
    def open(self) -> bool:
        return self._opened_at is not None

    @property
    def decided_to(self) -> int:
        """No utterance that opens from now on begins before this sample."""
        return max(self._floor, self._now - self._preroll - ONSET_WINDOW * SAMPLES_PER_UNIT)

    def unit(self, from_sample: int, is_speech: bool) -> list[GateEvent]:
        """Decide on the unit that begins at `from_sample`."""
        self._now = from_sample + SAMPLES_PER_UNIT
        self._recent.append(is_speech)
        if is_speech:
            self._last_speech = self._now
        return self._while_open() if self.open else self._while_closed()

    def interrupt(self, at_sample: int, reason: TurnReason) -> list[GateEvent]:
        """Media time breaks off, or the speaker changes, at `at_sample`: nothing reaches over it."""
        ended = [self._close(at_sample, reason)] if self.open else []
        self._recent.clear()
        self._now = max(self._now, at_sample)
        self._floor = self._now
        return list(ended)

    def resume(self, at_sample: int) -> None:
        """Media time goes on at `at_sample` after an interruption."""
        self._floor = self._now = max(self._now, at_sample)

    def _while_closed(self) -> list[GateEvent]:
        if sum(self._recent) < ONSET_UNITS:
            return []
        onset = self._now - len(self._recent) * SAMPLES_PER_UNIT
        self._opened_at = max(self._floor, onset - self._preroll)
        return [SpeechStarted(self._opened_at)]

    def _while_open(self) -> list[GateEvent]:
        assert self._opened_at is not None
        if self._now - self._last_speech >= self._hangover:
            self._recent.clear()
            return [self._close(self._now, TurnReason.ENDPOINT)]
        if not self._too_long(self._now - self._opened_at):
            return []
        ended = self._close(self._now, TurnReason.FORCED_CUT)
        self._opened_at = self._now
        return [ended, SpeechStarted(self._now)]

    def _too_long(self, length: int) -> bool:
        pausing = self._now - self._last_speech >= SHORT_PAUSE_UNITS * SAMPLES_PER_UNIT
        return length >= self._longest or (pausing and length >= self._longest * 4 // 5)

    def _close(self, at_sample: int, reason: TurnReason) -> SpeechEnded:
        self._opened_at = None
        self._floor = at_sample
        return SpeechEnded(at_sample, min(self._last_speech, at_sample), reason)
