"""Read back what an earlier process left of a partition: for the fan-out its journal, for the dispatcher what waits."""

from schemas.events import WebhookAttempt, WebhookDelivery, WebhookParked
from schemas.topics import WEBHOOK_ATTEMPTS, WEBHOOK_DELIVERIES, WEBHOOK_PARKED
from sinks.webhooks.commit_note import noted_offsets
from sinks.webhooks.fan_out import INPUTS, Left
from sinks.webhooks.parking import newest
from sinks.webhooks.partition_reader import PartitionReader
from sinks.webhooks.takeover import LeftBehind

DISPATCHED = (WEBHOOK_DELIVERIES, WEBHOOK_PARKED, WEBHOOK_ATTEMPTS)


def left_of_fan_out(reader: PartitionReader, partition: int) -> Left:
    """The lines of `webhook.deliveries` that are still needed, up to its end now."""
    topics = (*INPUTS, WEBHOOK_DELIVERIES)
    committed = reader.committed(topics, partition)
    start = committed[WEBHOOK_DELIVERIES.name].offset
    lines = reader.lines(WEBHOOK_DELIVERIES, WebhookDelivery, partition, start)
    return Left(
        deliveries=[(line.offset, line.record) for line in lines if line.record],
        input_starts={topic.name: max(0, committed[topic.name].offset) for topic in INPUTS},
        input_ends={topic.name: reader.end(topic, partition) for topic in INPUTS},
    )


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
