"""The schema registry as this project uses it: register our schemas, fetch a writer's schema by id.

A thin cover over Confluent's client, so that "the registry is away" is never mistaken for "the record is bad".
"""

import json
import warnings
import weakref
from importlib import import_module
from importlib.resources import files
from typing import Any

with warnings.catch_warnings():
    # authlib, which Confluent's client needs, announces its own move from httpx to httpx2 on import, and first of all
    # asks that this be always shown: our wish must come after that one
    import_module("authlib.deprecate")
    warnings.filterwarnings("ignore", message="The httpx module is deprecated")
    from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
    from confluent_kafka.schema_registry.error import SchemaRegistryError

import httpx

from schemas.errors import InvalidRecord, RegistryUnavailable, UsageError
from schemas.topics import RECORD_TOPICS, Topic

COMPATIBILITY = "BACKWARD_TRANSITIVE"
NOT_FOUND = 404
INCOMPATIBLE = 409
REMEDY = "start it with `earshot up`, or set EARSHOT_SCHEMA_REGISTRY_URL"


def schema_text(name: str) -> str:
    """The .avsc file called `name`, for example `turn.v1`."""
    return (files("schemas") / "kafka" / f"{name}.avsc").read_text("utf-8")


class Registry:
    """Schemas by id and by topic. Every call may raise RegistryUnavailable; ids are cached for ever."""

    def __init__(self, url: str, *, timeout_s: float = 5.0) -> None:
        self._url = url
        self._client = SchemaRegistryClient({"url": url, "timeout": timeout_s, "max.retries": 1})
        weakref.finalize(self, self._client.close)  # its connection ends with us; nobody has to remember
        self._writers: dict[int, dict[str, Any]] = {}
        self._ids: dict[str, int] = {}

    def demand_answer(self) -> None:
        """Raise RegistryUnavailable unless the registry answers: for a process's start."""
        try:
            self._client.get_subjects()
        except (SchemaRegistryError, httpx.HTTPError, OSError) as error:
            raise self._away(error) from error

    def register(self, topic: Topic) -> int:
        """Register our schema of `topic` and return its id; an incompatible one raises UsageError."""
        if topic.name not in self._ids:
            self._ids[topic.name] = self._register(topic.subject, schema_text(topic.schema))
        return self._ids[topic.name]

    def _register(self, subject: str, text: str) -> int:
        try:
            return int(self._client.register_schema(subject, Schema(text, "AVRO")))
        except SchemaRegistryError as error:
            if error.http_status_code == INCOMPATIBLE:
                raise UsageError(
                    f"schema of {subject} is not {COMPATIBILITY} with what is registered: {error.error_message}",
                    remedy="give new fields a default, never change a type, or publish a new topic",
                ) from error
            raise self._away(error) from error
        except (httpx.HTTPError, OSError) as error:
            raise self._away(error) from error

    def writer_schema(self, schema_id: int) -> dict[str, Any]:
        """The Avro schema a record was written with; an id the registry does not know raises InvalidRecord."""
        if schema_id not in self._writers:
            self._writers[schema_id] = self._fetch(schema_id)
        return self._writers[schema_id]

    def _fetch(self, schema_id: int) -> dict[str, Any]:
        try:
            text = self._client.get_schema(schema_id).schema_str
        except SchemaRegistryError as error:
            if error.http_status_code == NOT_FOUND:
                raise InvalidRecord(
                    f"schema id {schema_id} is not in the registry", error_class="unknown_schema"
                ) from error
            raise self._away(error) from error
        except (httpx.HTTPError, OSError) as error:
            raise self._away(error) from error
        parsed: dict[str, Any] = json.loads(text or "")
        return parsed

    def demand_compatibility(self) -> None:
        """Make the registry refuse, for every topic of ours, a schema that older readers cannot live with."""
        try:
            for topic in RECORD_TOPICS:
                self._client.set_compatibility(topic.subject, COMPATIBILITY)
        except (SchemaRegistryError, httpx.HTTPError, OSError) as error:
            raise self._away(error) from error

    def _away(self, error: Exception) -> RegistryUnavailable:
        return RegistryUnavailable(f"schema registry at {self._url} does not answer: {error}", remedy=REMEDY)
