"""The process that is the local ClickHouse server: `python clickhouse_engine.py LIBRARY ARGUMENT…`.

Imports nothing of ours, so that it starts at once. The engine's own main program runs in this process until it is told to end:
it listens, then its last query reads a FIFO that this process itself holds open and never writes to.
"""

import ctypes
import os
import sys
from pathlib import Path

FIFO = "keep-running"
QUERIES = "SYSTEM START LISTEN TCP; SYSTEM START LISTEN HTTP; SELECT count() FROM file('keep-running', LineAsString)"


def main(library: str, *arguments: str) -> int:
    fifo = Path(FIFO)
    fifo.unlink(missing_ok=True)
    os.mkfifo(fifo)
    os.open(fifo, os.O_RDWR)
    argv = [word.encode() for word in ("clickhouse", *arguments, "--query", QUERIES)]
    engine = ctypes.CDLL(library)
    engine.chdb_query_cmdline(len(argv), (ctypes.c_char_p * len(argv))(*argv))
    return 1  # it only returns when it could not run


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
