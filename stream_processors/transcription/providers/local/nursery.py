"""The nursery: a process that loads the model once and forks a decoder for every socket it is handed.

Started as `python -m` with the number of an inherited socket. Forked decoders share the model's memory. When the other
side of the socket is gone, so are we, and every decoder when its own socket closes: a killed worker leaves nobody.
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
        message, descriptors, _, _ = socket.recv_fds(control, 1, 1)
        if not message:
            return
        for descriptor in descriptors:
            if os.fork() == 0:
                control.close()
                serve(socket.socket(fileno=descriptor), decoder)
                os._exit(0)
            os.close(descriptor)


def main() -> None:
    control = socket.socket(fileno=int(sys.argv[1]))
    give_way()
    try:
        decoder = load()
    except (ImportError, OSError, RuntimeError, ValueError) as error:
        control.sendall(frame(Kind.FAULT, str(error).encode()))
        return
    control.sendall(frame(Kind.READY))
    rear(control, decoder)


if __name__ == "__main__":
    main()
