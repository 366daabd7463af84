"""A decoder process: hears one utterance after the other on a socket, until the socket closes.

Plain blocking code: this process has nothing else to do.
"""

import contextlib
import socket
from typing import Any

import msgspec

from stream_processors.transcription.providers.local.protocol import Frames, Heard, Kind, Segment, frame

PARTIAL_EVERY_SAMPLES = 16_000 * 3 // 10
BYTES_PER_SAMPLE = 2


class Hearing:
    """One pocketsphinx decoder and the utterance it is in."""

    def __init__(self, decoder: Any) -> None:
        self._decoder = decoder
        self._fresh_cmn: str = decoder.get_cmn(False)
        self._samples = 0
        self._partial_at = 0

    def handle(self, kind: Kind, body: bytes) -> bytes:
        """Do what a frame says; returns the answer, or nothing."""
        match kind:
            case Kind.BEGIN:
                self._decoder.set_cmn(body.decode() or self._fresh_cmn)
                self._decoder.start_utt()
                self._samples = self._partial_at = 0
            case Kind.AUDIO if body:
                self._decoder.process_raw(body, False, False)
                self._samples += len(body) // BYTES_PER_SAMPLE
            case Kind.END:
                self._decoder.end_utt()
                return self._heard(Kind.FINAL, self._decoder.get_cmn(False))
            case Kind.AUDIO:
                pass  # a resampler may hold everything back; the engine raises IndexError on an empty block
            case _:
                raise ValueError(f"{kind.name} is not for a decoder")
        return b""

    def partial(self) -> bytes:
        """What is heard so far, not more often than every 300 ms of audio."""
        if self._samples - self._partial_at < PARTIAL_EVERY_SAMPLES:
            return b""
        self._partial_at = self._samples
        return self._heard(Kind.PARTIAL)

    def _heard(self, kind: Kind, cmn: str = "") -> bytes:
        segments = tuple(Segment(s.word, s.start_frame, s.end_frame, s.prob) for s in self._decoder.seg() or ())
        return frame(kind, msgspec.json.encode(Heard(self._samples, segments, cmn)))


def serve(connection: socket.socket, decoder: Any) -> None:
    """Answer until the other side is gone, which may be at any time."""
    hearing, frames = Hearing(decoder), Frames()
    with contextlib.suppress(ConnectionError):
        while data := connection.recv(65_536):
            kinds = []
            for kind, body in frames.feed(data):
                connection.sendall(hearing.handle(kind, body))
                kinds.append(kind)
            if kinds and kinds[-1] is Kind.AUDIO:
                connection.sendall(hearing.partial())
