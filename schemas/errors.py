"""What can go wrong, as a tree; whether to retry is decided here once.

EarshotError
├── UsageError             a person asked for something that cannot be: says the field and the remedy; exit code 2
├── Unavailable            a service is away: retry with back-off, or at start exit code 3 with the remedy
│   └── RegistryUnavailable
└── InvalidRecord          these bytes will never decode: to the DLQ with its bytes, never retried
"""


class EarshotError(Exception):
    """Any failure this project names. `remedy` says what to do about it."""

    exit_code = 1

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class UsageError(EarshotError):
    """A setting or argument is wrong; the message names it."""

    exit_code = 2


class Unavailable(EarshotError):
    """A service this process needs does not answer."""

    exit_code = 3


class RegistryUnavailable(Unavailable):
    """The schema registry does not answer, so whether a record is valid cannot be told yet."""


class InvalidRecord(EarshotError):
    """A record that no retry will make readable. `error_class` is a short stable word for counters and DLQ headers."""

    def __init__(self, message: str, *, error_class: str) -> None:
        super().__init__(message)
        self.error_class = error_class
