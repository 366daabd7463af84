"""Why a try brought no answer: a short stable word, and whether the endpoint had a part in it."""

import ssl
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import lru_cache

import aiohttp

from sinks.guard.connector import Blocked

TLS_CLASSES = {  # OpenSSL's X509_V_ERR_ numbers
    10: "tls_expired",
    18: "tls_untrusted",
    19: "tls_untrusted",
    20: "tls_untrusted",
    21: "tls_untrusted",
    62: "tls_hostname",
    64: "tls_hostname",
}
ERROR_CLASSES: tuple[tuple[type[Exception], str], ...] = (
    (aiohttp.ClientProxyConnectionError, "proxy"),
    (aiohttp.ClientConnectorDNSError, "dns"),
    (aiohttp.ClientSSLError, "tls"),
    (ssl.SSLError, "tls"),
    (aiohttp.ConnectionTimeoutError, "connect_timeout"),
    (TimeoutError, "timeout"),
    (ConnectionRefusedError, "connect_refused"),
    (aiohttp.ServerDisconnectedError, "reset"),
    (aiohttp.ClientConnectorError, "connect_refused"),
    (aiohttp.ClientOSError, "reset"),
    (OSError, "reset"),
    (aiohttp.ClientError, "protocol"),
)
STATUS_CLASSES = {2: "", 3: "redirect", 4: "http_4xx", 5: "http_5xx"}
TOLERANCE_S = 300.0  # what the official libraries allow
NEVER_S = 1e12
PROXY_AUTHENTICATION = 407
PROXY_TRIED = {502: "connect_refused", 504: "connect_timeout"}
BEFORE_THE_TUNNEL = {"dns", "connect_timeout", "proxy"}


@dataclass(frozen=True)
class Failure:
    """`charged`: it counts against the endpoint. Our own proxy's failures do not."""

    error_class: str
    charged: bool = True


def answered_class(status: int, date: str | None, now_us: int) -> str:
    """The error class of an answer, empty for 2xx. `date` is its Date header: a receiver whose clock or ours is wrong
    refuses every signature as too old or too new, and only this header tells.
    """
    apart_s = abs(_seconds(date) - now_us / 1e6) if date else 0.0
    if status // 100 == 4 and TOLERANCE_S < apart_s < NEVER_S:
        return "clock_skew"
    return STATUS_CLASSES.get(status // 100, "protocol")


def failure(error: BaseException, *, proxied: bool) -> Failure:
    """What `error` says. With a proxy, whatever fails before the tunnel stands is the proxy's fault, unless it answers
    that it could not reach the endpoint.
    """
    if isinstance(error, aiohttp.ClientHttpProxyError):
        reached_for = PROXY_TRIED.get(error.status)
        return Failure(reached_for) if reached_for else Failure("proxy", charged=False)
    name = _error_class(error)
    if proxied and name in BEFORE_THE_TUNNEL:
        return Failure("proxy", charged=False)
    return Failure(name)


@lru_cache(64)  # everybody's clock says the same second
def _seconds(date: str) -> float:
    try:
        return parsedate_to_datetime(date).timestamp()
    except ValueError:
        return -NEVER_S


def _error_class(error: BaseException) -> str:
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return _certificate_class(error.certificate_error)
    if isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, Blocked):
        return "blocked"
    return next(name for kind, name in ERROR_CLASSES if isinstance(error, kind))


def _certificate_class(error: Exception) -> str:
    code = error.verify_code if isinstance(error, ssl.SSLCertVerificationError) else 0
    return TLS_CLASSES.get(code, "tls")
