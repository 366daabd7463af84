"""`python -m infra.benchmarks [NAME]`: run one benchmark or all, write var/bench/NAME.json, exit 1 when a bound broke."""

from collections.abc import Callable

import click

from infra.benchmarks import (
    capture_latency,
    catch_up,
    clickhouse_freshness,
    clickhouse_throughput,
    clickhouse_views,
    gate_cost,
    talkers_per_core,
    transcribe_latency,
    transcribe_throughput,
    turns_throughput,
    webhooks_isolation,
    webhooks_latency,
    webhooks_memory,
    webhooks_throughput,
)
from infra.result import Result
from schemas.settings import LocalSettings, load

Benchmark = Callable[[LocalSettings, int, str], Result]
BENCHMARKS: dict[str, Benchmark] = {
    capture_latency.NAME: capture_latency.run,
    clickhouse_views.NAME: clickhouse_views.run,
    catch_up.NAME: catch_up.run,
    gate_cost.NAME: gate_cost.run,
    clickhouse_freshness.NAME: clickhouse_freshness.run,
    clickhouse_throughput.NAME: clickhouse_throughput.run,
    talkers_per_core.NAME: talkers_per_core.run,
    transcribe_latency.NAME: transcribe_latency.run,
    transcribe_throughput.NAME: transcribe_throughput.run,
    turns_throughput.NAME: turns_throughput.run,
    webhooks_throughput.NAME: webhooks_throughput.run,
    webhooks_latency.NAME: webhooks_latency.run,
    webhooks_isolation.NAME: webhooks_isolation.run,
    webhooks_memory.NAME: webhooks_memory.run,
}


@click.command()
@click.argument("name", required=False)
@click.option("--seed", default=1, show_default=True, help="Of whatever the benchmark draws at random.")
@click.pass_context
def bench(context: click.Context, name: str | None, seed: int) -> None:
    """Run benchmark NAME, or all of them, on this machine's real services."""
    if name is not None and name not in BENCHMARKS:
        raise click.BadParameter(f"no benchmark is called {name}; there are {', '.join(BENCHMARKS)}")
    settings = load(LocalSettings)
    results = [_run(each, settings, seed) for each in ([name] if name else BENCHMARKS)]
    context.exit(0 if all(result.passed for result in results) else 1)


def _run(name: str, settings: LocalSettings, seed: int) -> Result:
    """One benchmark; its result is written before the next begins."""
    result = BENCHMARKS[name](settings, seed, f"make bench NAME={name}")
    written = result.write(settings.var_dir / "bench")
    click.echo(f"{result.name}: {'pass' if result.passed else 'FAIL'} {result.figures} -> {written}")
    return result


if __name__ == "__main__":
    bench()
