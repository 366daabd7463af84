"""What this project adds to a provider's own latency, at a load a core carries well: a hundred people who talk.

From a frame's append on Kafka to its bytes on the provider's socket, and from a provider's message to Kafka's
acknowledgement of the result.
"""

from infra.benchmarks.one_worker import one_worker
from infra.benchmarks.talkers_per_core import measured
from infra.result import Result
from schemas.settings import LocalSettings

NAME = "transcribe_latency"
TALKERS = 100
BOUND_P99_MS = 150.0


def run(settings: LocalSettings, seed: int, command: str) -> Result:
    """The bound is on the 99th percentile of the way in."""
    with one_worker(settings, settings.var_dir / "bench" / NAME, "words=spoken", "interim_every_ms=1000") as ground:
        step = measured(ground, TALKERS, seed)
    p99_ms = step.send.quantile_ms(0.99)
    return Result(
        name=NAME,
        command=command,
        seed=seed,
        passed=p99_ms is not None and p99_ms <= BOUND_P99_MS,
        figures={
            "talkers": TALKERS,
            "frame_to_socket_ms_p50": step.send.quantile_ms(0.5),
            "frame_to_socket_ms_p99": p99_ms,
            "bound_p99_ms": BOUND_P99_MS,
            "message_to_results_ms_p50": step.append.quantile_ms(0.5),
            "message_to_results_ms_p99": step.append.quantile_ms(0.99),
            "sends": round(step.send.count),
            "results": round(step.append.count),
        },
    )
