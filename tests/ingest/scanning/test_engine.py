"""Recognition keeps to itself: one thread, no file, no connection."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

_PROGRAM = """
import socket
from pathlib import Path
import numpy as np

def refuse(*_, **__):
    raise AssertionError("a connection")

socket.socket.connect = socket.getaddrinfo = refuse
from ingest.scanning import engine

page = np.full((400, 600, 3), 255, np.uint8)
page[100:130, 100:400] = 0
engine.find_lines(page, 640)
engine.read_lines([page[90:140, 90:410]])
status = Path("/proc/self/status").read_text()
print(next(line.split()[1] for line in status.splitlines() if line.startswith("Threads")))
"""


def test_models_start_no_thread_and_leave_nothing_behind(tmp_path: Path) -> None:
    """The runtime's official builds write an identifier to the home and send what they run to their maker."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "PYTHONPATH": str(Path(__file__).parents[3]),
        "OPENBLAS_NUM_THREADS": "1",
    }
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "1"
    assert list(tmp_path.iterdir()) == []
