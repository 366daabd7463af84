"""A fake service as a process that can be killed, stopped and started again on the same port."""

import signal
import subprocess
import sys

from infra.local.ports import free_ports


class ServiceProcess:
    """`python -m tests.fakes.stt`; `url` is where its sessions are opened."""

    def __init__(self, vendor: str, *knobs: str) -> None:
        [port] = free_ports(1)
        settings = [word for knob in knobs for word in ("--knob", knob)]
        self._command = [sys.executable, "-m", "tests.fakes.stt", vendor, "--port", str(port), *settings]
        self._process: subprocess.Popen[bytes] | None = None
        self.url = ""

    def start(self) -> None:
        """Returns when it listens."""
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE)
        assert self._process.stdout
        self.url = self._process.stdout.readline().decode().strip()
        assert self.url, "the fake service did not start"

    def end(self, number: int = signal.SIGKILL) -> None:
        """Send the signal and wait; nothing when it does not run."""
        if self._process:
            self._process.send_signal(number)
            self._process.wait(10)
            assert self._process.stdout
            self._process.stdout.close()
            self._process = None
