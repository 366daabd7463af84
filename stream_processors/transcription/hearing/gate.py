"""Where an utterance begins and ends, from what was heard in each 20 ms unit.

A cheap detector hears every unit; a better and dearer one is asked where the cheap one is not enough (`in_doubt`): while
the gate is closed, and again every RECHECK_MS of an utterance, as a keyboard or music would hold it open for ever.

`ONSET_UNITS` of sound within `ONSET_WINDOW` units are an onset. It opens the gate with `preroll` before it, at once when
nobody else is asked, else when the other detector hears a voice too; an onset it denies for LONGEST_DOUBT_MS moves on
with time, and `hangover` without sound ends it. `hangover` without speech closes the gate. An utterance longer than four
fifths of `forced_cut` is cut at the first short pause, at `forced_cut` wherever it is, and the next one begins at once.
A lone unit of sound (a click) opens nothing.
"""

from collections import deque
from dataclasses import dataclass
from enum import IntEnum

from schemas.timebase import SAMPLES_PER_UNIT, ms_to_samples
from schemas.vocabulary import TurnReason

ONSET_UNITS = 3
ONSET_WINDOW = 5
SHORT_PAUSE_UNITS = 5
LONGEST_DOUBT_MS = 1_000
RECHECK_MS = 10_000


class Hearing(IntEnum):
    """What a unit is. Speech is the cheap detector's word alone; voice and noise are what another one makes of it."""

    SILENCE = 0
    SPEECH = 1
    VOICE = 2
    NOISE = 3


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
        self._doubt = ms_to_samples(LONGEST_DOUBT_MS)
        self._recheck = ms_to_samples(RECHECK_MS)
        self._floor = from_sample
        self._now = from_sample
        self._opened_at: int | None = None
        self._onset: int | None = None
        self._last_sound = self._last_speech = self._sure_at = from_sample
        self._recent: deque[bool] = deque(maxlen=ONSET_WINDOW)

    @property
    def open(self) -> bool:
        return self._opened_at is not None

    @property
    def in_doubt(self) -> bool:
        """Whether sound should be heard by the better detector too."""
        return not self.open or self._now - self._sure_at >= self._recheck

    @property
    def decided_to(self) -> int:
        """No utterance that opens from now on begins before this sample."""
        return self._begin(self._now - ONSET_WINDOW * SAMPLES_PER_UNIT)

    def unit(self, from_sample: int, heard: Hearing) -> list[GateEvent]:
        """Decide on the unit that begins at `from_sample`."""
        self._now = from_sample + SAMPLES_PER_UNIT
        self._recent.append(heard != Hearing.SILENCE)
        if heard != Hearing.SILENCE:
            self._last_sound = self._now
        if heard in (Hearing.SPEECH, Hearing.VOICE):
            self._last_speech = self._now
        if heard == Hearing.VOICE:
            self._sure_at = self._now
        return self._while_open() if self.open else self._while_closed()

    def interrupt(self, at_sample: int, reason: TurnReason) -> list[GateEvent]:
        """Media time breaks off, or the speaker changes, at `at_sample`: nothing reaches over it."""
        ended = [self._close(at_sample, reason)] if self.open else []
        self._forget_onset()
        self._now = max(self._now, at_sample)
        self._floor = self._now
        return list(ended)

    def resume(self, at_sample: int) -> None:
        """Media time goes on at `at_sample` after an interruption."""
        self._floor = self._now = max(self._now, at_sample)

    def _while_closed(self) -> list[GateEvent]:
        if self._onset is not None and self._now - self._last_sound >= self._hangover:
            self._forget_onset()
        if self._onset is None and sum(self._recent) >= ONSET_UNITS:
            self._onset = self._now - len(self._recent) * SAMPLES_PER_UNIT
        if self._onset is None or self._last_speech < self._now:
            return []
        self._opened_at = self._begin(self._onset)
        self._sure_at = self._now
        self._onset = None
        return [SpeechStarted(self._opened_at)]

    def _begin(self, earliest: int) -> int:
        """Where an utterance may begin: at its onset, or at `earliest` if there is none, less the preroll."""
        onset = earliest if self._onset is None else max(self._onset, self._now - self._doubt)
        return max(self._floor, onset - self._preroll)

    def _while_open(self) -> list[GateEvent]:
        assert self._opened_at is not None
        if self._now - self._last_speech >= self._hangover:
            self._forget_onset()
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

    def _forget_onset(self) -> None:
        self._onset = None
        self._recent.clear()
