"""Opaque cursors: where the next page of a list begins."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar
from uuid import UUID

from fastapi import Query

from core.errors import InvalidInput

Row = TypeVar("Row")
Limit = Annotated[int, Query(ge=1, le=100, description="Most items in one answer.")]
Cursor = Annotated[
    str | None,
    Query(max_length=200, description="`next_cursor` of the answer before; leave it out for the first page."),
]


def encode(value: str | int | UUID) -> str:
    """A cursor that stands for a place in a list."""
    raw = json.dumps([1, value if isinstance(value, int) else str(value)], separators=(",", ":"))
    return base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")


def decode_id(cursor: str | None) -> UUID | None:
    """The id that a cursor stands for. Raises InvalidInput."""
    value = _decode(cursor)
    if value is None:
        return None
    try:
        return UUID(str(value))
    except ValueError as error:
        raise InvalidInput(field="cursor", reason=str(cursor)) from error


def decode_number(cursor: str | None, default: int = 0) -> int:
    """The number that a cursor stands for. Raises InvalidInput."""
    value = _decode(cursor)
    if value is None:
        return default
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**62:
        raise InvalidInput(field="cursor", reason=str(cursor))
    return value


def _decode(cursor: str | None) -> object:
    if cursor is None:
        return None
    try:
        version, value = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, TypeError, binascii.Error, UnicodeError, RecursionError) as error:
        raise InvalidInput(field="cursor", reason=cursor) from error
    if version != 1:
        raise InvalidInput(field="cursor", reason=cursor)
    return value


def split(
    rows: Sequence[Row], limit: int, key: Callable[[Row], str | int | UUID]
) -> tuple[list[Row], str | None]:
    """One page of ``limit + 1`` rows that were read, and the cursor of the next page."""
    page = list(rows[:limit])
    return page, encode(key(page[-1])) if page and len(rows) > limit else None
