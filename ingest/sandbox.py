"""Runs the parsers in processes of their own, with limits on time and memory.

A worker is started when it is first needed and ended when it has had nothing to do for a while. One
that crashes, hangs or runs out of memory is replaced; the file it worked on is refused.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, Final

from ingest import errors
from ingest.errors import FileRefused, ParserFailed
from ingest.limits import MOST_BUSY_SECONDS

WORKERS: Final = 2
IDLE_SECONDS: Final = 60.0
MOST_REQUESTS: Final = 200
"""After so many files a worker is replaced, so that nothing piles up in it."""
DEFAULT_SECONDS: Final = 60.0
_LONGEST_ANSWER: Final = 64 * 1024 * 1024
_ROOT: Final = Path(__file__).resolve().parent.parent


class _Worker:
    """One worker process."""

    def __init__(self) -> None:
        # Nothing of our own environment reaches the process that reads strangers' files.
        environment = {
            "PATH": os.environ.get("PATH", ""),
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(_ROOT),
            "OPENBLAS_NUM_THREADS": "1",  # NumPy would start threads, which its limits forbid
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "ingest.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            cwd="/",
            start_new_session=True,
        )
        self.requests = 0
        self.busy_seconds = 0.0
        self.last_used = time.monotonic()

    def ask(self, request: dict[str, Any], seconds: float) -> dict[str, Any]:
        """One request and its answer. Raises ParserFailed; the worker is unusable after that."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.requests += 1
        try:
            self.process.stdin.write(json.dumps(request).encode() + b"\n")
            self.process.stdin.flush()
        except OSError as error:
            raise ParserFailed(reason="crash") from error
        started = time.monotonic()
        deadline, received = started + seconds, bytearray()
        descriptor = self.process.stdout.fileno()
        poll = select.poll()  # select() fails on descriptors above 1023, which a busy server has
        poll.register(descriptor, select.POLLIN)
        while not received.endswith(b"\n"):
            left = deadline - time.monotonic()
            if left <= 0 or not poll.poll(left * 1000):
                raise ParserFailed(reason="time")
            piece = os.read(descriptor, 1 << 20)
            if not piece:
                raise ParserFailed(reason=self._how_it_ended())
            received += piece
            if len(received) > _LONGEST_ANSWER:
                raise ParserFailed(reason="memory")
        self.last_used = time.monotonic()
        self.busy_seconds += self.last_used - started
        return _parsed(bytes(received))

    def is_alive(self) -> bool:
        """Whether the process still runs; one may be killed while it waits (out of memory, a person)."""
        return self.process.poll() is None

    def _how_it_ended(self) -> str:
        """``time`` when it used up its processor time, else ``crash``."""
        try:
            status = self.process.wait(1)
        except subprocess.TimeoutExpired:
            return "crash"
        return "time" if status == -signal.SIGXCPU else "crash"

    def end(self) -> None:
        """Kill it: it has nothing worth waiting for."""
        self.process.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        self.process.wait()


class Sandbox:
    """Hands requests to worker processes. Safe for many threads; at most ``workers`` files at once."""

    def __init__(self, workers: int = WORKERS, idle_seconds: float = IDLE_SECONDS) -> None:
        self._slots = threading.Semaphore(workers)
        self._idle: list[_Worker] = []
        self._guard = threading.Lock()
        self._idle_seconds = idle_seconds
        self._closed = False
        self._reaper: threading.Timer | None = None

    def run(
        self, operation: str, source: Path, *, seconds: float = DEFAULT_SECONDS, **options: Any
    ) -> dict[str, Any]:
        """Have a worker do ``operation`` on the file.

        ``seconds`` is wall-clock time. Raises FileRefused with the reason: what the parser found, or
        ParserFailed for ``time``, ``memory`` or ``crash``.
        """
        request = {"operation": operation, "source": str(source.absolute()), **options}
        with self._slots:
            worker = self._take()
            try:
                answer = worker.ask(request, seconds)
            except BaseException:
                worker.end()
                raise
            if answer.get("refused") == ParserFailed.__name__:
                worker.end()  # it ran out of memory: what is left in it is not worth trusting
            else:
                self._give_back(worker)
        return _result(answer)

    def _take(self) -> _Worker:
        while True:
            with self._guard:
                if not self._idle:
                    break
                worker = self._idle.pop()
            if worker.is_alive():
                return worker
            worker.end()
        return _Worker()

    def _give_back(self, worker: _Worker) -> None:
        with self._guard:
            is_fresh = worker.requests < MOST_REQUESTS and worker.busy_seconds < MOST_BUSY_SECONDS
            if not self._closed and is_fresh:
                self._idle.append(worker)
                self._schedule_reaper()
                return
        worker.end()

    def _schedule_reaper(self) -> None:
        if self._reaper is None:
            self._reaper = threading.Timer(self._idle_seconds, self._reap)
            self._reaper.daemon = True
            self._reaper.start()

    def _reap(self) -> None:
        limit = time.monotonic() - self._idle_seconds
        with self._guard:
            old = [worker for worker in self._idle if worker.last_used <= limit]
            self._idle = [worker for worker in self._idle if worker.last_used > limit]
            self._reaper = None
            if self._idle:
                self._schedule_reaper()
        for worker in old:
            worker.end()

    def close(self) -> None:
        """End all workers."""
        with self._guard:
            self._closed = True
            idle, self._idle = self._idle, []
            if self._reaper is not None:
                self._reaper.cancel()
        for worker in idle:
            worker.end()


def _parsed(line: bytes) -> dict[str, Any]:
    """An answer. Raises ParserFailed: a worker that a file took over may say anything."""
    try:
        answer = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ParserFailed(reason="crash") from error
    if not isinstance(answer, dict) or not isinstance(answer.get("ok", answer.get("context")), dict):
        raise ParserFailed(reason="crash")
    return answer


def _result(answer: dict[str, Any]) -> dict[str, Any]:
    if "ok" in answer:
        ok: dict[str, Any] = answer["ok"]
        return ok
    kind = getattr(errors, str(answer.get("refused")), ParserFailed)
    if not (isinstance(kind, type) and issubclass(kind, FileRefused)):
        kind = ParserFailed
    raise kind(**{key: _storable(value) for key, value in answer["context"].items()})


def _storable(value: Any) -> Any:
    """Libraries quote a file's bytes in their messages; databases take neither NUL nor half characters."""
    if not isinstance(value, str):
        return value
    return "".join(letter if letter.isprintable() else " " for letter in value)
