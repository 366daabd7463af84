"""Commands onto `webhook.commands`, where the sinks that own their bots find them."""

from confluent_kafka import KafkaError, Producer

from schemas.codec import Codec
from schemas.errors import Unavailable
from schemas.events import WebhookCommand
from schemas.kafka_client import producer_config, record_headers
from schemas.registry import Registry
from schemas.settings import WebhookSettings
from schemas.topics import WEBHOOK_COMMANDS

FLUSH_S = 30.0


def put(settings: WebhookSettings, command: WebhookCommand, partitions: range) -> None:
    """A copy in each of `partitions`, acknowledged; raises Unavailable when the broker does not take one."""
    codec, producer = (
        Codec(Registry(settings.schema_registry_url)),
        Producer(producer_config(settings.kafka_bootstrap_servers)),
    )
    failures: list[KafkaError] = []
    headers: list[tuple[str, str | bytes | None]] = [*record_headers(command.tenant_id, command.endpoint_id)]
    for partition in partitions:
        producer.produce(
            WEBHOOK_COMMANDS.name,
            key=command.endpoint_id,
            value=codec.encode(WEBHOOK_COMMANDS, command),
            headers=headers,
            partition=partition,
            on_delivery=lambda error, _: failures.append(error) if error else None,
        )
    if producer.flush(FLUSH_S) or failures:
        raise Unavailable(f"{WEBHOOK_COMMANDS.name} does not take a command: {failures}", remedy="see the broker's log")
