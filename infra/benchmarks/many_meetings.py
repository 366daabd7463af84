"""PURE: ten million words in ClickHouse, made by ClickHouse: meetings of 90 days, one in twenty turns revised.

Every number is drawn from a hash of its place and the seed, so the same seed makes the same rows.
"""

from dataclasses import dataclass

TENANTS = 20
MEETINGS = 2_240
TURNS_PER_MEETING = 375
WORDS_PER_TURN = 12
SPEAKERS = 4
VOCABULARY = 3_000
WINDOWS_PER_STREAM = 262
DELIVERIES_PER_MEETING = 380
ERASED_BOTS = 1_000
TURNS = MEETINGS * TURNS_PER_MEETING
WORDS = TURNS * WORDS_PER_TURN

MEETING = "intDiv(number, {each}) AS m, number % {each} AS k"
WHOSE = "concat('tenant_', toString(m % 20)) AS tenant_id, concat('mtg_', toString(m)) AS meeting_id, concat('bot_', toString(m)) AS bot_id"
STARTED = "toDateTime64(toStartOfHour(now()), 6, 'UTC') - toIntervalHour(intDiv(m * 90 * 24, {meetings}) + 2)"
SPEAKER = "concat('p', toString(cityHash64({seed}, m, k, 1) % {speakers}))"
WORDS_OF_TURN = "arrayMap(i -> concat('w', toString(cityHash64({seed}, number, i) % {vocabulary})), range({words}))"


@dataclass(frozen=True)
class Load:
    """The statements that fill `database`, and their seed."""

    database: str
    seed: int

    def statements(self) -> tuple[str, ...]:
        return (
            self._turns(revision=1, every=1),
            self._turns(revision=2, every=20),
            self._bots(),
            self._participants(),
            self._sessions(),
            self._windows(),
            self._attempts(),
            self._erasures(),
        )

    def _insert(self, table: str, columns: str, select: str, each: int, rows: int, where: str = "1") -> str:
        blanks = {
            "seed": str(self.seed),
            "meetings": str(MEETINGS),
            "speakers": str(SPEAKERS),
            "vocabulary": str(VOCABULARY),
            "words": str(WORDS_PER_TURN),
            "each": str(each),
        }
        body = f"WITH {MEETING} SELECT {WHOSE}, {select}".format(**blanks)
        return (
            f"INSERT INTO {self.database}.{table} (tenant_id, meeting_id, bot_id, {columns}) {body} "
            f"FROM numbers({rows}) WHERE {where} "
            "SETTINGS max_partitions_per_insert_block = 0, max_block_size = 65536"
        )

    def _turns(self, revision: int, every: int) -> str:
        """Turns of about seven seconds that begin every seven, so some overlap; a revision knows its speaker."""
        start = "toInt32(k * 7000 + cityHash64({seed}, number) % 3000)"
        return self._insert(
            "turns",
            "recording_started_at, turn_id, revision, state, stream_id, participant_id, display_name, language, text, "
            "words.text, words.start_ms, words.end_ms, words.confidence, words.word_is_final, words.speaker_label, "
            "start_ms, end_ms, provider, transcript_label, occurred_at, produced_at",
            f"{STARTED} AS started, concat('turn_', toString(number)), {revision}, 'end_of_turn', {SPEAKER} AS who, who, "
            f"upper(who), 'en-US', arrayStringConcat({WORDS_OF_TURN} AS said, ' '), said, "
            f"arrayMap(i -> {start} + toInt32(i * 600), range({{words}})), "
            f"arrayMap(i -> {start} + toInt32(i * 600 + 400), range({{words}})), "
            "arrayMap(i -> toFloat32((cityHash64(number, i, 2) % 100) / 100), range({words})), "
            "arrayMap(i -> true, range({words})), arrayMap(i -> '', range({words})), "
            f"{start} AS start, start + {(WORDS_PER_TURN - 1) * 600 + 400}, "
            "['deepgram', 'assemblyai', 'local'][1 + m % 3], 'live', "
            "started + toIntervalMillisecond(start + 8000) AS at, "
            f"at + toIntervalMillisecond(cityHash64(number, 3) % 900 + {revision - 1} * 60000)",
            TURNS_PER_MEETING,
            TURNS,
            f"number % {every} = 0",
        )

    def _bots(self) -> str:
        """Five steps of each bot; the last has the ledger."""
        states = "['joining', 'in_waiting_room', 'in_call_recording', 'call_ended', 'done']"
        return self._insert(
            "bot_events",
            "occurred_at, produced_at, event_id, sequence, sequence_epoch, state, platform, region, recording_started_at, "
            "ledger_outcome, ledger_streams.stream_id, ledger_streams.units_audio, ledger_streams.units_gap, "
            "ledger_streams.slot, ledger_streams.participant_id, ledger_streams.epoch, ledger_streams.first_seq, "
            "ledger_streams.last_seq, ledger_streams.units_silence, ledger_streams.units_absent, "
            "ledger_streams.frames_captured_by_page, ledger_streams.ranges_sha256",
            f"{STARTED} + toIntervalSecond([-20, -10, 0, 2630, 2640][k + 1]) AS at, at, toString(number), k, 1, "
            f"{states}[k + 1], ['janus', 'google_meet', 'zoom'][1 + m % 3], 'eu', if(k < 2, NULL, {STARTED}), "
            "if(k = 4, 'done', ''), if(k = 4, ['s0', 's1'], []), if(k = 4, [60000, 70000], []), "
            "if(k = 4, [map('network', 7), map('network', 3)], []), if(k = 4, ['0', '1'], []), "
            "if(k = 4, ['p0', 'p1'], []), if(k = 4, [0, 0], []), if(k = 4, [0, 0], []), if(k = 4, [130000, 130000], []), "
            "if(k = 4, [70000, 60000], []), if(k = 4, [0, 0], []), if(k = 4, [1, 1], []), if(k = 4, ['', ''], [])",
            5,
            MEETINGS * 5,
        )

    def _participants(self) -> str:
        """Four people who come, mute and go."""
        return self._insert(
            "participant_events",
            "occurred_at, produced_at, event_id, sequence, kind, participant_id, display_name, at_ms",
            f"{STARTED} + toIntervalSecond(k * 180) AS at, at, toString(number), k, ['join', 'mute', 'leave'][1 + intDiv(k, 4)], "
            "concat('p', toString(k % 4)), upper(concat('p', toString(k % 4))), k * 180000",
            12,
            MEETINGS * 12,
        )

    def _sessions(self) -> str:
        """Ten sessions a meeting, opened and closed; one in forty fails over."""
        return self._insert(
            "stt_sessions",
            "occurred_at, produced_at, event_id, stt_session_id, stream_id, transcript_label, kind, provider, model, "
            "audio_sent_ms, billed_ms, cost_micros",
            f"{STARTED} + toIntervalSecond(k * 120) AS at, at, toString(number), toString(intDiv(number, 2)), 's0', 'live', "
            "multiIf(k % 2 = 0, 'opened', cityHash64(number) % 40 = 0, 'failover', 'closed'), "
            "['deepgram', 'assemblyai', 'local'][1 + m % 3], 'general', (k % 2) * 240000, (k % 2) * 240000, (k % 2) * 17000",
            20,
            MEETINGS * 20,
        )

    def _windows(self) -> str:
        """Ten-second windows of four streams."""
        each = WINDOWS_PER_STREAM * 4
        return self._insert(
            "quality_windows",
            "occurred_at, produced_at, event_id, stream_id, window_ms, window_length_ms, revision, units_expected, "
            "units_received, units_gap, capture_to_kafka_ms_p99",
            f"{STARTED} + toIntervalSecond(intDiv(k, 4) * 10) AS at, at, toString(number), concat('s', toString(k % 4)), "
            "intDiv(k, 4) * 10000, 10000, 1, 500, 500, map('network', 3 * (k % 50 = 0)), 140",
            each,
            MEETINGS * each,
        )

    def _attempts(self) -> str:
        """A delivery for each turn and step; one in ten needs a second try."""
        return self._insert(
            "webhook_attempts",
            "delivery_id, endpoint_id, sequence, event_type, attempt, occurred_at, produced_at, outcome, status, latency_ms",
            f"concat('msg_', toString(m), '_', toString(k - (k % 10 = 1))), concat('ep_', toString(m % 3)), k, "
            f"'transcript.data', 1 + (k % 10 = 1), {STARTED} + toIntervalSecond(k * 7) AS at, at, "
            "if(k % 10 = 0, 'retry', 'delivered'), if(k % 10 = 0, 503, 200), 40 + cityHash64(number) % 200",
            DELIVERIES_PER_MEETING,
            MEETINGS * DELIVERIES_PER_MEETING,
        )

    def _erasures(self) -> str:
        """Tombstones of bots nobody asks for: they cost every view something."""
        columns = "tenant_id, bot_id, event_id, occurred_at, produced_at"
        values = "'tenant_0', concat('erased_', toString(number)), toString(number), now64(6), now64(6)"
        return f"INSERT INTO {self.database}.erasures ({columns}) SELECT {values} FROM numbers({ERASED_BOTS})"  # noqa: S608
