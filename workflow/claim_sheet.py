"""A claim on paper: its table on the sheet, and the invoices behind it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from uuid import UUID

from core.amounts import amount_in_words
from core.i18n import Translator, translator
from ingest.archiving import Archival
from workflow.claim_lines import ClaimLine, sum_of, tax_of
from workflow.claims import Claim
from workflow.sheet import ClaimRow, ClaimTable

MOST_PAGES: Final = 10
"""Pages of one invoice that are attached; a longer list of goods is in the original."""
MOST_IN_ALL: Final = 200
_SHOWN_DIGEST: Final = 32


@dataclass(frozen=True)
class Appendix:
    """One attached invoice: the archival rendition's digest and how many of its pages are drawn."""

    digest: str
    pages: int


def table(claim: Claim) -> ClaimTable:
    """The claim as the sheet prints it, in Chinese."""
    text = translator("zh-CN")
    return ClaimTable(
        rows=tuple(_row(claim, line) for line in claim.lines),
        amount=f"{sum_of(claim.lines):,.2f}",
        tax=f"{tax_of(claim.lines):,.2f}",
        capitals=amount_in_words(sum_of(claim.lines)),
        remarks=tuple(
            text.text("claim-remark", number=str(number), remark=remark)
            for number, line in enumerate(claim.lines, start=1)
            for remark in _remarks(text, line)
        ),
    )


def _row(claim: Claim, line: ClaimLine) -> ClaimRow:
    invoice = line.invoice
    return ClaimRow(
        day=invoice.issue_date.isoformat() if invoice.issue_date else "—",
        seller=invoice.seller or "—",
        number=invoice.number or "—",
        category=claim.field.category_name(line.category),
        amount=f"{line.amount:,.2f}",
        tax=_amount(line.tax),
        note=line.note,
    )


def _amount(amount: Decimal | None) -> str:
    return "—" if amount is None else f"{amount:,.2f}"


def _remarks(text: Translator, line: ClaimLine) -> Iterator[str]:
    """What was found on an invoice, what was put right by hand, and what finance let pass."""
    invoice = line.invoice
    for warning in invoice.warnings:
        yield text.text(f"warning-{warning.code}", **warning.context)
    if invoice.corrections:
        names = "、".join(text.text("invoice-field-name", field=name) for name in invoice.corrections)
        yield text.text("claim-corrected", fields=names)
    if invoice.override is not None:
        yield text.text("claim-override", reason=invoice.override)
    if invoice.currency != "CNY":
        yield text.text("claim-foreign", currency=invoice.currency, total=_amount(invoice.total))


def appendix(
    lines: Sequence[ClaimLine], copies: dict[UUID, Archival]
) -> tuple[tuple[Appendix, ...], tuple[tuple[str, str], ...]]:
    """The invoices behind the sheet, and what stands above each of their pages.

    An invoice is shown with its first pages; of very many invoices the last are not drawn, and the
    list of documents still names them.
    """
    text = translator("zh-CN")
    parts: list[Appendix] = []
    heads: list[tuple[str, str]] = []
    for number, line in enumerate(lines, start=1):
        copy = copies[line.invoice.document_id]
        pages = min(copy.pages, MOST_PAGES, MOST_IN_ALL - len(heads))
        if pages == 0:
            continue
        parts.append(Appendix(copy.digest, pages))
        for page in range(1, pages + 1):
            head = text.text(
                "claim-appendix",
                number=str(number),
                count=str(len(lines)),
                invoice=line.invoice.named,
                page=str(page),
                pages=str(copy.pages),
            )
            heads.append((head, f"SHA-256 {line.invoice.digest[:_SHOWN_DIGEST]}…"))
    return tuple(parts), tuple(heads)
