"""How often strangers may ask for work: so many acts in so many seconds for each address, in memory."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from typing import Final

_MOST_ADDRESSES: Final = 20_000


class Pace:
    """Counts acts of addresses. Nothing of it outlives the process."""

    def __init__(self, most: int, seconds: float) -> None:
        self._most = most
        self._seconds = seconds
        self._acts: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, address: str, now: float) -> float:
        """Count an act at ``now`` (a monotonic clock); 0, or the seconds to wait when there were too many."""
        with self._lock:
            acts = self._acts.setdefault(address, deque())
            self._acts.move_to_end(address)
            while acts and acts[0] <= now - self._seconds:
                acts.popleft()
            if len(acts) >= self._most:
                return acts[0] + self._seconds - now
            acts.append(now)
            while len(self._acts) > _MOST_ADDRESSES:
                self._acts.popitem(last=False)
            return 0.0
