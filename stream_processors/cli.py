"""The commands of this stage, where the console command looks for them."""

from stream_processors.transcription.cli import transcribe
from stream_processors.turns.cli import turns

__all__ = ["transcribe", "turns"]
