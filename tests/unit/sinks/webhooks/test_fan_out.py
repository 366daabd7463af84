"""What a restart finds, when the waiting ends, and what is dropped: one partition's decisions by example."""

import msgspec

from schemas.events import Record, WebhookDelivery
from schemas.topics import (
    BOT_EVENTS,
    MEETING_PARTICIPANTS,
    TRANSCRIPT_EVENTS,
    TRANSCRIPT_TURNS,
    WEBHOOK_DELIVERIES,
    Topic,
)
from schemas.vocabulary import BotState, DeliveryTrigger, ParticipantKind, TranscriptKind
from sinks.webhooks.endpoints.book import EndpointBook
from sinks.webhooks.endpoints.retry_policy import RetryPolicy
from sinks.webhooks.fan_out.fan_out import INPUTS, Draft, FanOut, Left
from sinks.webhooks.fan_out.release import Place
from tests.fakes.bot_script import LIFE, BotScript
from tests.fakes.webhook_endpoints import endpoint

TIMEOUT_US = 10_000_000
POLICY = RetryPolicy((5.0,), 10)
ONE = EndpointBook([endpoint("ep_1")], POLICY)
SCRIPT = BotScript("bot_1")


class Partition:
    """A process at work on one partition; `restarted` is the next one, which knows only the log and the commits."""

    def __init__(self, left: Left | None = None, ends: dict[str, int] | None = None, book: EndpointBook = ONE) -> None:
        self.ends = ends or {topic.name: 0 for topic in INPUTS}
        self.book = book
        self.deliveries: list[WebhookDelivery] = []
        self.fan_out = FanOut(book, timeout_us=TIMEOUT_US)
        self.dropped: list[str] = []
        if left:
            self.fan_out.restore(left)

    def read(self, topic: Topic, record: Record, *, at: int | None = None, now_us: int = 0) -> None:
        offset = self.ends[topic.name] if at is None else at
        self.ends[topic.name] = max(self.ends[topic.name], offset + 1)
        bot_id: str = record.bot_id  # type: ignore[attr-defined]
        self.fan_out.take(Place(topic.name, offset), record, bot_id, now_us)

    def tell(self, now_us: int = 0) -> list[str]:
        """Journal what may be told; its types."""
        drafts, drops = self.fan_out.advance(now_us)
        self.dropped += [drop.reason for drop in drops]
        for draft in drafts:
            self.write(draft)
        return [draft.deliveries[0].event_type for draft in drafts]

    def write(self, draft: Draft) -> None:
        start = len(self.deliveries)
        self.deliveries += draft.deliveries
        self.fan_out.written(draft, range(start, len(self.deliveries)))

    def restarted(self) -> "Partition":
        commits = self.fan_out.commits()
        left = Left(
            deliveries=list(enumerate(self.deliveries))[commits.get(WEBHOOK_DELIVERIES.name, 0) :],
            input_starts={topic.name: commits.get(topic.name, 0) for topic in INPUTS},
            input_ends=self.ends,
        )
        following = Partition(left, dict(self.ends), self.book)
        following.deliveries = self.deliveries
        return following


def in_call(script: BotScript = SCRIPT) -> Partition:
    """A bot that is recording, all told."""
    partition = Partition()
    for event in script.life()[:4]:
        partition.read(BOT_EVENTS, event)
    partition.tell()
    return partition


def ended(script: BotScript = SCRIPT, *, now_us: int = 0) -> Partition:
    """A bot whose call has ended; nothing of the people or the transcript was read."""
    partition = in_call(script)
    for event in script.life()[4:6]:
        partition.read(BOT_EVENTS, event, now_us=now_us)
    partition.tell(now_us)
    return partition


def test_nothing_of_the_call_is_told_before_the_bot_is_in_it() -> None:
    """People and turns wait for the bot's own word; then they come in the order they were read."""
    partition = Partition()
    partition.read(MEETING_PARTICIPANTS, SCRIPT.person(0, ParticipantKind.JOIN))
    partition.read(TRANSCRIPT_TURNS, SCRIPT.turn(0))
    assert partition.tell() == []
    partition.read(BOT_EVENTS, SCRIPT.life()[0])
    assert partition.tell() == ["bot.joining"]
    partition.read(BOT_EVENTS, SCRIPT.life()[2])
    assert partition.tell() == ["bot.in_call_not_recording", "participant_events.join", "transcript.data"]


def test_a_restart_knows_that_the_bot_is_in_the_call() -> None:
    """The bot's events are not committed before it is done: read again, they are told no more, and nothing waits."""
    following = in_call().restarted()
    for offset, event in enumerate(SCRIPT.life()[:4]):
        following.read(BOT_EVENTS, event, at=offset)
    following.read(TRANSCRIPT_TURNS, SCRIPT.turn(0))
    assert following.tell() == ["transcript.data"]
    assert following.deliveries[-1].sequence == 4


def test_a_bot_that_is_done_is_not_told_again_when_its_records_are_read_again() -> None:
    """Another bot holds the commit back; the journal says of the first that it is done as long as that may matter."""
    partition = Partition()
    other = BotScript("bot_2")
    partition.read(BOT_EVENTS, other.bot_event(0, BotState.STAGED, attrs={}))
    for topic, records in BotScript("bot_1", first_offset={BOT_EVENTS.name: 1}).records().items():
        for record in records:
            partition.read(topic, record)
    partition.tell()
    following = partition.restarted()
    assert partition.fan_out.commits()[BOT_EVENTS.name] == 0
    following.read(BOT_EVENTS, other.bot_event(0, BotState.STAGED, attrs={}), at=0)
    for offset, event in enumerate(SCRIPT.life(), start=1):
        following.read(BOT_EVENTS, event, at=offset)
    assert following.tell() == []


def test_the_journal_is_left_behind_when_nothing_can_be_read_again() -> None:
    """When all bots are done and all is committed, a new process has nothing to read back."""
    partition = Partition()
    for topic, records in SCRIPT.records().items():
        for record in records:
            partition.read(topic, record)
    partition.tell()
    commits = partition.fan_out.commits()
    assert commits[WEBHOOK_DELIVERIES.name] == len(partition.deliveries)


def test_processed_waits_for_the_last_turn_it_speaks_of() -> None:
    """A dead letter in the last turn's place counts as read."""
    partition = ended()
    partition.read(TRANSCRIPT_EVENTS, SCRIPT.transcript())
    for turn in SCRIPT.spoken()[:-1]:
        partition.read(TRANSCRIPT_TURNS, turn)
    assert partition.tell() == ["transcript.data"] * 3
    partition.fan_out.pass_by(Place(TRANSCRIPT_TURNS.name, 3))
    assert partition.tell() == ["transcription.processed"]


def test_done_waits_for_the_last_participant_event() -> None:
    """bot.done names the offset; what lies before it is told first."""
    partition = ended()
    partition.read(TRANSCRIPT_EVENTS, SCRIPT.transcript())
    for turn in SCRIPT.spoken():
        partition.read(TRANSCRIPT_TURNS, turn)
    partition.read(BOT_EVENTS, SCRIPT.life()[-1])
    assert partition.tell()[-1] == "transcription.processed"
    for event in SCRIPT.people():
        partition.read(MEETING_PARTICIPANTS, event)
    assert partition.tell()[-2:] == ["participant_events.leave", "bot.done"]


def test_a_transcript_that_does_not_come_has_failed_and_a_late_one_is_not_told() -> None:
    """The wait is counted from reading the end of the call, so a sink that was down fails no transcript by itself."""
    partition = ended(now_us=5_000_000)
    assert partition.fan_out.deadline_us == 5_000_000 + TIMEOUT_US
    assert partition.tell(4_999_999 + TIMEOUT_US) == []
    assert partition.tell(5_000_000 + TIMEOUT_US) == ["transcription.failed"]
    assert partition.fan_out.deadline_us is None
    partition.read(TRANSCRIPT_EVENTS, SCRIPT.transcript())
    partition.read(BOT_EVENTS, SCRIPT.life()[-1])
    assert partition.tell(6_000_000 + TIMEOUT_US) == ["bot.done"]
    assert partition.dropped == ["transcript_told"]


def test_a_restart_knows_that_the_transcript_has_failed() -> None:
    """A transcript that comes after a restart is still too late."""
    partition = ended()
    assert partition.tell(TIMEOUT_US) == ["transcription.failed"]
    following = partition.restarted()
    for offset, event in enumerate(SCRIPT.life()):
        following.read(BOT_EVENTS, event, at=offset)
    for event in SCRIPT.people():
        following.read(MEETING_PARTICIPANTS, event)
    following.read(TRANSCRIPT_EVENTS, SCRIPT.transcript())
    told = following.tell()
    assert told[-1] == "bot.done"
    assert "transcription.processed" not in told


def test_a_transcript_that_says_it_failed_is_told_as_it_is() -> None:
    """The turns stage knows more than a timeout does."""
    partition = ended()
    for turn in SCRIPT.spoken():
        partition.read(TRANSCRIPT_TURNS, turn)
    partition.read(TRANSCRIPT_EVENTS, SCRIPT.transcript(TranscriptKind.FAILED))
    assert partition.tell()[-1] == "transcription.failed"
    assert b"janus:7/audio" in partition.deliveries[-1].body


def test_a_bot_that_never_recorded_is_done_without_a_transcript() -> None:
    """It could not join: fatal, then done, at once; a transcript of nothing is not told."""
    partition = Partition()
    for sequence, state in enumerate((BotState.JOINING, BotState.FATAL, BotState.DONE)):
        partition.read(BOT_EVENTS, SCRIPT.bot_event(sequence, state, attrs={}))
    partition.read(TRANSCRIPT_EVENTS, SCRIPT.transcript())
    assert partition.tell() == ["bot.joining", "bot.fatal", "bot.done"]
    assert partition.dropped == ["transcript_unwanted"]


def test_fatal_in_the_call_is_an_end_like_stopped() -> None:
    """What was recorded is still transcribed: processed comes after bot.fatal, before bot.done."""
    partition = in_call()
    partition.read(BOT_EVENTS, SCRIPT.bot_event(4, BotState.FATAL, attrs={}))
    partition.read(BOT_EVENTS, SCRIPT.bot_event(5, BotState.DONE, attrs={}))
    assert partition.tell() == ["bot.fatal"]
    for turn in SCRIPT.spoken():
        partition.read(TRANSCRIPT_TURNS, turn)
    partition.read(TRANSCRIPT_EVENTS, SCRIPT.transcript())
    assert partition.tell()[-2:] == ["transcription.processed", "bot.done"]


def test_a_fenced_off_writer_is_not_heard() -> None:
    """After a second process wrote for the bot, the first one's records and repeats are dropped."""
    partition = in_call()
    partition.read(BOT_EVENTS, SCRIPT.bot_event(4, BotState.LEAVING, writer=1, attrs={}))
    partition.read(BOT_EVENTS, SCRIPT.bot_event(5, BotState.CALL_ENDED, writer=0, attrs={}))
    partition.read(BOT_EVENTS, SCRIPT.bot_event(4, BotState.LEAVING, writer=1, attrs={}))
    assert partition.tell() == ["bot.leaving"]
    assert partition.dropped == ["repeated_or_fenced"] * 2


def test_records_after_done_are_dropped_and_hold_nothing_back() -> None:
    """bot.done is the last event a subscriber gets, whatever else is written."""
    partition = Partition()
    for topic, records in SCRIPT.records().items():
        for record in records:
            partition.read(topic, record)
    partition.tell()
    partition.read(TRANSCRIPT_TURNS, SCRIPT.turn(0, revision=3))
    assert partition.tell() == []
    assert partition.dropped == ["after_done"]
    assert partition.fan_out.commits()[TRANSCRIPT_TURNS.name] == SCRIPT.turns + 2


def test_records_of_a_bot_nobody_knows_are_given_up_after_a_while() -> None:
    """Its own events are no longer on the log, so it ended long ago; it does not hold the commit back for ever."""
    partition = Partition()
    partition.read(TRANSCRIPT_TURNS, SCRIPT.turn(0), now_us=1)
    assert partition.tell(1) == []
    assert partition.fan_out.commits()[TRANSCRIPT_TURNS.name] == 0
    assert partition.tell(1 + TIMEOUT_US) == []
    assert partition.dropped == ["unknown_bot"]
    assert partition.fan_out.commits()[TRANSCRIPT_TURNS.name] == 1
    assert partition.fan_out.deadline_us is None


def test_every_endpoint_has_its_own_dense_numbers() -> None:
    """One event, a delivery for each endpoint that wants it; what an endpoint does not want leaves no hole."""
    book = EndpointBook([endpoint("ep_1"), endpoint("ep_2", event_types=("bot.leaving", "bot.done"))], POLICY)
    partition = Partition(book=book)
    for topic, records in SCRIPT.records().items():
        for record in records:
            partition.read(topic, record)
    partition.tell()
    numbers = {name: [d.sequence for d in partition.deliveries if d.endpoint_id == name] for name in ("ep_1", "ep_2")}
    assert numbers == {"ep_1": list(range(SCRIPT.public_events)), "ep_2": [0, 1]}
    assert len({delivery.delivery_id for delivery in partition.deliveries}) == len(partition.deliveries)


def test_an_endpoint_gets_only_what_happened_after_it_was_made() -> None:
    """A restart reads a live bot's events again; an endpoint that is new since then does not get old ones for that."""
    event = SCRIPT.life()[1]
    book = EndpointBook([endpoint("ep_new", created_at_us=event.occurred_at_us + 1)], POLICY)
    partition = Partition(book=book)
    for event in SCRIPT.life()[:4]:
        partition.read(BOT_EVENTS, event)
    partition.tell()
    assert partition.deliveries == []
    assert partition.fan_out.commits()[BOT_EVENTS.name] == 0


def test_a_process_killed_between_two_endpoints_tells_the_second_one_after_a_restart() -> None:
    """Even of the bot's end: who has been told hears nothing twice, who has not is told."""
    book = EndpointBook([endpoint("ep_1"), endpoint("ep_2")], POLICY)
    partition = Partition(book=book)
    for topic, records in SCRIPT.records().items():
        for record in records:
            partition.read(topic, record)
    [*drafts, done] = partition.fan_out.advance(0).drafts
    for draft in drafts:
        partition.write(draft)
    partition.deliveries.append(done.deliveries[0])
    following = partition.restarted()
    for topic, records in SCRIPT.records().items():
        for offset, record in enumerate(records):
            following.read(topic, record, at=offset)
    assert following.tell() == ["bot.done"]
    assert [delivery.endpoint_id for delivery in partition.deliveries if delivery.event_type == "bot.done"] == [
        "ep_1",
        "ep_2",
    ]


def test_without_endpoints_nothing_is_written_and_nothing_held_back() -> None:
    """The sink may run before anybody subscribes."""
    partition = Partition(book=EndpointBook([], POLICY))
    for topic, records in SCRIPT.records().items():
        for record in records:
            partition.read(topic, record)
    assert partition.tell() == []
    commits = partition.fan_out.commits()
    assert all(commits[topic.name] == len(records) for topic, records in SCRIPT.records().items())


def test_a_bot_whose_end_nobody_wants_is_forgotten_after_a_restart_too() -> None:
    """Nothing of it is read again, so nothing of it has to be known."""
    book = EndpointBook([endpoint("ep_1", event_types=("transcript.data",))], POLICY)
    partition = Partition(book=book)
    for topic, records in SCRIPT.records().items():
        for record in records:
            partition.read(topic, record)
    partition.tell()
    partition.fan_out.commits()
    following = partition.restarted()
    assert following.fan_out.commits().get(WEBHOOK_DELIVERIES.name, len(partition.deliveries)) == len(
        partition.deliveries
    )


def test_a_delivery_sent_again_by_hand_changes_no_number() -> None:
    """A copy on the journal has the number it had."""
    partition = in_call()
    copy = msgspec.structs.replace(partition.deliveries[1], trigger=DeliveryTrigger.RESEND)
    partition.deliveries.append(copy)
    following = partition.restarted()
    for offset, event in enumerate(SCRIPT.life()[:4]):
        following.read(BOT_EVENTS, event, at=offset)
    following.read(TRANSCRIPT_TURNS, SCRIPT.turn(0))
    following.tell()
    assert partition.deliveries[-1].sequence == 4


def test_the_transcript_of_a_backfill_is_not_the_bots_transcript() -> None:
    """Another label neither ends the wait nor is told in the live one's place."""
    partition = ended()
    for turn in SCRIPT.spoken():
        partition.read(TRANSCRIPT_TURNS, turn)
    backfill = msgspec.structs.replace(SCRIPT.transcript(), transcript_label="backfill")
    partition.read(TRANSCRIPT_EVENTS, backfill)
    assert "transcription.processed" not in partition.tell()
    assert partition.dropped == ["not_the_live_transcript"]
    partition.read(TRANSCRIPT_EVENTS, SCRIPT.transcript())
    assert partition.tell() == ["transcription.processed"]


def test_a_done_without_a_readable_offset_does_not_wait() -> None:
    """A bot that died could not say where its participants ended; whoever wrote done knows nothing to wait for."""
    partition = Partition()
    partition.read(
        BOT_EVENTS, SCRIPT.bot_event(len(LIFE), BotState.DONE, attrs={"meeting.participants.last_offset": "?"})
    )
    assert partition.tell() == []
    assert partition.tell(TIMEOUT_US) == ["transcription.failed", "bot.done"]
