"""The nursery of the local engine's decoders: how it ends."""

import socket

from stream_processors.transcription.providers.local.nursery import rear


def test_a_nursery_whose_worker_is_gone_ends_quietly() -> None:
    """Also when the worker died before it read what the nursery said: the socket is reset then, not closed."""
    control, theirs = socket.socketpair()
    with control:
        control.sendall(b"ready")
        theirs.close()
        rear(control, None)
