"""The delivery log as a person reads it: each message with its tries, as lines of text. Pure.

Only what is safe to show is here: no bodies, no secrets, of a link only the host.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from schemas.events import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from sinks.webhooks.console.moment import shown
from sinks.webhooks.endpoints.address import host_and_port

WAITING = "waiting"
SNIPPET_SHOWN = 200


@dataclass(frozen=True)
class Filter:
    """What a person wants to see; None is everything."""

    endpoint_id: str | None = None
    bot_id: str | None = None
    delivery_id: str | None = None
    status: str | None = None

    def takes(self, record: WebhookDelivery | WebhookAttempt) -> bool:
        return (
            self.endpoint_id in (None, record.endpoint_id)
            and self.bot_id in (None, record.bot_id)
            and self.delivery_id in (None, record.delivery_id)
        )


@dataclass(frozen=True)
class Place:
    """Where a delivery lies on `webhook.deliveries`."""

    partition: int
    offset: int


@dataclass
class Message:
    """One message: its first record, where its last copy lies, and every try in order."""

    delivery: WebhookDelivery
    place: Place
    tries: list[WebhookAttempt] = field(default_factory=list)

    @property
    def status(self) -> str:
        return self.tries[-1].outcome.value if self.tries else WAITING


class History:
    """Take all deliveries of a partition, then its attempts, partition by partition."""

    def __init__(self, wanted: Filter) -> None:
        self._wanted = wanted
        self._messages: dict[str, Message] = {}

    def take_delivery(self, partition: int, offset: int, delivery: WebhookDelivery) -> None:
        if self._wanted.takes(delivery):
            place = Place(partition, offset)
            self._messages.setdefault(delivery.delivery_id, Message(delivery, place)).place = place

    def take_attempt(self, attempt: WebhookAttempt) -> None:
        message = self._messages.get(attempt.delivery_id)
        if message:
            message.tries.append(attempt)

    def messages(self) -> list[Message]:
        """Oldest first."""
        found = [m for m in self._messages.values() if self._wanted.status in (None, m.status)]
        return sorted(found, key=lambda m: (m.delivery.produced_at_us, m.delivery.bot_id, m.delivery.sequence))

    @property
    def tries(self) -> list[WebhookAttempt]:
        """Oldest first."""
        every = (attempt for message in self.messages() for attempt in message.tries)
        return sorted(every, key=lambda attempt: attempt.occurred_at_us)


def message_lines(messages: Iterable[Message]) -> Iterator[str]:
    """A table of messages."""
    yield f"{'occurred':19}  {'delivery':28}  {'endpoint':20}  {'bot':24}  {'seq':>4}  {'event':30}  tries  status"
    for message in messages:
        d = message.delivery
        yield (
            f"{shown(d.occurred_at_us):19}  {d.delivery_id:28}  {d.endpoint_id:20}  {d.bot_id:24}  {d.sequence:4}  "
            f"{d.event_type:30}  {len(message.tries):5}  {message.status}"
        )


def attempt_lines(attempts: Iterable[WebhookAttempt]) -> Iterator[str]:
    """A table of tries."""
    yield f"{'began':19}  {'delivery':28}  {'event':30}  try  {'asked by':8}  http  {'error':15}  {'ms':>6}  outcome"
    for a in attempts:
        again = f", again {shown(a.next_attempt_at_us)}" if a.next_attempt_at_us else ""
        yield (
            f"{shown(a.occurred_at_us):19}  {a.delivery_id:28}  {a.event_type:30}  {a.attempt:3}  {a.trigger:8}  "
            f"{a.status or '-':>4}  {a.error_class or '-':15}  {a.latency_ms:6}  {a.outcome}{again}"
        )


def attempt_detail(attempt: WebhookAttempt) -> Iterator[str]:
    """What was sent and what came back of one try."""
    yield f"  try {attempt.attempt} to {attempt.url_host or '?'}, {attempt.request_bytes} bytes"
    for name, value in attempt.request_headers.items():
        yield f"    > {name}: {value}"
    snippet = attempt.response_snippet[:SNIPPET_SHOWN]
    if snippet:
        yield f"    < {snippet!r}"


def endpoint_lines(endpoints: Iterable[WebhookEndpoint]) -> Iterator[str]:
    """A table of endpoints."""
    yield f"{'endpoint':24}  {'state':24}  {'events':30}  {'order':5}  {'host':34}  description"
    for e in endpoints:
        state = "enabled" if e.enabled else f"disabled: {e.disabled_reason}"
        events = ",".join(e.event_types) or "all"
        yield f"{e.endpoint_id:24}  {state:24}  {events:30}  {e.ordering:5}  {host_and_port(e.url):34}  {e.description}"


def endpoint_detail(endpoint: WebhookEndpoint, now_us: int) -> Iterator[str]:
    """Everything about one endpoint but its secrets."""
    yield f"endpoint      {endpoint.endpoint_id}  (revision {endpoint.revision}, added {shown(endpoint.created_at_us)})"
    yield f"url           {endpoint.url}"
    yield f"description   {endpoint.description}"
    since = f", since {shown(endpoint.disabled_at_us)}: {endpoint.disabled_reason}"
    yield f"state         {'enabled' if endpoint.enabled else 'disabled' + since}"
    yield f"events        {', '.join(endpoint.event_types) or 'all'}"
    yield f"ordering      {endpoint.ordering}"
    yield f"timeout       {endpoint.timeout_ms / 1000:g} s"
    yield f"concurrency   {endpoint.concurrency}"
    yield f"rate          {'no limit' if endpoint.rate_per_s is None else f'{endpoint.rate_per_s:g} tries a second'}"
    waits = ", ".join(f"{wait_ms / 1000:g} s" for wait_ms in endpoint.retry_waits_ms)
    yield f"retries       {waits or 'as the deployment does'}; then {endpoint.on_exhausted}"
    yield f"inline up to  {endpoint.inline_limit_bytes} bytes"
    for secret in endpoint.secrets:
        ends = "" if secret.valid_until_us is None else f", until {shown(secret.valid_until_us)}"
        spent = " (spent)" if secret.valid_until_us is not None and secret.valid_until_us <= now_us else ""
        yield f"secret        {secret.scheme}, made {shown(secret.created_at_us)}{ends}{spent}, key {secret.key_id}"
