"""A scripted meeting as records: everything the ClickHouse sink reads, small, deterministic, with the hard cases in."""

from dataclasses import dataclass

from schemas import events
from schemas.events import Record, Turn, TurnWord
from schemas.timebase import SystemClock
from schemas.topics import (
    AUDIO_QUALITY,
    BOT_EVENTS,
    MEETING_PARTICIPANTS,
    STT_SESSIONS,
    TRANSCRIPT_PARTIALS,
    TRANSCRIPT_TURNS,
    WEBHOOK_ATTEMPTS,
    Topic,
)
from schemas.vocabulary import (
    AttemptOutcome,
    Attribution,
    BotState,
    ParticipantKind,
    ParticipantSource,
    SessionKind,
    SttErrorClass,
    TurnReason,
    TurnState,
)

DAY_US = 86_400_000_000
# Today: the tables forget old meetings, some after days.
STARTED_AT_US = SystemClock().now_us() // DAY_US * DAY_US
Posted = tuple[Topic, Record]


@dataclass(frozen=True)
class Meeting:
    """One bot of one tenant in one meeting, and the records about it."""

    tenant_id: str
    bot_id: str
    meeting_id: str = 'mtg_o\'neil "quoted"'

    def whose(self, second: float) -> dict[str, object]:
        """The fields every record but attempts has; `second` makes the event id too."""
        at_us = STARTED_AT_US + int(second * 1e6)
        return {
            "tenant_id": self.tenant_id,
            "bot_id": self.bot_id,
            "meeting_id": self.meeting_id,
            "event_id": f"evt_{second}",
            "occurred_at_us": at_us,
            "produced_at_us": at_us + 1000,
        }

    def turn(self, number: int, revision: int = 1, words: str = "hello there", **changes: object) -> Turn:
        """Turn `number` begins at second `number`; each word lasts 200 ms."""
        start_ms = number * 1000
        said = tuple(
            TurnWord(
                text=word,
                start_ms=start_ms + place * 200,
                end_ms=start_ms + (place + 1) * 200,
                confidence=None if place else 0.5,
                word_is_final=True,
            )
            for place, word in enumerate(words.split())
        )
        fields = {
            **self.whose(number),
            "recording_started_at_us": STARTED_AT_US,
            "turn_id": f"turn_{number}",
            "revision": revision,
            "state": TurnState.END_OF_TURN,
            "stream_id": "janus:1/audio",
            "epoch": 0,
            "participant_id": "janus:1",
            "attribution": Attribution.EXACT,
            "attribution_confidence": 1.0,
            "display_name": "Ada",
            "language": "en-US",
            "text": words,
            "words": said,
            "start_ms": start_ms,
            "end_ms": start_ms + 200 * len(said),
            "seq_from": number * 50,
            "seq_to": number * 50 + 50,
            "provider": "local",
            "stt_session_id": "stt_1",
            "reason": TurnReason.ENDPOINT,
            "transcript_label": "live",
            **changes,
        }
        return Turn(**fields)  # type: ignore[arg-type]

    def participant(self, sequence: int, kind: ParticipantKind, **changes: object) -> events.ParticipantEvent:
        fields = {
            **self.whose(sequence),
            "sequence": sequence,
            "kind": kind,
            "participant_id": "janus:1",
            "source": ParticipantSource.SIGNALLING,
            "at_ms": sequence * 1000 - 500,
            **changes,
        }
        return events.ParticipantEvent(**fields)  # type: ignore[arg-type]

    def step(self, sequence: int, state: BotState, **changes: object) -> events.BotEvent:
        fields = {
            **self.whose(sequence),
            "sequence": sequence,
            "sequence_epoch": 1,
            "state": state,
            "previous_state": BotState.UNKNOWN,
            "sub_code": "",
            "message": "as it should be",
            "remedy": "",
            "platform": "janus",
            "region": "local",
            "attrs": {"rss_mb": "120"},
            **changes,
        }
        return events.BotEvent(**fields)  # type: ignore[arg-type]

    def window(self, number: int, revision: int = 1, **changes: object) -> events.QualityWindow:
        fields = {
            **self.whose(number * 10),
            "stream_id": "janus:1/audio",
            "epoch": 0,
            "window_ms": number * 10_000,
            "window_length_ms": 10_000,
            "revision": revision,
            "units_expected": 500,
            "units_received": 500,
            "units_duplicate": 0,
            "units_late": 0,
            "units_reordered": 0,
            "units_silence": 20,
            "units_absent": 0,
            "units_gap": {"network": 5, "undeclared": 1},
            "units_clipped": 0,
            "level_dbfs": -23.5,
            "drift_ppm": 1.5,
            **changes,
        }
        return events.QualityWindow(**fields)  # type: ignore[arg-type]

    def session(self, second: int, kind: SessionKind, **changes: object) -> events.SessionEvent:
        fields = {
            **self.whose(second),
            "stt_session_id": "stt_1",
            "stream_id": "janus:1/audio",
            "epoch": 0,
            "transcript_label": "live",
            "kind": kind,
            "attempt": 1,
            "provider": "local",
            "model": "en-us",
            "language": "en-US",
            "error_class": SttErrorClass.NONE,
            "error_code": "",
            "remedy": "",
            "audio_sent_ms": second * 1000,
            "speech_ms": second * 500,
            "billed_ms": 0,
            "cost_micros": 0,
            **changes,
        }
        return events.SessionEvent(**fields)  # type: ignore[arg-type]

    def attempt(self, attempt: int, outcome: AttemptOutcome, status: int) -> events.WebhookAttempt:
        fields = {**self.whose(attempt), "delivery_id": "msg_1", "endpoint_id": "ep_1", "sequence": 0}
        del fields["event_id"]
        return events.WebhookAttempt(
            **fields,  # type: ignore[arg-type]
            event_type="bot.done",
            attempt=attempt,
            outcome=outcome,
            status=status,
            error_class="" if status == 200 else "http_5xx",
            latency_ms=12,
            response_snippet="ok",
            next_attempt_at_us=None if status == 200 else STARTED_AT_US,
        )

    def ledger(self) -> events.Ledger:
        stream = events.LedgerStream(
            stream_id="janus:1/audio",
            slot="0/0",
            participant_id="janus:1",
            epoch=0,
            first_seq=0,
            last_seq=999,
            units_audio=900,
            units_silence=94,
            units_absent=0,
            units_gap={"network": 6},
            frames_captured_by_page=994,
            ranges_sha256="ab" * 32,
        )
        return events.Ledger(streams=(stream,), outcome="done")

    def records(self) -> list[Posted]:
        """The meeting, with re-emits, a revised turn that lost a word, a late attribution and a revised window."""
        return [
            (BOT_EVENTS, self.step(0, BotState.JOINING)),
            (BOT_EVENTS, self.step(1, BotState.IN_CALL_RECORDING, recording_started_at_us=STARTED_AT_US)),
            (MEETING_PARTICIPANTS, self.participant(0, ParticipantKind.JOIN, display_name="Ada")),
            (MEETING_PARTICIPANTS, self.participant(1, ParticipantKind.MUTE)),
            (MEETING_PARTICIPANTS, self.participant(1, ParticipantKind.MUTE)),
            (MEETING_PARTICIPANTS, self.participant(2, ParticipantKind.RENAME, display_name="Ada L.")),
            (MEETING_PARTICIPANTS, self.participant(3, ParticipantKind.LEAVE)),
            (STT_SESSIONS, self.session(1, SessionKind.OPENED)),
            (STT_SESSIONS, self.session(20, SessionKind.CLOSED, latency_ms_p50=400, first_result_ms=300)),
            (TRANSCRIPT_PARTIALS, self.turn(1, 1, "the cat", state=TurnState.PARTIAL)),
            (TRANSCRIPT_PARTIALS, self.turn(1, 2, "the cats sad", state=TurnState.PARTIAL)),
            (TRANSCRIPT_TURNS, self.turn(2, 1, "and 😀 then some")),
            (TRANSCRIPT_TURNS, self.turn(1, 3, "the cats sad")),
            (TRANSCRIPT_TURNS, self.turn(1, 4, "the cat")),
            (TRANSCRIPT_TURNS, self.turn(1, 3, "the cats sad")),
            (TRANSCRIPT_TURNS, self.turn(3, 1, "who", participant_id=None, display_name=None, overlaps=("janus:2",))),
            (AUDIO_QUALITY, self.window(0)),
            (AUDIO_QUALITY, self.window(0, 2, units_late=3, level_dbfs=None)),
            (AUDIO_QUALITY, self.window(1)),
            (WEBHOOK_ATTEMPTS, self.attempt(1, AttemptOutcome.RETRY, 500)),
            (WEBHOOK_ATTEMPTS, self.attempt(2, AttemptOutcome.DELIVERED, 200)),
            (BOT_EVENTS, self.step(2, BotState.DONE, ledger=self.ledger())),
        ]
