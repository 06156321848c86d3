"""The home folder: one server at a time works in it."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType

from core.errors import VermilionError


class HomeInUse(VermilionError):
    """Another process serves from this folder. Context: ``home``."""

    code = "home-in-use"
    status = 409


class HomeLock:
    """The lock that says: this process runs the embedded worker and writes the embedded index.

    It is an ``flock`` on a file, so it is gone when the process is, however it ended.
    """

    def __init__(self, home: Path) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self._home = home
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the lock. Raises HomeInUse when another process has it."""
        descriptor = os.open(self._home / "serve.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(descriptor)
            raise HomeInUse(home=str(self._home)) from error
        self._descriptor = descriptor

    def release(self) -> None:
        """Give the lock back."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> HomeLock:
        self.acquire()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.release()
