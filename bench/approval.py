"""What an approval costs over HTTP, beside a bare pyHanko signature of the same file.

An approval is more than a signature: authentication, permission, the PIN (argon2id), the visible
block, storing the file durably, decision, audit entry, the next step, all in one request to a real
server process. The rival signs the same approval sheet with stock pyHanko (SimpleSigner, PAdES B-T,
the same key type, an in-process time-stamp authority) and does nothing else.
"""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx

from bench import Figure, run
from bench.approval_home import AT_ONCE, PIN, Approver, prepare
from bench.bare_signing import BareSigner

RIVAL: Final = "pyHanko SimpleSigner B-T"
_PATIENCE: Final = 60.0


@contextmanager
def server(home: Path) -> Iterator[str]:
    """A real server process on loopback; its address. It ends with the block."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("VERMILION_")},
        "VERMILION_HOME": str(home),
        "VERMILION_LISTEN": f"127.0.0.1:{port}",
        "VERMILION_LOG_LEVEL": "error",
    }
    log = home / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "vermilion.cli", "serve"], env=environment, stdout=output, stderr=output
        )
        try:
            address = f"http://127.0.0.1:{port}"
            _wait(address, process, log)
            yield address
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{address}/healthz", timeout=2).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise RuntimeError(f"the server did not start:\n{log.read_text(errors='replace')}")


def approve(address: str, approver: Approver, tasks: tuple[str, ...]) -> list[float]:
    """Approve some cases one after the other; seconds of each decision."""
    seconds = []
    headers = {"Authorization": f"Bearer {approver.token}"}
    with httpx.Client(base_url=f"{address}/api/v1", headers=headers, timeout=60) as client:
        for task in tasks:
            shown = client.get(f"/tasks/{task}").raise_for_status().json()["shown_digest"]
            body = {"outcome": "approved", "comment": "同意", "pin": PIN, "shown_digest": shown}
            begun = time.perf_counter()
            client.post(f"/tasks/{task}/decision", json=body).raise_for_status()
            seconds.append(time.perf_counter() - begun)
    return seconds


def per_second(work: Callable[[int], int]) -> float:
    """How much ``AT_ONCE`` threads get done in a second; ``work`` returns how much it did."""
    begun = time.perf_counter()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        done = sum(pool.map(work, range(AT_ONCE)))
    return done / (time.perf_counter() - begun)


def measure(*, quick: bool) -> list[Figure]:
    """The figures of this run. ``quick`` makes fewer approvals."""
    alone, each = (10, 5) if quick else (40, 25)
    with tempfile.TemporaryDirectory(prefix="vermilion-bench-") as folder:
        home = Path(folder)
        prepared = prepare(home, first=alone, each=each)
        bare = BareSigner()
        with server(home) as address:
            first = prepared.approvers[0]
            approve(address, first, first.tasks[:2])  # warm
            bare.sign(prepared.sheet)
            ours, rival = [], []
            for task in first.tasks[2 : alone + 2]:
                ours += approve(address, first, (task,))
                rival.append(_timed(lambda: bare.sign(prepared.sheet)))
            rate = per_second(
                lambda number: len(
                    approve(address, prepared.approvers[number], prepared.approvers[number].tasks[-each:])
                )
            )
        bare_rate = per_second(lambda _number: sum(1 for _ in range(each) if bare.sign(prepared.sheet)))
    return [
        Figure("approval", "one approval over HTTP", _median(ours), _median(rival), RIVAL, "ms"),
        Figure("approval", f"{AT_ONCE} people at once", rate, bare_rate, RIVAL, "per second", is_rate=True),
    ]


def _timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _median(seconds: list[float]) -> float:
    """In milliseconds."""
    return statistics.median(seconds) * 1000


def main() -> None:
    """``python -m bench.approval [--quick] [--json]``"""
    run(measure, __doc__)


if __name__ == "__main__":
    main()
