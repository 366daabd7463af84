"""Standard Webhooks headers: stable id, time of this try, signature over both and the body. Pure."""

from standardwebhooks import Webhook

from sinks.webhooks.envelope import utc

USER_AGENT = "earshot-webhooks/1"


def signed_headers(secret: str, delivery_id: str, body: bytes, content_type: str, now_us: int) -> dict[str, str]:
    """Headers of one try. A receiver refuses a signature older than some minutes, so every try signs anew."""
    now = utc(now_us)
    return {
        "content-type": content_type,
        "user-agent": USER_AGENT,
        "webhook-id": delivery_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign(delivery_id, now, body.decode()),
    }
