"""What we sign, the official library verifies; what somebody changed, it refuses. Both schemes, and while secrets change."""

import base64

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks import Webhook, WebhookVerificationError

from schemas.errors import UsageError
from schemas.timebase import SystemClock
from schemas.vocabulary import SignatureScheme
from sinks.webhooks.endpoints.secret import Secret, new_secret, secret_of
from sinks.webhooks.posting.signing import signed_headers, without_secrets
from tests.fakes.webhook_receiver import SECRET

BODY = '{"text":"Grüße"}'.encode()
OLD = secret_of(SECRET, field="secret")
NEW = new_secret(SignatureScheme.V1, b"n" * 32)
ED25519 = new_secret(SignatureScheme.V1A, b"k" * 32)
# the vector of the Svix server's test_asymmetric_key_signing, which the specification takes its example from
VECTOR = secret_of(
    "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==", field="secret"
)
VECTOR_SIGNATURE = "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg=="


def headers(*secrets: Secret, now_us: int | None = None) -> dict[str, str]:
    now_us = SystemClock().now_us() if now_us is None else now_us
    return signed_headers(secrets, "msg_1", BODY, "application/json", now_us)


def verified_by_key(receiver_key: str, sent: dict[str, str], body: bytes) -> bool:
    """As a receiver with a `whpk_` key does it, with no library but `cryptography`."""
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(receiver_key.removeprefix("whpk_")))
    signed = f"{sent['webhook-id']}.{sent['webhook-timestamp']}.".encode() + body
    for entry in sent["webhook-signature"].split(" "):
        scheme, _, signature = entry.partition(",")
        if scheme == "v1a":
            try:
                public.verify(base64.b64decode(signature), signed)
            except InvalidSignature:
                continue
            return True
    return False


def test_the_official_library_verifies_our_signature() -> None:
    """Over the bytes of the body, umlauts and all."""
    assert Webhook(SECRET).verify(BODY, headers(OLD)) == {"text": "Grüße"}


@pytest.mark.parametrize("change", [{"webhook-id": "msg_2"}, {"webhook-timestamp": "1795600000"}])
def test_a_changed_header_is_refused(change: dict[str, str]) -> None:
    """Id and time are signed too."""
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(BODY, headers(OLD) | change)
    assert not verified_by_key(ED25519.for_receiver, headers(ED25519) | change, BODY)


def test_a_changed_body_or_another_secret_is_refused() -> None:
    """Negative control of every 'none unsigned'."""
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(BODY + b" ", headers(OLD))
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + "A" * 32).verify(BODY, headers(OLD))
    assert not verified_by_key(ED25519.for_receiver, headers(ED25519), BODY + b" ")
    assert not verified_by_key(VECTOR.for_receiver, headers(ED25519), BODY)


def test_during_an_overlap_old_and_new_secret_both_verify() -> None:
    """Whenever the receiver changes over, nothing is refused; after the overlap the old one is."""
    ending = Secret(OLD.scheme, OLD.text, valid_until_us=SystemClock().now_us() + 60_000_000)
    sent = headers(NEW, ending)
    assert len(sent["webhook-signature"].split(" ")) == 2
    assert Webhook(SECRET).verify(BODY, sent)
    assert Webhook(NEW.text).verify(BODY, sent)
    ended = Secret(OLD.scheme, OLD.text, valid_until_us=SystemClock().now_us())
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(BODY, headers(NEW, ended))


def test_ed25519_verifies_with_the_public_half_beside_hmac() -> None:
    """Receivers that may not hold a secret; each finds its own signature in the list."""
    sent = headers(OLD, ED25519)
    assert verified_by_key(ED25519.for_receiver, sent, BODY)
    assert Webhook(SECRET).verify(BODY, sent)


def test_ed25519_signs_the_specification_s_vector() -> None:
    """The same key, message and time give the published signature and the published public key."""
    sent = signed_headers([VECTOR], "msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}', "", 1_614_265_330_000_000)
    assert sent["webhook-signature"] == VECTOR_SIGNATURE
    assert VECTOR.for_receiver == "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4="


def test_an_ed25519_key_with_a_foreign_public_half_is_refused() -> None:
    """Signing with such a key can give the private one away."""
    half = base64.b64decode(VECTOR.text.removeprefix("whsk_"))[:32] + b"x" * 32
    with pytest.raises(UsageError, match="does not belong"):
        secret_of("whsk_" + base64.b64encode(half).decode(), field="secret")


def test_the_log_shows_which_schemes_signed_and_no_signature() -> None:
    """A signature under a known text helps nobody but who wants to replay it."""
    shown = without_secrets(headers(OLD, ED25519))
    assert shown["webhook-signature"] == "v1,… v1a,…"
    assert shown["webhook-id"] == "msg_1"


def test_without_a_valid_secret_there_is_no_signature() -> None:
    """So that nothing goes out unsigned."""
    assert "webhook-signature" not in headers(Secret(OLD.scheme, OLD.text, valid_until_us=0))
