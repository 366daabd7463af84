"""docs/providers.md names every provider there is, and every setting of theirs with its default."""

from pathlib import Path

import pytest

from schemas.settings import TranscribeSettings
from stream_processors.transcription.providers.registry import PROVIDERS

PAGE = (Path(__file__).parents[2] / "docs" / "providers.md").read_text()
OWN = [name for name in TranscribeSettings.model_fields if name.startswith(tuple(f"{each}_" for each in PROVIDERS))]


@pytest.mark.parametrize("name", sorted(PROVIDERS))
def test_every_provider_has_its_row(name: str) -> None:
    """What was verified, and how."""
    assert f"\n| `{name}` |" in PAGE


@pytest.mark.parametrize("name", OWN)
def test_every_setting_is_there_with_its_default(name: str) -> None:
    """Secrets have none."""
    default = TranscribeSettings.model_fields[name].default
    shown = "" if name.endswith("api_key") else f" `{default}`"
    assert f"\n| `EARSHOT_{name.upper()}` |{shown} |" in PAGE


def test_there_are_settings_to_look_for() -> None:
    """Negative control."""
    assert len(OWN) > 8
