"""The registry holds the line: what older readers cannot live with is refused, what they can is taken."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from schemas import registry as registry_room
from schemas.errors import InvalidRecord, RegistryUnavailable, UsageError
from schemas.registry import Registry, schema_text
from schemas.topics import AUDIO_QUALITY, TRANSCRIPT_TURNS, Topic

pytestmark = pytest.mark.integration
Change = Callable[[list[dict[str, Any]]], Any]
INCOMPATIBLE: dict[str, Change] = {
    "another type": lambda fields: fields[0].update(type="long"),
    "a new field without default": lambda fields: fields.append({"name": "mood", "type": "string"}),
}


def registering(monkeypatch: pytest.MonkeyPatch, url: str, topic: Topic, change: Change) -> int:
    """Try to register a changed schema of `topic`, as a new release of ours would."""
    schema = json.loads(schema_text(topic.schema))
    change(schema["fields"])
    monkeypatch.setattr(registry_room, "schema_text", lambda name: json.dumps(schema))
    return Registry(url).register(topic)


@pytest.mark.parametrize("name", INCOMPATIBLE)
def test_an_incompatible_schema_is_refused(monkeypatch: pytest.MonkeyPatch, registry_url: str, name: str) -> None:
    """The error names the subject and says what may be changed."""
    with pytest.raises(UsageError, match=r"transcript.turns-value is not BACKWARD_TRANSITIVE") as refused:
        registering(monkeypatch, registry_url, TRANSCRIPT_TURNS, INCOMPATIBLE[name])
    assert "default" in refused.value.remedy


def test_a_compatible_schema_is_taken(monkeypatch: pytest.MonkeyPatch, registry_url: str) -> None:
    """The check above refuses for the change, not for being asked: a new field with a default gets an id."""
    ours = Registry(registry_url).register(AUDIO_QUALITY)

    def change(fields: list[dict[str, Any]]) -> None:
        fields.append({"name": "mood", "type": "string", "default": "calm"})

    assert registering(monkeypatch, registry_url, AUDIO_QUALITY, change) != ours
    monkeypatch.undo()
    assert Registry(registry_url).register(AUDIO_QUALITY) == ours


def test_an_id_nobody_knows_is_poison_and_a_registry_away_is_not(registry_url: str) -> None:
    """The first will never be readable; the second may be in a moment."""
    with pytest.raises(InvalidRecord, match="schema id 987654 is not in the registry"):
        Registry(registry_url).writer_schema(987654)
    with pytest.raises(RegistryUnavailable, match="does not answer"):
        Registry("http://127.0.0.1:9/apis/ccompat/v7", timeout_s=1).writer_schema(1)
