"""What pages and programs are shown of an invoice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from ingest.invoices.facts import Line, Other, Plain, Source, Warn
from ingest.invoices.models import CheckOutcome
from ingest.words import Place


@dataclass(frozen=True)
class CorrectionView:
    """Who put a field right, and when. ``before`` and ``after`` as text; None is an empty field."""

    before: str | None
    after: str | None
    person: str
    at: datetime


@dataclass(frozen=True)
class FieldView:
    """One field of ``ingest.invoices.facts.FIELDS``.

    ``value`` is what counts; ``read`` is what was read, with ``source``, ``raw``, ``place`` and
    ``others`` (what other sources say). They differ where ``correction`` is there. A field that no
    source has is there too, without value, so that it can be filled in.
    """

    name: str
    value: Plain | None
    read: Plain | None
    source: Source | None
    raw: str
    place: Place | None
    confidence: float
    others: tuple[Other, ...]
    correction: CorrectionView | None


@dataclass(frozen=True)
class TwinView:
    """Another document of the same invoice (``invoice``) or of the same bytes (``file``)."""

    document_id: UUID
    title: str
    owner: str
    uploaded_at: datetime
    same: Literal["invoice", "file"]


@dataclass(frozen=True)
class Twins:
    """Other carriers of the same invoice: those the person may see, and how many others there are."""

    seen: tuple[TwinView, ...] = ()
    hidden: int = 0


@dataclass(frozen=True)
class OverrideView:
    """Finance let the invoice in although a signature on it is broken."""

    reason: str
    person: str
    at: datetime


@dataclass(frozen=True)
class CheckView:
    """One inquiry at the tax platform 发票查验."""

    id: UUID
    day: date
    attempt: int
    provider: str
    inputs: dict[str, Any]
    outcome: CheckOutcome
    answer: Any
    screenshot_id: UUID | None  # None also when the person may not see it
    remark: str
    person: str | None
    at: datetime


@dataclass(frozen=True)
class InvoiceView:
    """Everything about an invoice that its page shows; the state of its claim is workflow's to say."""

    document_id: UUID
    title: str
    owner_id: UUID
    verdict: str | None  # on the original's signatures; ``invalid`` keeps it out of claims
    identity: str | None
    fields: tuple[FieldView, ...]
    lines: tuple[Line, ...]
    lines_source: Source | None
    warnings: tuple[Warn, ...]  # the text of each is ``warning-<code>``
    twins: Twins
    override: OverrideView | None
    asked_at: datetime | None  # when the owner asked finance for one; for those two only
    checks: tuple[CheckView, ...]  # newest first
    may_correct: bool
    may_override: bool
    may_ask_override: bool
    may_check: bool

    def field(self, name: str) -> FieldView:
        """One field. Raises KeyError."""
        for one in self.fields:
            if one.name == name:
                return one
        raise KeyError(name)


@dataclass(frozen=True)
class InvoiceFilter:
    """What a list is narrowed by. ``text`` is looked for in numbers and parties; days are inclusive."""

    owner_id: UUID | None = None
    text: str = ""
    issued_from: date | None = None
    issued_to: date | None = None
    only_broken: bool = False  # signatures broken and no exception made yet
    only_asked: bool = False  # of those, the ones whose owner asks for an exception


@dataclass(frozen=True)
class InvoiceRow:
    """An invoice in a list."""

    document_id: UUID
    title: str
    owner: str
    type: str | None
    code: str | None
    number: str | None
    issue_date: date | None
    seller_name: str | None
    buyer_name: str | None
    net: Decimal | None
    tax: Decimal | None
    total: Decimal | None
    currency: str
    is_red: bool
    verdict: str | None
    warnings: tuple[Warn, ...]
    uploaded_at: datetime
