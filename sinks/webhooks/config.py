"""The settings as the room's own types; each raises UsageError that names the setting at fault. Pure."""

from dataclasses import replace

from yarl import URL

from schemas.errors import UsageError
from schemas.settings import WebhookSettings
from sinks.guard.ranges import Ranges, ranges
from sinks.webhooks.endpoints.endpoint import Endpoint, endpoint
from sinks.webhooks.endpoints.keyring import Keyring, keyring

PROXY_SETTING = "EARSHOT_WEBHOOK_PROXY_URL"


def allowed_ranges(settings: WebhookSettings) -> Ranges:
    return ranges(settings.webhook_allowed_ranges, setting="EARSHOT_WEBHOOK_ALLOWED_RANGES")


def secret_keys(settings: WebhookSettings) -> Keyring:
    return keyring(settings.webhook_keys.get_secret_value())


def own_endpoint(settings: WebhookSettings) -> Endpoint | None:
    """The endpoint that the settings name, None when they name none."""
    if not settings.webhook_url:
        return None
    secrets = settings.webhook_secret.get_secret_value()
    named = endpoint(settings.webhook_endpoint_id, settings.webhook_url, secrets, allowed_ranges(settings))
    return replace(
        named,
        tenant_id=settings.tenant_id,
        timeout_s=settings.webhook_timeout_s,
        concurrency=settings.webhook_concurrency,
    )


def proxy_url(settings: WebhookSettings) -> str:
    """Empty for none. It may hold a password, so no message repeats it."""
    text = settings.webhook_proxy_url.get_secret_value()
    try:
        usable = not text or (URL(text).scheme in {"http", "https"} and bool(URL(text).host))
    except ValueError:
        usable = False
    if not usable:
        raise UsageError(f"{PROXY_SETTING} is not a proxy's address", remedy="http://[user:password@]host:port")
    return text
