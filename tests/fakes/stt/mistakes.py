"""A service's final words, made as wrong as the knobs ask."""

from collections.abc import Sequence

from tests.fakes.stt.ear import HeardWord
from tests.fakes.stt.knobs import Knobs


def mistaken(words: Sequence[HeardWord], knobs: Knobs, rate_hz: int) -> list[HeardWord]:
    back = knobs.words_in_the_past_ms * rate_hz // 1000
    said = [HeardWord(w.text, max(0, w.from_sample - back), max(0, w.to_sample - back)) for w in words]
    return said[::-1] if knobs.words_out_of_order else said
