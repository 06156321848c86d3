"""How long a file may take, so that the limits of worker, request and task fit one another. Pure.

A request has a limit in wall-clock time, a worker one in processor time over its whole life, a task a lease.
Parsers have one thread: what a request uses of the processor is never more than its wall-clock time.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

MOST_RECOGNISED: Final = 60
"""Pages of a file that are recognised; the rest of a long scan stays pictures, and a finding says so."""
RECOGNISING_SECONDS: Final = 8.0
"""For a page, on average: four on a slow core, twice that when others want the core too. When the time of all
pages is used up, the pages that are left stay pictures."""
READING_SECONDS: Final = 240.0
"""For everything but recognition."""
LONGEST_READING: Final = READING_SECONDS + MOST_RECOGNISED * RECOGNISING_SECONDS
RENDERING_SECONDS: Final = 300.0
"""For a rendition."""
OFFICE_SECONDS: Final = 120.0
"""For LibreOffice."""
JUDGING_SECONDS: Final = 300.0
"""For the first look at all that came inside one container; what it does not reach is refused."""
MOST_BUSY_SECONDS: Final = 150.0
"""After so much work a worker is replaced: its processor time is limited over its whole life."""
CPU_SECONDS: Final = int(MOST_BUSY_SECONDS + LONGEST_READING) + 30
"""Processor time of a worker: it was nearly due to be replaced when it got the longest request."""
LONGEST_TRY: Final = OFFICE_SECONDS + LONGEST_READING + RENDERING_SECONDS + JUDGING_SECONDS
"""Reading a file with all that belongs to it, without waiting for a free worker."""
LEASE: Final = timedelta(seconds=2 * LONGEST_TRY)
"""How long one try may take before another worker takes the task: the longest one, and as long a wait."""


def recognising_seconds(pages: int | None) -> float:
    """How long recognition may go on in a file of so many pages; None where that is not known."""
    return RECOGNISING_SECONDS * min(MOST_RECOGNISED if pages is None else pages, MOST_RECOGNISED)
