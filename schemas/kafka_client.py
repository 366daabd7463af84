"""The settings every Kafka client of ours shares, because another choice would break the contract on the log.

murmur2 everywhere: librdkafka's own default puts most keys into another partition than Java, Faust and Node clients do.
"""

from schemas.ids import traceparent
from schemas.topics import PARTITIONER

Headers = list[tuple[str, bytes]]
COMPRESSION = "none"  # stock kafkajs and aiokafka (Faust) read no zstd or lz4, and PCM shrinks by a fifth at best
RECONNECT_MS = 1_000  # librdkafka's own 10 s would keep audio back for that long after a broker has come back
QUEUED_KB = 16_384  # librdkafka's own 64 MB is what a process would weigh while it catches up
FULL_QUEUE_MS = 20  # librdkafka's own 1 s would have a fast reader wait for a queue that it has emptied long ago
LOG_LEVEL = 2  # librdkafka would print a line for every try to connect; what matters reaches us as errors


def producer_config(bootstrap_servers: str, *, linger_ms: int = 5) -> dict[str, str | int | bool]:
    """confluent-kafka producer: acked by all replicas, no duplicates from its own retries, murmur2."""
    return {
        "bootstrap.servers": bootstrap_servers,
        "partitioner": PARTITIONER,
        "enable.idempotence": True,
        "acks": "all",
        "compression.type": COMPRESSION,
        "linger.ms": linger_ms,
        "message.timeout.ms": 120_000,
        "reconnect.backoff.max.ms": RECONNECT_MS,
        "log_level": LOG_LEVEL,
    }


def consumer_config(bootstrap_servers: str, group_id: str) -> dict[str, str | int | bool]:
    """confluent-kafka consumer that commits only what it is told to."""
    return {
        "bootstrap.servers": bootstrap_servers,
        "group.id": group_id,
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "earliest",
        "partition.assignment.strategy": "range",
        "session.timeout.ms": 10_000,
        "heartbeat.interval.ms": 2_000,
        "fetch.wait.max.ms": 200,
        "queued.max.messages.kbytes": QUEUED_KB,
        "fetch.queue.backoff.ms": FULL_QUEUE_MS,
        "reconnect.backoff.max.ms": RECONNECT_MS,
        "log_level": LOG_LEVEL,
    }


def reader_config(bootstrap_servers: str, group_id: str) -> dict[str, str | int | bool]:
    """confluent-kafka consumer that reads partitions to their ends as they are now, and is told of them soon.

    Whoever keeps such a consumer unassigns it between two readings: at the end it would ask the broker on and on.
    """
    told_soon = {"enable.partition.eof": True, "fetch.wait.max.ms": 10}
    return {**consumer_config(bootstrap_servers, group_id), **told_soon}


def record_headers(tenant_id: str, bot_id: str) -> Headers:
    """The headers of every record: W3C trace context and tenant."""
    return [("traceparent", traceparent(bot_id).encode()), ("tenant_id", tenant_id.encode())]
