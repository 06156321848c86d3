"""An invoice as ``vermilion ingest --json`` and the API show it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ingest.invoices.facts import InvoiceFacts, Line

_PARTS = ("type", "code", "number", "issue_date", "check_code")
_REST = ("total_in_capitals", "remark", "drawer", "is_red", "red_of_code", "red_of_number",
         "passenger", "journey", "travel_date")  # fmt: skip


def describe(facts: InvoiceFacts) -> dict[str, Any]:
    """Plain JSON: amounts as text with two decimals, dates as ISO, each field's source beside."""
    shown: dict[str, Any] = {name: _plain(facts.get(name)) for name in _PARTS}
    for party in ("seller", "buyer"):
        shown[party] = {part: facts.get(f"{party}_{part}") for part in ("name", "tax_id")}
    for name in ("net", "tax", "total"):
        shown[name] = _plain(facts.get(name))
    shown["currency"] = facts.get("currency") or "CNY"
    for name in _REST:
        shown[name] = _plain(facts.get(name))
    shown["is_red"] = bool(facts.get("is_red"))
    shown["lines"] = [describe_line(line) for line in facts.lines]
    sources = {name: fact.source.value for name, fact in facts.fields.items()}
    if facts.lines_source is not None:
        sources["lines"] = facts.lines_source.value
    shown["sources"] = sources
    return shown


def describe_line(line: Line) -> dict[str, Any]:
    """A line; quantities and prices keep the decimals they came with."""
    return {
        "name": line.name,
        "specification": line.specification,
        "unit": line.unit,
        "quantity": _exact(line.quantity),
        "unit_price": _exact(line.unit_price),
        "amount": _plain(line.amount),
        "rate": line.rate_as_printed or _exact(line.rate),
        "tax": _plain(line.tax),
        "tax_class": line.tax_class,
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value:.2f}"
    return value.isoformat() if hasattr(value, "isoformat") else value


def _exact(value: Decimal | None) -> str | None:
    return None if value is None else format(value, "f")
