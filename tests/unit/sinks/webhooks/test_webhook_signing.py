"""What we sign, the official library verifies; what somebody changed, it refuses."""

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from schemas.timebase import SystemClock
from sinks.webhooks.signing import signed_headers
from tests.fakes.webhook_receiver import SECRET

BODY = '{"text":"Grüße"}'.encode()


def test_the_official_library_verifies_our_signature() -> None:
    """Over the bytes of the body, umlauts and all."""
    headers = signed_headers(SECRET, "msg_1", BODY, "application/json", SystemClock().now_us())
    assert Webhook(SECRET).verify(BODY, headers) == {"text": "Grüße"}


@pytest.mark.parametrize("change", [{"webhook-id": "msg_2"}, {"webhook-timestamp": "1795600000"}])
def test_a_changed_header_is_refused(change: dict[str, str]) -> None:
    """Id and time are signed too."""
    headers = signed_headers(SECRET, "msg_1", BODY, "application/json", SystemClock().now_us())
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(BODY, headers | change)


def test_a_changed_body_or_another_secret_is_refused() -> None:
    """Negative control of every 'none unsigned'."""
    headers = signed_headers(SECRET, "msg_1", BODY, "application/json", SystemClock().now_us())
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(BODY + b" ", headers)
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + "A" * 32).verify(BODY, headers)
