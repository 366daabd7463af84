"""Asks for an erasure: writes the command to the log, and waits for the receipt that the sink gives."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from confluent_kafka import Producer

from schemas.codec import Codec
from schemas.errors import Unavailable
from schemas.events import ErasureCommand
from schemas.ids import event_id
from schemas.kafka_client import producer_config, record_headers
from schemas.registry import Registry
from schemas.settings import ClickHouseSettings
from schemas.topics import ERASURE_COMMANDS
from sinks.clickhouse.erasure.erasing import quoted
from sinks.clickhouse.server.adapter import Server
from sinks.clickhouse.server.config import database_of

LOOK_S = 0.3
FLUSH_S = 10.0


@dataclass(frozen=True)
class Receipt:
    """What was removed, or altered, in each table, over all times the erasure was carried out; `rows_left` should be 0."""

    event_id: str
    bot_id: str
    participant_id: str
    carried_out_at: str
    receipts: int
    rows_by_table: dict[str, int]
    rows_left: int


def command(
    tenant_id: str, bot_id: str, participant_id: str | None, *, by: str, reason: str, now_us: int
) -> ErasureCommand:
    """The record of the request."""
    return ErasureCommand(
        tenant_id=tenant_id,
        bot_id=bot_id,
        meeting_id="",
        event_id=event_id(bot_id, "erasure", tenant_id, participant_id or ""),
        occurred_at_us=now_us,
        produced_at_us=now_us,
        participant_id=participant_id,
        requested_by=by,
        reason=reason,
    )


def post(settings: ClickHouseSettings, asked: ErasureCommand) -> None:
    """Return once every replica has the command; raises Unavailable when the broker does not take it."""
    producer = Producer(producer_config(settings.kafka_bootstrap_servers))
    value = Codec(Registry(settings.schema_registry_url)).encode(ERASURE_COMMANDS, asked)
    headers: list[tuple[str, str | bytes | None]] = [*record_headers(asked.tenant_id, asked.bot_id)]
    producer.produce(ERASURE_COMMANDS.name, key=asked.bot_id.encode(), value=value, headers=headers)
    if producer.flush(FLUSH_S):
        raise Unavailable("Kafka does not take the command", remedy="`earshot topics create`; see the broker's log")


def receipt(server: Server, settings: ClickHouseSettings, asked: ErasureCommand) -> Receipt | None:
    """The receipt for this command or a later one for the same; None while there is none."""
    rows = server.run(
        "SELECT event_id, bot_id, participant_id, toString(carried_out_at), receipts, rows_by_table, rows_left "  # noqa: S608, quoted
        f"FROM {database_of(settings)}.v_erasures WHERE tenant_id = {quoted(asked.tenant_id)} "
        f"AND bot_id = {quoted(asked.bot_id)} AND participant_id = {quoted(asked.participant_id or '')} "
        "AND isNotNull(carried_out_at)"
    )
    return Receipt(*rows[0]) if rows else None  # type: ignore[arg-type]


def wait_for(look: Callable[[], Receipt | None], wait_s: float) -> Receipt:
    """The receipt; raises Unavailable when there is none after `wait_s`. The command stays on the log."""
    deadline_s = time.monotonic() + wait_s
    while (found := look()) is None:
        if time.monotonic() > deadline_s:
            raise Unavailable(
                f"the erasure is on the log, but has no receipt after {wait_s:.0f} s",
                remedy="see that `earshot sink clickhouse` runs, and ask again: the same request is carried out once",
            )
        time.sleep(LOOK_S)
    return found
