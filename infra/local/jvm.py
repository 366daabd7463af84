"""How Java runs the local services: quick to start, and small."""

import hashlib
from pathlib import Path

from infra.local import parts

OPTIONS = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:+ExitOnOutOfMemoryError")


def archive_of(part: Path) -> Path:
    """Where the archive of the classes of a part belongs, for the Java that runs here (see infra.local.class_archive)."""
    java = Path(parts.java()).resolve()
    version = hashlib.sha256(f"{java} {java.stat().st_mtime_ns}".encode()).hexdigest()
    return part.parent / f"{part.name}-{version[:12]}.jsa"


def command(part: Path, *more: str) -> list[str]:
    """Java with its options, up to what it is to run; with the archive of `part` where there is one."""
    archive = archive_of(part)
    shared = (f"-XX:SharedArchiveFile={archive}", "-Xshare:auto") if archive.exists() else ()
    return [parts.java(), *OPTIONS, *shared, *more]
