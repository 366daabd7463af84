"""Dead letters: where they came from, and which of them are put back."""

from schemas.dead_letter import LETTER_HEADERS, REDRIVE_OF, RawRecord, dead_letter
from schemas.errors import InvalidRecord
from sinks.dead_letters.letters import Letter, letter_of, put_back_already, tallies, to_put_back


def letter(
    offset: int, origin_offset: int, stage: str = "turns", headers: tuple[tuple[str, bytes], ...] = ()
) -> Letter:
    """A letter as `dead_letter` writes one and the topic gives it back."""
    origin = RawRecord("bot.events", 3, origin_offset, b"bot_1", b"\x00\xff", (("tenant_id", b"acme"), *headers))
    written = dead_letter(origin, stage=stage, error=InvalidRecord("why", error_class="bad_avro"), failed_at_us=5)
    lying = RawRecord(written.topic, 0, offset, written.key, written.value, tuple(written.headers))
    found = letter_of(lying, 7)
    assert found
    return found


def test_a_letter_says_where_it_came_from_and_why() -> None:
    """Everything that was written in the headers is read from them."""
    found = letter(9, 41)
    assert (str(found.origin), found.offset, found.appended_at_ms) == ("bot.events/3/41", 9, 7)
    assert (found.stage, found.error_class, found.error) == ("turns", "bad_avro", "why")
    assert (found.record.key, found.record.value) == (b"bot_1", b"\x00\xff")


def test_a_record_that_says_no_origin_is_no_letter() -> None:
    """Somebody else's record on the topic is left alone."""
    for headers in ((), (("origin_topic", b"bot.events"),), (*((name, b"x") for name in LETTER_HEADERS),)):
        assert letter_of(RawRecord("bot.events.dlq", 0, 1, None, b"", headers), 0) is None


def test_what_is_put_back_has_its_own_headers_and_the_name_of_what_it_is_again() -> None:
    """No header of the letter goes along, and a second death names the second place."""
    again = letter(1, 41, headers=((REDRIVE_OF, b"bot.events/3/2"),)).put_back_headers()
    assert again == [("tenant_id", b"acme"), (REDRIVE_OF, b"bot.events/3/41")]
    assert put_back_already(again) == "bot.events/3/41"
    assert put_back_already([("tenant_id", b"acme")]) is None


def test_a_record_that_two_stages_could_not_read_is_put_back_once() -> None:
    """One for each origin, and none for what is there again."""
    waiting = [letter(0, 41), letter(1, 41, "sink clickhouse"), letter(2, 42), letter(3, 43)]
    assert [each.offset for each in to_put_back(waiting, {"bot.events/3/43"})] == [0, 2]
    assert tallies(waiting) == {("turns", "bad_avro"): 3, ("sink clickhouse", "bad_avro"): 1}
