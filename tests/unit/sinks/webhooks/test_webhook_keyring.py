"""Secrets at rest: what one deployment's keys sealed for one endpoint opens there and nowhere else."""

import msgspec
import pytest

from schemas.errors import UsageError
from sinks.webhooks.endpoints.keyring import Keyring, Owner, keyring
from sinks.webhooks.endpoints.secret import secret_of
from tests.fakes.webhook_receiver import SECRET

OLD, NEW = "old:" + "A" * 43 + "=", "new:" + "B" * 43 + "="
OWNER = Owner("default", "ep_1")
NONCE = b"n" * 12


def sealed(keys: Keyring):
    return keys.seal(secret_of(SECRET, field="secret"), OWNER, nonce=NONCE, now_us=7)


def test_what_is_sealed_opens_and_does_not_show() -> None:
    """The record holds no trace of the secret."""
    found = sealed(keyring(OLD))
    assert found.key_id == "old"
    assert SECRET.encode() not in msgspec.json.encode(found) + found.ciphertext
    assert keyring(OLD).open(found, OWNER).text == SECRET


def test_keys_are_changed_by_putting_a_new_one_first() -> None:
    """The first encrypts, all decrypt."""
    both = keyring(f"{NEW},{OLD}")
    assert both.open(sealed(keyring(OLD)), OWNER).text == SECRET
    assert sealed(both).key_id == "new"


def test_a_missing_key_is_named() -> None:
    """By its id and the setting, not by its value."""
    with pytest.raises(UsageError, match=r"ep_1.*'old'.*EARSHOT_WEBHOOK_KEYS lacks"):
        keyring(NEW).open(sealed(keyring(OLD)), OWNER)


@pytest.mark.parametrize("owner", [Owner("default", "ep_2"), Owner("other", "ep_1")])
def test_a_secret_copied_to_another_endpoint_does_not_open(owner: Owner) -> None:
    """It is bound to tenant and endpoint."""
    with pytest.raises(UsageError, match="does not open"):
        keyring(OLD).open(sealed(keyring(OLD)), owner)


def test_another_key_under_the_same_id_does_not_open_it() -> None:
    """Authenticated encryption: no wrong secret comes out."""
    with pytest.raises(UsageError, match="does not open"):
        keyring(NEW.replace("new", "old")).open(sealed(keyring(OLD)), OWNER)


def test_without_keys_nothing_is_kept() -> None:
    """A secret is never stored in clear for want of a key."""
    with pytest.raises(UsageError, match="EARSHOT_WEBHOOK_KEYS is not set") as refused:
        sealed(keyring(""))
    assert "openssl rand" in refused.value.remedy


@pytest.mark.parametrize("text", ["A" * 43 + "=", "id:short", "id:!!!", ":" + "A" * 43 + "=", f"{OLD},{OLD}"])
def test_a_malformed_key_is_refused_without_being_repeated(text: str) -> None:
    """By its number in the setting."""
    with pytest.raises(UsageError, match="of EARSHOT_WEBHOOK_KEYS") as refused:
        keyring(text)
    assert "A" * 20 not in refused.value.message


def test_keys_do_not_show() -> None:
    """Not in a repr."""
    assert 'b"' not in repr(keyring(OLD))
    assert "\\x00" not in repr(keyring(OLD))
