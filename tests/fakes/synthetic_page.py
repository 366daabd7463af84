"""A page of a meeting without a browser: frames as capture.js stamps them, on clocks that a test moves as it likes.

What the clocks do is what was measured in a real Chromium: late frames that catch up, freezes with and without a burst,
another zero at the start, holes.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from producers.browser.frames import PageFrame
from schemas.timebase import SAMPLES_PER_UNIT, UNIT_US

STARTED_AT_US = 1_795_000_000_000_000


def sound(value: int, samples: int = SAMPLES_PER_UNIT) -> bytes:
    """A frame whose samples all have this value, so that a test can tell frames apart."""
    return struct.pack("<h", value) * samples


@dataclass
class SyntheticPage:
    """One slot of one page. `media_us` is the true clock of sound; `shift_us` is what the browser adds to it."""

    slot_number: int = 0
    media_us: int = 5_000_000
    wall_us: int = STARTED_AT_US
    shift_us: int = 0
    frames: int = 0
    history: list[PageFrame] = field(default_factory=list)

    def frame(self, *, late_us: int = 0, value: int | None = None, samples: int = SAMPLES_PER_UNIT) -> PageFrame:
        """The next frame: read `late_us` after its time, stamped with that moment by both clocks."""
        loud = value if value is not None else 2 + self.frames % 30_000
        found = PageFrame(
            slot_number=self.slot_number,
            index=self.frames,
            media_us=self.media_us + self.shift_us + late_us,
            wall_us=self.wall_us + late_us,
            pcm=sound(loud, samples),
        )
        self.frames += 1
        self._pass(UNIT_US)
        self.history.append(found)
        return found

    def run(self, count: int) -> Iterator[PageFrame]:
        for _ in range(count):
            yield self.frame()

    def hole(self, length_us: int) -> None:
        """Time in which the browser renders no sound at all."""
        self._pass(length_us)

    def frozen(self, length_us: int) -> Iterator[PageFrame]:
        """The browser stands still and then delivers, in a burst, every frame of that time."""
        end_us = self.wall_us + length_us
        while self.wall_us < end_us:
            yield self.frame(late_us=end_us - self.wall_us)

    def _pass(self, length_us: int) -> None:
        self.media_us += length_us
        self.wall_us += length_us
