"""Corrections by hand: text that a person typed becomes a value of the field's type."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final

from ingest.invoices.errors import InvoiceFieldNotUnderstood, InvoiceFieldUnknown
from ingest.invoices.facts import FIELDS, Fact, InvoiceFacts, Plain, Source, Warn

_LONGEST: Final = {
    "type": 100, "code": 20, "number": 30, "check_code": 40, "seller_name": 200, "seller_tax_id": 30,
    "buyer_name": 200, "buyer_tax_id": 30, "total_in_capitals": 100, "currency": 3, "remark": 2000,
    "drawer": 100, "red_of_code": 20, "red_of_number": 30, "passenger": 100, "journey": 200,
}  # fmt: skip
_IDENTIFIERS: Final = frozenset(
    {"code", "number", "check_code", "seller_tax_id", "buyer_tax_id", "red_of_code", "red_of_number"}
)
_IDENTIFIER: Final = re.compile(r"[0-9A-Z][0-9A-Z-]*")
_DAY: Final = re.compile(r"(\d{4})[-/.年]?(\d{1,2})[-/.月]?(\d{1,2})日?")
_YES: Final = frozenset({"true", "yes", "on", "1", "是"})
_NO: Final = frozenset({"false", "no", "off", "0", "否"})
MOST_MONEY: Final = Decimal("999999999999.99")


def parse(field: str, text: str) -> Plain | None:
    """The value that a person means; None for empty text: the invoice has no such field.

    Amounts in yuan to the fen, dates as 2026-11-20, 20261120 or 2026年11月20日. Raises
    InvoiceFieldUnknown, InvoiceFieldNotUnderstood.
    """
    kind = FIELDS.get(field)
    if kind is None:
        raise InvoiceFieldUnknown(field=field)
    plain = " ".join(unicodedata.normalize("NFKC", text).split())
    if kind is str:
        return _text(field, text, plain)
    if not plain:
        return None
    if kind is Decimal:
        return _amount(field, plain)
    if kind is date:
        return _date(field, plain)
    if plain.lower() in _YES | _NO:
        return plain.lower() in _YES
    raise InvoiceFieldNotUnderstood(field=field, kind="yes-no")


def _text(field: str, given: str, plain: str) -> str | None:
    if field in _IDENTIFIERS or field == "currency":
        plain = plain.replace(" ", "").upper()
        pattern = re.compile("[A-Z]{3}") if field == "currency" else _IDENTIFIER
        if plain and (len(plain) > _LONGEST[field] or not pattern.fullmatch(plain)):
            raise InvoiceFieldNotUnderstood(field=field, kind="identifier")
        return plain or None
    kept = " ".join("".join(one if one.isprintable() else " " for one in given).split())
    if len(kept) > _LONGEST[field]:
        raise InvoiceFieldNotUnderstood(field=field, kind="text")
    return kept or None


def _amount(field: str, plain: str) -> Decimal:
    text = plain.replace(",", "").replace("¥", "").replace("元", "").replace(" ", "")
    try:
        amount = Decimal(text)
        exact = amount.quantize(Decimal("0.01"))
    except InvalidOperation as error:
        raise InvoiceFieldNotUnderstood(field=field, kind="amount") from error
    if amount != exact or abs(exact) > MOST_MONEY:
        raise InvoiceFieldNotUnderstood(field=field, kind="amount")
    return exact


def _date(field: str, plain: str) -> date:
    found = _DAY.fullmatch(plain.replace(" ", ""))
    try:
        if found is None:
            raise ValueError(plain)
        day = date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError as error:
        raise InvoiceFieldNotUnderstood(field=field, kind="date") from error
    if not 1980 <= day.year <= 2199:
        raise InvoiceFieldNotUnderstood(field=field, kind="date")
    return day


def write(value: Plain | None) -> str | None:
    """A value as text that ``read_back`` understands, and that people can read."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.2f}" if isinstance(value, Decimal) else value.isoformat()


def read_back(field: str, text: str | None) -> Plain | None:
    """What ``write`` wrote."""
    if text is None:
        return None
    kind = FIELDS[field]
    if kind is bool:
        return text == "true"
    if kind is Decimal:
        return Decimal(text)
    return date.fromisoformat(text) if kind is date else text


def corrected(facts: InvoiceFacts, corrections: Mapping[str, Plain | None]) -> InvoiceFacts:
    """The facts as they count, corrections in place of what was read.

    What the sources said against each other of a corrected field is settled.
    """
    fields = dict(facts.fields)
    for name, value in corrections.items():
        if value is None:
            fields.pop(name, None)
        elif name in fields:
            fields[name] = replace(fields[name], value=value, raw="", place=None, confidence=1.0, others=())
        else:
            fields[name] = Fact(value=value, source=Source.TEXT)
    warnings = tuple(one for one in facts.warnings if one.context.get("field") not in corrections)
    return replace(facts, fields=fields, warnings=warnings)


def unique(warnings: Iterable[Warn]) -> list[Warn]:
    """Each warning once, in order."""
    kept: list[Warn] = []
    for one in warnings:
        if one not in kept:
            kept.append(one)
    return kept
