"""How long recognition may go on in the request at hand. A worker does one request at a time."""

from __future__ import annotations

import math
import time
from typing import Final


class Allowance:
    """Time that is used up by itself; without end until it is set."""

    def __init__(self) -> None:
        self._until = math.inf

    def begin(self, seconds: float | None) -> None:
        """Let it last for so many seconds from now, or without end."""
        self._until = math.inf if seconds is None else time.monotonic() + seconds

    def is_spent(self) -> bool:
        """Whether no further page is begun."""
        return time.monotonic() >= self._until


RECOGNITION: Final = Allowance()
