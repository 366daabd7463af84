"""One bot's records of a topic, decoded, from the beginning of the log to its end now, without a consumer group.

Used by what asks questions of the log: verify and transcript. It never writes: a poison record is left where it lies.
"""

from collections.abc import Iterator
from typing import TypeVar

import structlog

from schemas.codec import Codec
from schemas.errors import InvalidRecord
from schemas.events import Record
from schemas.message import appended_at_ms, raw
from schemas.registry import Registry
from schemas.settings import Settings
from schemas.topics import Topic
from sinks.broker import partition_of
from sinks.logged import Logged
from sinks.scan import scan

__all__ = ["BotLog", "partition_of"]
log = structlog.get_logger()
R = TypeVar("R", bound=Record)


class BotLog:
    """What the log holds of one bot. `unreadable` counts the poison records met so far."""

    def __init__(self, settings: Settings, bot_id: str) -> None:
        self.bot_id = bot_id
        self.unreadable = 0
        self._settings = settings
        self._codec = Codec(Registry(settings.schema_registry_url))

    def records(self, topic: Topic, record_type: type[R]) -> Iterator[Logged[R]]:
        """The bot's records on `topic`, in order; raises Unavailable when Kafka, the topic or the registry is away."""
        for message in scan(self._settings, topic.name, bot_id=self.bot_id):
            found = raw(message)
            try:
                record = self._codec.decode(topic, found.value, record_type)
            except InvalidRecord as error:
                self.unreadable += 1
                log.warning("record_unreadable", topic=topic.name, offset=found.offset, error=error.message)
                continue
            yield Logged(found.offset, appended_at_ms(message), record)
