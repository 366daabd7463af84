"""Every figure of the report from what happened: the log, the ledger, the table, the receiver, the engine. No I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from infra.demo.minutes import Minutes
from infra.demo.outage import Outage
from infra.demo.receipts import Receipt, account
from infra.demo.report import Bot, Frames, Latency, Report, Seconds, Speaker, Turns, Words
from infra.demo.score import Counts, Heard, Said, compare, misattributed, pooled, transcript_of
from infra.demo.script import Visit


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """What the demo needs of `earshot verify --json`."""

    class Units(msgspec.Struct, frozen=True, kw_only=True):
        """All streams together."""

        captured: int
        on_topic: int
        duplicates: int
        declared_gap_ms: int
        unaccounted: int
        clock_deviation: float | None

    closed: bool
    reasons: tuple[str, ...]
    frames: Units
    latency_ms: Latency


@dataclass(frozen=True)
class Evidence:
    """What was gathered when the meeting was over. `engine` is what the engine makes of each talker's recording,
    `deliveries` the delivery log of the bot's webhooks as a person reads it.
    """

    bot_id: str
    minutes: Minutes
    visits: tuple[Visit, ...]
    proof: Proof
    engine: Mapping[str, str]
    clickhouse_turns: int
    receipts: Sequence[Receipt]
    deliveries: Sequence[str]
    seconds: Seconds
    outage: Outage | None = None


def report(evidence: Evidence) -> Report:
    """Put the figures together."""
    minutes = evidence.minutes
    said = spoken(evidence.visits, minutes)
    heard = [Heard(turn.turn_id, turn.participant_id, turn.start_ms, turn.text) for turn in minutes.turns.values()]
    tracks = [compare(visit.text, transcript_of(heard, visit.participant_id)) for visit in said]
    engine = pooled(compare(visit.text, evidence.engine[visit.name]) for visit in said)
    return Report(
        bot_id=evidence.bot_id,
        speakers=tuple(_speaker(visit, counts) for visit, counts in zip(said, tracks, strict=True)),
        frames=_frames(evidence),
        words=_words(pooled(tracks), engine.wer),
        misattributed_turns=len(misattributed(said, heard)),
        turns=Turns(topic=len(minutes.turns), clickhouse=evidence.clickhouse_turns),
        webhooks=account(minutes.events.values(), evidence.receipts),
        latency_ms=evidence.proof.latency_ms,
        seconds=evidence.seconds,
        bot=_bot(evidence),
        failover=evidence.outage.figures({visit.participant_id: visit.text for visit in said})
        if evidence.outage
        else None,
    )


def spoken(visits: Sequence[Visit], minutes: Minutes) -> list[Said]:
    """Each visit under the participant id the platform gave it: the n-th visit of a name is its n-th joining.

    A visit the bot never saw keeps an id of its own, so that its words are missing from the score, not from the sum.
    """
    found = {name: iter(minutes.visits_of(name)) for name in {visit.name for visit in visits}}
    ordered = sorted(visits, key=lambda visit: visit.microphone_opened_at_us)
    return [
        Said(visit.name, next(found[visit.name], f"unseen:{number}"), visit.said)
        for number, visit in enumerate(ordered)
    ]


def _speaker(visit: Said, counts: Counts) -> Speaker:
    return Speaker(
        name=visit.name,
        participant_id=visit.participant_id,
        words_said=counts.reference,
        wer=round(counts.wer, 4),
    )


def _words(counts: Counts, engine_wer: float) -> Words:
    return Words(
        reference=counts.reference,
        substituted=counts.substituted,
        deleted=counts.deleted,
        inserted=counts.inserted,
        wer=round(counts.wer, 4),
        engine_wer=round(engine_wer, 4),
    )


def _frames(evidence: Evidence) -> Frames:
    units = evidence.proof.frames
    return Frames(**msgspec.structs.asdict(units), concealed_ratio=_attribute(evidence, "concealed_ratio"))


def _bot(evidence: Evidence) -> Bot:
    """Processor time of the bot and its browser over the bot's whole life."""
    cpu_s, lived_s = _attribute(evidence, "cpu_seconds"), evidence.minutes.bot_lived_s
    return Bot(
        cpu_core=round(cpu_s / lived_s, 3) if cpu_s is not None and lived_s else None,
        rss_mb_peak=_attribute(evidence, "rss_mb_peak"),
    )


def _attribute(evidence: Evidence, name: str) -> float | None:
    """A figure of the bot's last event; None when the bot did not measure it."""
    done = evidence.minutes.done
    return float(done.attrs[name]) if done and name in done.attrs else None
