"""One bot's records on their way to Kafka. It never makes capture wait: what has no room is declared lost, by the
backlog's rule."""

from collections.abc import Callable

from producers.bot.outlet import Outlet
from schemas.events import AudioChunk, Record
from schemas.kafka_client import record_headers
from schemas.topics import AUDIO_FRAMES, Topic


class Publisher:
    """Sends one bot's records, keyed by its id. `last_offsets` holds, by topic name, what Kafka acknowledged last."""

    def __init__(self, outlet: Outlet, tenant_id: str, bot_id: str) -> None:
        self._outlet = outlet
        self._key = bot_id.encode()
        self._headers = record_headers(tenant_id, bot_id)
        self.last_offsets: dict[str, int] = {}
        self.failed = 0

    def send_chunk(self, chunk: AudioChunk) -> AudioChunk:
        """Send a chunk, or a gap in its place when the backlog is full; returns what was sent."""
        admitted = self._outlet.backlog.admit(chunk)
        self.send(AUDIO_FRAMES, admitted)
        return admitted

    def send(self, topic: Topic, record: Record) -> None:
        self._outlet.send(topic, self._key, record, self._headers, self._settled(topic.name))

    def poll(self) -> None:
        """Take delivery reports; call it often."""
        self._outlet.poll()

    async def flush(self, timeout_s: float) -> bool:
        """Wait until Kafka has acknowledged everything; False when it has not in time."""
        return await self._outlet.flush(timeout_s) and self.failed == 0

    def _settled(self, topic: str) -> Callable[[int | None], None]:
        def settle(offset: int | None) -> None:
            if offset is None:
                self.failed += 1
            else:
                self.last_offsets[topic] = offset

        return settle
