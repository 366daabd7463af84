"""The webhook account of the demo: what is missing, repeated, out of order or unsigned is counted."""

import msgspec

from infra.demo.minutes import PublicEvent
from infra.demo.receipts import Receipt, account
from schemas.vocabulary import BotState, ParticipantKind
from tests.fakes.meeting_records import bot_event, participant_event, processed, turn

LOG: tuple[PublicEvent, ...] = (
    bot_event(0, BotState.JOINING),
    participant_event(0, "Ann", "janus:1"),
    turn(1, "janus:1", "hello"),
    turn(2, "janus:1", "there"),
    bot_event(1, BotState.CALL_ENDED),
    bot_event(2, BotState.PROCESSING),
    participant_event(1, "Ann", "janus:1", ParticipantKind.STREAM_ATTRIBUTED),
    processed(),
    bot_event(3, BotState.DONE),
)
PUBLIC = [event.event_id for event in LOG if "person_1" not in event.event_id and "bot_2" not in event.event_id]


def receipts(event_ids: list[str]) -> list[Receipt]:
    return [
        Receipt(event_id=event_id, bot_id="bot_1", sequence=number, verified=True)
        for number, event_id in enumerate(event_ids)
    ]


def test_all_received_in_order_is_clean() -> None:
    """Every public event once, in order; states on the way and attributions are not for the public."""
    counts = account(LOG, receipts(PUBLIC))
    assert (counts.expected, counts.received) == (7, 7)
    assert (counts.duplicates, counts.out_of_order, counts.bad_signature) == (0, 0, 0)


def test_a_missing_event_is_seen() -> None:
    """What the log has and the receiver has not."""
    assert account(LOG, receipts(PUBLIC[:-1])).received == 6


def test_a_repeat_is_a_duplicate_and_not_a_disorder() -> None:
    """A retry after a lost answer brings the same event with the same number again."""
    sent = receipts(PUBLIC)
    counts = account(LOG, [*sent[:2], *sent])
    assert (counts.received, counts.duplicates, counts.out_of_order) == (7, 2, 0)


def test_turns_that_change_places_are_seen_whatever_their_numbers() -> None:
    """The sink numbers what it sends, so its own numbers alone would not show that it read the log wrongly."""
    swapped = [*PUBLIC[:2], PUBLIC[3], PUBLIC[2], *PUBLIC[4:]]
    assert account(LOG, receipts(swapped)).out_of_order == 1


def test_numbers_that_go_back_are_seen() -> None:
    """Two events of different topics may come in any order, but not against their own numbers."""
    sent = receipts(PUBLIC)
    assert account(LOG, [sent[1], sent[0], *sent[2:]]).out_of_order == 1


def test_anything_after_the_last_event_is_seen() -> None:
    """`bot.done` promises that nothing follows."""
    early = [*PUBLIC[:-2], PUBLIC[-1], PUBLIC[-2]]
    assert account(LOG, receipts(early)).out_of_order == 1


def test_an_unverified_request_counts_as_nothing_received() -> None:
    """A wrong signature is not a delivery."""
    sent = receipts(PUBLIC)
    counts = account(LOG, [msgspec.structs.replace(sent[0], verified=False), *sent[1:]])
    assert (counts.received, counts.bad_signature) == (6, 1)
