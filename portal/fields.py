"""What a form or an address holds, read forgivingly: what is no such thing is nothing."""

from __future__ import annotations

from datetime import date
from uuid import UUID


def as_id(value: str) -> UUID | None:
    """An id, or None."""
    try:
        return UUID(value) if value else None
    except ValueError:
        return None


def as_day(value: str) -> date | None:
    """A day as browsers send it (YYYY-MM-DD), or None."""
    try:
        return date.fromisoformat(value) if value else None
    except ValueError:
        return None
