"""Read back what an earlier process left of a partition: what waits to be sent."""

from schemas.events import WebhookAttempt, WebhookParked
from schemas.topics import WEBHOOK_ATTEMPTS, WEBHOOK_DELIVERIES, WEBHOOK_PARKED
from sinks.webhooks.dispatch.takeover import LeftBehind
from sinks.webhooks.log.commit_note import noted_offsets
from sinks.webhooks.log.parked import newest
from sinks.webhooks.log.partition_reader import PartitionReader

DISPATCHED = (WEBHOOK_DELIVERIES, WEBHOOK_PARKED, WEBHOOK_ATTEMPTS)


def left_of_dispatch(reader: PartitionReader, partition: int) -> LeftBehind:
    """The parking, and the attempts since the last commit."""
    committed = reader.committed((WEBHOOK_DELIVERIES, WEBHOOK_ATTEMPTS), partition)
    deliveries, attempts = committed[WEBHOOK_DELIVERIES.name], committed[WEBHOOK_ATTEMPTS.name]
    start = max(0, deliveries.offset)
    parked = reader.lines(WEBHOOK_PARKED, WebhookParked, partition, -1)
    waiting = newest((line.key, line.record) for line in parked)
    tries = list(reader.lines(WEBHOOK_ATTEMPTS, WebhookAttempt, partition, attempts.offset))
    return LeftBehind(
        partition=partition,
        start=start,
        attempts_end=tries[-1].offset + 1 if tries else max(0, attempts.offset),
        noted=noted_offsets(deliveries.note, start),
        parked=list(waiting.values()),
        attempts=[line.record for line in tries if line.record],
    )
