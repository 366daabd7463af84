"""What the local engine is set to."""

from dataclasses import dataclass

from stream_processors.transcription.providers.interface import Capabilities

CAPABILITIES = Capabilities(provider="local", model="pocketsphinx-en-us", language="en-US", final_timeout_ms=30_000)


@dataclass(frozen=True, slots=True)
class LocalConfig:
    """`decoders` is the number of people who can be transcribed at the same time; more wait for their turn.

    With `give_way`, they take what other processes of the machine leave: what waits is on the log.
    """

    decoders: int = 3
    give_way: bool = True
    start_timeout_s: float = 10.0
