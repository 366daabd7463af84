"""Requests to forget."""

from schemas.events.record import Record


class ErasureCommand(Record, frozen=True, kw_only=True):
    """Erase the rows of one bot, or of one participant of one bot, for good."""

    tenant_id: str
    bot_id: str
    meeting_id: str
    event_id: str
    occurred_at_us: int
    produced_at_us: int
    participant_id: str | None = None
    requested_by: str
    reason: str
