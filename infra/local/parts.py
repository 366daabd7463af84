"""Where the third-party parts are: fetched once by infra/setup/parts.sh into a cache that all clones share."""

import hashlib
import re
import shutil
from pathlib import Path

from schemas.errors import UsageError

SETUP_DIR = Path(__file__).parent.parent / "setup"


def pom_version(name: str) -> str:
    """The version of a Java part, as pom.xml pins it."""
    found = re.search(rf"<{name}\.version>(.+?)<", (SETUP_DIR / "pom.xml").read_text("utf-8"))
    assert found, f"pom.xml has no {name}.version"
    return found[1]


def java() -> str:
    """The Java runtime, from PATH."""
    found = shutil.which("java")
    if not found:
        raise UsageError(
            "java is not on PATH", remedy="`make setup` installs it (Debian package openjdk-17-jre-headless)"
        )
    return found


def kafka(cache_dir: Path) -> Path:
    """The folder of Kafka's jars."""
    return _fetched(cache_dir / f"kafka-{pom_version('kafka')}")


def registry(cache_dir: Path) -> Path:
    """The schema registry's runnable jar."""
    folder = _fetched(cache_dir / f"registry-{pom_version('registry')}")
    return next(folder.glob("*-runner.jar"))


def node_modules(cache_dir: Path) -> Path:
    """The folder of Node packages: the ClickHouse engine and the stock Kafka client."""
    lock = hashlib.sha256((SETUP_DIR / "package-lock.json").read_bytes()).hexdigest()
    return _fetched(cache_dir / f"node-{lock[:12]}") / "node_modules"


def clickhouse(cache_dir: Path) -> Path:
    """The ClickHouse engine as a library."""
    return node_modules(cache_dir) / "@chdb" / "lib-linux-x64-gnu" / "libchdb.so"


def _fetched(folder: Path) -> Path:
    if not folder.is_dir():
        raise UsageError(f"{folder.name} is not in {folder.parent}", remedy="`make setup` fetches it")
    return folder
