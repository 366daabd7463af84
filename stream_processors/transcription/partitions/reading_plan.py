"""What a worker reads from the log next, what it leaves unread for now, and how far it is behind: decided here, shown as gauges."""

from collections.abc import Mapping

import structlog

from schemas.telemetry import STT_LEFT, STT_LOG_LAG, STT_PAUSED, STT_WAITING
from schemas.timebase import BYTES_PER_SAMPLE, SAMPLE_RATE_HZ
from stream_processors.transcription.partitions.backpressure import Reading, has_room
from stream_processors.transcription.partitions.partition import Partition

LONGEST_UNSEEN_MS = 3_000.0
NEVER_MS = float("-inf")
log = structlog.get_logger()


class ReadingPlan:
    """Of the partitions in `partitions`, which the worker changes; it says `begin` then."""

    def __init__(self, partitions: Mapping[int, Partition], unsent_limit_bytes: int) -> None:
        self._partitions = partitions
        self._unsent_limit_bytes = unsent_limit_bytes
        self._paused: set[int] = set()
        self._at_end_ms: dict[int, float] = {}

    def begin(self) -> None:
        """The partitions were shared out anew."""
        for gauge in (STT_WAITING, STT_PAUSED, STT_LEFT, STT_LOG_LAG):
            gauge.clear()
        self._paused.clear()
        self._at_end_ms.clear()

    def positions(self) -> dict[int, int]:
        """The next offset of every partition."""
        return {number: partition.order.due for number, partition in self._partitions.items()}

    def paused(self) -> set[int]:
        """Partitions to read nothing from now: most streams have more unsent speech than their provider can take soon.

        A few such streams are left alone instead; the worker's `catch_ups` says when they may hear what they missed.
        """
        for number, partition in self._partitions.items():
            found, unsent = partition.relieve(self._unsent_limit_bytes), partition.most_unsent_bytes
            if found is Reading.STOP:
                self._paused.add(number)
            elif has_room(unsent, self._unsent_limit_bytes):
                self._paused.discard(number)
            STT_WAITING.labels(number).set(unsent / BYTES_PER_SAMPLE / SAMPLE_RATE_HZ)
            STT_PAUSED.labels(number).set(number in self._paused)
            STT_LEFT.labels(number).set(len(partition.left()))
        return set(self._paused)

    def missing(self) -> dict[int, int]:
        """Partitions of which records were left out on the way here, and where they must be read again from."""
        orders = {number: partition.order for number, partition in self._partitions.items()}
        return {number: order.due for number, order in orders.items() if order.is_missing_records}

    def expired(self, firsts: Mapping[int, int]) -> None:
        """The log has nothing before these offsets any more: reading goes on there, and the hole shows in the chunks' seq."""
        for number, first in firsts.items():
            partition = self._partitions.get(number)
            if partition and first > partition.order.due:
                log.error("audio_expired", partition=number, from_offset=partition.order.due, to_offset=first)
                partition.order.due = first

    def behind(self, ends: Mapping[int, int], now_ms: float) -> bool:
        """Whether a partition that is not paused has records to read; `ends` are the next offsets of the log.

        Call it every second: only what was seen to be read to its end can be idle.
        """
        lags = {n: ends[n] - partition.order.due for n, partition in self._partitions.items() if n in ends}
        for number, lag in lags.items():
            STT_LOG_LAG.labels(number).set(lag)
            self._at_end_ms[number] = now_ms if lag <= 0 else NEVER_MS
        return any(lag > 0 for number, lag in lags.items() if number not in self._paused)

    def is_at_end(self, number: int, now_ms: float) -> bool:
        """Whether nothing of the partition lay unread when its end was last looked at, a moment ago."""
        return now_ms - self._at_end_ms.get(number, NEVER_MS) <= LONGEST_UNSEEN_MS
