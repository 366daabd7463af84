"""When a bot's transcript is complete: every stream of its ledger is transcribed, or declared not to be, to its end. Pure."""

from collections.abc import Callable, Iterable

import msgspec

from schemas.events import Ledger
from schemas.timebase import SAMPLES_PER_UNIT

LIVE = "live"


class StreamEnd(msgspec.Struct, frozen=True):
    """Where a stream's epoch ends, as the bot's last word says."""

    stream_id: str
    epoch: int
    end_sample: int


class Completion(msgspec.Struct, frozen=True):
    """What is known of the end: nothing until the bot is done; then its streams, and the labels already announced."""

    ends: tuple[StreamEnd, ...] | None = None
    announced: tuple[str, ...] = ()


def bot_done(completion: Completion, ledger: Ledger | None) -> Completion:
    """The bot said its last word; without a ledger there is nothing to wait for."""
    if completion.ends is not None:
        return completion
    ends = tuple(
        StreamEnd(stream.stream_id, stream.epoch, (stream.last_seq + 1) * SAMPLES_PER_UNIT)
        for stream in (ledger.streams if ledger else ())
    )
    return Completion(ends, completion.announced)


def newly_complete(
    completion: Completion, labels: Iterable[str], cursor_of: Callable[[str, int, str], int]
) -> tuple[str, ...]:
    """Labels that are complete and not yet announced; `cursor_of(stream_id, epoch, label)` is 0 where nothing came."""
    ends = completion.ends
    if ends is None:
        return ()
    candidates = sorted({LIVE, *labels} - set(completion.announced))
    return tuple(
        label
        for label in candidates
        if all(cursor_of(end.stream_id, end.epoch, label) >= end.end_sample for end in ends)
    )


def announced(completion: Completion, label: str) -> Completion:
    return Completion(completion.ends, (*completion.announced, label))
