"""Read back what an earlier process left of a partition: the fan-out's journal."""

from schemas.events import WebhookDelivery
from schemas.topics import WEBHOOK_DELIVERIES
from sinks.webhooks.fan_out.fan_out import INPUTS, Left
from sinks.webhooks.log.partition_reader import PartitionReader


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
