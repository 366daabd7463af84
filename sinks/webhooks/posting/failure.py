"""Why a try brought no answer: a short stable word, and whether the endpoint had a part in it."""

from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import lru_cache

import pycurl

E_PROXY = 97  # CURLE_PROXY, which pycurl does not name
TLS_CLASSES = {  # OpenSSL's X509_V_ERR_ numbers; 1 is none: libcurl compares the host itself
    1: "tls_hostname",
    10: "tls_expired",
    18: "tls_untrusted",
    19: "tls_untrusted",
    20: "tls_untrusted",
    21: "tls_untrusted",
    62: "tls_hostname",
    64: "tls_hostname",
}
ERROR_CLASSES = {
    pycurl.E_COULDNT_RESOLVE_PROXY: "proxy",
    E_PROXY: "proxy",
    pycurl.E_COULDNT_RESOLVE_HOST: "dns",
    pycurl.E_COULDNT_CONNECT: "connect_refused",
    pycurl.E_SSL_CONNECT_ERROR: "tls",
    pycurl.E_SSL_CIPHER: "tls",
    pycurl.E_SSL_CACERT_BADFILE: "tls",
    pycurl.E_GOT_NOTHING: "reset",
    pycurl.E_SEND_ERROR: "reset",
    pycurl.E_RECV_ERROR: "reset",
    pycurl.E_PARTIAL_FILE: "reset",
}
STATUS_CLASSES = {2: "", 3: "redirect", 4: "http_4xx", 5: "http_5xx"}
TOLERANCE_S = 300.0  # what the official libraries allow
NEVER_S = 1e12
PROXY_AUTHENTICATION = 407
PROXY_TRIED = {502: "connect_refused", 504: "connect_timeout"}
BEFORE_THE_TUNNEL = {"dns", "connect_refused", "connect_timeout", "proxy"}
OPENED = 200


@dataclass(frozen=True)
class Failure:
    """`charged`: it counts against the endpoint. Our own proxy's failures do not."""

    error_class: str
    charged: bool = True


@dataclass(frozen=True)
class Trouble:
    """What libcurl says of a request without an answer.

    `code` is a CURLE_ number, `proxy_status` the proxy's answer to CONNECT (0: none), `verify_code` OpenSSL's word on the
    certificate, `refused` whether the guard kept a socket back, `sent` whether the request was on its way.
    """

    code: int
    refused: bool = False
    proxy_status: int = 0
    sent: bool = False
    verify_code: int = 0


def answered_class(status: int, date: str | None, now_us: int) -> str:
    """The error class of an answer, empty for 2xx. `date` is its Date header: a receiver whose clock or ours is wrong
    refuses every signature as too old or too new, and only this header tells.
    """
    apart_s = abs(_seconds(date) - now_us / 1e6) if date else 0.0
    if status // 100 == 4 and TOLERANCE_S < apart_s < NEVER_S:
        return "clock_skew"
    return STATUS_CLASSES.get(status // 100, "protocol")


def failure(trouble: Trouble, *, proxied: bool) -> Failure:
    """What the trouble was. With a proxy, whatever fails before the tunnel stands is the proxy's fault, unless it answers
    that it could not reach the endpoint.
    """
    if trouble.proxy_status not in {0, OPENED}:
        reached_for = PROXY_TRIED.get(trouble.proxy_status)
        return Failure(reached_for) if reached_for else Failure("proxy", charged=False)
    name = _error_class(trouble)
    if name == "proxy" or (proxied and trouble.proxy_status != OPENED and name in BEFORE_THE_TUNNEL):
        return Failure("proxy", charged=False)
    return Failure(name)


@lru_cache(64)  # everybody's clock says the same second
def _seconds(date: str) -> float:
    try:
        return parsedate_to_datetime(date).timestamp()
    except ValueError:
        return -NEVER_S


def _error_class(trouble: Trouble) -> str:
    if trouble.code == pycurl.E_COULDNT_CONNECT and trouble.refused:
        return "blocked"
    if trouble.code == pycurl.E_OPERATION_TIMEDOUT:
        return "timeout" if trouble.sent else "connect_timeout"
    if trouble.code == pycurl.E_PEER_FAILED_VERIFICATION:
        return TLS_CLASSES.get(trouble.verify_code, "tls")
    return ERROR_CLASSES.get(trouble.code, "protocol")
