"""What `earshot transcribe` refuses before it asks for Kafka."""

import pytest
from click.testing import CliRunner

from schemas.errors import UsageError
from stream_processors.transcription.cli import transcribe


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (["--bot", "bot_1"], "--as"),
        (["--as", "again"], "--bot"),
        (["--bot", "bot_1", "--as", "live"], "--as live"),
        (["--bot", "bot_1", "--as", "no label"], "no label"),
        (["--bot", "bot_1", "--as", ""], "no label"),
        (["--bot", "bot_1", "--as", "x" * 65], "no label"),
        (["--bot", "bot_1", "--as", "again", "--wav", __file__], "--wav"),
    ],
)
def test_options_that_cannot_be_together_are_refused(options: list[str], names: str) -> None:
    """The message names the option and the remedy; nothing is started."""
    asked = CliRunner().invoke(transcribe, options)
    assert isinstance(asked.exception, UsageError)
    assert names in asked.exception.message
    assert asked.exception.remedy
