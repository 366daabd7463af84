"""Which public events an endpoint wants: names, or families such as `participant_events.*`. Pure."""

from collections.abc import Sequence

from schemas.errors import UsageError
from schemas.webhooks.payloads import EVENTS

FAMILIES = sorted({f"{name.split('.', 1)[0]}.*" for name in EVENTS})


def wants(event_types: Sequence[str], event_type: str) -> bool:
    """Whether an endpoint with these `event_types` gets `event_type`; none asked for means all."""
    family = f"{event_type.split('.', 1)[0]}.*"
    return not event_types or event_type in event_types or family in event_types


def checked(event_types: Sequence[str], *, field: str) -> tuple[str, ...]:
    """The same without repeats, sorted; raises UsageError for what is no public event."""
    unknown = sorted(set(event_types) - set(EVENTS) - set(FAMILIES))
    if unknown:
        known = ", ".join([*FAMILIES, *EVENTS])
        raise UsageError(f"{field}: {', '.join(map(repr, unknown))} is no public event", remedy=f"one of: {known}")
    return tuple(sorted(set(event_types)))
