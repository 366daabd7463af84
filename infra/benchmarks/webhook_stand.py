"""What every webhook benchmark stands on: a broker of its own, receivers, one sink, deliveries to send."""

import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
import psutil
from confluent_kafka import Producer

from infra import consumer_groups
from infra.benchmarks.webhook_receiver import Report
from infra.demo.supervisor import EARSHOT, Groups
from infra.local.ports import free_ports
from schemas import ids
from schemas.codec import Codec
from schemas.errors import Unavailable
from schemas.events import WebhookDelivery
from schemas.kafka_client import producer_config, record_headers
from schemas.registry import Registry
from schemas.timebase import SystemClock
from schemas.topics import WEBHOOK_DELIVERIES
from schemas.vocabulary import DeliveryTrigger, Ordering

SECRET = "whsec_ZWFyc2hvdC1iZW5jaC1vbmx5LW5vdC1hLXNlY3JldA=="  # noqa: S105 - of a benchmark on this machine
KEYS = "bench:" + "A" * 43 + "="
DEADLINE_S = 180.0
BODY = '{"id":"%s","type":"transcript.data","timestamp":"%s","sequence":%d,"data":{"bot_id":"%s","text":"%s"}}'


class WebhookStand:
    """Endpoints are numbered; those below `hanging` never answer, and with `away` nobody listens at all."""

    def __init__(
        self, environment: dict[str, str], folder: Path, *, endpoints: int, hanging: int = 0, away: bool = False
    ) -> None:
        self.folder = folder
        self._environment = {
            **environment,
            "EARSHOT_WEBHOOK_KEYS": KEYS,
            "EARSHOT_WEBHOOK_ALLOWED_RANGES": "127.0.0.0/8",
            "EARSHOT_LOG_LEVEL": "error",
        }
        self._endpoints = endpoints
        self._hanging = hanging
        self._port, nobody = free_ports(2)
        self._enrolled_port = nobody if away else self._port
        self._codec = Codec(Registry(environment["EARSHOT_SCHEMA_REGISTRY_URL"]))
        self._bootstrap = environment["EARSHOT_KAFKA_BOOTSTRAP_SERVERS"]
        self._producer = Producer(producer_config(self._bootstrap, linger_ms=1))
        self._sequences: dict[tuple[int, str], int] = {}
        self._clock = SystemClock()

    def url(self, number: int) -> str:
        return f"http://127.0.0.1:{self._enrolled_port}/e/{number}"

    @contextmanager
    def running(self) -> Iterator[psutil.Process]:
        """Receivers and the sink, which has its partitions."""
        self._enrol()
        report = str(self.folder / "report.json")
        module = ("-m", "infra.benchmarks.webhook_receiver")
        self._receiver = subprocess.Popen([sys.executable, *module, str(self._port), report, str(self._hanging)])
        with (self.folder / "sink.log").open("wb") as log:
            sink = subprocess.Popen(["env", *self._settings(), EARSHOT, "sink", "webhooks"], stderr=log)
        try:
            self._wait_for_group()
            yield psutil.Process(sink.pid)
        finally:
            for process in (sink, self._receiver):
                process.kill()
                process.wait()

    def send(self, number: int, bot_id: str, size_bytes: int) -> None:
        """One delivery to endpoint `number`, stamped now."""
        sequence = self._sequences.get((number, bot_id), 0)
        self._sequences[number, bot_id] = sequence + 1
        now_us, event_id = self._clock.now_us(), ids.event_id(number, bot_id, sequence)
        stamp = f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(now_us / 1e6))}.{now_us % 1_000_000:06}Z"
        record = WebhookDelivery(
            tenant_id="default",
            bot_id=bot_id,
            meeting_id="mtg_bench",
            delivery_id=ids.delivery_id(_name(number), event_id),
            endpoint_id=_name(number),
            sequence=sequence,
            event_type="transcript.data",
            event_id=event_id,
            occurred_at_us=now_us,
            produced_at_us=now_us,
            body=(BODY % (event_id, stamp, sequence, bot_id, "x" * size_bytes)).encode(),
            content_type="application/json",
            ordering=Ordering.BOT,
            trigger=DeliveryTrigger.EVENT,
        )
        headers: list[tuple[str, str | bytes | None]] = [*record_headers("default", bot_id)]
        value = self._codec.encode(WEBHOOK_DELIVERIES, record)
        self._producer.produce(WEBHOOK_DELIVERIES.name, key=bot_id, value=value, headers=headers)
        self._producer.poll(0)

    def flush(self) -> None:
        self._producer.flush(60)

    def wait_for(self, count: int) -> None:
        """Until the receivers have accepted `count`."""
        deadline_s = time.monotonic() + DEADLINE_S
        while self.received() < count:
            if time.monotonic() > deadline_s:
                log = (self.folder / "sink.log").read_text("utf-8", "replace")[-600:]
                raise Unavailable(f"{self.received()} of {count} deliveries came: {log}", remedy="see the sink's log")
            time.sleep(0.2)

    def received(self) -> int:
        with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/count", timeout=30) as answer:
            return int(answer.read())

    def report(self) -> Report:
        """How late deliveries were; ends the receivers."""
        self._receiver.send_signal(signal.SIGTERM)
        self._receiver.wait(30)
        return msgspec.json.decode((self.folder / "report.json").read_bytes(), type=Report)

    def _enrol(self) -> None:
        lines = [
            {"endpoint_id": _name(number), "url": self.url(number), "secret": SECRET, "timeout_s": 30}
            for number in range(self._endpoints)
        ]
        command = ("env", *self._settings(), sys.executable, "-m", "sinks.webhooks.console.enrolment")
        subprocess.run(command, input=b"\n".join(map(msgspec.json.encode, lines)) + b"\n", check=True)

    def _wait_for_group(self) -> None:
        groups, deadline_s = Groups(self._bootstrap), time.monotonic() + DEADLINE_S
        while not groups.has_partitions(f"{consumer_groups.WEBHOOKS}.dispatch"):
            if time.monotonic() > deadline_s:
                raise Unavailable("the sink gets no partitions", remedy="see the sink's log")
            time.sleep(0.2)
        time.sleep(2)  # it reads back what was left before it takes anything

    def _settings(self) -> Sequence[str]:
        return [f"{name}={value}" for name, value in self._environment.items()]


def _name(number: int) -> str:
    return f"ep_bench_{number}"
