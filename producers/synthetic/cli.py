"""`earshot synthetic`: the composition root of made-up bots."""

import asyncio
import json
import random
import signal
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TypedDict, Unpack

import click

from producers.bot.outlet import Outlet
from producers.bot.records import Identity
from producers.synthetic.bot import PLATFORM, SyntheticBot, Wish
from producers.synthetic.load import Load
from producers.synthetic.pace import Pace, start_us
from producers.synthetic.report import Report
from producers.synthetic.speech import Numbers, Recorded, Repertoire
from producers.synthetic.voices import flite_lines, own_lines
from schemas.errors import UsageError
from schemas.health import Readiness, serve
from schemas.ids import meeting_id, new_bot_id
from schemas.settings import BotSettings, load
from schemas.telemetry import configure_logging
from schemas.timebase import SystemClock

COUNT = click.IntRange(min=1)


class Asked(TypedDict):
    """The options, as click hands them over."""

    bots: int
    speakers: int
    wav_dir: Path | None
    numbers: bool
    duration_s: float
    speed: float
    talking: float
    seed: int
    script: Path | None


@click.command()
@click.option("--bots", type=COUNT, default=1, show_default=True, help="How many bots, each in a meeting of its own.")
@click.option("--speakers", type=COUNT, default=2, show_default=True, help="How many people speak in each meeting.")
@click.option(
    "--wav-dir",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Speak these recordings, NAME.wav with NAME.txt beside it if you like, instead of flite's sentences.",
)
@click.option("--numbers", is_flag=True, help="Speak numbers, w1 w2 w3 …, whose places are known to the sample.")
@click.option(
    "--duration",
    "duration_s",
    type=click.FloatRange(min=0),
    default=60.0,
    show_default=True,
    help="Length of the meetings in seconds of their own time; 0: until SIGTERM.",
)
@click.option(
    "--speed",
    type=click.FloatRange(min=0, min_open=True),
    default=1.0,
    show_default=True,
    help="Seconds of meeting in a second; above 1 the meetings began in the past and end now.",
)
@click.option(
    "--talking",
    type=click.FloatRange(0, 1, min_open=True),
    default=0.4,
    show_default=True,
    help="Share of the time each speaker talks, over others or not; 1: without a pause.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Of who says what when; bot ids are always new.")
@click.option(
    "--script",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Write who said what where to this file, a JSON line for each line said.",
)
def synthetic(**asked: Unpack[Asked]) -> None:
    """Put made-up meetings on the log, without browsers: to test, to measure, to size a cluster.

    The records are those of `earshot bot`: audio in 100 ms chunks with silence between sentences, people who join and
    speak over each other, a bot's whole life, and a ledger that `earshot verify` finds true. Prints one JSON line with
    the bots' ids and one with what was made. SIGINT or SIGTERM end every meeting within a word, with `done` written.
    """
    settings = load(BotSettings)
    configure_logging(settings.log_level, settings.log_format)
    serve(settings, Readiness())
    if asked["speed"] > 1 and not asked["duration_s"]:
        raise UsageError("--speed above 1 needs --duration", remedy="say how long the meetings are")
    wish = Wish(
        speakers=asked["speakers"],
        talking=asked["talking"],
        duration_us=round(asked["duration_s"] * 1e6) or None,
        repertoire=_repertoires(settings, asked),
    )
    asyncio.run(send_bots(settings, wish, asked))


async def send_bots(settings: BotSettings, wish: Wish, asked: Asked) -> None:
    """All the bots' lives; raises Unavailable with a remedy when Kafka or the registry is away."""
    outlet, clock, stop = Outlet(settings), SystemClock(), asyncio.Event()
    await outlet.check()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    started_at_us = start_us(clock.now_us(), wish.duration_us, asked["speed"])
    chance = random.Random(asked["seed"])  # noqa: S311 - a seed that gives the same meetings again
    bots = [_bot(settings, wish, started_at_us, chance) for _ in range(asked["bots"])]
    with ExitStack() as files:
        script = asked["script"]
        report = Report(files.enter_context(script.open("w", encoding="utf-8")) if script else None)
        _announce("started", bot_ids=[bot.bot_id for bot in bots])
        pace = Pace(started_at_us, clock.monotonic_ms(), asked["speed"])
        await Load(bots, outlet, settings.tenant_id, pace, clock).run(stop, report)
    _announce("done", bots=len(bots), **report.summary())


def _bot(settings: BotSettings, wish: Wish, started_at_us: int, chance: random.Random) -> SyntheticBot:
    bot_id = new_bot_id()
    identity = Identity(settings.tenant_id, bot_id, meeting_id(PLATFORM, bot_id), PLATFORM, settings.region)
    return SyntheticBot(identity, wish, started_at_us, random.Random(chance.random()))  # noqa: S311 - one's own course


def _repertoires(settings: BotSettings, asked: Asked) -> Callable[[int], Repertoire]:
    """What the n-th speaker of a meeting says."""
    wav_dir = asked["wav_dir"]
    if asked["numbers"] and wav_dir:
        raise UsageError("--numbers and --wav-dir exclude each other", remedy="leave one of them out")
    if asked["numbers"]:
        return lambda _: Numbers()
    kept = settings.var_dir / "synthetic" / "voices"
    found = own_lines(wav_dir) if wav_dir else flite_lines(kept, asked["speakers"])
    return lambda number: Recorded(found[number % len(found)])


def _announce(event: str, **facts: object) -> None:
    """One line for whoever started this."""
    click.echo(json.dumps({"event": event, **facts}))
