"""Invoices in English: number, date, sums and parties by their labels, whatever the form."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Final

from ingest.invoices import printed
from ingest.invoices.facts import Value
from ingest.invoices.layout import Row, Sheet, Span

_TITLE: Final = re.compile(r"\binvoice\b|\bcredit note\b", re.IGNORECASE)
_NUMBER: Final = re.compile(
    r"(?:(?:tax |vat |sales )?invoice|credit note|bill)[ \t]*(?:no\b\.?|number|num\b\.?|nr\b\.?|id\b|#|№)"
    r"[ \t]*[:.#]?",
    re.IGNORECASE,
)
_DATE: Final = re.compile(
    r"(?:invoice date|date of issue|issue date|issued(?: on)?|date issued|tax point|(?<!due )(?<!delivery )"
    r"(?<!order )(?<!ship )(?<!supply )(?<![A-Za-z])date)[ \t]*:?",
    re.IGNORECASE,
)
_TOTALS: Final = (
    re.compile(
        r"(?:grand total|total amount due|invoice total|total due|amount due|balance due|total payable)", re.I
    ),
    re.compile(r"total[ \t]*(?:\(?incl[^:\t]{0,20}|amount)?", re.I),
)
_NOT_TOTAL: Final = re.compile(
    r"sub[ \-]?total|total[ \t]*(?:net|tax|vat|gst|excl|before|discount|quantity|weight)", re.I
)
_NETS: Final = re.compile(
    r"sub[ \-]?total|net (?:amount|total)|total[ \t]*(?:net|excl[^:\t]{0,16})|taxable amount", re.I
)
_TAXES: Final = re.compile(
    r"(?:total )?(?:vat|gst|sales tax|tax)(?: amount| total)?[ \t]*(?:\(?@?[ ]?\d[\d.]*[ ]?%\)?)?", re.I
)
_TAX_IDS: Final = re.compile(
    r"(?:vat|gst|tax)[ \t]*(?:reg(?:istration)?\.?)?[ \t]*(?:no\b\.?|number|id\b|#)[ \t]*:?", re.I
)
_BUYER: Final = re.compile(r"(?:bill(?:ed)? to|invoice to|sold to|customer|buyer|client)[ \t]*:?", re.I)
_SELLER: Final = re.compile(r"(?:^|\t)(?:from|seller|supplier|vendor|issued by)[ \t]*:?", re.I)
_AMOUNT: Final = re.compile(
    r"(?P<before>USD|EUR|GBP|CNY|RMB|JPY|HKD|SGD|AUD|CAD|CHF|US\$|HK\$|[$€£¥])?[ \t]*"
    r"(?P<number>[-(]?(?:\d{1,3}(?:[,. ']\d{3})+|\d+)(?:[.,]\d{2})?\)?)(?![\d%])[ \t]*"
    r"(?P<after>USD|EUR|GBP|CNY|RMB|JPY|HKD|SGD|AUD|CAD|CHF|[€£])?"
)
_CURRENCIES: Final = {"US$": "USD", "HK$": "HKD", "€": "EUR", "£": "GBP", "RMB": "CNY"}
_CODES: Final = re.compile(r"(?<![A-Z])(USD|EUR|GBP|CNY|RMB|JPY|HKD|SGD|AUD|CAD|CHF)(?![A-Z])")


def is_invoice(sheet: Sheet) -> bool:
    """Whether a page calls itself an invoice, in a line of its own or beside a number."""
    return any(True for _ in sheet.texts(_NUMBER)) or any(
        _TITLE.search(row.text) and len(row.text) < 30 for row in sheet.rows[:12]
    )


def fields_of(sheet: Sheet, later: Sequence[Sheet]) -> dict[str, Value]:
    """What an English invoice says, whose sums may be on a later page; empty without number or total."""
    fields: dict[str, Value] = {}
    number = next(
        _after(sheet, _NUMBER, re.compile(r"[A-Za-z0-9][A-Za-z0-9\-/_.]*\d[A-Za-z0-9\-/_]*|\d+")), None
    )
    if number is not None:
        fields["number"] = Value(number.raw, number.raw, number.place, number.confidence)
    _date_of(sheet, fields)
    currency = _sums(sheet, fields)
    for following in later:
        if "total" in fields or _names_another(following, number):
            break
        currency = _sums(following, fields) or currency
    if "number" not in fields or "total" not in fields:
        return {}
    if currency is not None:
        fields["currency"] = currency
    _parties(sheet, fields)
    title = next((found[0] for _, found in sheet.texts(_TITLE)), "Invoice")
    if "credit" in title.lower():
        fields["type"] = Value("Credit note", title, None, 0.9)
        fields["is_red"] = Value(True, title, None, 0.9)
    else:
        fields["type"] = Value("Invoice", title, None, 0.9)
    return fields


def _names_another(following: Sheet, number: Span | None) -> bool:
    """Whether a page begins another invoice: it has a number of its own that is not this one's."""
    return any(True for _ in following.texts(_NUMBER)) and (
        number is None or re.sub(r"[ \t]", "", number.text) not in following.dense
    )


def _after(
    sheet: Sheet, labels: re.Pattern[str], value: re.Pattern[str], *, is_near: bool = False
) -> Iterator[Span]:
    """What stands right of a label or below it; when ``is_near``, what is far right is not."""
    for row, at in sheet.texts(labels):
        start = at.end()
        while start < len(row.text) and row.text[start] in " \t:":
            start += 1
        is_far = is_near and "\t" in row.text[at.start() : start]
        found = None if is_far else value.match(row.text, start)
        span = row.span(*found.span()) if found else _below(sheet, row, at, value)
        if span is not None:
            yield span


def _below(sheet: Sheet, row: Row, at: re.Match[str], value: re.Pattern[str]) -> Span | None:
    left = row.lefts[at.start()]
    for under in sheet.rows:
        if 0.3 * sheet.line < under.middle - row.middle < 2.5 * sheet.line:
            start, end = under.between(left - sheet.em, row.rights[at.end() - 1] + 8 * sheet.em)
            found = value.match(under.text, start) if start < end else None
            if found:
                return under.span(*found.span())
    return None


def _date_of(sheet: Sheet, fields: dict[str, Value]) -> None:
    shape = re.compile(
        r"\d{1,2}(?:st|nd|rd|th)?[ \t\-/.]*[A-Za-z]{3,9}\.?[ \t,\-/]*\d{4}"
        r"|[A-Za-z]{3,9}\.?[ \t]*\d{1,2}(?:st|nd|rd|th)?[ \t,]+\d{4}"
        r"|\d{4}[\-/.]\d{1,2}[\-/.]\d{1,2}|\d{1,2}[\-/.]\d{1,2}[\-/.]\d{4}"
    )
    for span in _after(sheet, _DATE, shape):
        when = printed.english_day(span.text)
        if when is not None:
            fields["issue_date"] = Value(when, span.raw, span.place, span.confidence)
            return


def _sums(sheet: Sheet, fields: dict[str, Value]) -> Value | None:
    """Net, tax and total; the currency that stands with them, or alone on the page."""
    found = {
        "net": _labelled(sheet, _NETS, None),
        "tax": _labelled(sheet, _TAXES, re.compile(r"excl|incl|total[ \t]*due|invoice", re.I)),
        "total": _labelled(sheet, _TOTALS[0], None) or _labelled(sheet, _TOTALS[1], _NOT_TOTAL),
    }
    currency: Value | None = None
    for name, one in found.items():
        if one is not None:
            span, amount, sign = one
            fields[name] = Value(amount, span.raw, span.place, span.confidence)
            code = _CURRENCIES.get(sign, sign)
            if len(code) == 3:
                currency = Value(code, span.raw, span.place, span.confidence)
    if {"net", "tax", "total"} <= fields.keys():
        net, tax, total = (fields[name].value for name in ("net", "tax", "total"))
        if Decimal(str(net)) + Decimal(str(tax)) != total:
            for name in ("net", "tax", "total"):
                fields[name] = replace(fields[name], confidence=min(fields[name].confidence, 0.6))
    if currency is None:
        currency = _only_code(sheet)
    return currency


def _only_code(sheet: Sheet) -> Value | None:
    spans = [span for row, at in sheet.texts(_CODES) if (span := row.span(*at.span()))]
    codes = {_CURRENCIES.get(span.text, span.text) for span in spans}
    if len(codes) != 1:
        return None
    return Value(codes.pop(), spans[0].raw, spans[0].place, spans[0].confidence)


def _labelled(
    sheet: Sheet, labels: re.Pattern[str], excluded: re.Pattern[str] | None
) -> tuple[Span, Decimal, str] | None:
    """The last amount on the row of the last label: sums stand at the bottom right."""
    best: tuple[Span, Decimal, str] | None = None
    for row, at in sheet.texts(labels):
        if at.start() and row.text[at.start() - 1].isalpha():
            continue
        if excluded is not None and excluded.search(row.text[max(0, at.start() - 5) :]):
            continue
        amounts = [
            (span, amount, found["before"] or found["after"] or "")
            for found in _AMOUNT.finditer(row.text, at.end())
            if (amount := amount_of(found["number"])) is not None and (span := row.span(*found.span()))
        ]
        if amounts:
            best = amounts[-1]
    return best


def amount_of(text: str) -> Decimal | None:
    """A number with thousands and decimals of either custom: 1,234.56, 1.234,56, 1 234,56, (12.00)."""
    bare = re.sub(r"[ ']", "", text)
    is_negative = bare.startswith(("-", "("))
    bare = bare.strip("-()")
    decimals = re.search(r"[.,](\d{2})$", bare)
    whole = re.sub(r"[.,]", "", bare[: decimals.start()] if decimals else bare)
    if not whole.isdigit():
        return None
    amount = Decimal(f"{whole}.{decimals[1]}") if decimals else Decimal(whole)
    return -amount if is_negative else amount


def _parties(sheet: Sheet, fields: dict[str, Value]) -> None:
    name = re.compile(r"[^\t:]{2,60}")
    for field, labels in (("buyer_name", _BUYER), ("seller_name", _SELLER)):
        span = next(_after(sheet, labels, name, is_near=True), None)
        if span is not None:
            text = re.sub(r"[ \t]+", " ", span.raw)
            fields[field] = Value(text, span.raw, span.place, span.confidence * 0.9)
    code = re.compile(r"[A-Z]{0,3}[ ]?\d[A-Z0-9 \-]{5,18}[A-Z0-9]", re.I)
    ids = list(_after(sheet, _TAX_IDS, code))
    buyer = fields.get("buyer_name")
    for span in ids:
        below_buyer = buyer is not None and buyer.place is not None and span.place.middle > buyer.place.middle
        same_side = (
            buyer is not None and buyer.place is not None and abs(span.place.left - buyer.place.left) < 0.2
        )
        field = "buyer_tax_id" if below_buyer and same_side else "seller_tax_id"
        text = re.sub(r"[ \-]", "", span.raw)
        fields.setdefault(field, Value(text, span.raw, span.place, span.confidence * 0.9))
