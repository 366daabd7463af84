"""A guard on the sockets of libcurl: the last place that knows the address, after every name and spelling is resolved.

Looking a name up beforehand would not do: libcurl asks nobody for an IP literal, and a name may resolve to another address
each time. libcurl opens every connection with `CURLOPT_OPENSOCKETFUNCTION`, and asks it again for every address it tries.
"""

import socket

import pycurl
import structlog

from sinks.guard.ranges import Ranges

log = structlog.get_logger()


class SocketGuard:
    """Opens the sockets of one handle, but none for an address outside of `ranges`.

    `refused` says whether it kept one back; `clear` before each transfer and `close` after it.
    """

    def __init__(self, ranges: Ranges) -> None:
        self._ranges = ranges
        self._handed: list[socket.socket] = []
        self.refused = False

    def __call__(self, _purpose: int, found: pycurl.CurlSockAddr) -> socket.socket | int:
        if self._ranges.permit_literal(str(found.addr[0])) is not True:
            self.refused = True
            return int(pycurl.SOCKET_BAD)
        try:
            opened = socket.socket(found.family, found.socktype, found.protocol)
        except OSError as error:
            log.warning("no_socket", error=str(error))
            return int(pycurl.SOCKET_BAD)
        self._handed.append(opened)
        return opened

    def clear(self) -> None:
        """A new transfer: nothing was refused yet."""
        self.refused = False

    def close(self) -> None:
        """libcurl works with a duplicate of each socket; ours only keeps the connection open."""
        while self._handed:
            self._handed.pop().close()
