"""The facts of an invoice: every field with the source it came from.

Readers of one source make a ``Reading``; ``ingest.invoices.merging`` makes one ``InvoiceFacts`` of all
readings of a file. Values are plain: ``str``, ``Decimal`` (yuan), ``date``, ``bool``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from ingest.words import Place

VERSION: Final = 1
"""Of the JSON that ``InvoiceFacts.to_json`` writes."""


class Source(StrEnum):
    """Where a value was read, the most reliable first."""

    XML = "xml"
    XBRL = "xbrl"
    QR = "qr"
    TEXT = "text"
    OCR = "ocr"


RANKS: Final = {source: rank for rank, source in enumerate(Source)}

FIELDS: Final[dict[str, type]] = {
    "type": str,  # as printed in Chinese, such as 增值税电子普通发票
    "code": str,  # 发票代码, 10 or 12 digits; none on 数电票
    "number": str,  # 发票号码, 8 or 20 digits, or a ticket's number
    "issue_date": date,
    "check_code": str,  # 校验码, 20 digits
    "seller_name": str,
    "seller_tax_id": str,
    "buyer_name": str,
    "buyer_tax_id": str,
    "net": Decimal,  # 合计金额, without tax
    "tax": Decimal,  # 合计税额
    "total": Decimal,  # 价税合计, with tax
    "total_in_capitals": str,  # 价税合计（大写）
    "currency": str,  # ISO 4217
    "remark": str,
    "drawer": str,  # 开票人
    "is_red": bool,  # 红字发票, a reversing invoice
    "red_of_code": str,  # code and number of the invoice that a red one reverses
    "red_of_number": str,
    "passenger": str,  # of tickets and itineraries
    "journey": str,  # such as 上海虹桥 → 北京南 G2
    "travel_date": date,
}
"""Every field that a source may give, and its type."""

Plain = str | Decimal | date | bool


@dataclass(frozen=True)
class Value:
    """One value as one source gives it.

    ``raw`` is what stood there before it was understood; ``place`` is where, when the source is a page.
    """

    value: Plain
    raw: str = ""
    place: Place | None = None
    confidence: float = 1.0


@dataclass(frozen=True)
class Line:
    """One line of an invoice 明细. Amounts in yuan, without tax; ``rate`` as a fraction, such as 0.13."""

    name: str
    specification: str | None = None
    unit: str | None = None
    quantity: Decimal | None = None
    unit_price: Decimal | None = None
    amount: Decimal | None = None
    rate: Decimal | None = None
    rate_as_printed: str | None = None  # 13%, 免税, 不征税, ***
    tax: Decimal | None = None
    tax_class: str | None = None  # 税收分类编码
    place: Place | None = None


@dataclass(frozen=True)
class Reading:
    """What one source of a file says. ``origin`` names it for people: a file inside, or ``page 1``."""

    source: Source
    fields: Mapping[str, Value]
    lines: tuple[Line, ...] = ()
    origin: str = ""

    def get(self, name: str) -> Any:
        """The plain value of a field, or None."""
        found = self.fields.get(name)
        return None if found is None else found.value


@dataclass(frozen=True)
class Other:
    """What a less reliable source says of a field."""

    value: Plain
    source: Source
    agrees: bool


@dataclass(frozen=True)
class Fact:
    """The value of a field that counts, its source, and what the other sources say."""

    value: Plain
    source: Source
    raw: str = ""
    place: Place | None = None
    confidence: float = 1.0
    others: tuple[Other, ...] = ()


@dataclass(frozen=True)
class Warn:
    """Something that a person should look at: the text is the Fluent message ``warning-<code>``."""

    code: str
    context: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class InvoiceFacts:
    """One invoice, from all sources of its file."""

    fields: Mapping[str, Fact]
    lines: tuple[Line, ...] = ()
    lines_source: Source | None = None
    warnings: tuple[Warn, ...] = ()

    def get(self, name: str) -> Any:
        """The plain value of a field, or None."""
        found = self.fields.get(name)
        return None if found is None else found.value

    @property
    def identity(self) -> str | None:
        """What makes it the same invoice in whatever carrier: the 20-digit number, else code and number.

        None where neither was read: then only the file's digest tells.
        """
        number, code = self.get("number"), self.get("code")
        if not number:
            return None
        return number if len(number) == 20 or not code else f"{code}-{number}"

    def to_json(self) -> dict[str, Any]:
        """As plain JSON, with a version number."""
        return {
            "version": VERSION,
            "fields": {
                name: {
                    "value": _out(fact.value),
                    "source": fact.source.value,
                    "raw": fact.raw,
                    "place": fact.place.to_json() if fact.place else None,
                    "confidence": round(fact.confidence, 3),
                    "others": [[_out(o.value), o.source.value, o.agrees] for o in fact.others],
                }
                for name, fact in self.fields.items()
            },
            "lines": [_line_out(line) for line in self.lines],
            "lines_source": self.lines_source.value if self.lines_source else None,
            "warnings": [{"code": one.code, "context": dict(one.context)} for one in self.warnings],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> InvoiceFacts:
        """What ``to_json`` wrote. Raises ValueError for a newer version."""
        if data.get("version") != VERSION:
            raise ValueError(f"invoice facts of version {data.get('version')}")
        return cls(
            fields={
                name: Fact(
                    value=_in(name, one["value"]),
                    source=Source(one["source"]),
                    raw=one["raw"],
                    place=Place.from_json(one["place"]),
                    confidence=one["confidence"],
                    others=tuple(Other(_in(name, v), Source(s), bool(a)) for v, s, a in one["others"]),
                )
                for name, one in data["fields"].items()
                if name in FIELDS
            },
            lines=tuple(_line_in(one) for one in data["lines"]),
            lines_source=Source(data["lines_source"]) if data["lines_source"] else None,
            warnings=tuple(Warn(one["code"], one["context"]) for one in data["warnings"]),
        )


_LINE_NUMBERS: Final = ("quantity", "unit_price", "amount", "rate", "tax")


def _out(value: Plain) -> str | bool:
    if isinstance(value, bool):
        return value
    return value.isoformat() if isinstance(value, date) else str(value)


def _in(name: str, value: Any) -> Plain:
    kind = FIELDS[name]
    if kind is bool:
        return bool(value)
    if kind is Decimal:
        return Decimal(value)
    return date.fromisoformat(value) if kind is date else str(value)


def _line_out(line: Line) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "name": line.name,
        "specification": line.specification,
        "unit": line.unit,
        "rate_as_printed": line.rate_as_printed,
        "tax_class": line.tax_class,
        "place": line.place.to_json() if line.place else None,
    }
    for name in _LINE_NUMBERS:
        number = getattr(line, name)
        plain[name] = None if number is None else str(number)
    return plain


def _line_in(data: Mapping[str, Any]) -> Line:
    plain = dict(data)
    plain["place"] = Place.from_json(plain.get("place"))
    for name in _LINE_NUMBERS:
        plain[name] = None if plain.get(name) is None else Decimal(plain[name])
    return Line(**plain)
