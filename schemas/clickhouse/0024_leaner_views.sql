-- Each reads its table once, past the views of every column: planning those took longer than reading.
CREATE OR REPLACE VIEW {database}.v_bots{on_cluster} DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    e.tenant_id AS tenant_id, e.meeting_id AS meeting_id, e.bot_id AS bot_id,
    argMax(e.platform, (e.sequence_epoch, e.sequence)) AS platform,
    argMax(e.region, (e.sequence_epoch, e.sequence)) AS region,
    argMaxIf(e.state, (e.sequence_epoch, e.sequence), e.state != 'error') AS state,
    argMaxIf(e.sub_code, (e.sequence_epoch, e.sequence), e.state != 'error' AND e.sub_code != '') AS sub_code,
    argMaxIf(e.ledger_outcome, (e.sequence_epoch, e.sequence), e.state = 'done') AS outcome,
    min(e.occurred_at) AS first_seen_at,
    min(e.recording_started_at) AS recording_started_at,
    minOrNullIf(e.occurred_at, e.state IN ('leaving', 'call_ended', 'fatal', 'done')) AS left_at,
    minOrNullIf(e.occurred_at, e.state = 'done') AS done_at,
    intDiv(
        minOrNullIf(toUnixTimestamp64Micro(e.occurred_at), e.state = 'in_call_recording')
            - minOrNullIf(toUnixTimestamp64Micro(e.occurred_at), e.state = 'joining'), 1000) AS join_ms,
    countIf(e.state = 'error') AS errors,
    argMaxIf(arraySum(e.`ledger_streams.units_audio`), (e.sequence_epoch, e.sequence), e.state = 'done') AS units_audio,
    argMaxIf(arraySum(e.`ledger_streams.units_silence`), (e.sequence_epoch, e.sequence), e.state = 'done')
        AS units_silence,
    argMaxIf(
        arraySum(arrayMap(causes -> arraySum(mapValues(causes)), e.`ledger_streams.units_gap`)),
        (e.sequence_epoch, e.sequence), e.state = 'done') AS units_lost
FROM {database}.bot_events AS e FINAL
WHERE (e.tenant_id, e.bot_id, '') NOT IN (SELECT tenant_id, bot_id, what FROM {database}.tombstones)
GROUP BY tenant_id, meeting_id, bot_id
COMMENT 'One row for each bot: its life from first to last step. join_ms is milliseconds from joining to in_call_recording (NULL: never recorded), left_at is when it left the call or failed, state is the last one, errors is a number of notes on the way, units are 20 ms of audio from the ledger (0 before done).';

CREATE OR REPLACE VIEW {database}.v_participants{on_cluster} DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    e.tenant_id AS tenant_id, e.meeting_id AS meeting_id, e.bot_id AS bot_id, e.participant_id AS participant_id,
    argMaxIf(e.display_name, e.sequence, isNotNull(e.display_name)) AS display_name,
    max(e.is_bot) AS is_bot,
    minOrNullIf(e.at_ms, e.kind = 'join') AS joined_ms,
    if(argMaxIf(e.kind, e.sequence, e.kind IN ('join', 'leave')) = 'leave', maxIf(e.at_ms, e.kind = 'leave'), NULL)
        AS left_ms,
    countIf(e.kind = 'join') AS joins,
    countIf(e.kind = 'mute') AS mutes
FROM {database}.participant_events AS e FINAL
WHERE (e.tenant_id, e.bot_id, '') NOT IN (SELECT tenant_id, bot_id, what FROM {database}.tombstones)
    AND (e.tenant_id, e.bot_id, e.participant_id) NOT IN (SELECT tenant_id, bot_id, what FROM {database}.tombstones)
GROUP BY tenant_id, meeting_id, bot_id, participant_id
COMMENT 'One row for each participant a bot saw in a meeting. joined_ms is the first join (NULL: not seen) and left_ms the last leave (NULL: still there when the bot left), in milliseconds since the recording started; display_name is the last one shown.';

CREATE OR REPLACE VIEW {database}.v_presence{on_cluster} DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    p.tenant_id AS tenant_id, p.meeting_id AS meeting_id, p.bot_id AS bot_id, p.participant_id AS participant_id,
    p.display_name AS display_name, p.is_bot AS is_bot, p.at_ms AS joined_ms,
    if(p.next_kind = '', NULL, p.next_ms) AS left_ms,
    coalesce(
        if(p.next_kind = '', NULL, p.next_ms),
        intDiv(toUnixTimestamp64Micro(b.left_at) - toUnixTimestamp64Micro(b.recording_started_at), 1000)) AS until_ms,
    until_ms - joined_ms AS present_ms
FROM
(
    SELECT
        tenant_id, meeting_id, bot_id, participant_id, display_name, is_bot, kind, at_ms,
        leadInFrame(at_ms) OVER following AS next_ms,
        leadInFrame(kind) OVER following AS next_kind
    FROM
    (
        SELECT
            tenant_id, meeting_id, bot_id, participant_id, sequence, toString(kind) AS kind, at_ms,
            argMaxIf(display_name, sequence, isNotNull(display_name)) OVER one AS display_name,
            max(is_bot) OVER one AS is_bot
        FROM {database}.participant_events FINAL
        WHERE (tenant_id, bot_id, '') NOT IN (SELECT tenant_id, bot_id, what FROM {database}.tombstones)
            AND (tenant_id, bot_id, participant_id) NOT IN (SELECT tenant_id, bot_id, what FROM {database}.tombstones)
        WINDOW one AS (PARTITION BY tenant_id, meeting_id, bot_id, participant_id)
    )
    WHERE kind IN ('join', 'leave')
    WINDOW following AS (
        PARTITION BY tenant_id, meeting_id, bot_id, participant_id ORDER BY sequence
        ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING)
) AS p
LEFT JOIN
(
    SELECT
        tenant_id, meeting_id, bot_id, min(recording_started_at) AS recording_started_at,
        minOrNullIf(occurred_at, state IN ('leaving', 'call_ended', 'fatal', 'done')) AS left_at
    FROM {database}.bot_events FINAL
    GROUP BY tenant_id, meeting_id, bot_id
) AS b
    ON p.tenant_id = b.tenant_id AND p.meeting_id = b.meeting_id AND p.bot_id = b.bot_id
WHERE p.kind = 'join'
COMMENT 'One row for each stay of a participant: from a join to the next leave, or to the next join when no leave was seen. left_ms is NULL when neither was seen; until_ms is then when the bot left. All in milliseconds since the recording started; present_ms is the length of the stay, NULL while it lasts.';

CREATE OR REPLACE VIEW {database}.v_sessions{on_cluster} DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    e.tenant_id AS tenant_id, e.meeting_id AS meeting_id, e.bot_id AS bot_id, e.stt_session_id AS stt_session_id,
    max(e.stream_id) AS stream_id,
    max(e.epoch) AS epoch,
    max(e.transcript_label) AS transcript_label,
    max(e.provider) AS provider,
    max(e.model) AS model,
    max(e.language) AS language,
    min(e.occurred_at) AS opened_at,
    maxOrNullIf(e.occurred_at, e.kind IN ('closed', 'failed')) AS closed_at,
    argMax(e.kind, (e.occurred_at, e.event_id)) AS last_kind,
    countIf(e.kind = 'failed') AS failures,
    argMaxIf(e.error_class, (e.occurred_at, e.event_id), e.error_class NOT IN ('', 'none')) AS error_class,
    argMaxIf(e.error_code, (e.occurred_at, e.event_id), e.error_code != '') AS error_code,
    max(e.attempt) AS attempt,
    max(e.audio_sent_ms) AS audio_sent_ms,
    max(e.speech_ms) AS speech_ms,
    max(e.billed_ms) AS billed_ms,
    max(e.cost_micros) AS cost_micros,
    max(e.first_result_ms) AS first_result_ms,
    argMax(e.latency_ms_p50, (e.occurred_at, e.event_id)) AS latency_ms_p50,
    argMax(e.latency_ms_p95, (e.occurred_at, e.event_id)) AS latency_ms_p95
FROM {database}.stt_sessions AS e FINAL
WHERE (e.tenant_id, e.bot_id, '') NOT IN (SELECT tenant_id, bot_id, what FROM {database}.tombstones)
    AND e.stt_session_id != ''
GROUP BY tenant_id, meeting_id, bot_id, stt_session_id
COMMENT 'One row for each session with a speech-to-text provider. audio_sent_ms, speech_ms and billed_ms are milliseconds of audio, cost_micros is millionths of the currency of the bill, latency is milliseconds from end of speech to final, closed_at is NULL while it is open.';
