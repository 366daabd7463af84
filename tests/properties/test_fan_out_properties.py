"""However the topics are read, and however often the process dies, one bot's events are numbered once and in order."""

from collections import defaultdict
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.events import Record, WebhookDelivery
from schemas.topics import (
    BOT_EVENTS,
    MEETING_PARTICIPANTS,
    TRANSCRIPT_EVENTS,
    TRANSCRIPT_TURNS,
    WEBHOOK_DELIVERIES,
)
from sinks.webhooks.endpoints.book import EndpointBook
from sinks.webhooks.endpoints.retry_policy import RetryPolicy
from sinks.webhooks.fan_out.fan_out import INPUTS, FanOut, Left
from sinks.webhooks.fan_out.release import Place
from tests.fakes.bot_script import BotScript
from tests.fakes.webhook_endpoints import endpoint

NOW_US = 1_000_000
TIMEOUT_US = 600_000_000
PARTITION = 3
POISON = None
Line = tuple[str, Record | None]
BOOK = EndpointBook([endpoint("ep_1"), endpoint("ep_2")], RetryPolicy((5.0,), 10))


class Log:
    """One partition of every topic, a process that reads and writes it, and what the process committed."""

    def __init__(self, inputs: dict[str, list[Line]]) -> None:
        self.inputs = inputs
        self.deliveries: list[WebhookDelivery] = []
        self.committed: dict[str, int] = {}
        self.start()

    def start(self) -> None:
        """A new process takes the partition up."""
        self.fan_out = FanOut(BOOK, timeout_us=TIMEOUT_US)
        self.read_to = {topic.name: self.committed.get(topic.name, 0) for topic in INPUTS}
        first = self.committed.get(WEBHOOK_DELIVERIES.name, 0)
        left = Left(
            deliveries=list(enumerate(self.deliveries))[first:],
            input_starts=dict(self.read_to),
            input_ends={name: len(lines) for name, lines in self.inputs.items()},
        )
        self.fan_out.restore(left)

    def read(self, topic: str, count: int) -> None:
        start = self.read_to[topic]
        for offset, (bot_id, record) in list(enumerate(self.inputs[topic]))[start : start + count]:
            place = Place(topic, offset)
            if record is POISON:
                self.fan_out.pass_by(place)
            else:
                self.fan_out.take(place, record, bot_id, NOW_US)
            self.read_to[topic] = offset + 1

    def write(self, at_most: int = 10**9) -> None:
        """Deliveries go on the log; a process that dies in between has written only the first of them."""
        drafts, _ = self.fan_out.advance(NOW_US)
        for draft in drafts:
            start = len(self.deliveries)
            self.deliveries += draft.deliveries[:at_most]
            at_most -= len(draft.deliveries)
            if at_most < 0:
                return self.start()
            self.fan_out.written(draft, range(start, len(self.deliveries)))
        return None

    def commit(self) -> None:
        self.committed |= self.fan_out.commits()  # the broker keeps what it was told before

    def finish(self) -> None:
        for topic in INPUTS:
            self.read(topic.name, 10**9)
        self.write()
        self.commit()


def world(bots: int) -> dict[str, list[Line]]:
    """Bots that share a partition, one after the other on each topic, with poison before each."""
    inputs: dict[str, list[Line]] = defaultdict(list)
    for number in range(bots):
        ends = {topic.name: len(inputs[topic.name]) + 1 for topic in INPUTS}
        script = BotScript(f"bot_{number}", first_offset=ends)
        for topic, records in script.records().items():
            inputs[topic.name] += [("", POISON), *((script.bot_id, record) for record in records)]
    return dict(inputs)


READ_COUNTS = st.sampled_from([1, 4, 9, 100])
topics = st.sampled_from([topic.name for topic in INPUTS])
steps: st.SearchStrategy[Callable[[Log], None]] = st.one_of(
    st.builds(lambda topic, count: lambda log: log.read(topic, count), topics, READ_COUNTS),
    st.builds(lambda topic: lambda log: (log.read(topic, 100), log.write()), topics),
    st.just(Log.write),
    st.builds(lambda written: lambda log: log.write(written), st.integers(0, 3)),
    st.just(Log.commit),
    st.just(Log.start),
)


@settings(deadline=None, max_examples=300)
@given(st.lists(steps, max_size=25))
def test_any_interleaving_and_any_deaths_give_every_event_one_number_in_the_promised_order(
    done: list[Callable[[Log], None]],
) -> None:
    """Topics keep their own order and nothing else is given; the process may die between any two steps."""
    log = Log(world(2))
    for step in done:
        step(log)
    log.finish()
    for number in range(2):
        script = BotScript(f"bot_{number}")
        for endpoint_id in ("ep_1", "ep_2"):
            told = [d for d in log.deliveries if (d.bot_id, d.endpoint_id) == (script.bot_id, endpoint_id)]
            assert_promise(told, script)
    assert all(log.committed[topic] == len(lines) for topic, lines in log.inputs.items())
    assert log.committed[WEBHOOK_DELIVERIES.name] == len(log.deliveries), "nothing is left to read back"


def test_a_bot_whose_own_events_are_read_last_after_a_restart_keeps_its_numbers() -> None:
    """A transcript that was told already is read first: it says nothing of the bot, and nothing of it is forgotten."""
    log = Log(world(1))
    for topic in (TRANSCRIPT_TURNS, BOT_EVENTS, TRANSCRIPT_EVENTS):
        log.read(topic.name, 100)
        log.write()
    log.start()
    log.read(TRANSCRIPT_EVENTS.name, 100)
    log.write()
    log.commit()
    log.finish()
    assert_promise([line for line in log.deliveries if line.endpoint_id == "ep_1"], BotScript("bot_0"))


def assert_promise(told: list[WebhookDelivery], script: BotScript) -> None:
    types = [line.event_type for line in told]
    assert [line.sequence for line in told] == list(range(script.public_events))
    assert len({line.delivery_id for line in told}) == script.public_events
    assert types[0] == "bot.joining"
    assert types[-1] == "bot.done"
    assert types.index("bot.in_call_not_recording") < min(i for i, t in enumerate(types) if not t.startswith("bot."))
    assert types.index("bot.stopped") < types.index("transcription.processed")
    turns = [i for i, event_type in enumerate(types) if event_type == "transcript.data"]
    assert turns[-1] < types.index("transcription.processed")
    for family in ("bot.", "participant_events.", "transcript."):
        assert [t for t in types if t.startswith(family)] == family_in_log_order(script, family)


def family_in_log_order(script: BotScript, family: str) -> list[str]:
    from sinks.webhooks.events.envelope import public_event

    events = [public_event(record) for records in script.records().values() for record in records]
    return [event.type for event in events if event and event.type.startswith(family)]


def test_the_order_check_bites() -> None:
    """Negative control: events numbered as they happen to be read break the promise."""
    script = BotScript("bot_0")
    log = Log({**world(1)})
    log.read(TRANSCRIPT_TURNS.name, 100)
    log.read(MEETING_PARTICIPANTS.name, 100)
    log.finish()
    ours = [delivery for delivery in log.deliveries if delivery.endpoint_id == "ep_1"]
    shuffled = sorted(ours, key=lambda line: line.event_type)
    with pytest.raises(AssertionError):
        assert_promise(shuffled, script)
    assert all(a.sequence < b.sequence for a, b in pairwise(ours))
