"""A provider's words on the stream's timeline, and which of them a span may have."""

from schemas.events import Word
from stream_processors.transcription.providers.interface import ProviderWord
from stream_processors.transcription.sessions.timemap import TimeMap


def placed(words: tuple[ProviderWord, ...], timeline: TimeMap, *, final: bool) -> tuple[Word, ...]:
    """The words with their places on the stream; a word never ends before it begins."""
    return tuple(_placed(word, timeline, final) for word in words)


def _placed(word: ProviderWord, timeline: TimeMap, final: bool) -> Word:
    from_sample = timeline.start(word.from_sample)
    to_sample = max(from_sample, timeline.end(max(word.to_sample, word.from_sample + 1)))
    return Word(
        text=word.text,
        from_sample=from_sample,
        to_sample=to_sample,
        confidence=word.confidence,
        word_is_final=final,
    )


def midpoint(word: Word) -> int:
    return (word.from_sample + word.to_sample) // 2


def within(words: tuple[Word, ...], from_sample: int, to_sample: int) -> tuple[Word, ...]:
    """The words whose midpoint lies in the span: every word has one, so it belongs to one span only."""
    return tuple(word for word in words if from_sample <= midpoint(word) < to_sample)
