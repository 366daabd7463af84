"""The receiver in Go, with the official library: `make test-snippets`, since it needs a Go of its own."""

import asyncio
import shutil
from pathlib import Path

import pytest

from tests.fakes.receiver_process import converse, receiver_process

HERE = Path(__file__).parent


@pytest.mark.timeout(600)
async def test_the_receiver_in_go(tmp_path: Path) -> None:
    """Verifies with github.com/standard-webhooks/standard-webhooks/libraries."""
    go = shutil.which("go")
    assert go, "run `make test-snippets`"
    built = tmp_path / "receiver"
    building = await asyncio.create_subprocess_exec(go, "build", "-C", str(HERE), "-o", str(built), ".")
    assert await building.wait() == 0
    async with receiver_process([str(built)], {}) as receiver:
        await converse(receiver)
