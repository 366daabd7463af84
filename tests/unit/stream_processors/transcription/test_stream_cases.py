"""What one stream does with what happens to it, case by case."""

from schemas.timebase import SAMPLES_PER_UNIT
from schemas.vocabulary import ChunkKind, GapCause, ResultKind, SessionKind, SkipReason, SttErrorClass, TurnReason
from stream_processors.sequencing.span import Span, Speaker, span_of
from stream_processors.transcription.hearing.gate import GateSettings
from stream_processors.transcription.moment import Moment
from stream_processors.transcription.providers.interface import (
    Capabilities,
    ProviderFailed,
    ProviderReady,
    ProviderResult,
    ProviderWord,
)
from stream_processors.transcription.routing.choice import Asker, Choice
from stream_processors.transcription.routing.route import Route
from stream_processors.transcription.routing.router import Router
from stream_processors.transcription.stream.commands import (
    Close,
    Command,
    Done,
    Emit,
    Finalize,
    Note,
    Open,
    Send,
    SessionNews,
)
from stream_processors.transcription.stream.conversation import Conversation
from stream_processors.transcription.stream.records import Records
from stream_processors.transcription.stream.stream import Stream
from stream_processors.transcription.stream.switchboard import Terms
from tests.fakes.audio_records import EPOCH_STARTED_AT_US, chunk, chunks_of
from tests.fakes.scripted_provider import speech
from tests.fakes.stream_life import StreamLife

CAPABILITIES = Capabilities("scripted", "runs", "en", final_timeout_ms=5_000)
UNIT = SAMPLES_PER_UNIT


class OneStream(Stream):
    """A stream from sample 0 with the providers named; what the newest session says is told with `says`."""

    def __init__(self, *capabilities: Capabilities) -> None:
        by_name = {each.provider: each for each in capabilities or (CAPABILITIES,)}
        self.opened: list[Open] = []
        records = Records(chunk(0), "live")
        route = Route(Router(), [Choice(name) for name in by_name], Asker("bot_1", "s"), "seed")
        conversation = Conversation(records, Terms(by_name, "worker", 14_400, session_idle_ms=2_000), route, 0)
        super().__init__(records, conversation, GateSettings(), from_sample=0, cursor=0)

    def says(self, news: SessionNews, now: Moment) -> list[Command]:
        return self.session(self.opened[-1].request.session_id, news, now)

    def watched(self, commands: list[Command], now: Moment) -> list[Command]:
        """The same commands; sessions that are opened are ready at once, and take everything at once."""
        found = list(commands)
        for command in commands:
            if isinstance(command, Open):
                self.opened.append(command)
                found += self.watched(self.says(ProviderReady(), now), now)
            elif isinstance(command, Send | Finalize):
                self.session(command.session_id, Done(command), now)
        return found


def new_stream() -> OneStream:
    return OneStream()


def at(ms: float) -> Moment:
    return Moment(EPOCH_STARTED_AT_US + int(ms * 1000), ms)


def audio(seq: int, units: int = 5, **changes: object) -> Span:
    return span_of(chunk(seq, units, pcm=bytes(units * 1920), **changes))  # type: ignore[arg-type]


def hear(stream: OneStream, letters: str, seq: int = 0) -> list[Command]:
    """One unit of audio a letter, s for speech, at the media's own pace; all commands."""
    found: list[Command] = []
    for i, letter in enumerate(letters):
        now = at((seq + i) * 20)
        found += stream.watched(stream.heard(audio(seq + i, 1), [letter == "s"], now), now)
    return found


def kinds(commands: list[Command]) -> list[str]:
    return [type(command).__name__ for command in commands]


def test_silence_opens_no_session_and_is_declared() -> None:
    """Twelve seconds of nothing: two declarations on the way, the rest at the end, and no provider asked."""
    stream = new_stream()
    commands = hear(stream, "." * 600)
    emitted = [command.result for command in commands if isinstance(command, Emit)]
    assert [r.skip_reason for r in emitted] == [SkipReason.NO_SPEECH] * 2
    [rest] = stream.end(at(12_000))
    assert isinstance(rest, Emit)
    assert rest.result.cursor_after_sample == 600 * UNIT
    assert kinds(commands) == ["Emit", "Emit"]


def test_speech_opens_a_session_sends_the_preroll_and_asks_for_a_final() -> None:
    """Open, what is known so far, unit by unit, Finalize after the hangover."""
    stream = new_stream()
    commands = hear(stream, "." * 50 + "s" * 50 + "." * 25)
    assert kinds(commands)[:5] == ["Open", "Note", "Emit", "Note", "Send"]
    first_send = next(c for c in commands if isinstance(c, Send))
    assert len(first_send.pcm) >= 300 * 96
    assert isinstance(commands[-1], Finalize)


def lost(seq: int, units: int) -> Span:
    return Span(seq, units, ChunkKind.GAP, GapCause.NETWORK, speaker=span_of(chunk(0)).speaker)


def test_a_long_gap_ends_the_utterance_and_is_declared_with_its_reason() -> None:
    """Nobody is asked about it: the chain has a piece of its own for it."""
    stream = new_stream()
    hear(stream, "s" * 50)
    commands = stream.heard(lost(50, 25), (), at(1_500))
    assert kinds(commands) == ["Finalize"]
    said = stream.says(ProviderResult(ResultKind.FINAL, 50 * UNIT), at(1_600))
    emitted = [command.result for command in said if isinstance(command, Emit)]
    assert (emitted[0].kind, emitted[0].reason) == (ResultKind.END_OF_TURN, TurnReason.ENDPOINT)
    rest = [command.result for command in stream.end(at(9_000)) if isinstance(command, Emit)]
    assert [(r.skip_reason, r.cursor_after_sample) for r in rest] == [(SkipReason.GAP, 75 * UNIT)]


def test_a_short_gap_in_a_sentence_is_heard_as_silence_and_cuts_nothing() -> None:
    """Shorter than a pause that would end the utterance: its place keeps its length, and the sentence goes on."""
    stream = new_stream()
    hear(stream, "s" * 50)
    [bridge] = stream.heard(lost(50, 24), (), at(1_480))
    assert isinstance(bridge, Send)
    assert bridge.pcm == bytes(24 * UNIT * 2)
    assert kinds(hear(stream, "s" * 10, seq=74)) == ["Send"] * 10


def test_a_gap_where_nobody_speaks_is_declared_however_short() -> None:
    """There is no sentence to keep together."""
    stream = new_stream()
    hear(stream, "." * 50)
    commands = stream.heard(lost(50, 2), (), at(1_040)) + stream.end(at(9_000))
    rest = [command.result for command in commands if isinstance(command, Emit)]
    assert [(r.skip_reason, r.cursor_after_sample) for r in rest] == [
        (SkipReason.NO_SPEECH, 50 * UNIT),
        (SkipReason.GAP, 52 * UNIT),
    ]


def test_another_speaker_in_the_stream_is_another_turn() -> None:
    """The words before the change belong to the one who spoke then."""
    stream = new_stream()
    hear(stream, "s" * 50)
    other = Span(50, 5, ChunkKind.AUDIO, pcm=bytes(9600), speaker=Speaker("janus:2"))
    stream.heard(other, [True] * 5, at(1_100))
    said = stream.says(ProviderResult(ResultKind.FINAL, 50 * UNIT), at(1_300))
    [settled] = [command.result for command in said if isinstance(command, Emit)]
    assert settled.reason is TurnReason.SPEAKER_CHANGE
    assert settled.participant_id == "janus:1"


def test_a_dead_session_is_replaced_after_a_while_and_everything_is_sent_again() -> None:
    """Nothing is sent in between; the attempt is counted up; the whole utterance goes to the new session."""
    stream = new_stream()
    hear(stream, "s" * 100)
    failed = stream.says(ProviderFailed(SttErrorClass.TRANSIENT, "gone", "start it"), at(2_000))
    assert kinds(failed) == ["Close", "Note"]
    assert isinstance(failed[1], Note)
    assert (failed[1].event.error_code, failed[1].event.remedy) == ("gone", "start it")
    assert kinds(hear(stream, "s" * 5, seq=100)) == []
    assert stream.unsent_bytes == 105 * 1920
    assert stream.deadline_ms is not None
    assert 2_250 <= stream.deadline_ms <= 4_000
    again = stream.watched(stream.tick(at(4_000)), at(4_000))
    assert isinstance(again[0], Open)
    assert again[0].request.attempt == 2
    [sent] = [command for command in again if isinstance(command, Send)]
    assert len(sent.pcm) == 105 * 1920


def test_the_wait_after_failures_in_a_row_grows_and_is_never_the_same() -> None:
    """Between 250 ms and a bound that doubles; three young deaths open the circuit, which waits longer still."""
    stream = new_stream()
    hear(stream, "s" * 50)
    gone = ProviderFailed(SttErrorClass.TRANSIENT, "gone")
    waits, now = [], 1_000.0
    for _ in range(5):
        stream.says(gone, at(now))
        failed_at = now
        while len(stream.opened) == len(waits) + 1:
            assert stream.deadline_ms is not None
            now = max(now, stream.deadline_ms)
            stream.watched(stream.tick(at(now)), at(now))
        waits.append(now - failed_at)
    assert 250 <= waits[0] <= 2_000
    assert 250 <= waits[1] <= 4_000
    assert min(waits[2:]) >= 5_000
    assert len(set(waits)) == len(waits)


def test_a_final_that_does_not_come_is_a_dead_session() -> None:
    """The time runs from when the provider was asked, not from when we wanted to."""
    stream = new_stream()
    hear(stream, "s" * 50 + "." * 25)
    assert stream.tick(at(6_479)) == []
    failed = stream.tick(at(6_480))
    assert kinds(failed) == ["Close", "Note"]
    assert isinstance(failed[1], Note)
    assert failed[1].event.error_code == "final_timeout"


def test_an_idle_session_is_closed() -> None:
    """After the utterance is settled and nobody spoke for a while; session-billed providers cost nothing then."""
    stream = new_stream()
    hear(stream, "s" * 50 + "." * 25)
    stream.says(ProviderResult(ResultKind.FINAL, 75 * UNIT), at(1_600))
    assert stream.tick(at(3_599)) == []
    closed = stream.tick(at(3_600))
    assert isinstance(closed[0], Close)
    assert isinstance(closed[1], Note)
    assert closed[1].event.audio_sent_ms == 1_500


def test_a_session_says_every_minute_what_it_has_cost() -> None:
    """A worker may be killed at any time, and nobody closes its sessions then: what they cost is known to the minute."""
    stream = new_stream()
    found: list[Command] = []
    for second in range(0, 130, 5):
        found += hear(stream, "s" * 250, seq=second * 50)
        now = at((second + 5) * 1_000)
        found += stream.says(ProviderResult(ResultKind.FINAL, (second + 5) * 50 * UNIT), now)
        if stream.deadline_ms is not None and stream.deadline_ms <= now.ms:
            found += stream.watched(stream.tick(now), now)
    notes = [command.event for command in found if isinstance(command, Note)]
    told = [event.audio_sent_ms for event in notes if event.kind is SessionKind.READY]
    assert len({event.event_id for event in notes}) == len(notes)
    assert told[0] == 0
    assert [round(each / 60_000) for each in told[1:]] == [1, 2]


def test_words_before_the_cursor_are_dropped_and_counted() -> None:
    """A session that says again what is settled is not listened to."""
    stream = new_stream()
    hear(stream, "s" * 50 + "." * 25)
    word = ProviderWord("late", 100 * UNIT, 110 * UNIT)
    said = stream.says(ProviderResult(ResultKind.FINAL, 75 * UNIT, (word,)), at(2_000))
    assert kinds(said) == ["Emit", "Dropped", "Answered"]


def test_a_provider_with_its_own_finals_moves_the_cursor_inside_an_utterance() -> None:
    """A final over a part: a record that closes no turn, and the rest comes with the next."""
    stream = new_stream()
    hear(stream, "s" * 100)
    first, second = ProviderWord("one", 0, 20 * UNIT), ProviderWord("two", 60 * UNIT, 80 * UNIT)
    said = stream.says(ProviderResult(ResultKind.FINAL, 50 * UNIT, (first,)), at(2_000))
    [part] = [command.result for command in said if isinstance(command, Emit)]
    assert (part.kind, part.cursor_after_sample) == (ResultKind.FINAL, 50 * UNIT)
    said = stream.says(ProviderResult(ResultKind.END_OF_TURN, 100 * UNIT, (second,)), at(2_100))
    [rest] = [command.result for command in said if isinstance(command, Emit)]
    assert (rest.kind, rest.reason, rest.cursor_before_sample) == (
        ResultKind.END_OF_TURN,
        TurnReason.ENDPOINT,
        50 * UNIT,
    )
    assert [word.text for word in rest.words] == ["two"]


def test_a_provider_that_declares_is_believed() -> None:
    """`none` says nothing about speech: the span is declared, and the chain goes on."""
    stream = new_stream()
    hear(stream, "s" * 50 + "." * 25)
    said = stream.says(ProviderResult(ResultKind.SKIPPED, 75 * UNIT), at(2_000))
    [declared] = [command.result for command in said if isinstance(command, Emit)]
    assert (declared.kind, declared.skip_reason) == (ResultKind.SKIPPED, SkipReason.UNKNOWN)
    assert stream.cursor == 75 * UNIT


def test_partials_replace_each_other_and_move_nothing() -> None:
    """The cursor stays; the last empty one takes back what was shown, once."""
    stream = new_stream()
    hear(stream, "s" * 100)
    word = ProviderWord("maybe", 0, 20 * UNIT)
    [shown] = stream.says(ProviderResult(ResultKind.PARTIAL, 50 * UNIT, (word,)), at(1_000))
    [taken_back] = stream.says(ProviderResult(ResultKind.PARTIAL, 60 * UNIT), at(1_100))
    assert stream.says(ProviderResult(ResultKind.PARTIAL, 70 * UNIT), at(1_200)) == []
    for command in (shown, taken_back):
        assert isinstance(command, Emit)
        assert command.result.cursor_before_sample == command.result.cursor_after_sample == 0


def test_a_lost_chunk_is_a_declared_gap_in_the_results() -> None:
    """From the topic to the chain: what never came is skipped as a gap, and the words around it stay."""
    script = [(0, 20), (1, 10), (0, 40), (2, 10), (0, 40), (3, 10), (0, 40)]
    chunks = chunks_of(speech(script))
    del chunks[12:14]
    life = StreamLife(chunks)
    life.finish()
    assert life.words() == ["w1", "w2", "w3"]
    assert life.skipped()[SkipReason.GAP] == 10 * UNIT
    assert life.holes() == []
