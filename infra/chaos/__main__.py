"""`python -m infra.chaos SCENARIO`: run it, write var/chaos/SCENARIO.json, exit 1 when a guarantee broke."""

import click

from infra.chaos import soak
from infra.chaos.clickhouse import scenario as clickhouse
from infra.chaos.scenario import Run, Scenario
from infra.chaos.transcription import scenario as transcription
from infra.chaos.webhooks import scenario as webhooks
from schemas.settings import LocalSettings, load

SCENARIOS: dict[str, Scenario] = {
    clickhouse.NAME: clickhouse.run,
    transcription.NAME: transcription.run,
    webhooks.NAME: webhooks.run,
    soak.NAME: soak.run,
}
DEFAULT_MINUTES = 5.0


@click.command()
@click.argument("scenario")
@click.option("--seed", default=1, show_default=True, help="Of the faults: the same seed draws the same ones.")
@click.option("--minutes", default=DEFAULT_MINUTES, show_default=True, help="How long things are killed.")
@click.pass_context
def chaos(context: click.Context, scenario: str, seed: int, minutes: float) -> None:
    """Kill things under load, on real services of the run's own, and check the guarantees."""
    if scenario not in SCENARIOS:
        raise click.BadParameter(f"no scenario is called {scenario}; there are {', '.join(SCENARIOS)}")
    settings = load(LocalSettings)
    command = f"make chaos SCENARIO={scenario} SEED={seed} MINUTES={minutes:g}"
    result = SCENARIOS[scenario](Run(settings, seed, minutes, command))
    written = result.write(settings.var_dir / "chaos")
    click.echo(f"{result.name}: {'pass' if result.passed else 'FAIL'} {result.figures} -> {written}")
    context.exit(0 if result.passed else 1)


if __name__ == "__main__":
    chaos()
