"""Invented papers for the demo organisation: contracts, invoices, letters, each marked as a demo."""

from __future__ import annotations

import io
import json
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pypdfium2
import typst

from core import fonts
from core.amounts import amount_in_words


@dataclass(frozen=True)
class Contract:
    """A contract between us and somebody; two pages with a place for both seals on the last."""

    title: str
    number: str
    ours: str
    theirs: str
    we_buy: bool
    goods: str
    amount: Decimal
    date: str


@dataclass(frozen=True)
class Invoice:
    """An electronic invoice in the usual layout. Amounts in yuan."""

    number: str
    date: str
    seller: str
    seller_tax_id: str
    buyer: str
    buyer_tax_id: str
    lines: tuple[tuple[str, int, Decimal, Decimal], ...]  # goods, quantity, net, tax

    @property
    def net(self) -> Decimal:
        return sum((net for _goods, _count, net, _tax in self.lines), Decimal(0))

    @property
    def tax(self) -> Decimal:
        return sum((tax for _goods, _count, _net, tax in self.lines), Decimal(0))

    @property
    def total(self) -> Decimal:
        return self.net + self.tax


@dataclass(frozen=True)
class Letter:
    """A letter or a certificate that asks for the company's seal."""

    title: str
    to: str
    text: str
    ours: str
    date: str


def typeset(paper: Contract | Invoice | Letter) -> bytes:
    """The paper as PDF."""
    template = Path(__file__).parent / "demo_papers" / f"{type(paper).__name__.lower()}.typ"
    data: dict[str, Any] = asdict(paper)
    if isinstance(paper, Contract):
        data["in_words"] = amount_in_words(paper.amount)
    if isinstance(paper, Invoice):
        data |= {"net": paper.net, "tax": paper.tax, "total": paper.total}
        data["in_words"] = amount_in_words(paper.total)
    options: dict[str, Any] = {
        "sys_inputs": {"paper": json.dumps(data, default=_plain, ensure_ascii=False)},
        "font_paths": [str(fonts.folder())],
        "ignore_system_fonts": True,
    }
    pdf: bytes = typst.compile(template.read_bytes(), **options)
    return pdf


def photograph(pdf: bytes) -> bytes:
    """A JPEG of the first page, as a phone would take it (without the noise)."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        picture = document[0].render(scale=150 / 72).to_pil()
    finally:
        document.close()
    out = io.BytesIO()
    picture.convert("RGB").save(out, "JPEG", quality=82)
    return out.getvalue()


def _plain(value: object) -> str:
    if isinstance(value, Decimal):
        return f"{value:,.2f}"
    raise TypeError(type(value).__name__)
