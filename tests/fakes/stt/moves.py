"""What a dialogue does, in a form that is easy to compare."""

from collections.abc import Iterable

from schemas.vocabulary import ResultKind
from stream_processors.transcription.providers.dialogue import Frame, Move
from stream_processors.transcription.providers.interface import ProviderResult


def results(moves: Iterable[Move]) -> list[tuple[ResultKind, int, str]]:
    """Kind, end and text of each result."""
    found = [move for move in moves if isinstance(move, ProviderResult)]
    return [(result.kind, result.to_sample, " ".join(word.text for word in result.words)) for result in found]


def frames(moves: Iterable[Move]) -> list[bytes | str]:
    """What is to be sent."""
    return [move.data for move in moves if isinstance(move, Frame)]
