"""What the bot and its browser use of the machine."""

import psutil


class Meter:
    """Memory and processor time of this process and everything below it, its peak and sum kept from call to call."""

    def __init__(self) -> None:
        self._me = psutil.Process()
        self._cpu_s: dict[int, float] = {}
        self.memory_mb_peak = 0.0

    @property
    def cpu_seconds(self) -> float:
        """Processor time so far, of processes that are gone too."""
        return sum(self._cpu_s.values())

    def measure(self) -> float:
        """Memory in use now, in MB; shared pages are counted once where the system lets us see that."""
        processes = [self._me, *self._me.children(recursive=True)]
        memory_mb = sum(self._one(process) for process in processes) / 1e6
        self.memory_mb_peak = max(self.memory_mb_peak, memory_mb)
        return memory_mb

    def _one(self, process: psutil.Process) -> float:
        try:
            times = process.cpu_times()
            self._cpu_s[process.pid] = times.user + times.system
            return float(process.memory_full_info().pss)
        except psutil.NoSuchProcess:
            return 0.0
        except psutil.AccessDenied:
            memory = process.memory_info()
            return float(memory.rss - memory.shared)
