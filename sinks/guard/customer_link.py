"""libcurl handles for links that customers gave us: nothing leads to where the link itself does not.

No redirects, cookies, netrc or proxies from the environment, no protocol but HTTP/1.1 with or without TLS, nothing unpacked,
certificates checked against this machine's authorities.
"""

import ssl
from functools import lru_cache

import pycurl

from sinks.guard.ranges import Ranges
from sinks.guard.socket_guard import SocketGuard

CONNECT_TIMEOUT_MS = 5_000
KEEPALIVE_S = 60
NAMES_KEPT_S = 10
SUPPRESS_CONNECT_HEADERS = 265  # CURLOPT_ of that name, which pycurl does not name: what a proxy says is no answer


class CustomerLink:
    """A handle that may be used for one transfer after the other, and the guard of its sockets.

    With a proxy, that alone is connected to, wherever it is; it resolves the names and has to guard them itself.
    """

    def __init__(self, ranges: Ranges, proxy_url: str = "") -> None:
        self.curl = pycurl.Curl()
        self.guard = SocketGuard(ranges)
        for option, value in (*_OPTIONS, *authorities()):
            self.curl.setopt(option, value)
        self.curl.setopt(pycurl.PROXY, proxy_url)
        if not proxy_url:
            self.curl.setopt(pycurl.OPENSOCKETFUNCTION, self.guard)


_OPTIONS: tuple[tuple[int, int | str], ...] = (
    (pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS),
    (pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1),
    (pycurl.SSLVERSION, pycurl.SSLVERSION_TLSv1_2),
    (pycurl.FOLLOWLOCATION, 0),
    (pycurl.PATH_AS_IS, 1),
    (pycurl.NOPROXY, ""),
    (SUPPRESS_CONNECT_HEADERS, 1),
    (pycurl.NOSIGNAL, 1),
    (pycurl.CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS),
    (pycurl.MAXAGE_CONN, KEEPALIVE_S),
    (pycurl.DNS_CACHE_TIMEOUT, NAMES_KEPT_S),
)


@lru_cache(1)
def authorities() -> tuple[tuple[int, str], ...]:
    """Where OpenSSL looks on this machine, SSL_CERT_FILE and SSL_CERT_DIR included: the library that is shipped with
    pycurl would look where it was built.
    """
    places = ssl.get_default_verify_paths()
    files = ((option, places.cafile) for option in (pycurl.CAINFO, pycurl.PROXY_CAINFO))
    folders = ((option, places.capath) for option in (pycurl.CAPATH, pycurl.PROXY_CAPATH))
    return tuple((option, place) for option, place in (*files, *folders) if place)
