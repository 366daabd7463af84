"""One subscriber as the sink serves it: where events go, which, how, and what signs them. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from schemas.errors import UsageError
from schemas.events import WebhookEndpoint
from sinks.guard.ranges import Ranges
from sinks.webhooks.endpoints.address import normalised_url
from sinks.webhooks.endpoints.keyring import Keyring, Owner
from sinks.webhooks.endpoints.secret import REMEDY, Secret, secret_of
from sinks.webhooks.endpoints.subscription import Subscription
from sinks.webhooks.events.interest import wants

URL_SETTING = "EARSHOT_WEBHOOK_URL"
SECRET_SETTING = "EARSHOT_WEBHOOK_SECRET"  # noqa: S105 - the setting's name


@dataclass(frozen=True, kw_only=True)
class Endpoint(Subscription):
    """Secrets never show in a repr."""

    endpoint_id: str
    secrets: tuple[Secret, ...]
    tenant_id: str = "default"
    created_at_us: int = 0
    enabled: bool = True
    disabled_reason: str = ""

    def wants(self, event_type: str) -> bool:
        return wants(self.event_types, event_type)


def endpoint(endpoint_id: str, url: str, secrets: str, allowed: Ranges) -> Endpoint:
    """The endpoint that the settings name; `secrets` are separated by spaces, and all of them sign.

    Raises UsageError that names the setting; the messages never carry a secret or the link.
    """
    checked = normalised_url(url, allowed, field=URL_SETTING)
    if not secrets.split():
        raise UsageError(f"{SECRET_SETTING} is not set", remedy=REMEDY)
    opened_secrets = tuple(secret_of(text, field=SECRET_SETTING) for text in secrets.split())
    return Endpoint(endpoint_id=endpoint_id, url=checked, secrets=opened_secrets)


def opened(record: WebhookEndpoint, keyring: Keyring, *, without_secrets: bool = False) -> Endpoint:
    """The endpoint of a record on `webhook.endpoints`; raises UsageError when a secret does not open."""
    owner = Owner(record.tenant_id, record.endpoint_id)
    sealed_secrets = () if without_secrets else record.secrets
    return Endpoint(
        endpoint_id=record.endpoint_id,
        url=record.url,
        secrets=tuple(keyring.open(sealed, owner) for sealed in sealed_secrets),
        tenant_id=record.tenant_id,
        created_at_us=record.created_at_us,
        event_types=record.event_types,
        ordering=record.ordering,
        timeout_s=record.timeout_ms / 1000,
        rate_per_s=record.rate_per_s,
        concurrency=record.concurrency,
        retry_waits_s=tuple(wait_ms / 1000 for wait_ms in record.retry_waits_ms),
        on_exhausted=record.on_exhausted,
        inline_limit_bytes=record.inline_limit_bytes,
        enabled=record.enabled,
        disabled_reason=record.disabled_reason,
    )


def sharing_url(endpoints: Iterable[WebhookEndpoint], url: str) -> list[str]:
    """Ids of the endpoints that already post to `url`: allowed, since each has its own events and secret, but told."""
    return [record.endpoint_id for record in endpoints if record.url == url]
