"""`earshot demo`: services up, the meeting, the proof, and what to type next."""

import asyncio
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

import click

from infra.demo.course import Course
from infra.demo.figures import Evidence, report
from infra.demo.live import Live
from infra.demo.outage import Outage
from infra.demo.report import MIN_WORDS, as_json, judge
from infra.demo.script import PARTS
from infra.demo.stages import FAILING, PROVIDER, local_place
from infra.demo.stopwatch import Stopwatch
from infra.demo.summary import Around, delivery_lines, next_lines, proof_lines, verdict_lines
from infra.demo.supervisor import EARSHOT
from infra.demo.voices import Recording, flite_recordings, own_recordings
from infra.local import parts
from infra.local.machine import Machine
from schemas.errors import EarshotError
from schemas.ids import new_bot_id
from schemas.settings import LOCAL_ENV_FILE, ClickHouseSettings, LocalSettings, load
from schemas.telemetry import configure_logging
from schemas.timebase import SystemClock


@click.command()
@click.option(
    "--talkers",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of NAME.wav with NAME.txt (what is said) beside it: each pair is a talker.",
)
@click.pass_context
def demo(context: click.Context, talkers: Path | None) -> None:
    """Run a real meeting end to end and prove what was heard.

    Starts the local services unless they are up, holds a meeting of about a minute on a real WebRTC server with talkers
    in real browsers and a bot among them, prints who says what, then the proof. The report is var/demo/report.json;
    the exit code is 0 only if the proof holds. The services stay up until `earshot down`.
    """
    stopwatch = Stopwatch(SystemClock())
    settings = load(LocalSettings)
    configure_logging(settings.log_level, settings.log_format)
    signal.signal(signal.SIGTERM, _leave)
    folder = settings.var_dir / "demo"

    def say(step: str) -> None:
        click.echo(f"[{stopwatch.elapsed_s():5.1f} s] {step}")

    say("preparing what the talkers say")
    recordings = own_recordings(talkers, folder / "voices") if talkers else flite_recordings(PARTS, folder / "voices")
    machine = Machine(settings)
    say("starting the services" if any(not status.pid for status in machine.status()) else "the services are up")
    started = machine.up(lambda step, _: say(step))
    try:
        evidence = _held(machine, recordings, folder, stopwatch)
    except (KeyboardInterrupt, SystemExit):
        if len(started) == len(machine.services):
            machine.down()
        raise
    context.exit(_concluded(evidence, machine, folder, min_words=0 if talkers else MIN_WORDS))


def _held(machine: Machine, recordings: Sequence[Recording], folder: Path, stopwatch: Stopwatch) -> Evidence:
    """The meeting, held and drained; the first named failure of what ran side by side is the one that is told."""
    server, provider = machine.meeting_server, load(LocalSettings).demo_provider
    course = Course(
        place=local_place(server.link(server.create_room()), folder, provider),
        recordings=recordings,
        bot_id=new_bot_id(),
        clock=SystemClock(),
        say=lambda step: click.echo(f"[{stopwatch.elapsed_s():5.1f} s] {step}"),
        live=Live(sys.stdout),
        outage=Outage(FAILING) if provider == PROVIDER else None,
    )
    try:
        return asyncio.run(course.run(stopwatch))
    except* EarshotError as failures:
        raise _first(failures) from failures


def _concluded(evidence: Evidence, machine: Machine, folder: Path, *, min_words: int) -> int:
    """Write the report, print the proof and what to type next; the exit code."""
    figures = report(evidence)
    verdict = judge(figures, ledger_reasons=evidence.proof.reasons, min_words=min_words)
    written = folder / "report.json"
    written.write_bytes(as_json(figures, verdict))
    around = Around(
        earshot=_short(Path(EARSHOT)),
        settings=Path(_short(LOCAL_ENV_FILE)),
        meeting_page=machine.meeting_page.url,
        clickhouse_http=f"http://127.0.0.1:{machine.clickhouse.http_port}",
        clickhouse_database=load(ClickHouseSettings).clickhouse_database,
        node_modules=parts.node_modules(load(LocalSettings).cache_dir),
    )
    deliveries = delivery_lines(evidence.deliveries)
    proof = ("", *deliveries, "", *proof_lines(figures), "", *verdict_lines(verdict), f"report: {written}")
    for line in (*proof, "", "Type next:"):
        click.echo(line)
    for line in next_lines(figures.bot_id, around):
        click.echo(f"  {line}")
    return 0 if verdict.passed else 1


def _short(path: Path) -> str:
    """As one would type it from here."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def _first(failures: BaseException) -> BaseException:
    return _first(failures.exceptions[0]) if isinstance(failures, BaseExceptionGroup) else failures


def _leave(_signal: int, _frame: FrameType | None) -> None:
    """Make SIGTERM an orderly way out, so that stages and browsers are stopped."""
    sys.exit(128 + signal.SIGTERM)
