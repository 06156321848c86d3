"""Checks of one invoice against itself, the law's rules for its kind, and the company's legal entities.

Nothing here refuses: every finding is a warning for a person, with a text ``warning-<code>``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from datetime import date
from decimal import Decimal
from typing import Any, Final

from ingest.invoices import capitals, credit_code
from ingest.invoices.agreement import kind_of, plain_name
from ingest.invoices.facts import InvoiceFacts, Source, Warn

_CENT: Final = Decimal("0.01")
_FIRST_DAY: Final = date(1994, 1, 1)
"""Since when there are VAT invoices."""
_NEEDED: Final = ("number", "issue_date", "total")
_PRECIOUS: Final = ("number", "code", "issue_date", "net", "tax", "total")
SURE: Final = 0.8
"""Recognised values below this confidence, that no better source backs, are to be looked at."""
Entity = tuple[str, str | None]
"""Name and unified social credit code of a legal entity of the company."""


def check(facts: InvoiceFacts, entities: Collection[Entity], today: date | None = None) -> tuple[Warn, ...]:
    """What a person should look at. ``today`` is the day in the organisation's zone; without it no date
    is in the future. The warnings of ``facts`` itself are not repeated."""
    return (
        *_missing(facts),
        *_uncertain(facts),
        *_sums(facts),
        *_capitals(facts),
        *_dates(facts, today),
        *_shapes(facts),
        *_tax_ids(facts),
        *_red(facts),
        *_currency(facts),
        *_buyer(facts, entities),
    )


def _is_chinese(facts: InvoiceFacts) -> bool:
    return kind_of(facts.get("type") or "") not in ("invoice", "credit-note")


def _missing(facts: InvoiceFacts) -> Iterator[Warn]:
    for name in _NEEDED:
        if facts.get(name) is None:
            yield Warn("field-missing", {"field": name})


def _uncertain(facts: InvoiceFacts) -> Iterator[Warn]:
    for name in _PRECIOUS:
        fact = facts.fields.get(name)
        if fact is None or fact.source is not Source.OCR or fact.confidence >= SURE:
            continue
        if not any(other.agrees for other in fact.others):
            yield Warn("read-uncertainly", {"field": name, "value": str(fact.value)})


def _sums(facts: InvoiceFacts) -> Iterator[Warn]:
    """Net and tax make the total to the fen; lines may be a fen off each, as their tax is rounded singly.

    On an air itinerary funds and other taxes, which are lines of their own, come on top.
    """
    net, tax, total = (facts.get(name) for name in ("net", "tax", "total"))
    is_air = kind_of(facts.get("type") or "") == "air"
    if None not in (net, tax, total):
        # of an itinerary the lines tell, where there are any
        is_wrong = net + tax != total if not is_air else not facts.lines and net + tax > total >= 0
        if is_wrong:
            context = {"net": str(net), "tax": str(tax), "total": str(total)}
            yield Warn("amounts-do-not-add-up", context)
    whole = total - tax if is_air and None not in (tax, total) else net
    yield from _line_sums(facts, "net", [line.amount for line in facts.lines], whole)
    if not is_air:
        yield from _line_sums(facts, "tax", [line.tax for line in facts.lines], tax)


def _line_sums(facts: InvoiceFacts, field: str, parts: list[Decimal | None], whole: Any) -> Iterator[Warn]:
    known = [part for part in parts if part is not None]
    if not known or len(known) != len(parts) or whole is None:
        return
    found = sum(known, Decimal(0))
    if abs(found - whole) > _CENT * len(known):
        yield Warn("lines-do-not-add-up", {"field": field, "lines": str(found), "value": str(whole)})


def _capitals(facts: InvoiceFacts) -> Iterator[Warn]:
    said, total = facts.get("total_in_capitals"), facts.get("total")
    if said is None or total is None:
        return
    amount = capitals.parse(said)
    if amount is None:
        yield Warn("capitals-unreadable", {"capitals": said})
    elif amount != total and not (amount > 0 > total and amount == -total):  # some leave （负数） out
        yield Warn("capitals-differ", {"capitals": said, "amount": str(amount), "total": str(total)})


def _dates(facts: InvoiceFacts, today: date | None) -> Iterator[Warn]:
    issued, number, code = facts.get("issue_date"), facts.get("number") or "", facts.get("code") or ""
    if issued is None:
        return
    if today is not None and issued > today:
        yield Warn("date-in-future", {"date": issued.isoformat()})
    if not _is_chinese(facts):
        return
    if issued < _FIRST_DAY:
        yield Warn("date-implausible", {"date": issued.isoformat()})
    if re.fullmatch(r"\d{20}", number):
        if int(number[:2]) != issued.year % 100:
            yield Warn("date-does-not-fit-number", {"date": issued.isoformat(), "number": number})
        return
    # the code names the year in which the forms were made, never a later one than that of issue
    year = code[5:7] if re.fullmatch(r"0\d{11}", code) else code[4:6] if re.fullmatch(r"\d{10}", code) else ""
    if year and 12 <= int(year) <= 40 and int(year) > issued.year % 100:
        yield Warn("date-does-not-fit-number", {"date": issued.isoformat(), "number": code})


def _shapes(facts: InvoiceFacts) -> Iterator[Warn]:
    """数电票 have 20 digits and no code; older kinds 8 digits and a code of 10 or 12."""
    kind, number, code = (facts.get(name) or "" for name in ("type", "number", "code"))
    if not number or not _is_chinese(facts):
        return
    if re.match(r"电子发票\s*[（(]", kind):
        if not re.fullmatch(r"\d{20}", number):
            yield Warn("number-has-wrong-shape", {"number": number, "type": kind})
        elif code:
            yield Warn("code-has-wrong-shape", {"invoice_code": code, "type": kind})
    elif "增值税" in kind and not re.fullmatch(r"\d{20}", number):
        if not re.fullmatch(r"\d{8}", number):
            yield Warn("number-has-wrong-shape", {"number": number, "type": kind})
        if code and not re.fullmatch(r"\d{10}|\d{12}", code):
            yield Warn("code-has-wrong-shape", {"invoice_code": code, "type": kind})
        elif not code:
            yield Warn("field-missing", {"field": "code"})


def _tax_ids(facts: InvoiceFacts) -> Iterator[Warn]:
    if not _is_chinese(facts):
        return
    for party in ("seller", "buyer"):
        said = facts.get(f"{party}_tax_id")
        if not said or "*" in said:
            continue
        if not credit_code.is_tax_id(said):
            yield Warn("tax-id-has-wrong-shape", {"party": party, "tax_id": said})
        elif len(said) == 18 and not credit_code.is_sound(said) and not credit_code.is_identity_card(said):
            yield Warn("credit-code-doubtful", {"party": party, "tax_id": said})


def _red(facts: InvoiceFacts) -> Iterator[Warn]:
    """A red invoice has negative amounts and names what it takes back; no other one is negative."""
    total = facts.get("total")
    if not facts.get("is_red"):
        if total is not None and total < 0:
            yield Warn("negative-but-not-red", {"total": str(total)})
        return
    if total is not None and total > 0:
        yield Warn("red-but-positive", {"total": str(total)})
    if not facts.get("red_of_number"):
        yield Warn("red-without-original")


def _currency(facts: InvoiceFacts) -> Iterator[Warn]:
    currency = facts.get("currency") or "CNY"
    if currency != "CNY":
        yield Warn("foreign-currency", {"currency": currency})


def _buyer(facts: InvoiceFacts, entities: Collection[Entity]) -> Iterator[Warn]:
    """The buyer is one of ours. The tax id decides; the name does where there is none to compare."""
    if not entities:
        return
    name, tax_id = facts.get("buyer_name") or "", (facts.get("buyer_tax_id") or "").upper()
    if not name and not tax_id:
        yield Warn("buyer-missing")
        return
    if tax_id and any(tax_id == (code or "").upper() for _, code in entities):
        return
    namesakes = [code for own, code in entities if name and plain_name(own) == plain_name(name)]
    if not namesakes:
        yield Warn("buyer-not-ours", {"buyer": name or "—", "tax_id": tax_id or "—"})
        return
    expected = next((code for code in namesakes if code), None)
    if tax_id and expected:
        yield Warn("buyer-tax-id-differs", {"buyer": name, "tax_id": tax_id, "expected": expected})
    elif not tax_id and _is_chinese(facts) and kind_of(facts.get("type") or "") in ("special", "ordinary"):
        yield Warn("buyer-tax-id-missing", {"buyer": name})
