"""Where a result's words go in the open turn: committed, in the provider's item, or pending. Pure."""

from dataclasses import dataclass

import msgspec

from schemas.events import ResultEvent, Word
from schemas.vocabulary import ResultKind
from stream_processors.turns.machine.open_turn import OpenTurn, voice_of
from stream_processors.turns.machine.words import Words, end_of, in_order, marked, midpoint, without_overlap

FINAL_KINDS = (ResultKind.FINAL, ResultKind.END_OF_TURN)


@dataclass(frozen=True)
class Heard:
    """A result's new words, in order: those that are final now, and those after the cursor.

    `dropped` counts final words from before `floor`: they were committed, or declared not transcribed.
    """

    sure: Words
    pending: Words
    dropped: int


def heard(result: ResultEvent, cursor: int, floor: int) -> Heard:
    """Sort the words of `result`; `cursor` is K before it, `floor` where words begin to be new."""
    words = in_order(result.words)
    new = tuple(word for word in words if midpoint(word) >= floor)
    after = result.cursor_after_sample
    return Heard(
        sure=tuple(word for word in new if midpoint(word) < after and _is_sure(word, result, cursor)),
        pending=tuple(word for word in new if midpoint(word) >= after),
        dropped=len(words) - len(new) if result.kind in FINAL_KINDS else 0,
    )


def placed(turn: OpenTurn, result: ResultEvent, new: Heard, *, same_item: bool, not_before: int) -> OpenTurn:
    """`turn` with the words in their places; none begins before `not_before`."""
    frozen = turn.committed if same_item else turn.final_words
    item = with_item(turn.item, new.sure) if same_item else new.sure
    item = without_overlap(marked(item, final=True), end_of(frozen, not_before))
    pending = without_overlap(marked(_pending(turn, result, new), final=False), end_of(frozen + item, not_before))
    if not result.provider_turn_key:
        frozen, item = frozen + item, ()
    return msgspec.structs.replace(
        turn, committed=frozen, item=item, pending=pending, voice=voice_of(result, turn.voice)
    )  # fmt: skip


def with_item(item: Words, said: Words) -> Words:
    """A message replaces the item from its own first word on: all of it if cumulative, nothing if it only adds."""
    if not said:
        return item
    return (*(word for word in item if midpoint(word) < said[0].from_sample), *said)


def _pending(turn: OpenTurn, result: ResultEvent, new: Heard) -> Words:
    """A partial replaces what is pending; a final without any leaves what lies after it."""
    if new.pending or result.kind not in FINAL_KINDS:
        return new.pending
    return tuple(word for word in turn.pending if midpoint(word) >= result.cursor_after_sample)


def _is_sure(word: Word, result: ResultEvent, cursor: int) -> bool:
    return result.kind in FINAL_KINDS or word.word_is_final or midpoint(word) < cursor
