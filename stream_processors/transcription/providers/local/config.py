"""What the local engine is set to."""

from dataclasses import dataclass

from stream_processors.transcription.providers.interface import Capabilities

CAPABILITIES = Capabilities(provider="local", model="pocketsphinx-en-us", language="en-US", final_timeout_ms=30_000)


@dataclass(frozen=True, slots=True)
class LocalConfig:
    """`decoders` is the number of people who can be transcribed at the same time; more wait for their turn."""

    decoders: int = 3
    start_timeout_s: float = 10.0
