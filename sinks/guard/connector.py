"""aiohttp's connector with a guard on the socket: the last place that knows the address, after every name, redirect and
spelling is resolved.

A resolver of our own would not do: aiohttp asks none for an IP literal, and a name may resolve to another address each time.
"""

import socket

import aiohttp
from aiohttp.abc import AbstractResolver

from sinks.guard.ranges import Ranges

CONNECT_TIMEOUT_S = 5.0
KEEPALIVE_S = 60.0
AddrInfo = tuple[int, int, int, str, tuple[str | int, ...]]
BLOCKED = "the address is in a private network"


class Blocked(OSError):
    """The guard refused the address. One message for all: several addresses of one name then count as one failure."""

    def __init__(self) -> None:
        super().__init__(BLOCKED)


class GuardedSockets:
    """Makes the sockets of a connector, but none for an address outside of `ranges`."""

    def __init__(self, ranges: Ranges) -> None:
        self._ranges = ranges

    def __call__(self, found: AddrInfo) -> socket.socket:
        family, kind, protocol, _, address = found
        if self._ranges.permit_literal(str(address[0])) is not True:
            raise Blocked
        return socket.socket(family, kind, protocol)


def guarded_session(ranges: Ranges, *, resolver: AbstractResolver | None = None) -> aiohttp.ClientSession:
    """A session for links that customers gave us: no cookies, nothing packed, connections kept, as many as asked for.

    Redirects are the caller's to refuse: every request needs `allow_redirects=False`. Must be made in a running loop.
    """
    connector = aiohttp.TCPConnector(
        limit=0,
        keepalive_timeout=KEEPALIVE_S,
        socket_factory=GuardedSockets(ranges),
        resolver=resolver,
    )
    return _session(connector)


def proxied_session(proxy_url: str) -> aiohttp.ClientSession:
    """The same through a proxy, which has to guard the addresses itself: it alone resolves the names."""
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEPALIVE_S)
    return _session(connector, proxy_url)


def _session(connector: aiohttp.TCPConnector, proxy_url: str | None = None) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=connector,
        proxy=proxy_url,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        skip_auto_headers=("Accept", "Accept-Encoding"),
        trust_env=False,
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_S),
    )
