"""A log, processes that dispatch from it, and receivers, all without a clock of their own: one seed gives one history.

Processes die with some of their writes under way, partitions move between them, receivers fail as the seed has it. What a
receiver accepted is in `received`, in order of arrival.
"""

import random
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from schemas.events import WebhookAttempt, WebhookDelivery, WebhookParked
from sinks.webhooks.dispatch.attempt import SETTLED
from sinks.webhooks.dispatch.progress import Progress
from sinks.webhooks.dispatch.scheduler import Scheduler
from sinks.webhooks.dispatch.takeover import LeftBehind, TakeOver, take_over
from sinks.webhooks.endpoints.retry_policy import SECOND_US, Answer, RetryPolicy
from sinks.webhooks.endpoints.terms import Terms
from sinks.webhooks.log.commit_note import noted_offsets
from sinks.webhooks.log.parked import Write, newest
from sinks.webhooks.log.pending import Pending

OK = Answer(204, "", 3)
FAILURES = (Answer(500, "http_5xx", 3), Answer(0, "timeout", 9000), Answer(429, "http_4xx", 3, retry_after="20"))
DAY_US = 86_400 * SECOND_US
POLICY = RetryPolicy((5.0, 300.0, 1800.0, 7200.0, 18_000.0, 36_000.0, 50_400.0, 72_000.0, 86_400.0), 10)
Receives = Callable[[str, int], Answer]
"""What an endpoint answers at a time."""


@dataclass
class Partition:
    """One partition of every topic of the dispatcher, and its group's last commit."""

    deliveries: list[WebhookDelivery] = field(default_factory=list)
    parked: list[tuple[str, WebhookParked | None]] = field(default_factory=list)
    attempts: list[WebhookAttempt] = field(default_factory=list)
    start: int = 0
    note: str = ""
    attempts_start: int = 0


@dataclass(frozen=True)
class Sent:
    """A record on its way to the broker: `land` puts it there, `acknowledge` says so to its process."""

    land: Callable[[], int]
    acknowledge: Callable[[int], None]


@dataclass
class Owned:
    """What a process knows of a partition that is its own."""

    progress: Progress
    taken_over: TakeOver
    read_to: int


class Process:
    """The dispatcher's shell, boiled down to what it tells its pure parts."""

    def __init__(self, world: "World", terms: Callable[[str], Terms | None]) -> None:
        self.world = world
        self.scheduler = Scheduler(terms)
        self.owned: dict[int, Owned] = {}
        self.under_way: list[tuple[Pending, Answer]] = []
        self.unsent: dict[tuple[str, int], deque[Sent]] = defaultdict(deque)
        self.commits_on_receipt = False

    def take_over(self, number: int) -> None:
        partition = self.world.partitions[number]
        left = LeftBehind(
            partition=number,
            start=partition.start,
            attempts_end=len(partition.attempts),
            noted=noted_offsets(partition.note, partition.start),
            parked=list(newest(partition.parked).values()),
            attempts=partition.attempts[partition.attempts_start :],
        )
        progress, taken = Progress(), take_over(left)
        progress.start(partition.start, len(partition.attempts), taken.settled)
        self.owned[number] = Owned(progress, taken, partition.start)
        partition.parked += [(write.key, write.record) for write in taken.writes]  # awaited before anything else
        self.scheduler.restore(taken.parked, self.world.now_us)

    def poll(self, at_most: int) -> None:
        for number, owned in self.owned.items():
            log = self.world.partitions[number].deliveries
            for offset in range(owned.read_to, min(len(log), owned.read_to + at_most)):
                owned.read_to = offset + 1
                if not owned.progress.take(offset):
                    continue
                if self.commits_on_receipt:
                    owned.progress.deliveries.settle(offset)
                tries, due_us = owned.taken_over.tried.get(offset, (0, 0))
                self.scheduler.push(Pending(number, offset, log[offset], tries, due_us), self.world.now_us)
        self._follow_up()

    def start(self) -> None:
        for head, skip in self.scheduler.start(self.world.now_us):
            if skip:
                self._record(head, self.scheduler.skipped(head, self.world.now_us))
            else:
                self.under_way.append((head, self.world.receive(head.delivery)))
        self._follow_up()
        for endpoint_id in {head.delivery.endpoint_id for head, _ in self.under_way}:
            mine = sum(head.delivery.endpoint_id == endpoint_id for head, _ in self.under_way)
            self.world.most_under_way = max(self.world.most_under_way, mine)

    def answer(self, place: int) -> None:
        """One of the tries under way ends."""
        if not self.under_way:
            return
        head, answer = self.under_way.pop(place % len(self.under_way))
        attempt = self.scheduler.answered(head, answer, self.world.now_us, self.world.now_us)
        self._record(head, attempt)

    def flush(self, at_most: int) -> None:
        for queue in list(self.unsent.values()):
            for _ in range(min(at_most, len(queue))):
                sent = queue.popleft()
                sent.acknowledge(sent.land())

    def commit(self) -> None:
        for number, owned in self.owned.items():
            partition, commit = self.world.partitions[number], owned.progress.commit()
            if commit.deliveries is not None and commit.attempts is not None:
                partition.start, partition.note, partition.attempts_start = (
                    commit.deliveries,
                    commit.note,
                    commit.attempts,
                )

    def release(self, number: int) -> None:
        """Give a partition up as a rebalance asks."""
        self.scheduler.freeze({number})
        for place in reversed(range(len(self.under_way))):
            if self.under_way[place][0].partition == number:
                if self.world.chance.random() < 0.5:
                    self.answer(place)
                else:
                    self.scheduler.broken_off(self.under_way.pop(place)[0], self.world.now_us)
        self.flush(10**9)
        self.flush(10**9)  # tombstones follow the tries they belong to
        self.commit()
        self.scheduler.drop({number}, self.world.now_us)
        del self.owned[number]

    def _record(self, head: Pending, attempt: WebhookAttempt) -> None:
        place = (head.partition, head.offset)
        writes = self.scheduler.take_writes()
        late = [write for write in writes if (write.partition, write.offset) == place and write.record is None]
        self._send([write for write in writes if write not in late], place)
        partition, progress = self.world.partitions[head.partition], self.owned[head.partition].progress

        def land() -> int:
            partition.attempts.append(attempt)
            return len(partition.attempts) - 1

        def acknowledged(offset: int) -> None:
            progress.attempt_written(offset, attempt, any((w.partition, w.offset) == place for w in writes))
            self._send(late, place)

        self.unsent["attempts", head.partition].append(Sent(land, acknowledged))
        self._follow_up()

    def _send(self, writes: list[Write], tried: tuple[int, int] | None) -> None:
        for write in writes:
            self._send_write(write, of_try=(write.partition, write.offset) == tried)

    def _follow_up(self) -> None:
        self._send(self.scheduler.take_writes(), None)
        for number, offset in self.scheduler.take_wanted():
            self.world.fetches += 1
            self.scheduler.loaded(number, offset, self.world.partitions[number].deliveries[offset], self.world.now_us)

    def _send_write(self, write: Write, *, of_try: bool) -> None:
        partition, progress = self.world.partitions[write.partition], self.owned[write.partition].progress

        def land() -> int:
            partition.parked.append((write.key, write.record))
            return len(partition.parked) - 1

        self.unsent["parked", write.partition].append(
            Sent(land, lambda _: progress.parked_written(write.offset, of_try))
        )


class World:
    """Partitions, processes that share them, receivers that answer as `receives` says."""

    def __init__(self, seed: int, receives: Receives, *, terms: Terms, partitions: int = 2, processes: int = 2) -> None:
        self.chance = random.Random(seed)
        self.receives = receives
        self.now_us = SECOND_US
        self.partitions = [Partition() for _ in range(partitions)]
        self.received: list[WebhookDelivery] = []
        self.most_under_way = self.fetches = self.kills = 0
        self._terms = terms
        self._numbers: dict[tuple[str, str], int] = defaultdict(int)
        self.processes = [Process(self, lambda _: terms) for _ in range(processes)]
        for number in range(partitions):
            self.processes[number % processes].take_over(number)

    def receive(self, delivery: WebhookDelivery) -> Answer:
        answer = self.receives(delivery.endpoint_id, self.now_us)
        if answer.delivered:
            self.received.append(delivery)
            if self.chance.random() < 0.02:
                return Answer(0, "reset", 3)  # accepted, then dropped
        return answer

    def produce(self, endpoint_id: str, bot_id: str) -> None:
        sequence = self._numbers[endpoint_id, bot_id]
        self._numbers[endpoint_id, bot_id] += 1
        number = int(bot_id.rpartition("_")[2]) % len(self.partitions)
        log = self.partitions[number].deliveries
        log.append(
            WebhookDelivery(
                tenant_id="default",
                bot_id=bot_id,
                meeting_id="mtg_1",
                delivery_id=f"msg_{endpoint_id}_{bot_id}_{sequence}",
                endpoint_id=endpoint_id,
                sequence=sequence,
                event_type="bot.joining",
                event_id=f"evt_{bot_id}_{sequence}",
                occurred_at_us=0,
                produced_at_us=self.now_us,
                body=b"{}",
                content_type="application/json",
                ordering=self._terms.ordering,
            )
        )

    def wait(self, seconds: float) -> None:
        self.now_us += int(seconds * SECOND_US)

    def kill(self, victim: int) -> None:
        """Some writes of the process reach the broker all the same, a beginning of each queue; a new process takes over."""
        dead = self.processes[victim]
        for queue in dead.unsent.values():
            for sent in list(queue)[: self.chance.randint(0, len(queue))]:
                sent.land()
        self.kills += 1
        self.processes[victim] = Process(self, lambda _: self._terms)
        self.processes[victim].commits_on_receipt = dead.commits_on_receipt
        for number in dead.owned:
            self.processes[victim].take_over(number)

    def move(self, number: int) -> None:
        giver = next(process for process in self.processes if number in process.owned)
        taker = self.chance.choice([process for process in self.processes if process is not giver] or [giver])
        giver.release(number)
        taker.take_over(number)

    def drain(self, longest_us: int = 40 * DAY_US) -> None:
        """Until nothing is left to do."""
        end_us = self.now_us + longest_us
        while self.step():
            deadlines = [us for process in self.processes if (us := process.scheduler.deadline_us) is not None]
            self.now_us = max(self.now_us, min(deadlines, default=self.now_us))
            assert self.now_us < end_us, "something never settles"
        for process in self.processes:
            process.commit()

    def step(self) -> bool:
        """Every process reads, tries, hears the answers and writes; whether anything was left to do."""
        busy = False
        for process in self.processes:
            process.poll(1000)
            process.start()
            busy |= bool(process.under_way) or bool(len(process.scheduler))
            while process.under_way:
                process.answer(self.chance.randrange(len(process.under_way)))
            process.flush(10**9)
            process.flush(10**9)
        return busy

    def lanes(self) -> dict[tuple[str, str], list[int]]:
        """Sequences in order of first arrival, by endpoint and bot."""
        arrived: dict[tuple[str, str], dict[int, None]] = defaultdict(dict)
        for delivery in self.received:
            arrived[delivery.endpoint_id, delivery.bot_id].setdefault(delivery.sequence)
        return {lane: list(numbers) for lane, numbers in arrived.items()}

    def given_up(self) -> Iterator[WebhookAttempt]:
        """Final records of deliveries that nobody took."""
        for partition in self.partitions:
            for attempt in partition.attempts:
                if attempt.outcome in SETTLED and not 200 <= attempt.status < 300:
                    yield attempt

    def lost(self) -> set[tuple[str, str, int]]:
        """What was neither delivered nor given up on the record."""
        told = {(d.endpoint_id, d.bot_id, d.sequence) for d in self.received}
        told |= {(a.endpoint_id, a.bot_id, a.sequence) for a in self.given_up()}
        everything = {(e, b, n) for (e, b), count in self._numbers.items() for n in range(count)}
        return everything - told

    def lanes_out_of_order(self) -> int:
        return sum(numbers != sorted(numbers) for numbers in self.lanes().values())

    @property
    def duplicates(self) -> int:
        return len(self.received) - len({(d.delivery_id) for d in self.received})
