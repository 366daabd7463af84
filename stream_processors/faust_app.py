"""SHELL: a Faust application that joins a group and hands over records; nothing else of Faust is switched on.

No web server, no tables, no topics of its own making, no threaded producer, nothing on disk.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import faust
import structlog
from aiokafka.errors import KafkaError
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from schemas.dead_letter import RawRecord

log = structlog.get_logger()


class SteadyConsumer(driver.Consumer):
    """Faust's consumer, whose client is told where to read by the client's own thread and nobody else.

    Faust's `seek` moves the client from our thread while the other hands out records: under load that breaks it.
    """

    async def read_from(self, offsets: Mapping[TP, int]) -> None:
        """Where the client reads on. If a rebalance comes between, the offsets are of no use any more and nothing is done."""
        try:
            await self.seek_wait(offsets)
        except (KafkaError, TimeoutError) as error:
            log.warning("seek_refused", group=self.app.conf.id, error=type(error).__name__)

    async def _seek(self, partition: TP, offset: int) -> None:
        await self.seek_wait({partition: offset})


def make_app(group: str, bootstrap_servers: str, folder: Path, *, session_timeout_s: float, **own: Any) -> faust.App:
    """An application that is not started and reads nothing yet; `own` are settings of the stage."""
    return faust.App(
        group,
        broker=[f"kafka://{server}" for server in bootstrap_servers.split(",")],
        datadir=folder,
        store="memory://",
        key_serializer="raw",
        value_serializer="raw",
        web_enabled=False,
        debug=False,
        producer_threaded=False,
        producer_linger=0.0,
        topic_allow_declare=False,
        topic_disable_leader=True,
        consumer_auto_offset_reset="earliest",
        broker_session_timeout=session_timeout_s,
        broker_heartbeat_interval=session_timeout_s / 5,
        broker_request_timeout=max(30.0, session_timeout_s * 2),
        broker_rebalance_timeout=20.0,
        broker_max_poll_records=500,
        stream_buffer_maxsize=512,
        stream_wait_empty=False,
        worker_redirect_stdouts=False,
        **own,
    )


def raw_record(message: Any) -> RawRecord:
    """What Faust took from the log, as it lies there."""
    headers = message.headers or {}
    pairs = headers.items() if hasattr(headers, "items") else headers
    return RawRecord(
        topic=message.topic,
        partition=message.partition,
        offset=message.offset,
        key=message.key,
        value=message.value,
        headers=tuple((name, value or b"") for name, value in pairs),
    )
