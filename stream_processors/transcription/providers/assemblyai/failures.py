"""What AssemblyAI's refusals and close codes ask of us. Pure.

Sources: AssemblyAI's list of streaming errors and close codes, and its page about concurrency. An Error message carries the
code its socket is closed with next.
"""

from collections.abc import Mapping

from schemas.vocabulary import SttErrorClass
from stream_processors.transcription.providers.interface import ProviderError
from stream_processors.transcription.providers.refusal import retry_after_ms, status_class

KEY = "check EARSHOT_ASSEMBLYAI_API_KEY: AssemblyAI does not accept it, or the account has no funds left"
REQUEST = "check EARSHOT_ASSEMBLYAI_MODEL, EARSHOT_ASSEMBLYAI_LANGUAGE and EARSHOT_ASSEMBLYAI_URL"
CROWDED = "AssemblyAI takes no more sessions now: ask AssemblyAI for a higher limit, or add a provider"
AWAY = "look at status.assemblyai.com; EARSHOT_ASSEMBLYAI_URL says which AssemblyAI is asked"
TOO_FAST = (
    "AssemblyAI takes audio in pieces of 50 to 1000 ms, no faster than it is spoken: report this as a fault of ours"
)
EXPECTED = "none is needed: a session has an end, and another one follows"
POLICY, TOO_MANY = 1008, "too many"
CODES = {
    1008: (SttErrorClass.FATAL, KEY),
    3006: (SttErrorClass.FATAL, REQUEST),
    3007: (SttErrorClass.TRANSIENT, TOO_FAST),
    3008: (SttErrorClass.PLANNED_EXPIRY, EXPECTED),
    3009: (SttErrorClass.THROTTLED, CROWDED),
    4001: (SttErrorClass.FATAL, KEY),
    4002: (SttErrorClass.FATAL, KEY),
    4003: (SttErrorClass.FATAL, KEY),
    4008: (SttErrorClass.PLANNED_EXPIRY, EXPECTED),
    4029: (SttErrorClass.TRANSIENT, TOO_FAST),
    4102: (SttErrorClass.THROTTLED, CROWDED),
}
REMEDIES = {400: REQUEST, 401: KEY, 402: KEY, 403: KEY, 404: REQUEST, 429: CROWDED}


def refusal(status: int, headers: Mapping[str, str]) -> ProviderError:
    """The handshake was answered with a status."""
    return ProviderError(
        f"AssemblyAI refuses a session with HTTP {status}",
        error_class=status_class(status),
        code=f"http_{status}",
        remedy=REMEDIES.get(status, AWAY),
        retry_after_ms=retry_after_ms(headers),
    )


def closed(code: int, reason: str) -> ProviderError:
    """AssemblyAI ended the session, or said that it is about to. 1008 is used for two things, told apart by the reason."""
    error_class, remedy = CODES.get(code, (SttErrorClass.TRANSIENT, AWAY))
    if code == POLICY and TOO_MANY in reason.lower():
        error_class, remedy = SttErrorClass.THROTTLED, CROWDED
    return ProviderError(
        f"AssemblyAI ended the session with {code}: {reason or 'no reason given'}",
        error_class=error_class,
        code=f"close_{code}",
        remedy=remedy,
    )


def broken(code: str, what: str) -> ProviderError:
    """AssemblyAI does not keep to its own protocol: another session may."""
    return ProviderError(f"AssemblyAI {what}", error_class=SttErrorClass.TRANSIENT, code=code, remedy=AWAY)
