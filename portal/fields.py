"""What a form or an address holds, read forgivingly: what is no such thing is nothing."""

from __future__ import annotations

from datetime import date
from typing import Final
from uuid import UUID

from fastapi import UploadFile

from core.errors import InvalidInput

OF_PRESENT_PIN: Final = frozenset(
    {
        "wrong-pin", "pin-blocked", "pin-locked", "not-enrolled", "token-away", "token-key-missing",
        "token-locked", "token-not-assigned", "token-unavailable",
    }
)  # fmt: skip
"""Errors of entering the PIN that one signs with: they belong beside its field."""


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


def uploaded(file: UploadFile | None, most: int, *, needed: bool = True) -> bytes:
    """What was uploaded; one byte more than allowed where it is more. Raises InvalidInput."""
    data = file.file.read(most + 1) if file is not None and file.filename else b""
    if needed and not data:
        raise InvalidInput(field="file", reason="–")
    return data
