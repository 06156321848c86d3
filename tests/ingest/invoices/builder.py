"""One invoice, drawn from a seed, that every carrier of the tests is made of.

``InvoiceSpec.random(seed)`` draws what an invoice says; ``spec.expected()`` is what a reader must find. The
carriers that are data are in ``carriers``, which this module gives on: XML of the 数电票, of the older
e-invoice, XBRL, CII, the text of the QR code, the CustomDatas of an OFD. All names are made up; nothing
here uses the code that it tests.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

CENT = Decimal("0.01")


class Kind(StrEnum):
    """What kind of invoice it is; the value is its name as printed."""

    DIGITAL = "电子发票（普通发票）"
    DIGITAL_SPECIAL = "电子发票（增值税专用发票）"
    ELECTRONIC = "增值税电子普通发票"
    ELECTRONIC_SPECIAL = "增值税电子专用发票"
    PAPER = "增值税普通发票"
    PAPER_SPECIAL = "增值税专用发票"
    RAILWAY = "电子发票（铁路电子客票）"
    AIR = "电子发票（航空运输电子客票行程单）"
    FOREIGN = "Invoice"


GOODS = (
    Kind.DIGITAL,
    Kind.DIGITAL_SPECIAL,
    Kind.ELECTRONIC,
    Kind.ELECTRONIC_SPECIAL,
    Kind.PAPER,
    Kind.PAPER_SPECIAL,
)
QR_TYPES = {
    Kind.PAPER_SPECIAL: "01",
    Kind.PAPER: "04",
    Kind.ELECTRONIC_SPECIAL: "08",
    Kind.ELECTRONIC: "10",
    Kind.DIGITAL_SPECIAL: "31",
    Kind.DIGITAL: "32",
}


@dataclass(frozen=True)
class Party:
    """Buyer or seller."""

    name: str
    tax_id: str
    address: str = ""
    phone: str = ""
    bank: str = ""
    account: str = ""


@dataclass(frozen=True)
class Item:
    """One line; ``printed_rate`` is 13%, 免税 or 不征税."""

    name: str
    specification: str
    unit: str
    quantity: Decimal | None
    unit_price: Decimal | None
    amount: Decimal
    rate: Decimal | None
    printed_rate: str
    tax: Decimal
    tax_class: str
    is_discount: bool = False


@dataclass(frozen=True)
class Leg:
    """One way of a ticket."""

    start: str
    end: str
    vehicle: str
    time: str
    seat: str
    day: date


@dataclass(frozen=True)
class InvoiceSpec:
    """Everything that an invoice says."""

    kind: Kind
    code: str
    number: str
    check_code: str
    issue_date: date
    seller: Party
    buyer: Party
    items: tuple[Item, ...]
    remark: str = ""
    drawer: str = ""
    payee: str = ""
    reviewer: str = ""
    machine: str = ""
    cipher: tuple[str, ...] = ()
    place: str = "上海"
    currency: str = "CNY"
    is_red: bool = False
    red_of_code: str = ""
    red_of_number: str = ""
    passenger: str = ""
    legs: tuple[Leg, ...] = ()
    ticket: str = ""
    extras: dict[str, Decimal] = field(default_factory=dict)
    """Of an itinerary: Fare, FuelSurcharge, CivilAviationDevelopmentFund, OtherTaxes."""

    @classmethod
    def random(
        cls, seed: int, kind: Kind | None = None, *, red: bool | None = None, lines: int | None = None
    ) -> InvoiceSpec:
        """Draw an invoice: every fifth of goods is red, some have discounts, several rates, 免税."""
        draw = random.Random(seed)
        chosen = kind or draw.choice(
            (*GOODS, Kind.DIGITAL, Kind.DIGITAL_SPECIAL, Kind.RAILWAY, Kind.AIR, Kind.FOREIGN)
        )
        if chosen in (Kind.RAILWAY, Kind.AIR):
            return draws.ticket(draw, chosen)
        count = lines or draw.choice((1, 1, 1, 2, 3, 5, 8, 24, 60))
        spec = draws.goods(draw, chosen, count)
        is_red = red if red is not None else draw.random() < 0.2
        return draws.reversed_of(spec, draw) if is_red else spec

    @property
    def is_digital(self) -> bool:
        """Whether it has a number of 20 digits and no code."""
        return self.kind in (Kind.DIGITAL, Kind.DIGITAL_SPECIAL, Kind.RAILWAY, Kind.AIR)

    @property
    def net(self) -> Decimal:
        if self.kind is Kind.AIR:
            return self.extras["Fare"] + self.extras["FuelSurcharge"]
        return sum((item.amount for item in self.items), Decimal("0.00"))

    @property
    def tax(self) -> Decimal:
        return sum((item.tax for item in self.items), Decimal("0.00"))

    @property
    def total(self) -> Decimal:
        others = sum(
            (v for k, v in self.extras.items() if k not in ("Fare", "FuelSurcharge")), Decimal("0.00")
        )
        return self.net + self.tax + others

    @property
    def capitals(self) -> str:
        """The total in capitals; a red invoice's begins with （负数）."""
        return ("（负数）" if self.total < 0 else "") + draws.in_capitals(abs(self.total))

    @property
    def journey(self) -> str:
        return "；".join(f"{leg.start} → {leg.end} {leg.vehicle}" for leg in self.legs)

    @property
    def full_remark(self) -> str:
        """The remark with what the law wants on a red one."""
        if not self.is_red or self.kind is Kind.FOREIGN:
            return self.remark
        if self.is_digital:
            first = f"被红冲蓝字数电发票号码：{self.red_of_number}"
        else:
            first = f"对应正数发票代码:{self.red_of_code}号码:{self.red_of_number}"
        return f"{first} {self.remark}".strip()

    def expected(self) -> dict[str, Any]:
        """All fields that the invoice has, by the names of FIELDS, and ``lines``: dicts of Line's names.

        What a carrier cannot say is to be left out by who tests it: see ``carriers.CARRIED``.
        """
        found: dict[str, Any] = {
            "type": self.kind.value if self.kind is not Kind.FOREIGN or not self.is_red else "Credit note",
            "code": self.code,
            "number": self.number,
            "issue_date": self.issue_date,
            "check_code": self.check_code,
            "seller_name": self.seller.name,
            "seller_tax_id": self.seller.tax_id,
            "buyer_name": self.buyer.name,
            "buyer_tax_id": self.buyer.tax_id,
            "net": self.net,
            "tax": self.tax,
            "total": self.total,
            "total_in_capitals": self.capitals if self.kind in GOODS else "",
            "currency": self.currency,
            "remark": self.full_remark,
            "drawer": self.drawer,
            "is_red": self.is_red,
            "red_of_code": self.red_of_code,
            "red_of_number": self.red_of_number,
            "passenger": self.passenger,
            "journey": self.journey,
            "travel_date": self.legs[0].day if self.legs else None,
        }
        found = {name: value for name, value in found.items() if value not in ("", None)}
        found["lines"] = [
            {
                "name": item.name,
                "specification": item.specification or None,
                "unit": item.unit or None,
                "quantity": item.quantity,
                "unit_price": item.unit_price,
                "amount": item.amount,
                "rate": item.rate,
                "rate_as_printed": item.printed_rate,
                "tax": item.tax,
                "tax_class": item.tax_class or None,
            }
            for item in self.items
            if self.kind in (*GOODS, Kind.FOREIGN)
        ]
        return found


from tests.ingest.invoices import draws  # noqa: E402 (what is drawn knows the spec, as carriers do)
from tests.ingest.invoices.carriers import (  # noqa: E402
    CARRIED,
    as_cii,
    as_einvoice_xml,
    as_ubl,
    as_vat_xml,
    as_xbrl,
    custom_data,
    qr_text,
)
from tests.ingest.invoices.draws import credit_code, in_capitals, reversed_of  # noqa: E402

__all__ = [
    "CARRIED",
    "GOODS",
    "InvoiceSpec",
    "Item",
    "Kind",
    "Leg",
    "Party",
    "QR_TYPES",
    "as_cii",
    "as_einvoice_xml",
    "as_ubl",
    "as_vat_xml",
    "as_xbrl",
    "credit_code",
    "custom_data",
    "in_capitals",
    "qr_text",
    "reversed_of",
]
