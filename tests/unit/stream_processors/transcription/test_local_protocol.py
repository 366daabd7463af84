"""What a hypothesis of the local engine means."""

from stream_processors.transcription.providers.interface import ProviderWord
from stream_processors.transcription.providers.local.protocol import Heard, Segment, words


def test_fillers_go_and_variants_are_one_word() -> None:
    """Silences and noises are no words; `read(2)` is `read`; frames of 10 ms become samples of the session."""
    heard = Heard(
        16_000,
        (
            Segment("<s>", 0, 9, 1.0),
            Segment("read(2)", 10, 19, 0.5),
            Segment("<sil>", 20, 29, 1.0),
            Segment("[NOISE]", 30, 31, 1.0),
            Segment("++UH++", 32, 39, 1.0),
            Segment("it", 40, 49, 1.7),
            Segment("</s>", 50, 99, 1.0),
        ),
    )
    assert words(heard, 1_000) == (
        ProviderWord("read", 5_800, 10_600, 0.5),
        ProviderWord("it", 20_200, 25_000, 1.0),
    )
