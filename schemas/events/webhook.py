"""Subscribers, what is delivered to them, each try, and what waits."""

import msgspec

from schemas.events.record import Record
from schemas.vocabulary import AttemptOutcome, CommandKind, DeliveryTrigger, OnExhausted, Ordering, SignatureScheme


class WebhookDelivery(Record, frozen=True, kw_only=True):
    """One event for one endpoint, body frozen."""

    tenant_id: str
    bot_id: str
    meeting_id: str
    delivery_id: str
    endpoint_id: str
    sequence: int
    event_type: str
    event_id: str
    occurred_at_us: int
    produced_at_us: int
    body: bytes
    content_type: str
    ordering: Ordering
    trigger: DeliveryTrigger = DeliveryTrigger.UNKNOWN


class WebhookAttempt(Record, frozen=True, kw_only=True):
    """One try at one delivery."""

    tenant_id: str
    bot_id: str
    meeting_id: str
    delivery_id: str
    endpoint_id: str
    sequence: int
    event_type: str
    attempt: int
    occurred_at_us: int
    produced_at_us: int
    outcome: AttemptOutcome
    status: int
    error_class: str
    latency_ms: int
    response_snippet: str
    next_attempt_at_us: int | None = None
    trigger: DeliveryTrigger = DeliveryTrigger.UNKNOWN
    url_host: str = ""
    request_headers: dict[str, str] = msgspec.field(default_factory=dict)
    charged: bool = True
    request_bytes: int = 0
    delivery_offset: int = -1


class EndpointSecret(Record, frozen=True, kw_only=True):
    """One key that deliveries are signed with, encrypted."""

    scheme: SignatureScheme
    key_id: str
    nonce: bytes
    ciphertext: bytes
    created_at_us: int
    valid_until_us: int | None = None


class WebhookEndpoint(Record, frozen=True, kw_only=True):
    """One subscriber as it is to be served; the last revision counts."""

    tenant_id: str
    endpoint_id: str
    revision: int
    event_id: str
    occurred_at_us: int
    produced_at_us: int
    created_at_us: int
    description: str
    url: str
    event_types: tuple[str, ...]
    ordering: Ordering
    timeout_ms: int
    rate_per_s: float | None = None
    concurrency: int
    retry_waits_ms: tuple[int, ...]
    on_exhausted: OnExhausted
    inline_limit_bytes: int
    enabled: bool
    disabled_reason: str
    disabled_at_us: int | None = None
    secrets: tuple[EndpointSecret, ...]


class WebhookCommand(Record, frozen=True, kw_only=True):
    """Something for the webhook sink to do once."""

    tenant_id: str
    command_id: str
    event_id: str
    occurred_at_us: int
    produced_at_us: int
    kind: CommandKind
    endpoint_id: str
    bot_id: str | None = None
    delivery_id: str | None = None
    delivery_offset: int | None = None
    since_us: int | None = None
    until_us: int | None = None
    event_type: str | None = None
    requested_by: str


class WebhookParked(Record, frozen=True, kw_only=True):
    """A delivery that has to wait, as a pointer to its record."""

    tenant_id: str
    bot_id: str
    meeting_id: str
    delivery_id: str
    endpoint_id: str
    event_id: str
    occurred_at_us: int
    produced_at_us: int
    delivery_offset: int
    ordering: Ordering
    attempts: int
    next_attempt_at_us: int
    failing_since_us: int | None = None
