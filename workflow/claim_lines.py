"""The lines of a claim: what each asks for, whether it may, and the tax in it. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final
from uuid import UUID

from ingest.invoices.facts import Warn
from workflow.errors import ClaimAmountMissing, ClaimAmountWrong, ClaimLate, ClaimSumWrong, InvoiceTwice
from workflow.flows import ClaimWithin
from workflow.working_days import working_days_after

NONE: Final = "none"
"""What a message's context says where there is nothing to name."""
_FEN: Final = Decimal("0.01")
_NAMED: Final = 5
"""How many late invoices a message names."""


@dataclass(frozen=True)
class Claimable:
    """An invoice as it counts now. ``key`` is what can be claimed once; amounts are in ``currency``."""

    document_id: UUID
    title: str
    key: str
    digest: str  # of the original
    number: str
    issue_date: date | None
    seller: str
    tax: Decimal | None
    total: Decimal | None
    currency: str
    is_red: bool
    warnings: tuple[Warn, ...]
    corrections: tuple[str, ...]  # fields put right by hand
    override: str | None  # why finance let it in although a signature is broken
    updated_at: datetime | None

    @property
    def named(self) -> str:
        """What people call it: the number, else the file's title."""
        return self.number or self.title

    @property
    def most(self) -> Decimal | None:
        """All that can be claimed, in yuan, below zero for a red invoice; None when nobody can say."""
        if self.total is None or self.currency != "CNY" or self.total == 0:
            return None
        return -abs(self.total) if self.is_red else self.total


@dataclass(frozen=True)
class ClaimLine:
    """One line of a claim. Amounts in yuan; ``tax`` is the part of the invoice's tax, None if unknown."""

    invoice: Claimable
    category: str
    amount: Decimal
    tax: Decimal | None
    note: str


def lines_of(
    field: str, entries: Sequence[Mapping[str, Any]], invoices: Mapping[UUID, Claimable]
) -> tuple[ClaimLine, ...]:
    """The lines that a form's entries ask for. ``field`` is the form field's key.

    Raises InvoiceTwice (two carriers of one invoice count as one), ClaimAmountMissing, ClaimAmountWrong.
    """
    lines: list[ClaimLine] = []
    seen: set[str] = set()
    for entry in entries:
        invoice = invoices[UUID(str(entry["document"]))]
        keys = {invoice.key, f"sha256:{invoice.digest}"}
        if keys & seen:
            raise InvoiceTwice(field=field, number=invoice.named)
        seen |= keys
        amount = _amount(field, entry.get("amount"), invoice)
        lines.append(
            ClaimLine(
                invoice=invoice,
                category=entry.get("category") or "",
                amount=amount,
                tax=tax_in(amount, invoice),
                note=entry.get("note") or "",
            )
        )
    return tuple(lines)


def _amount(field: str, given: str | None, invoice: Claimable) -> Decimal:
    """What a line claims: above zero and not above the invoice, mirrored for a red invoice."""
    most = invoice.most
    if given is None:
        if most is None:
            raise ClaimAmountMissing(field=field, number=invoice.named)
        return most
    amount = Decimal(given)
    sign = -1 if most is not None and most < 0 else 1
    is_too_much = most is not None and abs(amount) > abs(most)
    if invoice.is_red and most is None:
        sign = -1
    if amount * sign <= 0 or is_too_much:
        shown = NONE if most is None else f"{most:.2f}"
        raise ClaimAmountWrong(field=field, number=invoice.named, total=shown)
    return amount


def tax_in(amount: Decimal, invoice: Claimable) -> Decimal | None:
    """The invoice's tax in proportion to what is claimed of it, half a fen up; None when it is unknown."""
    most = invoice.most
    if most is None or invoice.tax is None or abs(invoice.tax) > abs(most):
        return None
    share = abs(invoice.tax) * abs(amount) / abs(most)
    rounded = share.quantize(_FEN, ROUND_HALF_UP)
    return -rounded if amount < 0 else rounded


def sum_of(lines: Sequence[ClaimLine]) -> Decimal:
    """What a claim asks for in all, in yuan."""
    return sum((line.amount for line in lines), Decimal("0.00"))


def tax_of(lines: Sequence[ClaimLine]) -> Decimal:
    """The tax in all lines whose tax is known: exactly the sum of what each shows."""
    return sum((line.tax for line in lines if line.tax is not None), Decimal("0.00"))


def check_sum(amount_field: str, given: str | None, lines: Sequence[ClaimLine]) -> str:
    """The claim's amount as the form keeps it; computed when it was left empty. Raises ClaimSumWrong."""
    total = sum_of(lines)
    if total <= 0 or (given is not None and Decimal(given) != total):
        raise ClaimSumWrong(field=amount_field, sum=f"{total:.2f}", amount=given or "")
    return f"{total:.2f}"


def late_invoices(rule: ClaimWithin, lines: Sequence[ClaimLine], day: date) -> tuple[Claimable, ...]:
    """The invoices whose purchase is more than the allowed working days before ``day``.

    An invoice without a date cannot be judged, and a red one is no purchase.
    """
    return tuple(
        line.invoice
        for line in lines
        if line.invoice.issue_date is not None
        and line.amount > 0
        and working_days_after(line.invoice.issue_date, day, rule.working_days + 1) > rule.working_days
    )


def check_late(rule: ClaimWithin, lines: Sequence[ClaimLine], day: date, reason: str | None) -> None:
    """A late claim says why. Raises ClaimLate for the reason's field, naming the late invoices."""
    late = late_invoices(rule, lines, day)
    if not late or reason:
        return
    named = [f"{one.named}（{one.issue_date}）" for one in late[:_NAMED]]
    rest = "…" if len(late) > _NAMED else ""
    raise ClaimLate(field=rule.reason, invoices="、".join(named) + rest, days=rule.working_days)
