"""The nursery: a process that loads the model once and forks a decoder for every socket it is handed.

Started as `python -m` with the number of an inherited socket, and one word more if decoders give way to other processes;
loading does not: a worker waits for it. Forked decoders share the model's memory. When the other side of the socket is
gone, so are we, and every decoder when its own socket closes: a killed worker leaves nobody.
"""

import gc
import os
import signal
import socket
import sys
from typing import Any

from schemas.priority import give_way
from stream_processors.transcription.providers.local.decoder import serve
from stream_processors.transcription.providers.local.protocol import Kind, frame

LIVE_HYPOTHESES = 3000
"""The most states kept from one 10 ms frame to the next. Without a bound it takes 1.4 times as long, for the same words."""


def load() -> Any:
    """A decoder with the English model of the package, without the second pass over each utterance: it costs more
    time than it mends words.
    """
    from pocketsphinx import Decoder

    return Decoder(fwdflat=False, maxhmmpf=LIVE_HYPOTHESES, loglevel="FATAL")


def rear(control: socket.socket, decoder: Any) -> None:
    """Fork a decoder for each socket that comes over `control`."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    gc.freeze()
    while True:
        descriptors = _next(control)
        if not descriptors:
            return
        for descriptor in descriptors:
            if os.fork() == 0:
                control.close()
                serve(socket.socket(fileno=descriptor), decoder)
                os._exit(0)
            os.close(descriptor)


def _next(control: socket.socket) -> list[int]:
    """The sockets handed over next; none when the worker is gone. It may have died before it read what we said last."""
    try:
        return socket.recv_fds(control, 1, 1)[1]
    except ConnectionResetError:
        return []


def main() -> None:
    control = socket.socket(fileno=int(sys.argv[1]))
    try:
        decoder = load()
    except (ImportError, OSError, RuntimeError, ValueError) as error:
        control.sendall(frame(Kind.FAULT, str(error).encode()))
        return
    if sys.argv[2:]:
        give_way()
    control.sendall(frame(Kind.READY))
    rear(control, decoder)


if __name__ == "__main__":
    main()
