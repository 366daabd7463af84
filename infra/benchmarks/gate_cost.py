"""Processor time of deciding whether somebody speaks, and of resampling, for each 100 ms of a steady talker.

Both run on every chunk of every stream, so together they bound how many people a core can carry. The stages' own modules
are run as processes: what is measured is what runs.
"""

import json
import subprocess
import sys

from infra.demo.script import ROBERT
from infra.demo.voices import flite_recordings
from infra.result import Result
from schemas.settings import LocalSettings

NAME = "gate_cost"
BOUND_US = 60.0
MEASURE = "stream_processors.transcription.gate_cost"
RESAMPLE = "stream_processors.transcription.resampling_cost"


def run(settings: LocalSettings, seed: int, command: str) -> Result:
    """The bound is on the detector that hears every chunk."""
    (recording,) = flite_recordings([ROBERT], settings.var_dir / "bench" / "voices")
    wav = str(recording.wav)
    found = {**_measured(MEASURE, wav), **_measured(RESAMPLE, wav)}
    return Result(
        name=NAME,
        command=command,
        seed=seed,
        passed=(found["webrtc_us_per_chunk"] or 0.0) <= BOUND_US,
        figures={
            **{name: value if value is None else round(value, 2) for name, value in found.items()},
            "bound_us_per_chunk": BOUND_US,
        },
    )


def _measured(module: str, wav: str) -> dict[str, float | None]:
    said = subprocess.run((sys.executable, "-m", module, wav), check=True, capture_output=True, text=True).stdout
    found: dict[str, float | None] = json.loads(said)
    return found
