"""Links that cannot be posted to, or must not be, are refused by the field's name; good ones get one form."""

import pytest

from schemas.errors import UsageError
from sinks.guard.ranges import Ranges
from sinks.webhooks.endpoints.address import LONGEST_URL_BYTES, host_and_port, normalised_url
from tests.fakes.webhook_endpoints import LOOPBACK


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://hooks.example.com/earshot?tenant=7", "https://hooks.example.com/earshot?tenant=7"),
        ("HTTP://Hooks.Example.com", "http://hooks.example.com"),
        ("https://bücher.example/ä", "https://xn--bcher-kva.example/%C3%A4"),
        ("http://[2606:4700::1111]:99/x", "http://[2606:4700::1111]:99/x"),
        ("http://8.8.8.8/", "http://8.8.8.8/"),
        ("https://a_b.example./", "https://a_b.example./"),
    ],
)
def test_good_links_get_one_form(given: str, kept: str) -> None:
    """International names become punycode, hosts small letters."""
    assert normalised_url(given, Ranges(), field="url") == kept


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hooks.example.com/x",
        "ftp://hooks.example.com/",
        "https://",
        "https:///path",
        "http://host.example:0/",
        "http://host.example:99999/",
        "http://host.example:80:80/",
        "http://user:password@host.example/",
        "http://user@host.example/",
        "http://:@host.example/",
        "http://ho st/",
        "http://host.example/\r\nx-evil: 1",
        "http://host.example/\x00",
        "http://host.example/" + "x" * LONGEST_URL_BYTES,
        "http://host.example/" + "ü" * (LONGEST_URL_BYTES // 2),
        "http://[::1/",
        "http://[2606:4700::1111%25eth0]/",
        "http://a..b/",
        "http://-a.example/",
        "http://" + "a" * 64 + ".example/",
        "http://xn--a/",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://example.com/#part",
    ],
)
def test_bad_links_are_refused_by_name(url: str) -> None:
    """With a remedy, and without repeating the link, which may hold a secret."""
    with pytest.raises(UsageError, match=r"^url ") as refused:
        normalised_url(url, Ranges(), field="url")
    assert "password@" not in refused.value.message
    assert "https://" in refused.value.remedy


PRIVATE = [
    "http://127.0.0.1/",
    "http://localhost:8080/",
    "http://db.localhost/",
    "http://[::1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://\N{FULLWIDTH DIGIT ONE}27.0.0.1/",
]


@pytest.mark.parametrize("url", [*PRIVATE, "http://10.1.2.3/", "http://169.254.169.254/", "http://[fd00::1]/"])
def test_a_private_address_is_refused_unless_the_deployment_allows_it(url: str) -> None:
    """The remedy names the setting."""
    with pytest.raises(UsageError, match="private network") as refused:
        normalised_url(url, Ranges(), field="url")
    assert "EARSHOT_WEBHOOK_ALLOWED_RANGES" in refused.value.remedy


@pytest.mark.parametrize("url", PRIVATE)
def test_an_allowed_range_opens_it(url: str) -> None:
    """In every spelling."""
    assert normalised_url(url, LOOPBACK, field="url")


def test_a_log_gets_host_and_port_only() -> None:
    """Paths and queries may hold secrets."""
    assert host_and_port("https://hooks.example.com/earshot?token=1") == "hooks.example.com:443"
    assert host_and_port("http://[2606:4700::1111]/x") == "[2606:4700::1111]:80"
