"""How much and how often: bytes of a body, counted as they come, and calls of a person."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from fastapi import FastAPI, Request, UploadFile
from starlette.types import Message

from api.errors import BodyTooLarge, TooManyRequests
from api.principals import Caller
from core.settings import Settings
from signing.source import Source

MOST_JSON: Final = 1024 * 1024
"""Bytes of a body without files."""
MOST_FILES: Final = 50
"""Files in one upload."""
CALLS_PER_SECOND: Final = 100.0
BURST: Final = 1000.0
_REMEMBERED: Final = 20_000


@contextmanager
def uploaded(file: UploadFile, settings: Settings) -> Iterator[Source]:
    """One uploaded file, where the server put it. Raises BodyTooLarge beyond the upload limit."""
    with Source.held(file.file) as source:
        if source.size > settings.upload_max_bytes:
            raise BodyTooLarge(limit=settings.upload_max_bytes)
        yield source


def read_small(file: UploadFile, most: int) -> bytes:
    """The bytes of a file that is small by its kind; one more than ``most`` where it has more, which the
    service that takes it refuses."""
    return file.file.read(most + 1)


def most_bytes(settings: Settings, *, takes_files: bool) -> int:
    """The largest body of a call. An upload of several files may be twice the largest file."""
    return 2 * settings.upload_max_bytes + MOST_JSON if takes_files else MOST_JSON


class Metered:
    """Passes a body on while counting it; a Content-Length that lies changes nothing."""

    def __init__(self, request: Request, most: int) -> None:
        self._receive = request.receive
        self._most = most
        self._count = 0
        self.watch: Callable[[bytes], None] | None = None
        declared = request.headers.get("content-length", "")
        if declared.isdigit() and int(declared) > most:
            raise BodyTooLarge(limit=most)

    async def receive(self) -> Message:
        """The next piece. Raises BodyTooLarge as soon as there is one byte too many."""
        message = await self._receive()
        if message["type"] == "http.request":
            piece = message.get("body", b"")
            self._count += len(piece)
            if self._count > self._most:
                raise BodyTooLarge(limit=self._most)
            if self.watch is not None:
                self.watch(piece)
        return message


class CallRate:
    """A bucket of calls for each person: ``burst`` at once, then ``rate`` a second."""

    def __init__(self, rate: float = CALLS_PER_SECOND, burst: float = BURST) -> None:
        self._rate = rate
        self._burst = burst
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def check(self, caller: Caller) -> None:
        """Count one call. Raises TooManyRequests."""
        self.take(f"person:{caller.principal.person_id}")

    def take(self, subject: str, now: float | None = None) -> None:
        """Count one call of a subject. Raises TooManyRequests."""
        now = time.monotonic() if now is None else now
        with self._lock:
            left, since = self._buckets.pop(subject, (self._burst, now))
            left = min(self._burst, left + (now - since) * self._rate)
            self._buckets[subject] = (max(left - 1, 0.0) if left >= 1 else left, now)
            while len(self._buckets) > _REMEMBERED:
                self._buckets.popitem(last=False)
        if left < 1:
            raise TooManyRequests(wait_seconds=max(math.ceil((1 - left) / self._rate), 1))


def of(app: FastAPI) -> CallRate:
    """The application's own counters."""
    rate: CallRate = app.state.call_rate
    return rate
