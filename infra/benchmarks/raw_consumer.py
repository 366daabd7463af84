"""The yardstick: a bare confluent consumer that reads a topic and does nothing with it.

`python -m infra.benchmarks.raw_consumer BOOTSTRAP TOPIC COUNT` prints the processor seconds from the first record to the last.
"""

import sys
import time

from confluent_kafka import Consumer

from schemas.kafka_client import consumer_config

BATCH = 500


def read(bootstrap_servers: str, topic: str, count: int) -> float:
    """Processor seconds of this process for `count` records."""
    consumer = Consumer(consumer_config(bootstrap_servers, f"raw-{time.monotonic_ns()}"))
    consumer.subscribe([topic])
    seen, began_s = 0, 0.0
    while seen < count:
        got = len(consumer.consume(BATCH, 1.0))
        began_s = began_s or (time.process_time() if got else 0.0)
        seen += got
    spent_s = time.process_time() - began_s
    consumer.close()
    return spent_s


if __name__ == "__main__":
    sys.stdout.write(f"{read(sys.argv[1], sys.argv[2], int(sys.argv[3]))}\n")
