"""Homes that many tests begin with: each kind is made once in a process, and then copied.

Migrations, an authority and people's keys take a hundred times as long to make as to copy. Two copies
have the same ids and the same keys; no test puts two homes into one world.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Callable, Hashable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeVar

from ingest.sandbox import Sandbox

Value = TypeVar("Value")


class SharedSandbox(Sandbox):
    """One sandbox for all tests of a process: a worker takes longer to start than most files to read."""

    def __init__(self) -> None:
        super().__init__(idle_seconds=600)
        atexit.register(super().close)

    def close(self) -> None:
        """Nothing: others still use it."""


SANDBOX: Final = SharedSandbox()
TODAY: Final = datetime.now(UTC).replace(microsecond=0)
"""When the process began: where clocks stand that only have to be near the real time."""
_made: dict[Hashable, tuple[Path, Any]] = {}


def first(kind: Hashable, make: Callable[[Path], Value]) -> tuple[Path, Value]:
    """The first home of this kind, to be copied only, and what ``make`` returned when it made it.

    ``make`` gets an empty folder and must have closed what it opened there.
    """
    if kind not in _made:
        folder = Path(tempfile.mkdtemp(prefix="vermilion-home-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        _made[kind] = (folder, make(folder))
    return _made[kind]


def furnish(home: Path, kind: Hashable, make: Callable[[Path], Value]) -> Value:
    """Fill a home with a copy of the first of its kind; returns what ``make`` returned for that."""
    folder, value = first(kind, make)
    shutil.copytree(folder, home, dirs_exist_ok=True)
    return value
