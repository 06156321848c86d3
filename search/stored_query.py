"""A query as it is kept in a row: plain JSON with a version number."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final
from uuid import UUID

from search.errors import StoredQueryUnknown
from search.index import ORDERS, Query

FORMAT_VERSION: Final = 1
_IDS: Final = ("seal", "department", "person")
_WORDS: Final = ("kind", "counterparty", "state", "year")
_DAYS: Final = ("date_from", "date_to")


def to_json(query: Query) -> dict[str, Any]:
    """What is asked for, without the place in the results. Filters that are not set are left out."""
    values = {name: getattr(query, name) for name in (*_WORDS, *_IDS, *_DAYS)}
    filters = {name: str(value) for name, value in values.items() if value is not None}
    return {"version": FORMAT_VERSION, "text": query.text, "order": query.order, **filters}


def from_json(stored: Mapping[str, Any]) -> Query:
    """The query that was kept. Raises StoredQueryUnknown for one of a newer program."""
    if stored.get("version") != FORMAT_VERSION:
        raise StoredQueryUnknown(version=stored.get("version"))
    values: dict[str, Any] = {name: stored[name] for name in _WORDS if name in stored}
    values |= {name: UUID(stored[name]) for name in _IDS if name in stored}
    values |= {name: date.fromisoformat(stored[name]) for name in _DAYS if name in stored}
    order = next(order for order in ORDERS if order == stored["order"])
    return Query(text=stored["text"], order=order, **values)
