"""What this machine needs, what of it is there, and how to get the rest."""

import os
import pwd
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from infra.local import parts
from infra.local.janus import libraries
from infra.local.machine import Machine
from infra.local.meeting_page import DEMOS
from infra.local.ports import is_taken
from schemas.errors import UsageError
from schemas.settings import VAR_DIR, BotSettings, LocalSettings, load

SETUP = "`make setup`"
NEEDED_MEMORY_MB = 2_500  # services 1 GB, three talkers and a bot 1.2 GB
NEEDED_DISK_MB = 2_000
JAVA, NODE = 17, 18


@dataclass(frozen=True)
class Finding:
    """One thing that is needed; `found` is empty when it is missing, and then `remedy` says how to get it."""

    name: str
    found: str
    remedy: str = SETUP


def diagnose(settings: LocalSettings) -> list[Finding]:
    """Everything the local services, a bot and the demo need on this machine."""
    bot = load(BotSettings)
    cache = settings.cache_dir
    return [
        Finding("Python 3.11 or later", _at_least(sys.version.split()[0], 11, part=1), "Debian package python3"),
        Finding("Java 17 or later", _at_least(_version("java", "-version"), JAVA)),
        Finding("Kafka", _part(parts.kafka, cache)),
        Finding("schema registry", _part(parts.registry, cache)),
        Finding("ClickHouse", shutil.which("clickhouse") or _part(parts.clickhouse, cache)),
        Finding("Janus", _janus()),
        Finding("Janus demo pages", str(DEMOS) if DEMOS.is_dir() else ""),
        Finding("Chromium", _version(str(bot.chromium_path), "--version"), f"{SETUP}, or set EARSHOT_CHROMIUM_PATH"),
        Finding("user of the browser", _browser_user(bot.chromium_user)),
        Finding("speech engine", _module("pocketsphinx")),
        Finding("flite (demo voices)", shutil.which("flite") or ""),
        Finding("ffmpeg (demo)", shutil.which("ffmpeg") or ""),
        Finding("Node 18 or later (tests)", _at_least(_version("node", "--version"), NODE)),
        Finding("memory", _enough(psutil.virtual_memory().available >> 20, NEEDED_MEMORY_MB), _free(NEEDED_MEMORY_MB)),
        Finding("disk", _enough(_free_disk_mb(VAR_DIR), NEEDED_DISK_MB), _free(NEEDED_DISK_MB)),
        Finding("network interface", _interface(), "WebRTC needs one besides loopback: bring one up, even a dummy one"),
        *_ports(settings),
    ]


def _version(*command: str) -> str:
    """What the program says of its version, or nothing when it cannot be run."""
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return (answer.stdout or answer.stderr).strip().splitlines()[0]


def _at_least(version: str, wanted: int, part: int = 0) -> str:
    numbers = re.findall(r"\d+", version)
    return version if len(numbers) > part and int(numbers[part]) >= wanted else ""


def _part(where: Callable[[Path], Path], cache_dir: Path) -> str:
    try:
        return str(where(cache_dir))
    except UsageError:
        return ""


def _janus() -> str:
    try:
        return str(libraries()) if shutil.which("janus") else ""
    except UsageError:
        return ""


def _browser_user(name: str) -> str:
    if os.geteuid() != 0:
        return "not needed: we are not root"
    try:
        return f"{name}, uid {pwd.getpwnam(name).pw_uid}"
    except KeyError:
        return ""


def _module(name: str) -> str:
    return _version(sys.executable, "-c", f"import {name}; print('{name} imports')")


def _enough(there_mb: int, needed_mb: int) -> str:
    return f"{there_mb} MB free" if there_mb >= needed_mb else ""


def _free(needed_mb: int) -> str:
    return f"less than {needed_mb} MB is free: free some"


def _free_disk_mb(folder: Path) -> int:
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    return shutil.disk_usage(existing).free >> 20


def _interface() -> str:
    for name, addresses in psutil.net_if_addrs().items():
        for address in addresses:
            if address.family is socket.AF_INET and not address.address.startswith("127.0.0.1"):
                return f"{name} {address.address}"
    return ""


def _ports(settings: LocalSettings) -> list[Finding]:
    """A port is fine when it is free or when our own service has it."""
    machine = Machine(settings)
    ours = {status.name for status in machine.status() if status.pid}
    return [
        Finding(
            f"port {port.number}",
            f"{service.name} has it" if service.name in ours else "" if is_taken(port.number) else "free",
            f"taken by another process: end it, or set {port.setting}",
        )
        for service in machine.services
        for port in service.ports
    ]
