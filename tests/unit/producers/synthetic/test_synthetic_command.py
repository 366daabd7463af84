"""What `earshot synthetic` refuses, before it asks for Kafka."""

import pytest
from click.testing import CliRunner

from producers.synthetic.cli import synthetic
from schemas.errors import UsageError


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (["--speed", "2", "--duration", "0"], "--duration"),
        (["--numbers", "--wav-dir", "."], "--wav-dir"),
        (["--wav-dir", "tests/unit"], "NAME.wav"),
        (["--talking", "1.5"], "--talking"),
        (["--talking", "0"], "--talking"),
        (["--bots", "0"], "--bots"),
    ],
)
def test_what_cannot_be_is_refused(options: list[str], names: str) -> None:
    """The message names the option; nothing is announced."""
    asked = CliRunner().invoke(synthetic, options)
    said = asked.exception.message if isinstance(asked.exception, UsageError) else asked.stderr
    assert asked.exit_code
    assert names in said
    assert not asked.stdout


def test_a_sound_file_that_is_none_is_named(tmp_path):
    """A broken recording is told from a good one before anything is written."""
    (tmp_path / "ada.wav").write_bytes(b"not a sound")
    asked = CliRunner().invoke(synthetic, ["--wav-dir", str(tmp_path)])
    assert isinstance(asked.exception, UsageError)
    assert "ada.wav" in asked.exception.message
