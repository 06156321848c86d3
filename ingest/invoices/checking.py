"""Verification with the state's tax platform 发票查验: what is asked for each kind, and what is kept.

An inquiry is counted before it is sent: the platform takes five for an invoice and day. A gateway that
is away costs no further inquiry; the same one is sent again by the task ``ingest.check_invoice``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, Protocol
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core import audit, outbox
from core.clock import Clock
from core.database import Database, insert_unless_there
from core.errors import Forbidden, NotFound
from core.i18n import translator
from core.ids import new_id
from core.models import Role
from core.permissions import Principal, ResourceType, require_read
from core.settings import Settings
from ingest.errors import NotReady
from ingest.invoices import agreement
from ingest.invoices.errors import (
    GatewayMissing,
    GatewayRefused,
    GatewayUnavailable,
    InquiryElsewhere,
    InquiryIncomplete,
    InquiryLimit,
)
from ingest.invoices.models import CheckOutcome, Invoice, InvoiceCheck
from ingest.models import Document

MOST_A_DAY: Final = 5
"""Inquiries for one invoice and day. Source: the national platform's rules for users."""
TASK: Final = "ingest.check_invoice"
MOST_TRIES: Final = 7
"""How often one inquiry is sent to a gateway that is away: for about twenty minutes."""
_LONGEST_REMARK: Final = 1000
_CHECK_CODE_TAIL: Final = 6


class InquiryKind(StrEnum):
    """What the platform asks for depends on this."""

    SPECIAL = "special"  # 增值税专用发票 and those of vehicles: the amount without tax
    ORDINARY = "ordinary"  # 增值税普通发票, paper, electronic and roll: the check code
    DIGITAL = "digital"  # 数电票: the amount with tax


FIELDS_OF: Final[Mapping[InquiryKind, tuple[str, ...]]] = {
    InquiryKind.SPECIAL: ("code", "number", "issue_date", "net"),
    InquiryKind.ORDINARY: ("code", "number", "issue_date", "check_code"),
    InquiryKind.DIGITAL: ("number", "issue_date", "total"),
}
"""Which fields of an invoice each kind needs; of the check code its last six digits."""


@dataclass(frozen=True)
class Inquiry:
    """What is asked of the platform. Fields that the kind does not need are None."""

    kind: InquiryKind
    number: str
    issue_date: date
    code: str | None = None
    net: Decimal | None = None
    total: Decimal | None = None
    check_code: str | None = None  # its last six digits

    def to_json(self) -> dict[str, str]:
        """The fields as text, as they are kept and shown."""
        values = {
            "code": self.code,
            "number": self.number,
            "issue_date": self.issue_date.isoformat(),
            "net": None if self.net is None else f"{self.net:.2f}",
            "total": None if self.total is None else f"{self.total:.2f}",
            "check_code": self.check_code,
        }
        return {"kind": self.kind.value, **{name: one for name, one in values.items() if one is not None}}

    @classmethod
    def from_json(cls, data: Mapping[str, str]) -> Inquiry:
        """What ``to_json`` wrote."""
        return cls(
            kind=InquiryKind(data["kind"]),
            number=data["number"],
            issue_date=date.fromisoformat(data["issue_date"]),
            code=data.get("code"),
            net=Decimal(data["net"]) if "net" in data else None,
            total=Decimal(data["total"]) if "total" in data else None,
            check_code=data.get("check_code"),
        )


@dataclass(frozen=True)
class Answer:
    """What the platform said. ``raw`` is plain JSON, kept as it came."""

    outcome: CheckOutcome
    raw: Any = None
    remark: str = ""
    screenshot_id: UUID | None = field(default=None)


class InvoiceVerifier(Protocol):
    """A way to ask the tax platform."""

    @property
    def name(self) -> str:
        """What is kept as the provider, at most 40 characters."""
        ...

    def verify(self, inquiry: Inquiry) -> Answer:
        """Ask once. Takes seconds; call it outside any transaction.

        Raises GatewayUnavailable when asking again later may help, GatewayRefused when it does not.
        """
        ...


@dataclass(frozen=True)
class ManualVerifier:
    """The clerk looked the invoice up and says what the platform showed."""

    outcome: CheckOutcome
    remark: str = ""
    screenshot_id: UUID | None = None

    @property
    def name(self) -> str:
        return "manual"

    def verify(self, inquiry: Inquiry) -> Answer:
        """What the clerk saw."""
        return Answer(self.outcome, None, self.remark, self.screenshot_id)


def kind_of(invoice: Invoice) -> InquiryKind:
    """Which fields the platform wants. 20 digits without a code are a 数电票, whatever it is called."""
    number = invoice.number or ""
    if len(number) == 20 or (not invoice.code and "全面数字化" in (invoice.type or "")):
        return InquiryKind.DIGITAL
    words = ("专用", "机动车")
    return InquiryKind.SPECIAL if any(one in (invoice.type or "") for one in words) else InquiryKind.ORDINARY


def inquiry_of(invoice: Invoice) -> Inquiry:
    """What is asked about an invoice. Raises InquiryIncomplete naming the fields it lacks."""
    kind = kind_of(invoice)
    wanted = FIELDS_OF[kind]
    missing = [name for name in wanted if getattr(invoice, name) is None]
    if "check_code" in wanted and len(invoice.check_code or "") < _CHECK_CODE_TAIL:
        missing = [*(name for name in missing if name != "check_code"), "check_code"]
    if missing or invoice.number is None or invoice.issue_date is None:
        text = translator("zh-CN")
        names = "、".join(text.text("invoice-field-name", field=name) for name in missing)
        raise InquiryIncomplete(fields=names)
    return Inquiry(
        kind=kind,
        number=invoice.number,
        issue_date=invoice.issue_date,
        code=invoice.code if "code" in wanted else None,
        net=invoice.net if "net" in wanted else None,
        total=invoice.total if "total" in wanted else None,
        check_code=(invoice.check_code or "")[-_CHECK_CODE_TAIL:] if "check_code" in wanted else None,
    )


class InvoiceChecking:
    """Asks the platform and keeps what it says. ``gateway`` is None when only the clerk can ask."""

    def __init__(
        self, database: Database, clock: Clock, settings: Settings, gateway: InvoiceVerifier | None
    ) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings
        self._gateway = gateway

    @property
    def has_gateway(self) -> bool:
        """Whether ``ask`` can work."""
        return self._gateway is not None

    def ask(self, session: Session, principal: Principal, document_id: UUID) -> UUID:
        """Have the gateway asked in the background; for the owner and finance. Returns the check's id.

        Raises NotFound, Forbidden, GatewayMissing, InquiryElsewhere, InquiryIncomplete, InquiryLimit.
        """
        invoice = self._theirs(session, principal, document_id)
        if self._gateway is None:
            raise GatewayMissing()
        if agreement.kind_of(invoice.type or "") == "fiscal":
            raise InquiryElsewhere()
        check_id = self._reserve(session, principal, invoice, self._gateway.name)
        outbox.enqueue(session, TASK, {"check_id": str(check_id)}, self._clock.now())
        return check_id

    def enter(
        self,
        session: Session,
        principal: Principal,
        document_id: UUID,
        outcome: CheckOutcome,
        screenshot_id: UUID,
        remark: str = "",
    ) -> UUID:
        """Enter what the clerk saw on the platform's page, with a screenshot; for the owner and finance.

        The screenshot is a document that the person may see. Raises NotFound, Forbidden, NotReady,
        InquiryIncomplete, InquiryLimit. Returns the check's id.
        """
        invoice = self._theirs(session, principal, document_id)
        require_read(session, principal, ResourceType.DOCUMENT, screenshot_id)
        screenshot = session.get(Document, screenshot_id)
        if screenshot is None:
            raise NotFound(what="document")
        if screenshot_id == document_id or outcome in (CheckOutcome.PENDING, CheckOutcome.FAILED):
            raise NotReady(title=screenshot.title)
        kept = " ".join("".join(one if one.isprintable() else " " for one in remark).split())
        verifier = ManualVerifier(outcome, kept[:_LONGEST_REMARK], screenshot_id)
        check_id = self._reserve(session, principal, invoice, verifier.name)
        row = session.get_one(InvoiceCheck, check_id)
        self._write(session, row, verifier.verify(Inquiry.from_json(row.inputs)))
        return check_id

    def run(self, check_id: UUID, is_last_try: bool) -> None:
        """Send one inquiry that was asked for; the task's work. Harmless when repeated.

        Raises GatewayUnavailable when the task should be tried again; on the last try the inquiry ends
        without an answer instead.
        """
        with self._database.read() as session:
            row = session.get(InvoiceCheck, check_id)
            if row is None or row.outcome != CheckOutcome.PENDING:
                return
            inquiry = Inquiry.from_json(row.inputs)
        try:
            if self._gateway is None:
                raise GatewayMissing()
            answer = self._gateway.verify(inquiry)
        except GatewayUnavailable as error:
            if not is_last_try:
                raise
            answer = Answer(CheckOutcome.FAILED, None, str(error.context.get("reason", "")))
        except GatewayRefused as error:
            answer = Answer(
                CheckOutcome.FAILED, error.context.get("raw"), str(error.context.get("reason", ""))
            )
        except GatewayMissing:
            answer = Answer(CheckOutcome.FAILED)
        with self._database.write() as session:
            row = session.scalars(
                select(InvoiceCheck).where(InvoiceCheck.id == check_id).with_for_update()
            ).one()
            if row.outcome == CheckOutcome.PENDING:
                self._write(session, row, answer)

    def left_today(self, session: Session, principal: Principal, document_id: UUID) -> int:
        """How many inquiries the platform still takes for this invoice today. Raises NotFound."""
        require_read(session, principal, ResourceType.DOCUMENT, document_id)
        invoice = session.get(Invoice, document_id)
        if invoice is None:
            raise NotFound(what="invoice")
        return max(0, MOST_A_DAY - self._last_attempt(session, _identity(invoice), self._today()))

    # pieces

    def _theirs(self, session: Session, principal: Principal, document_id: UUID) -> Invoice:
        require_read(session, principal, ResourceType.DOCUMENT, document_id)
        invoice = session.get(Invoice, document_id)
        if invoice is None:
            raise NotFound(what="invoice")
        document = session.get_one(Document, document_id)
        if document.owner_id != principal.person_id and not principal.has(Role.FINANCE, document.entity_id):
            raise Forbidden(needs=Role.FINANCE.value)
        return invoice

    def _today(self) -> date:
        return self._clock.now().astimezone(self._settings.zone).date()

    def _last_attempt(self, session: Session, identity: str, day: date) -> int:
        query = select(func.max(InvoiceCheck.attempt))
        return session.scalar(query.where(InvoiceCheck.identity == identity, InvoiceCheck.day == day)) or 0

    def _reserve(self, session: Session, principal: Principal, invoice: Invoice, provider: str) -> UUID:
        """Count one inquiry of today. Two at once take two numbers: the key is unique."""
        inquiry = inquiry_of(invoice)
        day, identity = self._today(), _identity(invoice)
        check_id = new_id()
        row = {
            "id": check_id,
            "document_id": invoice.document_id,
            "identity": identity,
            "day": day,
            "provider": provider[:40],
            "inputs": inquiry.to_json(),
            "outcome": CheckOutcome.PENDING.value,
            "answer": None,
            "screenshot_id": None,
            "remark": "",
            "person_id": principal.person_id,
            "at": self._clock.now(),
        }
        while True:
            attempt = self._last_attempt(session, identity, day) + 1
            if attempt > MOST_A_DAY:
                raise InquiryLimit(limit=MOST_A_DAY)
            if insert_unless_there(session, InvoiceCheck, [{**row, "attempt": attempt}]):
                return check_id

    def _write(self, session: Session, row: InvoiceCheck, answer: Answer) -> None:
        row.outcome, row.answer = answer.outcome, answer.raw
        row.screenshot_id, row.remark = answer.screenshot_id, answer.remark
        session.flush()
        audit.record(
            session,
            self._clock.now(),
            row.person_id,
            "invoice.checked",
            "document",
            row.document_id,
            {"outcome": answer.outcome.value, "provider": row.provider, "attempt": row.attempt},
        )


def _identity(invoice: Invoice) -> str:
    return invoice.identity or f"document:{invoice.document_id}"
