"""`earshot tail`: what lies on a topic, decoded, one line a record. It reads and prints; it never commits or writes."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from schemas.codec import Codec
from schemas.errors import InvalidRecord, UsageError
from schemas.message import appended_at_ms, raw
from schemas.registry import Registry
from schemas.settings import Settings
from schemas.topics import BY_NAME, Topic
from sinks.scan import scan
from sinks.terminal.line import dead_letter_line, poison_line, record_line


@dataclass(frozen=True)
class Wish:
    """What a person asked to see."""

    topic: Topic
    bot_id: str | None
    from_end: bool
    follow: bool
    limit: int | None


def topic_named(name: str) -> Topic:
    """The topic called `name`; raises UsageError that lists them all."""
    if name not in BY_NAME:
        raise UsageError(f"no topic is called {name!r}", remedy="one of: " + ", ".join(BY_NAME))
    return BY_NAME[name]


def lines(settings: Settings, wish: Wish) -> Iterator[str]:
    """The records wished for, in order within a partition; raises Unavailable when Kafka or the registry is away."""
    return islice(_lines(settings, wish), wish.limit)


def _lines(settings: Settings, wish: Wish) -> Iterator[str]:
    codec = Codec(Registry(settings.schema_registry_url))
    topic = wish.topic
    for message in scan(settings, topic.name, bot_id=wish.bot_id, from_end=wish.from_end, follow=wish.follow):
        found, at_ms = raw(message), appended_at_ms(message)
        if topic.record is None:
            yield dead_letter_line(found, at_ms)
            continue
        try:
            yield record_line(found, at_ms, codec.decode(topic, found.value, topic.record))
        except InvalidRecord as error:
            yield poison_line(found, at_ms, error)
