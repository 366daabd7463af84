"""Settings are typed, come from the environment, and fail with the variable's name."""

import pytest

from schemas.errors import UsageError
from schemas.settings import SECTIONS, LocalSettings, Settings, TranscribeSettings, WebhookSettings, load


def test_a_setting_comes_from_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """EARSHOT_KAFKA_PORT sets kafka_port, as a number."""
    monkeypatch.setenv("EARSHOT_KAFKA_PORT", "4711")
    assert load(LocalSettings).kafka_port == 4711


def test_every_fault_is_listed_by_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two wrong values stop the process with one message that names both variables."""
    monkeypatch.setenv("EARSHOT_KAFKA_PORT", "many")
    monkeypatch.setenv("EARSHOT_JANUS_PORT", "none")
    with pytest.raises(UsageError) as caught:
        load(LocalSettings)
    assert "EARSHOT_KAFKA_PORT" in caught.value.message
    assert "EARSHOT_JANUS_PORT" in caught.value.message
    assert caught.value.remedy


def test_secrets_do_not_print(monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret setting shows stars when the settings are printed or logged."""
    monkeypatch.setenv("EARSHOT_WEBHOOK_SECRET", "whsec_c2VjcmV0")
    assert "c2VjcmV0" not in repr(load(WebhookSettings))


@pytest.mark.parametrize("section", SECTIONS)
def test_every_setting_says_what_it_is(section: type[Settings]) -> None:
    """Each setting has a description: the README's table is made of them."""
    assert all(field.description for field in section.model_fields.values())


def test_providers_are_an_ordered_list(monkeypatch: pytest.MonkeyPatch) -> None:
    """The primary, then its fallbacks, each once; caps come as JSON by provider."""
    monkeypatch.setenv("EARSHOT_PROVIDER", "deepgram")
    monkeypatch.setenv("EARSHOT_PROVIDER_FALLBACKS", " assemblyai, local ,deepgram,")
    monkeypatch.setenv("EARSHOT_PROVIDER_MAX_SESSIONS", '{"deepgram": 40}')
    settings = load(TranscribeSettings)
    assert settings.providers == ("deepgram", "assemblyai", "local")
    assert settings.provider_max_sessions == {"deepgram": 40}


def test_one_provider_is_a_list_of_one() -> None:
    """As before there were fallbacks."""
    assert TranscribeSettings(provider="local").providers == ("local",)
