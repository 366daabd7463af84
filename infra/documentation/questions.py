"""PURE: what analysts ask, as data: the cookbook prints each with its answer, the benchmark times each on ten million words.

`{tenant}`, `{meeting}`, `{bot}` and `{phrase}` are blanks for string literals; `{database}` is in front of every view.
"""

from dataclasses import dataclass
from enum import StrEnum


class Scope(StrEnum):
    """How much of the tables a question touches."""

    MEETING = "meeting"
    TENANT = "tenant"
    PHRASE = "phrase"


@dataclass(frozen=True)
class Question:
    """A question, how to read its answer, and the query."""

    name: str
    asked: str
    reading: str
    scope: Scope
    sql: str

    def query(self, **blanks: str) -> str:
        """The query with its blanks filled; values are quoted, `database` is an identifier."""
        filled = {name: value if name == "database" else literal(value) for name, value in blanks.items()}
        return self.sql.format(**filled)


def literal(value: str) -> str:
    """A string as ClickHouse reads it."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


ONE_MEETING = "WHERE tenant_id = {tenant} AND meeting_id = {meeting} AND bot_id = {bot}"
LIVE = ONE_MEETING + " AND transcript_label = 'live'"
MONTH = "WHERE tenant_id = {tenant} AND transcript_label = 'live' AND recording_started_at >= now() - INTERVAL 30 DAY"
DAYS_30 = "WHERE tenant_id = {tenant} AND day >= today() - 30"

QUESTIONS = (
    Question(
        "transcript",
        "What was said, in order?",
        "Milliseconds count from the start of the recording. A turn is settled: it changes only when its speaker is learnt later.",
        Scope.MEETING,
        "SELECT start_ms, display_name, text\nFROM {database}.v_turns\n" + LIVE,
    ),
    Question(
        "words",
        "Which words is the engine least sure of?",
        "Confidence is 0 to 1; engines that give none leave NULL.",
        Scope.MEETING,
        "SELECT word, display_name, start_ms, round(toFloat64(confidence), 2) AS sure\nFROM {database}.v_words\n"
        + LIVE
        + "\nORDER BY sure ASC NULLS LAST, start_ms LIMIT 5",
    ),
    Question(
        "talk_time",
        "Who talked how long, how fast, and asked how much?",
        "`talk_ms` runs from the first to the last word of each turn, `speech_ms` is the words alone; both are right, so both have names.",
        Scope.MEETING,
        "SELECT display_name, turns, words, talk_ms, speech_ms, round(words_per_minute) AS wpm, questions\n"
        "FROM {database}.v_talk_time\n" + LIVE + "\nORDER BY talk_ms DESC",
    ),
    Question(
        "overlap",
        "How much of their talk was over somebody else's?",
        "`overlap_ms` is the part of `voiced_ms` in which at least one other had a turn.",
        Scope.MEETING,
        "SELECT speaker_id, voiced_ms, overlap_ms, round(overlap_ratio, 3) AS overlap_ratio\n"
        "FROM {database}.v_crosstalk\n" + LIVE + "\nORDER BY overlap_ms DESC, speaker_id",
    ),
    Question(
        "interruptions",
        "Who interrupted whom?",
        "`took_floor` tells an interruption from a word of assent: the second speaker went on after the first had ended.",
        Scope.MEETING,
        "SELECT by_display_name, display_name, countIf(took_floor) AS interruptions, count() AS began_during,\n"
        "    sum(overlap_ms) AS overlap_ms\nFROM {database}.v_interruptions\n"
        + LIVE
        + "\nGROUP BY by_display_name, display_name\nORDER BY interruptions DESC, overlap_ms DESC",
    ),
    Question(
        "monologues",
        "What was the longest monologue?",
        "A run of turns of one speaker in which nobody else began one.",
        Scope.MEETING,
        "SELECT display_name, first_word_ms, monologue_ms, turns, words\nFROM {database}.v_monologues\n"
        + LIVE
        + "\nORDER BY monologue_ms DESC LIMIT 3",
    ),
    Question(
        "silence",
        "How much of the meeting was silence?",
        "`silence_ratio` is the share of the time from the first to the last word in which nobody had a turn.",
        Scope.MEETING,
        "SELECT speakers, turns, words, questions, voiced_ms, silence_ms, round(silence_ratio, 3) AS silence_ratio\n"
        "FROM {database}.v_meetings\n" + LIVE,
    ),
    Question(
        "presence",
        "Who was there, and when?",
        "One row for each stay. `until_ms` is the leave, or when the bot left if no leave was seen.",
        Scope.MEETING,
        "SELECT display_name, is_bot, joined_ms, left_ms, until_ms, present_ms\nFROM {database}.v_presence\n"
        + ONE_MEETING
        + "\nORDER BY joined_ms, display_name",
    ),
    Question(
        "participants",
        "Who took part?",
        "One row for each participant, however often they came and went.",
        Scope.MEETING,
        "SELECT display_name, is_bot, joined_ms, left_ms, joins, mutes\nFROM {database}.v_participants\n"
        + ONE_MEETING
        + "\nORDER BY joined_ms, display_name",
    ),
    Question(
        "bot",
        "How did the bot fare?",
        "Units are 20 ms of audio from the ledger in its last event; `units_lost` are declared gaps.",
        Scope.MEETING,
        "SELECT platform, state, outcome, join_ms, errors, units_audio, units_silence, units_lost\n"
        "FROM {database}.v_bots\n" + ONE_MEETING,
    ),
    Question(
        "quality",
        "How did the audio get through?",
        "Units are 20 ms of audio; `units_lost` by cause is in `units_gap`.",
        Scope.MEETING,
        "SELECT stream_id, sum(units_expected) AS expected, sum(units_lost) AS lost, sum(units_late) AS late,\n"
        "    round(max(capture_to_kafka_ms_p99)) AS worst_delay_ms\nFROM {database}.v_quality\n"
        + ONE_MEETING
        + "\nGROUP BY stream_id\nORDER BY stream_id",
    ),
    Question(
        "sessions",
        "Which provider sessions were there?",
        "Audio in milliseconds; cost in millionths of the currency of the bill.",
        Scope.MEETING,
        "SELECT provider, last_kind, audio_sent_ms, speech_ms, billed_ms, cost_micros, first_result_ms, latency_ms_p50\n"
        "FROM {database}.v_sessions\n" + ONE_MEETING + "\nORDER BY opened_at, stt_session_id",
    ),
    Question(
        "talk_time_by_day",
        "Talk time of every day of the last 30",
        "The transcript's label is part of the question: a backfill would count everything twice.",
        Scope.TENANT,
        "SELECT toDate(recording_started_at) AS day, count() AS speakers, sum(turns) AS turns,\n"
        "    round(sum(talk_ms) / 60000, 1) AS talk_minutes, round(sum(words) * 60000 / sum(talk_ms)) AS wpm\n"
        "FROM {database}.v_talk_time\n" + MONTH + "\nGROUP BY day\nORDER BY day",
    ),
    Question(
        "silent_meetings",
        "Which meetings of the last 30 days had the most silence?",
        "",
        Scope.TENANT,
        "SELECT meeting_id, speakers, turns, round(silence_ratio, 3) AS silence_ratio\nFROM {database}.v_meetings\n"
        + MONTH
        + "\nORDER BY silence_ratio DESC LIMIT 5",
    ),
    Question(
        "latency",
        "How long from the end of speech to the settled turn?",
        "For each provider and hour; a later revision for a late attribution does not count.",
        Scope.TENANT,
        "SELECT hour, provider, turns, latency_ms_p50, latency_ms_p95, latency_ms_p99\nFROM {database}.v_latency\n"
        "WHERE tenant_id = {tenant} AND transcript_label = 'live' AND hour >= now() - INTERVAL 30 DAY\n"
        "ORDER BY hour DESC, provider LIMIT 5",
    ),
    Question(
        "provider_costs",
        "What do providers cost, how often do they fail, and how often stand in for another?",
        "Rates are for each session; a failover counts where the new session is. The local engine costs nothing.",
        Scope.TENANT,
        "SELECT day, provider, sessions, round(failure_rate, 3) AS failure_rate, round(failover_rate, 3) AS failover_rate,\n"
        "    audio_sent_ms, cost_micros\nFROM {database}.v_provider_costs\n"
        + DAYS_30
        + "\nORDER BY day DESC, provider LIMIT 5",
    ),
    Question(
        "frames_lost",
        "How much audio is lost on each platform?",
        "A unit is a frame of 20 ms. `lost_share` is 0 to 1.",
        Scope.TENANT,
        "SELECT day, platform, bots, units_expected, units_lost, round(lost_share, 5) AS lost_share, units_gap\n"
        "FROM {database}.v_frames_lost\n" + DAYS_30 + "\nORDER BY day DESC, platform LIMIT 5",
    ),
    Question(
        "webhook_slo",
        "Do our webhooks arrive?",
        "Shares are 0 to 1 of the deliveries that began on the day; `under_way` are neither delivered nor given up.",
        Scope.TENANT,
        "SELECT day, endpoint_id, deliveries, delivered, given_up, under_way, first_try_share, delivery_ms_p50,\n"
        "    delivery_ms_p99\nFROM {database}.v_webhook_slo\n" + DAYS_30 + "\nORDER BY day DESC, endpoint_id LIMIT 5",
    ),
    Question(
        "phrase",
        "Where was it said?",
        "Every settled turn of the tenant that holds the phrase, with the turns around it.",
        Scope.PHRASE,
        "SELECT display_name, start_ms, before_text, text, after_text\n"
        "FROM {database}.v_phrase(tenant = {tenant}, phrase = {phrase})\n"
        "WHERE transcript_label = 'live'\nORDER BY recording_started_at DESC, start_ms LIMIT 5",
    ),
)
