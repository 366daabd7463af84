"""SHELL: `earshot transcribe --bot … --as …` on one page: what is known, what is still needed, and getting it."""

import asyncio
import json
import re
import signal
from collections.abc import Iterator

from schemas.codec import Codec
from schemas.errors import UsageError
from schemas.registry import Registry
from schemas.settings import TranscribeSettings
from schemas.timebase import BYTES_PER_SAMPLE, ms_to_samples
from schemas.topics import AUDIO_FRAMES, HOUR_MS
from stream_processors.sequencing.span import span_of
from stream_processors.transcription.backfill.coverage import Coverage, StreamEpoch
from stream_processors.transcription.backfill.past_log import Found, Past, PastLog
from stream_processors.transcription.backfill.rerun import Rerun
from stream_processors.transcription.log.log_shell import LogOutlet, demand_services
from stream_processors.transcription.process import LIVE, make_bench, started, unsent_limit_ms
from stream_processors.transcription.providers.registry import make_providers

LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def demand_label(label: str) -> None:
    """Raise UsageError unless a past meeting may be transcribed under `label`."""
    if label == LIVE:
        raise UsageError(f"--as {LIVE}: that is the transcript made in the meeting", remedy="choose another label")
    if not LABEL.fullmatch(label):
        raise UsageError(
            f"--as {label!r} is no label", remedy="up to 64 letters, digits, dots, dashes, underscores; no dash first"
        )


async def backfill(settings: TranscribeSettings, bot_id: str, label: str) -> str:
    """Transcribe the bot's meeting under `label`, from where results of that label end; one JSON object at the end.

    Raises UsageError for what cannot be, Unavailable when something needed is away for long: run again, it goes on.
    """
    registry = Registry(settings.schema_registry_url)
    await asyncio.to_thread(demand_services, settings, registry)
    past_log = PastLog(settings, Codec(registry))
    try:
        past = await asyncio.to_thread(past_log.past, bot_id)
        coverage = Coverage(past.ledger, await asyncio.to_thread(past_log.cursors, past, label))
        if not coverage.done:
            everything = await asyncio.to_thread(_demand_audio, past_log, past, coverage)
            audio = past_log.audio(past, everything=everything)
            await _transcribe(settings, label, coverage, audio, registry, past.partition)
    finally:
        past_log.close()
    return json.dumps({"event": "done", "bot_id": bot_id, "label": label, "audio_ms": coverage.audio_ms})


async def _transcribe(
    settings: TranscribeSettings,
    label: str,
    coverage: Coverage,
    audio: Iterator[Found],
    registry: Registry,
    partition: int,
) -> None:
    providers, stop = make_providers(settings), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with started(providers):
        outlet = LogOutlet(settings.kafka_bootstrap_servers)
        rerun = Rerun(make_bench(settings, providers, label), coverage, outlet, Codec(registry), partition=partition)
        limit_bytes = ms_to_samples(unsent_limit_ms(settings)) * BYTES_PER_SAMPLE
        await rerun.run(audio, stop, unsent_limit_bytes=limit_bytes)


def _demand_audio(past_log: PastLog, past: Past, coverage: Coverage) -> bool:
    """Raise UsageError unless all that is still needed lies on the log; whether it must be read from its beginning."""
    gone: dict[StreamEpoch, int] = {}
    for everything in (False, True):
        gone = coverage.gone(_first_found(past_log.audio(past, everything=everything), coverage))
        if not gone:
            return everything
    missing = ", ".join(f"{ms} ms of {stream_id} epoch {epoch}" for (stream_id, epoch), ms in sorted(gone.items()))
    raise UsageError(
        f"audio of bot {past.bot_id} is no longer on the log: {missing}",
        remedy=f"{AUDIO_FRAMES.name} keeps records {AUDIO_FRAMES.retention_ms // HOUR_MS} hours",
    )


def _first_found(audio: Iterator[Found], coverage: Coverage) -> dict[StreamEpoch, int]:
    """The first sample of every stream, as far as one has to read to have found all that is needed."""
    first: dict[StreamEpoch, int] = {}
    for found in audio:
        chunk = found.record
        first.setdefault((chunk.stream_id, chunk.epoch), span_of(chunk).from_sample)
        if coverage.found_all(first):
            break
    return first
