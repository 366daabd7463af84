"""The scenario: a broker of its own, two sinks, twenty receivers, bots whose events never stop, and SIGKILL."""

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
from confluent_kafka import Producer

from infra.chaos.scenario import Run
from infra.chaos.schedule import Kill, kills
from infra.chaos.webhooks.certificates import Certificates
from infra.chaos.webhooks.judge import Verdict, read_receipts, verdict
from infra.chaos.webhooks.load import STATES, bot_events, speech
from infra.chaos.webhooks.plan import CONTROL, SECRET, Fault, Receiver, receivers
from infra.demo.supervisor import EARSHOT
from infra.local.cluster import own_cluster
from infra.local.ports import free_ports
from infra.result import Result
from infra.waiting import until
from schemas.codec import Codec
from schemas.errors import Unavailable
from schemas.kafka_client import producer_config
from schemas.registry import Registry
from schemas.timebase import SystemClock
from schemas.topics import BOT_EVENTS, MEETING_PARTICIPANTS

NAME = "webhooks"
BOTS = tuple(f"bot_chaos_{number}" for number in range(5))
SINKS = ("sink-1", "sink-2")
EVENTS_PER_S = 4.0
DRAIN_S = 240.0
MOST_DUPLICATES = 0.10
KEYS = "chaos:" + "A" * 43 + "="
SINK_SETTINGS = {
    "EARSHOT_WEBHOOK_KEYS": KEYS,
    "EARSHOT_WEBHOOK_ALLOWED_RANGES": "127.0.0.0/8",
    "EARSHOT_WEBHOOK_RETRY_WAITS_S": "0.5,1,2,4",
    "EARSHOT_WEBHOOK_MAX_ATTEMPTS": "1000",
}


def run(asked: Run) -> Result:
    """Kill for as long as asked, let everything drain, then judge."""
    length_s = asked.minutes * 60
    with TemporaryDirectory(prefix="earshot-chaos-") as name, own_cluster(asked.settings, Path(name)) as cluster:
        folder = Path(name)
        plan = receivers(free_ports(21), length_s, asked.seed)
        chaos = Chaos(
            folder, {**cluster.environment, **SINK_SETTINGS, "SSL_CERT_FILE": str(Certificates(folder).trusted)}, plan
        )
        with chaos.running():
            killed, events = chaos.live(list(kills(SINKS, length_s, asked.seed)), length_s)
            chaos.drain(events)
            found, control = chaos.judge(events)
    held = found.lost == 0 and found.lanes_out_of_order == 0 and control.lanes_out_of_order > 0 and control.lost == 0
    return Result(
        name=NAME,
        command=asked.command,
        seed=asked.seed,
        passed=held and found.duplicates <= MOST_DUPLICATES * found.deliveries,
        figures={
            "kills": killed,
            **asdict(found),
            "lanes": len(BOTS) * (len(plan) - 1),
            "duplicates_share": round(found.duplicates / max(found.deliveries, 1), 4),
            "control_lanes_out_of_order": control.lanes_out_of_order,
        },
    )


class Chaos:
    """The processes of one run, and what they leave in `folder`."""

    def __init__(self, folder: Path, environment: dict[str, str], plan: Sequence[Receiver]) -> None:
        self._folder = folder
        self._environment = environment
        self._plan = plan
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._codec = Codec(Registry(environment["EARSHOT_SCHEMA_REGISTRY_URL"]))
        self._producer = Producer(producer_config(environment["EARSHOT_KAFKA_BOOTSTRAP_SERVERS"]))
        self._clock = SystemClock()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Endpoints on the log, receivers and sinks at work."""
        self._enrol()
        (self._folder / "plan.json").write_bytes(msgspec.json.encode(self._plan))
        self._start("receivers", sys.executable, "-m", "infra.chaos.webhooks.receivers", str(self._folder))
        try:
            until((self._folder / "ready").exists, "the receivers serve")
            for sink in SINKS:
                self._start_sink(sink)
            yield
        finally:
            for process in self._running.values():
                process.kill()
                process.wait()

    def live(self, schedule: list[Kill], length_s: float) -> tuple[int, int]:
        """Events and kills until `length_s`; how many kills, and how many events each bot had."""
        for bot_id in BOTS:
            for event in bot_events(bot_id, self._clock.now_us()):
                self._produce(BOT_EVENTS.name, bot_id, self._codec.encode(BOT_EVENTS, event))
        began_s, spoken, down = time.monotonic(), 0, list[tuple[float, str]]()
        killed = 0
        while (now_s := time.monotonic() - began_s) < length_s:
            while spoken < now_s * EVENTS_PER_S / len(BOTS):
                self._speak(spoken)
                spoken += 1
            while schedule and schedule[0].at_s <= now_s:
                kill = schedule.pop(0)
                killed += self._kill(kill.victim)
                down.append((kill.at_s + kill.down_s, kill.victim))
            for back in [one for one in down if one[0] <= now_s]:
                down.remove(back)
                self._start_sink(back[1])
            self._producer.poll(0.02)
        for _, sink in down:
            self._start_sink(sink)
        self._producer.flush(30)
        return killed, spoken + len(STATES)

    def drain(self, events: int) -> None:
        """Until every lane has everything, or for as long as it could take."""
        wanted = events * len(BOTS) * len(self._plan)
        deadline_s = time.monotonic() + DRAIN_S
        while time.monotonic() < deadline_s:
            receipts = read_receipts(self._receipts())
            if len({(one.endpoint_id, one.bot_id, one.sequence) for one in receipts}) >= wanted:
                return
            time.sleep(1)

    def judge(self, events: int) -> tuple[Verdict, Verdict]:
        """Of the twenty, and of the control whose disorder has to be seen."""
        receipts = read_receipts(self._receipts())
        names = [receiver.endpoint_id for receiver in self._plan]
        punctual = {receiver.endpoint_id for receiver in self._plan if receiver.fault is Fault.NONE}
        lanes = {(name, bot_id) for name in names for bot_id in BOTS if name != CONTROL}
        control = {(CONTROL, bot_id) for bot_id in BOTS}
        return verdict(receipts, lanes, events, punctual), verdict(receipts, control, events, set())

    def _enrol(self) -> None:
        lines = [
            {
                "endpoint_id": one.endpoint_id,
                "url": one.url,
                "secret": SECRET,
                "timeout_s": 2,
                "ordering": "none" if one.endpoint_id == CONTROL else "bot",
            }
            for one in self._plan
        ]
        text = b"\n".join(map(msgspec.json.encode, lines)) + b"\n"
        command = ("env", *self._settings(), sys.executable, "-m", "sinks.webhooks.console.enrolment")
        subprocess.run(command, input=text, check=True)

    def _speak(self, number: int) -> None:
        for bot_id in BOTS:
            event = speech(bot_id, number, self._clock.now_us())
            self._produce(MEETING_PARTICIPANTS.name, bot_id, self._codec.encode(MEETING_PARTICIPANTS, event))

    def _produce(self, topic: str, bot_id: str, value: bytes) -> None:
        self._producer.produce(topic, key=bot_id, value=value)

    def _start_sink(self, name: str) -> None:
        self._start(name, "env", *self._settings(), EARSHOT, "sink", "webhooks")

    def _start(self, name: str, *command: str) -> None:
        with (self._folder / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(command, stdout=log, stderr=log)

    def _kill(self, name: str) -> bool:
        """SIGKILL; whether it was running. One that ended by itself breaks the run."""
        process = self._running[name]
        if process.poll() is not None:
            log = (self._folder / f"{name}.log").read_text("utf-8", "replace")
            raise Unavailable(f"{name} ended by itself: {log[-600:]}", remedy="mend what its log says")
        process.kill()
        process.wait()
        return True

    def _settings(self) -> list[str]:
        return [f"{name}={value}" for name, value in self._environment.items()]

    def _receipts(self) -> bytes:
        report = self._folder / "receipts.jsonl"
        return report.read_bytes() if report.exists() else b""
