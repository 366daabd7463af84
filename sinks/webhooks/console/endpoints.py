"""`earshot webhooks endpoints …` and what changes one endpoint: each a new revision on `webhook.endpoints`."""

import secrets
from collections.abc import Iterable

import click

from schemas import ids
from schemas.errors import UsageError
from schemas.events import WebhookEndpoint
from schemas.settings import WebhookSettings, load
from schemas.timebase import SystemClock
from schemas.vocabulary import OnExhausted, Ordering, SignatureScheme
from sinks.webhooks.config import allowed_ranges, secret_keys
from sinks.webhooks.console.history import endpoint_detail, endpoint_lines
from sinks.webhooks.console.moment import length_us, shown
from sinks.webhooks.endpoints.endpoint import sharing_url
from sinks.webhooks.endpoints.keyring import NONCE_BYTES, Owner
from sinks.webhooks.endpoints.registration import Seal, Wish, disabled, enabled, registered, rotated
from sinks.webhooks.endpoints.secret import NEW_BYTES, Secret, new_secret, secret_of
from sinks.webhooks.endpoints.store import Change, EndpointStore
from sinks.webhooks.endpoints.subscription import DEFAULT_CONCURRENCY, DEFAULT_TIMEOUT_S, INLINE_LIMIT_BYTES

scheme_option = click.option(
    "--scheme",
    type=click.Choice([SignatureScheme.V1.value, SignatureScheme.V1A.value]),
    default=SignatureScheme.V1.value,
    show_default=True,
    help="v1: HMAC, the receiver holds the same secret; v1a: ed25519, it holds the public key",
)
secret_option = click.option("--secret-stdin", is_flag=True, help="Read the secret from stdin instead of making one")


@click.group()
def endpoints() -> None:
    """Where events go: add, list, show, remove."""


@endpoints.command()
@click.argument("url")
@click.option("--id", "endpoint_id", default="", help="ep_…; made up when left out")
@click.option("--description", default="", help="For people")
@click.option("--events", "event_types", default="", help="Names or families, comma-separated: bot.*,transcript.data")
@click.option("--ordering", type=click.Choice(["bot", "none"]), default="bot", show_default=True)
@click.option("--timeout", "timeout_s", type=float, default=DEFAULT_TIMEOUT_S, show_default=True, help="Seconds")
@click.option("--rate", "rate_per_s", type=float, default=None, help="Most tries a second")
@click.option("--concurrency", type=int, default=DEFAULT_CONCURRENCY, show_default=True, help="Most tries at once")
@click.option(
    "--retry-waits", "retry_waits", default="", help="5s,5m,30m,…: waits after failures, instead of the usual"
)
@click.option("--on-exhausted", type=click.Choice(["skip", "hold"]), default="skip", show_default=True)
@click.option("--inline-limit", "inline_limit_bytes", type=int, default=INLINE_LIMIT_BYTES, show_default=True)
@scheme_option
@secret_option
def add(endpoint_id: str, scheme: str, secret_stdin: bool, event_types: str, retry_waits: str, **plain: object) -> None:
    """Send events to URL from now on, and print what the receiver verifies them with, this once."""
    settings, now_us = load(WebhookSettings), SystemClock().now_us()
    secret = _given_or_made(scheme, secret_stdin)
    owner = Owner(settings.tenant_id, endpoint_id or ids.new_endpoint_id())
    wish = _wish(plain, event_types, retry_waits)
    record = registered(wish, owner, secret, _seal(settings), allowed=allowed_ranges(settings), now_us=now_us)
    with EndpointStore(settings) as store:
        there = store.read().records
        if record.endpoint_id in there:
            raise UsageError(f"id {record.endpoint_id} is taken", remedy="choose another, or remove that one first")
        store.put(record)
    for other in sharing_url(there.values(), record.url):
        click.echo(f"note: {other} posts to the same URL; each event that both want arrives twice", err=True)
    _show_secret(record, secret)


@endpoints.command("list")
def list_endpoints() -> None:
    """All endpoints, a line each."""
    with EndpointStore(load(WebhookSettings)) as store:
        _echo(endpoint_lines(store.read().records.values()))


@endpoints.command()
@click.argument("endpoint_id")
def show(endpoint_id: str) -> None:
    """Everything about one endpoint but its secrets."""
    with EndpointStore(load(WebhookSettings)) as store:
        _echo(endpoint_detail(store.read().demand(endpoint_id), SystemClock().now_us()))


@endpoints.command()
@click.argument("endpoint_id")
def remove(endpoint_id: str) -> None:
    """Forget an endpoint. What still waits for it is not sent; the delivery log says so."""
    with EndpointStore(load(WebhookSettings)) as store:
        store.remove(store.read().demand(endpoint_id))
    click.echo(f"{endpoint_id} is removed")


@click.command()
@click.argument("endpoint_id")
@click.option("--reason", default="by hand", show_default=True, help="For people")
def disable(endpoint_id: str, reason: str) -> None:
    """Send nothing to an endpoint until it is enabled; what happens meanwhile can be recovered."""
    _change(endpoint_id, lambda record: disabled(record, reason, SystemClock().now_us()))
    click.echo(f"{endpoint_id} is disabled")


@click.command()
@click.argument("endpoint_id")
def enable(endpoint_id: str) -> None:
    """Send to an endpoint again, from now on."""
    before = _change(endpoint_id, lambda record: enabled(record, SystemClock().now_us()))
    click.echo(f"{endpoint_id} is enabled")
    if before.disabled_at_us:
        since = shown(before.disabled_at_us).replace(" ", "T")
        click.echo(f"for what it missed: earshot webhooks recover {endpoint_id} --since {since}")


@click.command("rotate-secret")
@click.argument("endpoint_id")
@click.option("--overlap", default="24h", show_default=True, help="How long the old secret signs too: 0s, 30m, 24h")
@scheme_option
@secret_option
def rotate_secret(endpoint_id: str, overlap: str, scheme: str, secret_stdin: bool) -> None:
    """Give an endpoint a new secret; until the overlap ends, deliveries carry both signatures."""
    settings, overlap_us = load(WebhookSettings), length_us(overlap, field="overlap")
    secret = _given_or_made(scheme, secret_stdin)
    seal, now_us = _seal(settings), SystemClock().now_us()
    record = _change(endpoint_id, lambda last: rotated(last, secret, seal, overlap_us=overlap_us, now_us=now_us))
    _show_secret(record, secret)


def _change(endpoint_id: str, change: Change) -> WebhookEndpoint:
    """Returns the record that was there before."""
    seen: list[WebhookEndpoint] = []

    def remembering(record: WebhookEndpoint) -> WebhookEndpoint:
        seen.append(record)
        return change(record)

    with EndpointStore(load(WebhookSettings)) as store:
        store.change(endpoint_id, remembering)
    return seen[-1]


def _wish(plain: dict[str, object], event_types: str, retry_waits: str) -> Wish:
    waits_s = (length_us(wait, field="retry-waits") / 1_000_000 for wait in _parts(retry_waits))
    fields = {
        **plain,
        "ordering": Ordering(str(plain["ordering"])),
        "on_exhausted": OnExhausted(str(plain["on_exhausted"])),
    }
    return Wish(**fields, event_types=tuple(_parts(event_types)), retry_waits_s=tuple(waits_s))  # type: ignore[arg-type]


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _given_or_made(scheme: str, from_stdin: bool) -> Secret:
    if from_stdin:
        return secret_of(click.get_text_stream("stdin").read().strip(), field="secret")
    return new_secret(SignatureScheme(scheme), secrets.token_bytes(NEW_BYTES))


def _seal(settings: WebhookSettings) -> Seal:
    return Seal(secret_keys(settings), secrets.token_bytes(NONCE_BYTES))


def _show_secret(record: WebhookEndpoint, secret: Secret) -> None:
    click.echo(f"endpoint  {record.endpoint_id}")
    click.echo(f"verify    {secret.for_receiver}")


def _echo(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(line)
