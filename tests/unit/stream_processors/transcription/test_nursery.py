"""The nursery of the local engine's decoders: how it ends."""

import signal
import socket
from collections.abc import Iterator

import pytest

from stream_processors.transcription.providers.local.nursery import rear


@pytest.fixture(autouse=True)
def _children_stay_ours() -> Iterator[None]:
    """A nursery waits for no child it made: in this process that would hide how every later test's children ended."""
    before = signal.getsignal(signal.SIGCHLD)
    yield
    signal.signal(signal.SIGCHLD, before)


def test_a_nursery_whose_worker_is_gone_ends_quietly() -> None:
    """Also when the worker died before it read what the nursery said: the socket is reset then, not closed."""
    control, theirs = socket.socketpair()
    with control:
        control.sendall(b"ready")
        theirs.close()
        rear(control, None)
