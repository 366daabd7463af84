"""An endpoint from the settings and from a record; what the settings name wrongly is refused at start, by name."""

import base64

import pytest

from schemas.errors import UsageError
from sinks.guard.ranges import Ranges
from sinks.webhooks.endpoints.endpoint import SECRET_SETTING, URL_SETTING, Endpoint, endpoint, opened, sharing_url
from sinks.webhooks.endpoints.secret import Secret, secret_of
from tests.fakes.webhook_endpoints import KEYS, record
from tests.fakes.webhook_receiver import SECRET

URL = "https://hooks.example.com/earshot?tenant=7"


def from_settings(url: str = URL, secrets: str = SECRET) -> Endpoint:
    return endpoint("ep_1", url, secrets, Ranges())


def test_a_wrong_link_is_refused_by_the_setting_s_name() -> None:
    """The message never repeats the link, which may hold a secret."""
    with pytest.raises(UsageError, match=URL_SETTING) as refused:
        from_settings("http://user:password@host/")
    assert "password@" not in refused.value.message
    assert refused.value.remedy


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "whsec_",
        "secret",
        "whsec_" + base64.b64encode(b"x" * 23).decode(),
        "whsec_" + base64.b64encode(b"x" * 65).decode(),
        "whsk_" + base64.b64encode(b"x" * 32).decode(),
        "whsec_notbase64!",
        SECRET.removeprefix("whsec_"),
    ],
)
def test_bad_secrets_are_refused_by_name(secret: str) -> None:
    """24 to 64 bytes in base64 after whsec_, 64 after whsk_; the message never repeats it, nor does its cause."""
    with pytest.raises(UsageError, match=SECRET_SETTING) as refused:
        from_settings(secrets=secret)
    assert not secret.partition("_")[2] or secret.partition("_")[2] not in refused.value.message
    assert refused.value.__cause__ is None
    assert "whsec_" in refused.value.remedy


def test_several_secrets_in_the_setting_all_sign() -> None:
    """Rotation without a gap for the deployment's own endpoint."""
    another = "whsec_" + base64.b64encode(b"y" * 32).decode()
    assert from_settings(secrets=f"{SECRET} {another}").secrets == (
        secret_of(SECRET, field="a"),
        secret_of(another, field="b"),
    )


def test_the_secret_does_not_show() -> None:
    """Not in a repr, so not in a traceback's locals nor in a log line by accident."""
    assert SECRET not in repr(from_settings())


def test_a_record_opens_to_the_endpoint_it_describes() -> None:
    """Times in seconds, secrets in clear, everything else as it is."""
    found = opened(record(url=URL, event_types=("bot.*",), retry_waits_s=(0.5, 2.0)), KEYS)
    assert found.url == URL
    assert found.secrets == (Secret(found.secrets[0].scheme, SECRET),)
    assert (found.timeout_s, found.retry_waits_s) == (15.0, (0.5, 2.0))
    assert found.wants("bot.done")
    assert not found.wants("transcript.data")


def test_two_endpoints_with_one_link_are_told() -> None:
    """It is allowed: each has its own events and secret."""
    assert sharing_url([record(), record(endpoint_id="ep_2", url="https://other.example/")], record().url) == ["ep_1"]
