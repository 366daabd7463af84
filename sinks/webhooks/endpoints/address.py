"""A link that customers give us, checked and put into one form before anything is stored or sent. Pure.

The messages name the field and never repeat the link, whose query may hold a secret.
"""

import re

from yarl import URL

from schemas.errors import UsageError
from sinks.guard.ranges import Ranges

LONGEST_URL_BYTES = 2048
LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
LOCAL_NAMES = ("localhost", "localhost.localdomain")
EXAMPLE = "an address such as https://hooks.example.com/earshot"


def normalised_url(text: str, allowed: Ranges, *, field: str) -> str:
    """`text` with its host in ASCII; raises UsageError that names `field`."""
    if not text:
        raise _wrong(field, "is not set")
    if len(text.encode("utf-8", "replace")) > LONGEST_URL_BYTES:
        raise _wrong(field, f"is longer than {LONGEST_URL_BYTES} bytes")
    if any(character.isspace() or not character.isprintable() for character in text):
        raise _wrong(field, "holds a space or a control character")
    url = _parsed(text, field)
    _check_parts(url, field)
    _check_host(url.raw_host or "", allowed, field)
    return str(url)


def host_and_port(url: str) -> str:
    """Where a checked link leads, without its path and query: for logs."""
    parsed = URL(url)
    host = f"[{parsed.raw_host}]" if ":" in (parsed.raw_host or "") else parsed.raw_host
    return f"{host}:{parsed.port}"


def _parsed(text: str, field: str) -> URL:
    try:
        url = URL(text)
        _ = url.host, url.port  # an impossible host or port shows only when asked for
    except ValueError as error:
        raise _wrong(field, "is not a URL") from error
    return url


def _check_parts(url: URL, field: str) -> None:
    if url.scheme not in {"http", "https"}:
        raise _wrong(field, "must start with http:// or https://")
    if not url.raw_host or not url.port:
        raise _wrong(field, "names no host, or port 0")
    if url.user is not None or url.password is not None:
        raise _wrong(field, "carries a user name or password; deliveries are authenticated by their signature")
    if url.fragment:
        raise _wrong(field, "has a part after #, which is never sent")


def _check_host(host: str, allowed: Ranges, field: str) -> None:
    permitted = allowed.permit_literal(host)
    if permitted is None:
        _check_name(host, allowed, field)
    elif "%" in host:
        raise _wrong(field, "names a network interface, which means something on one machine only")
    elif not permitted:
        raise _private(field)


def _check_name(host: str, allowed: Ranges, field: str) -> None:
    labels = host.removesuffix(".").split(".")
    if len(host) > 253 or not all(LABEL.fullmatch(label) for label in labels):
        raise _wrong(field, "has a host that is not a name")
    if NUMBER.fullmatch(labels[-1]):
        raise _wrong(field, "has a host of numbers that is not an IPv4 address in its usual form")
    is_local = host.removesuffix(".") in LOCAL_NAMES or labels[-1] == "localhost"
    if is_local and not allowed.permit_literal("127.0.0.1"):
        raise _private(field)


def _private(field: str) -> UsageError:
    return UsageError(
        f"{field} leads into a private network",
        remedy="use a public address, or allow the network: EARSHOT_WEBHOOK_ALLOWED_RANGES=10.20.0.0/16",
    )


def _wrong(field: str, fault: str) -> UsageError:
    return UsageError(f"{field} {fault}", remedy=f"set {field} to {EXAMPLE}")
