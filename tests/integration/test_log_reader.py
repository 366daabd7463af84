"""The reader under every sink, on a real Kafka and registry: order, poison, an absent registry, rebalances."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from uuid import uuid4

import pytest

from schemas.errors import RegistryUnavailable, Unavailable
from schemas.events import BotEvent
from schemas.settings import Settings
from schemas.telemetry import RECORDS_DEAD
from schemas.topics import BOT_EVENTS, BY_NAME, dlq_of
from schemas.vocabulary import BotState
from sinks import dead_letter_writer
from sinks.log_reader import LogReader, LogRecord
from sinks.scan import scan
from tests.fakes.door import Door
from tests.fakes.heard import bot_event
from tests.fakes.topic_of_ones_own import OwnTopic, own_topic

pytestmark = pytest.mark.integration
DEADLINE_S = 60.0
BOTS = [f"bot_{n}" for n in range(12)]
Open = Callable[..., LogReader]


@pytest.fixture
def settings(kafka_bootstrap: str, registry_url: str) -> Settings:
    return Settings(kafka_bootstrap_servers=kafka_bootstrap, schema_registry_url=registry_url)


@pytest.fixture
def own(settings: Settings) -> Iterator[OwnTopic]:
    made = own_topic(settings, BOT_EVENTS)
    yield made
    del BY_NAME[made.topic.name], BY_NAME[dlq_of(made.topic).name]


@pytest.fixture
def door(registry_url: str) -> Iterator[Door]:
    """The registry behind a door, open."""
    door = Door(registry_url)
    door.open()
    yield door
    door.shut()


@pytest.fixture
def reader(settings: Settings, own: OwnTopic) -> Iterator[Open]:
    """Opens readers of the test's own topic, in one group, and closes them."""
    group_id, opened = f"reader-{uuid4()}", []

    def start(door: Door | None = None) -> LogReader:
        known = settings.model_copy(update={"schema_registry_url": door.url}) if door else settings
        opened.append(LogReader(known, group_id=group_id, topics=[own.topic], stage="probe"))
        return opened[-1]

    yield start
    for one in opened:
        one.close()


def events(count: int, first: int = 0) -> list[BotEvent]:
    return [
        bot_event(BOTS[number % len(BOTS)], BotState.JOINING, sequence=number) for number in range(first, first + count)
    ]


def read(readers: list[LogReader], count: int, into: list[LogRecord] | None = None) -> list[LogRecord]:
    """Poll in turn until `count` records are there."""
    found, ends = into if into is not None else [], time.monotonic() + DEADLINE_S
    while len(found) < count:
        assert time.monotonic() < ends, f"{len(found)} of {count} records"
        for one in readers:
            found += one.poll(0.1)
    return found


def sequences(found: list[LogRecord]) -> list[int]:
    return sorted(logged.record.sequence for logged in found if isinstance(logged.record, BotEvent))


def assigned(one: LogReader) -> None:
    """Poll until the group has given the reader its partitions."""
    ends = time.monotonic() + DEADLINE_S
    while not one._consumer.assignment():
        assert time.monotonic() < ends
        one.poll(0.1)


def test_records_come_decoded_and_in_order_within_a_partition(own: OwnTopic, reader: Open) -> None:
    """All of them, once, with their places; each partition's offsets ascending."""
    own.put(events(60))
    found = read([reader()], 60)
    assert sequences(found) == list(range(60))
    assert all(logged.topic is own.topic and logged.appended_at_ms > 0 for logged in found)
    for place in {logged.place for logged in found}:
        offsets = [logged.offset for logged in found if logged.place == place]
        assert offsets == list(range(len(offsets)))


def test_only_what_was_committed_is_passed_over(own: OwnTopic, reader: Open) -> None:
    """A second reader of the group starts at the committed offsets, record for record."""
    own.put(events(40))
    first = reader()
    done = read([first], 40)[:25]
    after: dict[tuple[str, int], int] = {}
    for logged in done:
        after[logged.place] = logged.offset + 1
    first.commit(after)
    first.close()
    again = read([reader()], 15)
    assert {(r.place, r.offset) for r in done}.isdisjoint((r.place, r.offset) for r in again)
    assert sorted(sequences(done) + sequences(again)) == list(range(40))


@pytest.mark.parametrize(
    ("poison", "error_class"),
    [
        (b"\x01\x00\x00\x00\x01rest", "bad_magic"),
        (b"\x00\x00\x0f\x12\x06rest", "unknown_schema"),
        (b"\x00\x00", "bad_header"),
        (None, "bad_header"),
        ("truncated", "bad_avro"),
    ],
)
def test_poison_goes_to_the_dead_letters_and_the_stream_goes_on(
    own: OwnTopic, reader: Open, poison: bytes | str | None, error_class: str
) -> None:
    """Byte for byte, with its headers and where it comes from; counted; the records around it are read."""
    own.put(events(1))
    if poison == "truncated":
        poison = first_value(own)[:-3]
    assert not isinstance(poison, str)
    own.put_raw([("bot_0", poison)])
    own.put(events(1, first=12))
    counted = RECORDS_DEAD.labels("probe", own.topic.name, error_class)
    before = counted._value.get()
    assert sequences(read([reader()], 2)) == [0, 12]
    [letter] = own.dead()
    headers = dict(letter.headers() or [])
    assert (letter.key(), letter.value()) == (b"bot_0", poison)
    assert headers["origin_topic"] == own.topic.name.encode()
    assert headers["origin_offset"] == b"1"
    assert headers["stage"] == b"probe"
    assert headers["error_class"] == error_class.encode()
    assert headers["tenant_id"] == b"default"
    assert counted._value.get() == before + 1


def first_value(own: OwnTopic) -> bytes:
    value = next(scan(own.settings, own.topic.name)).value()
    assert value is not None
    return value


def test_a_registry_that_is_away_costs_nothing(own: OwnTopic, reader: Open, door: Door) -> None:
    """While it is away nothing comes and nothing is dropped, buried or passed over; then all comes, in order."""
    one = reader(door)
    assigned(one)
    door.shut()
    own.put(events(30))
    for _ in range(5):
        assert one.poll(0.2) == []
    own.put(events(30, first=30))
    assert one.poll(0.2) == []
    door.open()
    found = read([one], 60)
    assert sequences(found) == list(range(60))
    for place in {logged.place for logged in found}:
        offsets = [logged.offset for logged in found if logged.place == place]
        assert offsets == sorted(offsets)
    assert own.dead() == []


def test_what_a_sink_paused_stays_paused_over_an_outage(own: OwnTopic, reader: Open, door: Door) -> None:
    """The reader's own holding of the stream does not let go what the sink holds."""
    one = reader(door)
    assigned(one)
    door.shut()
    own.put(events(12))
    assert one.poll(1.0) == []
    held = next(p for p in one._consumer.assignment() if p.partition == one._undecoded[0].partition())
    one.pause([(held.topic, held.partition)])
    door.open()
    found = read([one], 1)
    own.put(events(48, first=12))
    ends = time.monotonic() + 2
    while time.monotonic() < ends:
        found += one.poll(0.1)
    late = [logged for logged in found if logged.record.sequence >= 12]
    assert late
    assert all(logged.partition != held.partition for logged in late)
    one.resume([(held.topic, held.partition)])
    assert sequences(read([one], 60, found)) == list(range(60))


def test_a_revoked_partition_takes_its_waiting_records_along(own: OwnTopic, reader: Open, door: Door) -> None:
    """Records that wait for the registry when their partition goes to another reader are read there, and only there."""
    one = reader(door)
    assigned(one)
    door.shut()
    own.put(events(36))
    while not one._undecoded:
        one.poll(0.2)
    other = reader()
    found: list[LogRecord] = []
    ends = time.monotonic() + DEADLINE_S
    while not other._consumer.assignment():
        assert time.monotonic() < ends
        assert one.poll(0.1) == []
        found += other.poll(0.1)
    door.open()
    assert sequences(read([one, other], 36, found)) == list(range(36))


def test_records_before_a_dead_letter_that_is_not_taken_are_not_lost(
    own: OwnTopic, reader: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are handed out first; then the failure is raised, and the poison waits for the next try."""
    bury, refusals = dead_letter_writer.produce_and_wait, [1, 1]

    def refuse(*arguments: object) -> None:
        if refusals:
            refusals.pop()
            raise Unavailable("the dead-letter topic does not take a record")
        bury(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(dead_letter_writer, "produce_and_wait", refuse)
    own.put(events(1))
    own.put_raw([("bot_0", b"poison")])
    own.put(events(1, first=12))
    one = reader()
    assert sequences(read([one], 1)) == [0]
    with pytest.raises(Unavailable):
        read([one], 1)
    assert sequences(read([one], 1)) == [12]
    assert len(own.dead()) == 1


def test_a_start_without_what_it_needs_says_so(own: OwnTopic, settings: Settings) -> None:
    """Kafka away, registry away, a topic missing: each a named failure with a remedy, and within the time set."""

    def start(**changes: object) -> LogReader:
        changed = settings.model_copy(update={"startup_timeout_s": 2.0, **changes})
        return LogReader(changed, group_id="g", topics=[own.topic], stage="probe")

    with pytest.raises(Unavailable, match=r"Kafka at 127\.0\.0\.1:9 does not answer") as kafka:
        start(kafka_bootstrap_servers="127.0.0.1:9")
    assert "earshot up" in kafka.value.remedy
    with pytest.raises(RegistryUnavailable, match="does not answer"):
        start(schema_registry_url="http://127.0.0.1:9/apis/ccompat/v7")
    missing = replace(own.topic, name="no.such.topic")
    with pytest.raises(Unavailable, match=r"topic no\.such\.topic is not on") as topic:
        LogReader(settings, group_id="g", topics=[missing], stage="probe")
    assert "topics create" in topic.value.remedy
