"""A link that cannot be posted to and a secret that cannot sign are refused at start, by the setting's name."""

import base64

import pytest

from schemas.errors import UsageError
from sinks.webhooks.endpoint import SECRET_SETTING, URL_SETTING, endpoint
from tests.fakes.webhook_receiver import SECRET

URL = "https://hooks.example.com/earshot?tenant=7"


@pytest.mark.parametrize("url", [URL, "http://127.0.0.1:8080/", "http://[::1]:99/x", "https://bücher.example/"])
def test_good_links_are_taken_as_they_are(url: str) -> None:
    """IPv6 literals, international names and queries too."""
    assert endpoint("ep_1", url, SECRET).url == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hooks.example.com/x",
        "ftp://hooks.example.com/",
        "https://",
        "https:///path",
        "http://host:0/",
        "http://host:99999/",
        "http://user:password@host/",
        "http://user@host/",
        "http://ho st/",
        "http://host/\r\nx-evil: 1",
        "http://host/" + "x" * 2048,
        "http://[::1/",
    ],
)
def test_bad_links_are_refused_by_name(url: str) -> None:
    """The message names the setting and never repeats the link, which may hold a secret."""
    with pytest.raises(UsageError, match=URL_SETTING) as refused:
        endpoint("ep_1", url, SECRET)
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
        "whsec_not base64 at all!",
        SECRET.removeprefix("whsec_"),
    ],
)
def test_bad_secrets_are_refused_by_name(secret: str) -> None:
    """24 to 64 bytes in base64 after whsec_, as Standard Webhooks says; the message never repeats it."""
    with pytest.raises(UsageError, match=SECRET_SETTING) as refused:
        endpoint("ep_1", URL, secret)
    assert not secret.removeprefix("whsec_") or secret.removeprefix("whsec_") not in refused.value.message
    assert "whsec_" in refused.value.remedy


def test_the_secret_does_not_show() -> None:
    """Not in a repr, so not in a traceback's locals nor in a log line by accident."""
    assert SECRET not in repr(endpoint("ep_1", URL, SECRET))
