"""The QR code of Chinese invoices: ``01,TYPE,code,number,amount,yyyymmdd,checkcode,4hex``.

The tax bureaus' addresses on blockchain invoices are recognised and never fetched. The code of a railway
ticket of the older kind is opaque.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final
from urllib.parse import parse_qs, urlsplit

from ingest.invoices import values
from ingest.invoices.facts import Reading, Source, Value
from ingest.invoices.values import Fields
from ingest.words import Place

MOST: Final = 2_000
"""Letters that are looked at: a QR code holds at most 7089 digits, an invoice's about 80."""
TYPES: Final = {
    "01": "增值税专用发票",
    "03": "机动车销售统一发票",
    "04": "增值税普通发票",
    "08": "增值税电子专用发票",
    "10": "增值税电子普通发票",
    "11": "增值税普通发票（卷票）",
    "14": "增值税电子普通发票（通行费）",
    "15": "二手车销售统一发票",
    "31": "电子发票（增值税专用发票）",
    "32": "电子发票（普通发票）",
    "51": "电子发票（铁路电子客票）",
    "61": "电子发票（航空运输电子客票行程单）",
    "83": "电子发票（机动车销售统一发票）",
    "84": "电子发票（二手车销售统一发票）",
    "85": "增值税专用发票",
    "86": "普通发票",
}
"""The type codes of the tax platform; 85 and 86 are 数电票 on paper."""
_NET: Final = frozenset({"01", "03", "04", "08", "10", "14"})
"""Kinds whose code gives the amount without tax (08 unverified)."""
_TOTAL: Final = frozenset({"31", "32", "51", "61", "83", "84", "85", "86"})
"""Kinds whose code gives the amount with tax. What the others give is not known and is not taken."""


def read(text: str, place: Place | None) -> Reading | None:
    """What the code says; None when it is no invoice's.

    For the address of a tax bureau only the number is taken, where it stands in the address.
    """
    plain = unicodedata.normalize("NFKC", text[:MOST]).strip().strip("\ufeff\x00")
    fields = _address(plain) if re.match(r"https?://", plain, re.IGNORECASE) else _listed(plain)
    if fields is None:
        return None
    placed = {name: Value(found.value, found.raw, place) for name, found in fields.items()}
    return Reading(Source.QR, placed, (), f"page {place.page}" if place else "QR")


def _listed(plain: str) -> Fields | None:
    """The values of a code with commas; a trailing comma, space and wide commas do not matter."""
    parts = [part.strip() for part in plain.split(",")]
    if len(parts) < 6 or not re.fullmatch(r"\d{2}", parts[0]) or not re.fullmatch(r"\d{2}", parts[1]):
        return None
    kind, code, number, amount, day = parts[1:6]
    if not re.fullmatch(r"\d{8}|\d{20}", number) or not re.fullmatch(r"(\d{10}|\d{12})?", code):
        return None
    fields = Fields()
    fields.text("type", TYPES.get(kind, "电子发票" if len(number) == 20 else ""))
    fields.text("code", code)
    fields.text("number", number)
    fields.day("issue_date", day)
    if kind in _NET:
        fields.money("net", amount)
    elif kind in _TOTAL or len(number) == 20:
        fields.money("total", amount)
    if len(parts) > 6 and re.fullmatch(r"\d{20}", parts[6]):
        fields.text("check_code", parts[6])
    return fields


def _address(plain: str) -> Fields | None:
    """What the address of a tax bureau says, such as the one on Shenzhen's blockchain invoices."""
    try:
        parts = urlsplit(plain)
        host, query = (parts.hostname or "").lower(), parse_qs(parts.query, max_num_fields=30)
    except ValueError:
        return None
    if not re.search(r"(^|\.)chinatax\.gov\.cn$|(^|\.)tax\.gov\.cn$", host):
        return None
    fields = Fields()
    for name in ("bill_num", "fphm", "invoiceNo", "invoiceNumber"):
        number = values.bare(query.get(name, [""])[0])
        if re.fullmatch(r"\d{8}|\d{20}", number):
            fields.text("number", number)
    for name in ("bill_code", "fpdm", "invoiceCode"):
        code = values.bare(query.get(name, [""])[0])
        if re.fullmatch(r"\d{10}|\d{12}", code):
            fields.text("code", code)
    return fields
