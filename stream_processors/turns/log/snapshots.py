"""SHELL: the bots' snapshots, in memory and on a compacted changelog: what one worker knew, the next one reads there.

Read without a group and without Faust, whose way of restoring a table takes a millisecond for each record of it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import uuid4

from confluent_kafka import OFFSET_BEGINNING, Consumer

from schemas.kafka_client import reader_config
from stream_processors.partition_end import to_the_end

Append = Callable[[str, int, bytes, bytes], Awaitable[None]]
"""Topic, partition, key and value; returns once the broker has it, raises Unavailable when it will not."""
Bots = dict[bytes, bytes]


class Snapshots:
    """Of the bots of the partitions that were last given to `own`."""

    def __init__(self, bootstrap_servers: str, changelog: str, append: Append) -> None:
        self._consumer = Consumer(reader_config(bootstrap_servers, f"earshot-turns-{uuid4()}"))
        self._changelog = changelog
        self._append = append
        self._bots: dict[int, Bots] = {}

    def get(self, bot_id: str, partition: int) -> bytes | None:
        return self._bots.get(partition, {}).get(bot_id.encode())

    async def put(self, bot_id: str, snapshot: bytes, partition: int) -> None:
        """What arrives on the log after its partition was read anew changes nothing here."""
        bots = self._bots.get(partition)
        await self._append(self._changelog, partition, bot_id.encode(), snapshot)
        if bots is not None and self._bots.get(partition) is bots:
            bots[bot_id.encode()] = snapshot

    async def own(self, partitions: set[int], kept: set[int]) -> None:
        """From now on these; `kept` are known, the others are read. Raises Unavailable when the changelog cannot be."""
        self._bots = {number: bots for number, bots in self._bots.items() if number in kept}
        new = partitions - set(self._bots)
        if new:
            self._bots |= await asyncio.to_thread(self._read, new)

    def close(self) -> None:
        self._consumer.close()

    def _read(self, numbers: set[int]) -> dict[int, Bots]:
        found: dict[int, Bots] = {number: {} for number in numbers}
        for message in to_the_end(self._consumer, self._changelog, dict.fromkeys(numbers, OFFSET_BEGINNING)):
            bots, key, value = found[message.partition() or 0], message.key() or b"", message.value()
            if value is None:
                bots.pop(key, None)
            else:
                bots[key] = value
        return found
