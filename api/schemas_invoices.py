"""Shapes of invoices: fields with their sources, claims, corrections, inquiries at the tax platform."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from api.schemas import EXAMPLE_ID, EXAMPLE_TIME, Shape, Words, example
from ingest.invoices.facts import Source
from ingest.invoices.models import CheckOutcome
from workflow.folder import FolderState

_WARNING: dict[str, Any] = {"code": "buyer-not-ours", "message": "The buyer is not one of our companies."}
_CLAIM: dict[str, Any] = {
    "state": "claiming",
    "case_id": EXAMPLE_ID,
    "serial_number": "BX-2026-00012",
    "amount": "113.00",
}
_ROW: dict[str, Any] = {
    "document_id": EXAMPLE_ID,
    "title": "dzfp_26312000000012345678.pdf",
    "owner": "张伟",
    "type": "电子发票（普通发票）",
    "code": None,
    "number": "26312000000012345678",
    "issue_date": "2026-03-02",
    "seller_name": "云杉测试科技有限公司",
    "buyer_name": "朱印演示有限公司",
    "net": "100.00",
    "tax": "13.00",
    "total": "113.00",
    "currency": "CNY",
    "is_red": False,
    "verdict": "unsigned",
    "warnings": [],
    "uploaded_at": EXAMPLE_TIME,
    "claim": _CLAIM,
}
_FIELD: dict[str, Any] = {
    "name": "total",
    "value": "113.00",
    "read": "113.00",
    "source": "qr",
    "place": [1, 0.05, 0.04, 0.16, 0.12],
    "confidence": 1.0,
    "others": [{"source": "text", "value": "118.00", "agrees": False}],
    "corrected_by": None,
    "corrected_at": None,
}
_CHECK: dict[str, Any] = {
    "id": EXAMPLE_ID,
    "day": "2026-03-02",
    "attempt": 1,
    "provider": "manual",
    "outcome": "consistent",
    "remark": "",
    "screenshot_id": EXAMPLE_ID,
    "person": "李娜",
    "at": EXAMPLE_TIME,
}

_OVERRIDE: dict[str, Any] = {"reason": "已与开票方核实", "person": "赵敏", "at": EXAMPLE_TIME}


class InvoiceWarning(Shape):
    """Something that a person should look at."""

    model_config = example(_WARNING)

    code: str
    message: str


class ClaimAnswer(Shape):
    """How far an invoice's claim has come."""

    model_config = example(_CLAIM)

    state: FolderState
    case_id: UUID | None = Field(description="Only where the caller may see the case.")
    serial_number: str | None
    amount: Decimal | None = Field(description="Claimed, in yuan.")


class InvoiceAnswer(Shape):
    """An invoice in a list."""

    model_config = example(_ROW)

    document_id: UUID
    title: str
    owner: str
    type: str | None = Field(description="As printed, in Chinese.")
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
    verdict: str | None = Field(description="On the original's signatures; `invalid` keeps it out of claims.")
    warnings: list[InvoiceWarning]
    uploaded_at: datetime
    claim: ClaimAnswer | None


class OtherValue(Shape):
    """What a less reliable source says."""

    source: Source
    value: str
    agrees: bool


class InvoiceField(Shape):
    """One field: what counts, what was read, and where."""

    model_config = example(_FIELD)

    name: str
    value: str | None
    read: str | None = Field(description="What was read; differs from `value` after a correction.")
    source: Source | None
    place: list[float] | None = Field(
        description="`[page, left, top, right, bottom]`, sides as fractions of the page from its top left."
    )
    confidence: float
    others: list[OtherValue]
    corrected_by: str | None
    corrected_at: datetime | None


class InvoiceTwin(Shape):
    """Another document of the same invoice, or of the same bytes."""

    document_id: UUID
    title: str
    same: Literal["invoice", "file"]


class CheckAnswer(Shape):
    """One inquiry at the tax platform."""

    model_config = example(_CHECK)

    id: UUID
    day: date
    attempt: int = Field(description="1 to 5: the platform answers five times a day for an invoice.")
    provider: str
    outcome: CheckOutcome
    remark: str
    screenshot_id: UUID | None
    person: str | None
    at: datetime


class OverrideAnswer(Shape):
    """Finance let an invoice with a broken signature into claims."""

    model_config = example(_OVERRIDE)

    reason: str
    person: str
    at: datetime


class InvoiceDetail(Shape):
    """Everything about one invoice."""

    model_config = example(
        {
            "document_id": EXAMPLE_ID,
            "title": _ROW["title"],
            "identity": _ROW["number"],
            "verdict": "unsigned",
            "fields": [_FIELD],
            "lines": [],
            "warnings": [],
            "twins": [],
            "hidden_twins": 0,
            "checks": [_CHECK],
            "claim": _CLAIM,
            "override": None,
            "asked_at": None,
            "may_correct": True,
            "may_override": False,
            "may_ask_override": False,
        }
    )

    document_id: UUID
    title: str
    identity: str | None
    verdict: str | None
    fields: list[InvoiceField]
    lines: list[dict[str, Any]]
    warnings: list[InvoiceWarning]
    twins: list[InvoiceTwin]
    hidden_twins: int = Field(description="How many documents of it belong to others.")
    checks: list[CheckAnswer]
    claim: ClaimAnswer | None
    override: OverrideAnswer | None
    asked_at: datetime | None = Field(
        description="When the owner asked for an exception; only the owner and finance are told."
    )
    may_correct: bool
    may_override: bool
    may_ask_override: bool


class Correction(Shape):
    """A field put right."""

    model_config = example({"field": "total", "value": "113.00"})

    field: str = Field(max_length=40)
    value: Words = Field(max_length=1000, description="Empty: the invoice has no such field.")


class Reason(Shape):
    """Why."""

    model_config = example({"reason": "已与开票方核实"})

    reason: Words = Field(min_length=1, max_length=1000)


class NewCheck(Shape):
    """What the clerk saw at the platform; without an outcome the gateway is asked."""

    model_config = example({"outcome": "consistent", "screenshot_id": EXAMPLE_ID, "remark": ""})

    outcome: CheckOutcome | None = None
    screenshot_id: UUID | None = None
    remark: Words = Field(default="", max_length=500)


class CheckStarted(Shape):
    """The inquiry that was entered or sent."""

    model_config = example({"id": EXAMPLE_ID})

    id: UUID
