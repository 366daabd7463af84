"""`earshot dlq`: what no reader could make anything of, for operators."""

import json

import click

from schemas.settings import Settings, load
from schemas.telemetry import configure_logging
from sinks.dead_letters.letters import Letter, tallies
from sinks.dead_letters.redrive import redrive as put_back
from sinks.dead_letters.shelf import letters, origin_topic, waiting


@click.group()
def dlq() -> None:
    """Dead letters: records that a reader could not decode, or that a table would not have.

    Each lies, byte for byte, on its topic's dead-letter topic with headers that say where it came from, who could not read
    it and why.
    """


@dlq.command("list")
def list_() -> None:
    """How many letters lie on each dead-letter topic, by stage and error."""
    settings = _settings()
    counts = {topic: count for topic, count in waiting(settings).items() if count}
    if not counts:
        click.echo("no dead letters")
    for topic, count in counts.items():
        click.echo(f"{topic.name}: {count}")
        found = [letter for _, letter in letters(settings, topic) if letter]
        for (stage, error_class), share in sorted(tallies(found).items()):
            click.echo(f"  {share:6}  {error_class:24}  {stage}")


@dlq.command()
@click.argument("topic")
@click.option("--limit", default=20, show_default=True, help="At most so many letters, the latest.")
@click.option("--offset", type=int, help="The one letter with this offset.")
@click.option("--bytes", "with_bytes", is_flag=True, help="With key and value in hexadecimal: they may be speech.")
def show(topic: str, limit: int, offset: int | None, with_bytes: bool) -> None:
    """The letters of TOPIC, one JSON object a line."""
    found = [letter for _, letter in letters(_settings(), origin_topic(topic)) if letter]
    chosen = [letter for letter in found if letter.offset == offset] if offset is not None else found[-limit:]
    for letter in chosen:
        click.echo(json.dumps(_told(letter, with_bytes), ensure_ascii=False))


@dlq.command()
@click.argument("topic")
def redrive(topic: str) -> None:
    """Put the letters of TOPIC back where they came from, and take them off the dead-letter topic.

    Mend the reader first: what it still cannot read comes back here. Run again after whatever interruption, it puts back
    only what is not there yet.
    """
    done = put_back(_settings(), origin_topic(topic))
    click.echo(f"{done.put_back} put back, {done.there_again} there already, {done.left} left: they say no origin")


def _settings() -> Settings:
    settings = load(Settings)
    configure_logging(settings.log_level, settings.log_format)
    return settings


def _told(letter: Letter, with_bytes: bool) -> dict[str, object]:
    """What a line shows of a letter."""
    key, value = letter.record.key, letter.record.value
    told: dict[str, object] = {
        "offset": letter.offset,
        "origin": str(letter.origin),
        "stage": letter.stage,
        "error_class": letter.error_class,
        "error": letter.error,
        "appended_at_ms": letter.appended_at_ms,
        "value_bytes": len(value or b""),
    }
    return {**told, "key": (key or b"").hex(), "value": (value or b"").hex()} if with_bytes else told
