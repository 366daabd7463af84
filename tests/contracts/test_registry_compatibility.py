"""The real registry keeps our word: a schema that breaks older readers or records is refused, a compatible one is taken."""

import json
from typing import Any

import pytest

from schemas import registry as module
from schemas.errors import RegistryUnavailable, UsageError
from schemas.ids import new_bot_id
from schemas.registry import Registry, schema_text
from schemas.topics import TRANSCRIPT_TURNS, Topic

pytestmark = pytest.mark.integration
Schema = dict[str, Any]


@pytest.fixture
def probe(registry_url: str, monkeypatch: pytest.MonkeyPatch) -> Topic:
    """A topic of this test's own with the first version of a real schema, under our rule of compatibility."""
    topic = Topic(f"probe.{new_bot_id()}", None, TRANSCRIPT_TURNS.schema, (), (), retention_ms=1)
    monkeypatch.setattr(module, "RECORD_TOPICS", (topic,))
    registry = Registry(registry_url)
    registry.demand_compatibility()
    registry.register(topic)
    return topic


def publish(registry_url: str, topic: Topic, schema: Schema, monkeypatch: pytest.MonkeyPatch) -> int:
    """What a later version of this project would do at start."""
    monkeypatch.setattr(module, "schema_text", lambda _: json.dumps(schema))
    return Registry(registry_url).register(topic)


def turn_schema() -> Schema:
    schema: Schema = json.loads(schema_text(TRANSCRIPT_TURNS.schema))
    return schema


def test_a_new_field_with_a_default_is_accepted(
    registry_url: str, probe: Topic, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This is how a record grows; it gets a new id."""
    schema = turn_schema()
    first = Registry(registry_url).register(probe)
    schema["fields"].append({"name": "mood", "type": "string", "default": ""})
    assert publish(registry_url, probe, schema, monkeypatch) != first


def test_a_new_field_without_a_default_is_refused(
    registry_url: str, probe: Topic, monkeypatch: pytest.MonkeyPatch
) -> None:
    """New readers could not read the records that are on the topic."""
    schema = turn_schema()
    schema["fields"].append({"name": "mood", "type": "string"})
    with pytest.raises(UsageError, match="BACKWARD_TRANSITIVE") as error:
        publish(registry_url, probe, schema, monkeypatch)
    assert probe.subject in error.value.message


def test_another_type_is_refused(registry_url: str, probe: Topic, monkeypatch: pytest.MonkeyPatch) -> None:
    """A field never changes its type."""
    schema = turn_schema()
    next(field for field in schema["fields"] if field["name"] == "text")["type"] = "long"
    with pytest.raises(UsageError, match="BACKWARD_TRANSITIVE"):
        publish(registry_url, probe, schema, monkeypatch)


def test_the_rule_looks_back_further_than_one_version(
    registry_url: str, probe: Topic, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Transitive: a field dropped in the second version may not come back in the third with another type."""
    without = turn_schema()
    without["fields"] = [field for field in without["fields"] if field["name"] != "text"]
    publish(registry_url, probe, without, monkeypatch)
    back = {**without, "fields": [*without["fields"], {"name": "text", "type": "long", "default": 0}]}
    with pytest.raises(UsageError, match="BACKWARD_TRANSITIVE"):
        publish(registry_url, probe, back, monkeypatch)


def test_a_registry_that_is_away_is_not_a_bad_schema() -> None:
    """Nobody there: the error is Unavailable, so callers wait instead of giving up."""
    with pytest.raises(RegistryUnavailable):
        Registry("http://127.0.0.1:9/apis/ccompat/v7").register(TRANSCRIPT_TURNS)
