"""A whole world: people talk, workers come and go, providers, sockets and the broker fail, and time passes in steps."""

import random
from collections import defaultdict
from collections.abc import Sequence

from infra.chaos.words import WordAccount, account
from schemas.codec import Codec
from schemas.events import ResultEvent
from schemas.topics import AUDIO_FRAMES
from stream_processors.transcription.providers.interface import Capabilities
from tests.fakes.fixed_schemas import FixedSchemas
from tests.fakes.logged_words import holes, raw_words, read_words
from tests.fakes.transcription_world.broker import Broker
from tests.fakes.transcription_world.clock import WorldClock
from tests.fakes.transcription_world.cloud import Cloud
from tests.fakes.transcription_world.node import SESSION_TIMEOUT_MS, Node, Rules
from tests.fakes.transcription_world.script import Voice

STEP_MS = 50
TICK_MS = 200
COMMIT_MS = 500


class World:
    """`voices` talk to `partitions`; `rules` are what the workers keep to."""

    def __init__(
        self,
        seed: int,
        voices: Sequence[Voice],
        services: Sequence[Capabilities],
        *,
        partitions: int = 2,
        workers: int = 2,
        rules: Rules = Rules(),  # noqa: B008, it is frozen
        step_ms: float = STEP_MS,
    ) -> None:
        self.luck = random.Random(seed)
        self.clock = WorldClock()
        self.codec = Codec(FixedSchemas())
        self.broker = Broker(self.codec, partitions)
        self.cloud = Cloud(seed)
        self.voices = list(voices)
        self.nodes: list[Node] = []
        self.faults: list[str] = []
        self._services = list(services)
        self._rules = rules
        self._step_ms = step_ms
        self._most_letters = int(30 * step_ms / STEP_MS)
        self._born = 0
        self._dead_since_ms: float | None = None
        to_write = [(at_ms, voice.partition, chunk) for voice in voices for at_ms, chunk in voice.chunks]
        self._to_write = sorted(to_write, key=lambda each: each[0])[::-1]
        for _ in range(workers):
            self.join()
        self.rebalance()

    @property
    def all_written(self) -> bool:
        return not self._to_write

    def join(self) -> Node:
        """A new process; it owns nothing before the next rebalance."""
        self._born += 1
        node = Node(f"worker{self._born}", self.broker, self.cloud, self.clock, self._services)
        node.begin(self._rules)
        self.nodes.append(node)
        return node

    def kill(self, node: Node) -> None:
        """kill -9: some of what it had sent gets there, it hears of nothing, its sockets are gone."""
        node.outlet.reach(self.luck.randint(0, 20))
        for session in list(self.cloud.sessions):
            if session.belongs_to(node.name):
                session.close()
        self.nodes.remove(node)
        self._dead_since_ms = self.clock.ms

    def leave(self, node: Node) -> None:
        """SIGTERM: it closes its sessions, commits and goes; the others take over at once."""
        node.worker.hang_up()
        node.revoked()
        node.worker.close()
        self.nodes.remove(node)
        self.rebalance()

    def rebalance(self) -> None:
        """The group forms anew from the members that answer; partitions stay where they are when they can."""
        members = [node for node in self.nodes if not node.stopped]
        if not members or self.broker.away:
            return
        for node in members:
            node.revoked()
        self.broker.generation += 1
        self._dead_since_ms = None
        for node, share in zip(members, self._shares(members), strict=True):
            node.assigned(share)

    def step(self) -> None:
        """50 ms pass."""
        self.clock.ms += self._step_ms
        self._write_audio()
        self._expel()
        self.cloud.step(self.clock.ms)
        for node in self.nodes:
            if node.stopped:
                continue
            node.outlet.reach(self.luck.randint(0, self._most_letters))
            node.outlet.acknowledge(self.luck.randint(0, self._most_letters))
            node.read()
            node.catch_up()
            if self.clock.ms % TICK_MS < self._step_ms:
                node.tick()
            if self.clock.ms % COMMIT_MS < self._step_ms:
                node.commit()

    def run(self, ms: float) -> None:
        ends = self.clock.ms + ms
        while self.clock.ms < ends:
            self.step()

    def finish(self, most_ms: float = 1_500_000) -> float:
        """Until everything said is settled; how long that took after the last of it was written."""
        ends = self.clock.ms + most_ms
        written_ms = self.clock.ms
        while not self.settled():
            written_ms = written_ms if self.all_written else self.clock.ms
            assert self.clock.ms < ends, f"stuck: {self.faults}, {list(self.behind().items())[:3]}"
            self.run(1_000)
        return self.clock.ms - written_ms

    def settled(self) -> bool:
        return self.all_written and not self.behind()

    def behind(self) -> dict[str, tuple[int, int]]:
        """Voices whose results do not reach their end: how far they are, and where it is."""
        reached = {key: max(r.cursor_after_sample for r in results) for key, results in self.results().items()}
        keys = {voice: (voice.bot_id, voice.stream_id, voice.epoch) for voice in self.voices}
        return {
            f"{voice.stream_id}/{voice.epoch}": (reached.get(key, 0), voice.end_sample)
            for voice, key in keys.items()
            if reached.get(key, 0) < voice.end_sample
        }

    def results(self) -> dict[tuple[str, str, int], list[ResultEvent]]:
        """By stream and epoch, in the order of the log."""
        found: dict[tuple[str, str, int], list[ResultEvent]] = defaultdict(list)
        for log in self.broker.results.values():
            for result in log:
                found[(result.bot_id, result.stream_id, result.epoch)].append(result)
        return found

    def accounts(self, *, raw: bool = False) -> WordAccount:
        """What was said against what a reader takes from the log, or against everything on it."""
        results = self.results()
        words = raw_words if raw else read_words
        each = [account(v.words, words(results[(v.bot_id, v.stream_id, v.epoch)])) for v in self.voices]
        return sum(each, WordAccount())

    def holes(self) -> list[tuple[int, int]]:
        return [hole for results in self.results().values() for hole in holes(results)]

    def _shares(self, members: Sequence[Node]) -> list[set[int]]:
        shares: list[set[int]] = [set() for _ in members]
        most = -(-self.broker.partitions // len(members))
        homeless = []
        for number in range(self.broker.partitions):
            owner = next((i for i, node in enumerate(members) if number in node.owned and len(shares[i]) < most), None)
            if owner is None:
                homeless.append(number)
            else:
                shares[owner].add(number)
        for number in homeless:
            min(shares, key=len).add(number)
        return shares

    def _expel(self) -> None:
        """A member that was silent for the session timeout is out; one that finds itself in an old generation joins anew."""
        since = [n.heard_of_at_ms for n in self.nodes if n.stopped and n.generation == self.broker.generation]
        since += [self._dead_since_ms] if self._dead_since_ms is not None else []
        outdated = any(n.generation != self.broker.generation for n in self.nodes if not n.stopped)
        timed_out = any(self.clock.ms - at_ms > SESSION_TIMEOUT_MS for at_ms in since)
        if timed_out or (outdated and self.luck.random() < 0.1):
            self.rebalance()

    def _write_audio(self) -> None:
        while self._to_write and self._to_write[-1][0] <= self.clock.ms:
            _, partition, chunk = self._to_write.pop()
            self.broker.put(partition, chunk, self.codec.encode(AUDIO_FRAMES, chunk), self.clock.ms)
