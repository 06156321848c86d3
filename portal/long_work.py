"""Long work that somebody waits for and that changes nothing, such as reading a backup to its end.

What changes something goes through the outbox instead; see core.outbox.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import structlog

from core.errors import VermilionError
from core.ids import new_id

_LOG = structlog.get_logger()
_REMEMBERED: Final = 50
Advance = Callable[[int, int, str], None]
"""Called with how much is done, how much there is, and what is being done now."""


@dataclass
class Progress:
    """How far some work is. ``result`` or ``error`` is set once it has ended."""

    done: int = 0
    total: int = 0
    now: str = ""
    result: object | None = None
    error: VermilionError | None = None

    @property
    def is_running(self) -> bool:
        return self.result is None and self.error is None


class LongWork:
    """Runs work in threads of this process and remembers how far each is."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, Progress] = OrderedDict()
        self._lock = threading.Lock()

    def start(self, work: Callable[[Advance], object]) -> str:
        """Begin ``work``; returns the number to ask for it by."""
        number, progress = str(new_id()), Progress()
        with self._lock:
            self._known[number] = progress
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        threading.Thread(target=self._run, args=(work, progress), name="long-work", daemon=True).start()
        return number

    def find(self, number: str) -> Progress | None:
        """How far it is; None when this process knows nothing of it."""
        with self._lock:
            return self._known.get(number)

    @staticmethod
    def _run(work: Callable[[Advance], object], progress: Progress) -> None:
        def advance(done: int, total: int, now: str = "") -> None:
            progress.done, progress.total, progress.now = done, total, now

        try:
            progress.result = work(advance) or True
        except VermilionError as error:
            progress.error = error
        except Exception as error:  # nobody else would ever hear of it
            _LOG.error("long_work_failed", exc_info=error)
            progress.error = VermilionError()
