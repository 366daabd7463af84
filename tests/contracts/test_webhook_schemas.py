"""The public events are what schemas/webhooks says: the files are the code's, the examples and all our bodies fit."""

import json

import msgspec
import pytest

from infra.documentation.webhook_events import PAGE, page
from schemas.events import BotEvent, Record
from schemas.vocabulary import BotState, ParticipantKind, TranscriptKind
from schemas.webhooks.documents import FOLDER, example_file, read_body, schema_document, schema_file
from schemas.webhooks.meanings import MEANINGS
from schemas.webhooks.payloads import EVENTS
from sinks.webhooks.events.envelope import BOT_EVENT_TYPES, PARTICIPANT_EVENT_TYPES, body, public_event
from tests.fakes.bot_script import BotScript

SCRIPT = BotScript("bot_9f86d081884c7d65")
INTERNAL_STATES = {BotState.UNKNOWN, BotState.STAGED, BotState.PROCESSING}
INTERNAL_KINDS = {ParticipantKind.UNKNOWN, ParticipantKind.STREAM_ATTRIBUTED}
ENVELOPE_FIELDS = {"id", "type", "timestamp", "sequence", "data"}


def all_records() -> list[Record]:
    """A record of every state and kind there is, and every record of a whole life."""
    states: list[Record] = [SCRIPT.bot_event(n, state, attrs={}) for n, state in enumerate(BotState)]
    people: list[Record] = [SCRIPT.person(n, kind) for n, kind in enumerate(ParticipantKind)]
    told = [SCRIPT.transcript(TranscriptKind.PROCESSED), SCRIPT.transcript(TranscriptKind.FAILED)]
    lived = [record for records in SCRIPT.records().values() for record in records]
    return [*lived, *states, *people, *told]


def bodies() -> dict[str, bytes]:
    """The first body the code makes of each type."""
    events = [event for record in all_records() if (event := public_event(record))]
    return {event.type: body(event, n) for n, event in reversed(list(enumerate(events)))}


@pytest.mark.parametrize("event_type", EVENTS)
def test_the_schema_file_is_the_codes(event_type: str) -> None:
    """Whoever changes a payload runs `python -m schemas.webhooks.documents`; a file that lies fails here."""
    assert schema_file(event_type).read_text("utf-8") == schema_document(event_type)


def test_there_is_no_schema_and_no_example_without_an_event() -> None:
    """The folder holds exactly the event types."""
    assert {path.name for path in FOLDER.glob("*.json")} == {schema_file(name).name for name in EVENTS}
    assert {path.name for path in (FOLDER / "examples").iterdir()} == {example_file(name).name for name in EVENTS}


@pytest.mark.parametrize("event_type", EVENTS)
def test_the_example_is_a_valid_event(event_type: str) -> None:
    """It has the envelope's fields, fits its type, and holds no field that the type does not know."""
    text = example_file(event_type).read_bytes()
    envelope = read_body(text)
    assert envelope.type == event_type
    assert json.loads(msgspec.json.encode(envelope)) == json.loads(text)
    assert set(json.loads(text)) == ENVELOPE_FIELDS
    assert {"bot_id", "meeting_id"} <= set(json.loads(text)["data"])


@pytest.mark.parametrize("event_type", EVENTS)
def test_every_body_the_code_makes_fits_its_schema(event_type: str) -> None:
    """Read back by its type's definition a body is the same bytes: nothing unknown, nothing missing."""
    made = bodies()[event_type]
    assert msgspec.json.encode(read_body(made)) == made


@pytest.mark.parametrize("event_type", EVENTS)
def test_example_and_body_have_the_same_shape(event_type: str) -> None:
    """The example shows what is really sent: the same fields in the same order, at every level."""
    assert shape(json.loads(example_file(event_type).read_bytes())) == shape(json.loads(bodies()[event_type]))


def shape(value: object) -> object:
    """Field names, nested; the first element stands for a list, and maps with free keys for themselves."""
    if isinstance(value, dict):
        return [(name, None if name == "gap_ms" else shape(inner)) for name, inner in value.items()]
    return [shape(value[0])] if isinstance(value, list) and value and isinstance(value[0], dict) else None


def test_every_state_and_kind_is_an_event_or_internal_on_purpose() -> None:
    """A new word in the vocabulary makes somebody decide here."""
    assert set(BOT_EVENT_TYPES) == set(BotState) - INTERNAL_STATES
    assert set(PARTICIPANT_EVENT_TYPES) == set(ParticipantKind) - INTERNAL_KINDS


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"sequence":', b'"number":'),
        (b'"sequence":0', b'"sequence":-1'),
        (b'"bot_id":', b'"bot":'),
        (b"bot.joining", b"bot.jumping"),
        (b'Z",', b'",'),
        (b'"message":"', b'"message":7,"x":"'),
    ],
)
def test_a_body_that_breaks_the_schema_is_refused(old: bytes, new: bytes) -> None:
    """Negative control: the check that all bodies pass bites."""
    made = body(public_event(SCRIPT.life()[0]) or pytest.fail("not public"), 0)
    assert old in made
    with pytest.raises(msgspec.ValidationError):
        read_body(made.replace(old, new, 1))


def test_times_are_exact_and_utc() -> None:
    """Microseconds of the record are microseconds of the event."""
    event = public_event(SCRIPT.life()[0])
    assert event is not None
    assert json.loads(body(event, 0))["timestamp"] == "2026-11-25T09:46:40.123456Z"


def test_done_sums_up_what_was_heard() -> None:
    """20 ms units of the ledger become milliseconds."""
    done: BotEvent = SCRIPT.life()[-1]
    event = public_event(done)
    assert event is not None
    heard = json.loads(body(event, 0))["data"]["heard"]
    assert heard == {"streams": 1, "audio_ms": 1000, "silence_ms": 800, "absent_ms": 0, "gap_ms": {"network": 200}}


def test_the_page_of_events_is_that_of_the_code() -> None:
    """Whoever changes an event runs `python -m infra.documentation.webhook_events`."""
    assert PAGE.read_text("utf-8") == page()
    assert all(f"## {name}\n" in page() for name in EVENTS)


def test_every_event_has_a_meaning() -> None:
    """And nothing else has one: the page that lists them is whole."""
    assert list(MEANINGS) == list(EVENTS)
