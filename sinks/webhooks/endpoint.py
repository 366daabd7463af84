"""Where events go, checked before anything is read: a link that can be posted to, and a secret that can sign. Pure."""

import base64
import binascii
from dataclasses import dataclass, field

from yarl import URL

from schemas.errors import UsageError

SECRET_PREFIX = "whsec_"  # noqa: S105 - the public prefix of every Standard Webhooks secret
SECRET_BYTES = range(24, 65)
LONGEST_URL = 2048
URL_SETTING = "EARSHOT_WEBHOOK_URL"
SECRET_SETTING = "EARSHOT_WEBHOOK_SECRET"  # noqa: S105 - the setting's name
REMEDY = "make one with `echo whsec_$(openssl rand -base64 32)` and give the receiver the same"


@dataclass(frozen=True)
class Endpoint:
    """One subscriber. The secret never shows in a repr."""

    endpoint_id: str
    url: str
    secret: str = field(repr=False)


def endpoint(endpoint_id: str, url: str, secret: str) -> Endpoint:
    """Raises UsageError that names the setting; the messages never carry the secret or the link's query."""
    _check_url(url)
    _check_secret(secret)
    return Endpoint(endpoint_id, url, secret)


def _check_url(url: str) -> None:
    if not url:
        raise _wrong_url("is not set")
    if len(url) > LONGEST_URL:
        raise _wrong_url(f"is longer than {LONGEST_URL} characters")
    if any(character.isspace() or not character.isprintable() for character in url):
        raise _wrong_url("holds a space or a control character")
    try:
        parsed = URL(url)
        host, port = parsed.host, parsed.port
    except ValueError as error:
        raise _wrong_url("is not a URL") from error
    if parsed.scheme not in {"http", "https"}:
        raise _wrong_url("must start with http:// or https://")
    if not host or not port:
        raise _wrong_url("names no host, or port 0")
    if parsed.user is not None or parsed.password is not None:
        raise _wrong_url("carries a user name or password; deliveries are authenticated by their signature")


def _check_secret(secret: str) -> None:
    if not secret.startswith(SECRET_PREFIX):
        raise UsageError(f"{SECRET_SETTING} must start with {SECRET_PREFIX}", remedy=REMEDY)
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError) as error:
        raise UsageError(f"{SECRET_SETTING} is not base64 after {SECRET_PREFIX}", remedy=REMEDY) from error
    if len(key) not in SECRET_BYTES:
        raise UsageError(f"{SECRET_SETTING} holds {len(key)} bytes, not 24 to 64", remedy=REMEDY)


def _wrong_url(fault: str) -> UsageError:
    return UsageError(f"{URL_SETTING} {fault}", remedy=f"set {URL_SETTING} to the receiver's link, https://…")
