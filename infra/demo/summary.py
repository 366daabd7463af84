"""The report for a person: the proof in a few lines, the verdict, and what to type next. No I/O."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.demo.report import Failover, Report, Verdict

TRIES_SHOWN = 12


@dataclass(frozen=True)
class Around:
    """Where a newcomer finds things when the demo is over."""

    earshot: str
    settings: Path
    meeting_page: str
    clickhouse_http: str
    clickhouse_database: str
    node_modules: Path


def proof_lines(report: Report) -> Iterator[str]:
    """What was said, what was heard, and that the ledger closes."""
    frames, words, latency, webhooks = report.frames, report.words, report.latency_ms, report.webhooks
    for speaker in report.speakers:
        yield f"{speaker.name:<10} {speaker.words_said:>4} words said, {speaker.wer:.1%} heard wrongly ({speaker.participant_id})"
    yield (
        f"words      {words.reference} said; errors {words.wer:.1%} through the meeting, "
        f"{words.engine_wer:.1%} by the engine on the recordings; {report.misattributed_turns} turns misattributed"
    )
    yield (
        f"frames     {frames.captured} captured, {frames.on_topic} on the topic, {frames.duplicates} twice, "
        f"{frames.declared_gap_ms} ms declared lost, {frames.unaccounted} unaccounted; "
        f"clock off by {_percent(frames.clock_deviation)}, {_percent(frames.concealed_ratio)} concealed"
    )
    yield f"turns      {report.turns.topic} on the topic, {report.turns.clickhouse} in ClickHouse"
    yield (
        f"webhooks   {webhooks.received} of {webhooks.expected} received, {webhooks.duplicates} twice, "
        f"{webhooks.out_of_order} out of order, {webhooks.bad_signature} with a bad signature"
    )
    yield (
        f"latency    capture to Kafka {_ms(latency.capture_to_kafka_p50)}, p99 {_ms(latency.capture_to_kafka_p99)}; "
        f"first words after {_ms(latency.first_partial_p50)}; end of speech to final "
        f"{_ms(latency.end_of_speech_to_final_p50)}, p95 {_ms(latency.end_of_speech_to_final_p95)}"
    )
    seconds, bot = report.seconds, report.bot
    yield f"seconds    setup {seconds.setup}, meeting {seconds.meeting}, drain {seconds.drain}"
    yield f"bot        {bot.cpu_core} of a core, {bot.rss_mb_peak} MB at most, with its browser"
    if report.failover:
        yield from failover_lines(report.failover)


def failover_lines(failover: Failover) -> Iterator[str]:
    """What became of the sentence in which the provider was killed."""
    yield (
        f"failover   {failover.primary} killed {failover.words_before_kill} words into a turn; the turn has "
        f"{failover.words_in_turn} words, {failover.wrong_words_in_turn} not as said, settled by {failover.turn_settled_by}"
    )
    yield (
        f"           {failover.turns_of_primary} turns of {failover.primary}, {failover.turns_of_fallback} of {failover.fallback}"
    )


def delivery_lines(log: Sequence[str]) -> Iterator[str]:
    """The head of the delivery log and its last tries."""
    head, tries = log[:1], log[1:]
    yield f"Delivery log, {len(tries)} tries:"
    yield from head
    if len(tries) > TRIES_SHOWN:
        yield f"… {len(tries) - TRIES_SHOWN} earlier ones"
    yield from tries[-TRIES_SHOWN:]


def verdict_lines(verdict: Verdict) -> Iterator[str]:
    """Whether the proof holds, and every reason why not."""
    yield "The proof holds." if verdict.passed else "The proof does not hold:"
    yield from (f"  - {reason}" for reason in verdict.reasons)


def next_lines(bot_id: str, around: Around) -> Iterator[str]:
    """What a newcomer can type; the services are still up."""
    query = f"SELECT start_ms, display_name, text FROM v_turns WHERE bot_id = '{bot_id}' FORMAT PrettyCompact"  # noqa: S608 (shown to a person, never run by us)
    database = f"?database={around.clickhouse_database}"
    earshot = around.earshot
    yield f"{earshot} transcript {bot_id}"
    yield f"{earshot} tail transcript.turns --bot {bot_id} --until-end"
    yield f"{earshot} webhooks attempts --bot {bot_id}"
    yield f'curl -s "{around.clickhouse_http}/{database}" --data-binary "{query}"'
    yield f"set -a; . {around.settings}; NODE_PATH={around.node_modules} node infra/demo/read_topic.cjs transcript.turns {bot_id}"
    yield f"xdg-open {around.meeting_page}   # then: {earshot} bot --meeting-url {around.meeting_page}"


def _percent(ratio: float | None) -> str:
    return "not measured" if ratio is None else f"{ratio:.2%}"


def _ms(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.0f} ms"
