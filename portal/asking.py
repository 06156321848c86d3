"""What is asked for on the pages of search, as it stands in an address or in the fields of a form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final
from urllib.parse import urlencode

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.models import Department, Person
from portal.fields import as_day, as_id
from portal.visit import Visit
from search import index
from search.explaining import kind_text, state_text
from search.language import LONGEST_QUERY
from signing.models import Seal

KINDS: Final = ("document", "case", "seal_record")
FILTERS: Final = ("kind", "state", "seal", "department", "person", "counterparty", "year")
"""What results are narrowed by, in the order of the side."""
_LONGEST_VALUE: Final = 200


@dataclass(frozen=True)
class Asking:
    """A search as it was sent. What makes no sense is nothing."""

    q: str = ""
    filters: Mapping[str, str] = field(default_factory=lambda: dict.fromkeys(FILTERS, ""))
    date_from: date | None = None
    date_to: date | None = None
    order: index.Order = "best"

    @classmethod
    def of(cls, sent: Mapping[str, object]) -> Asking:
        """From the parameters of an address, or the fields of a form."""
        plain = {name: _plain(value) for name, value in sent.items()}
        filters = {name: plain.get(name, "")[:_LONGEST_VALUE] for name in FILTERS}
        if filters["kind"] not in KINDS:
            filters["kind"] = ""
        for name in index.TAG_FACETS:
            filters[name] = str(as_id(filters[name]) or "")
        best: index.Order = "best"
        order = next((one for one in index.ORDERS if one == plain.get("order")), best)
        days = (as_day(plain.get("date_from", "")), as_day(plain.get("date_to", "")))
        return cls(plain.get("q", "")[:LONGEST_QUERY], filters, *days, order)

    @property
    def values(self) -> dict[str, str]:
        """What was chosen, by the name of its parameter, the words first; nothing that is empty."""
        order = "" if self.order == "best" else self.order
        days = {"date_from": self.date_from or "", "date_to": self.date_to or ""}
        everything = {"q": self.q, **self.filters, **days, "order": order}
        return {name: str(value) for name, value in everything.items() if value}

    @property
    def is_filtered(self) -> bool:
        """Whether more than words was asked for."""
        return bool(self.values.keys() - {"q", "order"})

    @property
    def without_filters(self) -> str:
        """The address of the same words and order, narrowed by nothing."""
        return self.address(date_from=None, date_to=None, **dict.fromkeys(FILTERS))

    def question(self, *, offset: int = 0, limit: int = 25, facets: bool = True) -> index.Query:
        """The same for the Searcher."""
        return index.Query(
            text=self.q,
            kind=self.filters["kind"] or None,
            state=self.filters["state"] or None,
            seal=as_id(self.filters["seal"]),
            department=as_id(self.filters["department"]),
            person=as_id(self.filters["person"]),
            counterparty=self.filters["counterparty"] or None,
            year=self.filters["year"] or None,
            date_from=self.date_from,
            date_to=self.date_to,
            order=self.order,
            offset=min(offset, index.DEEPEST - limit),
            limit=limit,
            facets=facets,
        )

    def address(self, path: str = "/search", /, **changes: object) -> str:
        """``path`` with the same search; ``changes`` take the place of parameters, None takes one out."""
        values = {**self.values, **{name: "" if v is None else str(v) for name, v in changes.items()}}
        query = urlencode({name: value for name, value in values.items() if value})
        return f"{path}?{query}" if query else path


def asking_of(query: index.Query) -> Asking:
    """The search that a page sends for a query."""
    sent = {name: getattr(query, name) for name in (*FILTERS, "date_from", "date_to", "order")}
    return Asking.of({"q": query.text, **{name: value for name, value in sent.items() if value is not None}})


def _plain(value: object) -> str:
    return str(value).replace("\x00", "")


def described(visit: Visit, session: Session, query: index.Query) -> list[str]:
    """What a query asks for, in the reader's words: the words typed, then each filter."""
    text = visit.translator
    names = [
        session.scalar(select(table.name).where(table.id == wanted))
        for table, wanted in ((Seal, query.seal), (Department, query.department), (Person, query.person))
        if wanted is not None
    ]
    days = [day and visit.formats.day(day) for day in (query.date_from, query.date_to)]
    parts = [
        query.text,
        query.kind and kind_text(query.kind, text),
        query.state and state_text(query.state, text),
        *names,
        query.counterparty,
        query.year,
        f"{days[0] or ''} – {days[1] or ''}" if any(days) else None,
    ]
    return [part for part in parts if part] or [visit.text("search-everything")]
