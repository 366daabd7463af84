"""What Deepgram's refusals and close codes ask of us. Pure.

Sources: Deepgram's documentation of WebSocket errors, and its own reconnecting example, which gives up after 1002, 1003,
1007 and 1008.
"""

from collections.abc import Mapping

from schemas.vocabulary import SttErrorClass
from stream_processors.transcription.providers.interface import ProviderError
from stream_processors.transcription.providers.refusal import retry_after_ms, status_class

KEY = "check EARSHOT_DEEPGRAM_API_KEY: Deepgram does not accept it"
FUNDS = "Deepgram's project of EARSHOT_DEEPGRAM_API_KEY has no funds left: add some, or set EARSHOT_PROVIDER"
REQUEST = "check EARSHOT_DEEPGRAM_MODEL, EARSHOT_DEEPGRAM_LANGUAGE and EARSHOT_DEEPGRAM_URL: Deepgram has no such thing"
CROWDED = "Deepgram takes no more sessions now: ask Deepgram for a higher limit, or add a provider"
REMEDIES = {400: REQUEST, 401: KEY, 402: FUNDS, 403: KEY, 404: REQUEST, 429: CROWDED}
AWAY = "look at status.deepgram.com; EARSHOT_DEEPGRAM_URL says which Deepgram is asked"
FATAL_CODES = frozenset((1002, 1003, 1007, 1008))


def refusal(status: int, headers: Mapping[str, str]) -> ProviderError:
    """The handshake was answered with a status; `dg-error` says why, `dg-request-id` is what their support asks for."""
    why, request_id = headers.get("dg-error", "no reason given"), headers.get("dg-request-id", "none")
    return ProviderError(
        f"Deepgram refuses a session with HTTP {status}: {why} (request {request_id})",
        error_class=status_class(status),
        code=f"http_{status}",
        remedy=REMEDIES.get(status, AWAY),
        retry_after_ms=retry_after_ms(headers),
    )


def closed(code: int, reason: str) -> ProviderError:
    """Deepgram ended the session."""
    fatal = code in FATAL_CODES
    return ProviderError(
        f"Deepgram closed the session with {code}: {reason or 'no reason given'}",
        error_class=SttErrorClass.FATAL if fatal else SttErrorClass.TRANSIENT,
        code=reason.split(maxsplit=1)[0][:40] if reason else f"close_{code}",
        remedy=REQUEST if fatal else AWAY,
    )


def broken(code: str, what: str) -> ProviderError:
    """Deepgram does not keep to its own protocol: another session may."""
    return ProviderError(f"Deepgram {what}", error_class=SttErrorClass.TRANSIENT, code=code, remedy=AWAY)
