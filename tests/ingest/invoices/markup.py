"""Elements of XML as text, for the builders of carriers."""

from __future__ import annotations

from decimal import Decimal
from xml.sax.saxutils import escape


def element(name: str, value: object, extra: str = "") -> str:
    text = "" if value is None else escape(str(value))
    return f"<{name}{extra}>{text}</{name}>"


def plain(value: Decimal | None) -> str:
    return "" if value is None else format(value, "f")
