"""The corpus's XML invoices: 数电票, the older e-invoice, and the words of platforms."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

from tests.ingest.corpus import Case
from tests.ingest.invoices import dialects
from tests.ingest.invoices.builder import CARRIED, InvoiceSpec, Item, Kind
from tests.ingest.invoices.carriers import as_einvoice_xml, as_vat_xml

_ENCODINGS = ("gbk", "gb18030", "utf-16", "utf-8-sig")
_TOLL = (
    "<Toll><PlateNumber>沪A12345</PlateNumber><VehicleType>客车</VehicleType>"
    "<StartDatesOfPassage>20260227172851000</StartDatesOfPassage>"
    "<EndDatesOfPassage>20260227180112000</EndDatesOfPassage></Toll>"
)


def cases() -> Iterator[Case]:
    """Seeds were chosen for what they draw: discounts, several rates, 免税, red ones."""
    for number, (name, make) in enumerate(dialects.EINVOICE.items()):
        kind = (Kind.DIGITAL, Kind.DIGITAL_SPECIAL)[number % 2]
        spec = InvoiceSpec.random(900 + number, kind, lines=1 + number % 5, red=number % 4 == 3)
        yield Case(f"einvoice-{name}.xml", make(spec), carried(spec, "einvoice"))
    for number, encoding in enumerate(_ENCODINGS):
        spec = InvoiceSpec.random(920 + number, Kind.DIGITAL_SPECIAL, lines=8, red=number == 1)
        yield Case(f"einvoice-{encoding}.xml", as_einvoice_xml(spec, encoding), carried(spec, "einvoice"))
    yield from _special()
    for number, kind in enumerate((Kind.ELECTRONIC, Kind.ELECTRONIC_SPECIAL, Kind.PAPER, Kind.PAPER_SPECIAL)):
        spec = InvoiceSpec.random(940 + number, kind, lines=3 + number, red=number % 2 == 1)
        encoding = ("utf-8", "gbk")[number % 2]
        yield Case(f"vat-{number}.xml", as_vat_xml(spec, encoding), carried(spec, "vat"))
    yield from _dialects()


def _special() -> Iterator[Case]:
    """An undeclared encoding, a long list, and what trades write into fields that are not meant for it."""
    spec = InvoiceSpec.random(930, Kind.DIGITAL, lines=4, red=False)
    bare = as_einvoice_xml(spec, "gbk").split(b"?>", 1)[1].lstrip()
    yield Case("einvoice-undeclared-gbk.xml", bare, carried(spec, "einvoice"))
    spec = InvoiceSpec.random(931, Kind.DIGITAL_SPECIAL, lines=400, red=False)
    yield Case("einvoice-long.xml", as_einvoice_xml(spec), carried(spec, "einvoice"))
    spec = InvoiceSpec.random(932, Kind.DIGITAL, red=False, lines=1)
    item = Item("*生产生活服务*通行费", "", "", None, None, Decimal("18.63"), Decimal("0.03"), "3%",
                Decimal("0.56"), "3040502020301000000")  # fmt: skip
    toll = replace(spec, items=(item,))
    text = as_einvoice_xml(toll, specific=_TOLL).decode()
    # highways write the days of the journey where quantity and price belong
    text = re.sub("<(Quantity|UnPrice)></", r"<\1>20260227</", text)
    yield Case("einvoice-toll.xml", text.encode(), carried(toll, "einvoice"))


def _dialects() -> Iterator[Case]:
    makers = (dialects.chinese, dialects.pinyin, dialects.interface, dialects.platform)
    for number, make in enumerate(makers):
        for old, kind in enumerate((Kind.DIGITAL, Kind.ELECTRONIC)):
            spec = InvoiceSpec.random(960 + 2 * number + old, kind, lines=1 + number, red=old == number % 2)
            expected = carried(spec, "vat")
            if make is dialects.platform:
                expected.pop("check_code", None)
                expected.pop("red_of_code", None)
            yield Case(f"{make.__name__}-{('digital', 'old')[old]}.xml", make(spec), expected)


def carried(spec: InvoiceSpec, carrier: str) -> dict[str, Any]:
    """What a carrier says of an invoice."""
    return {name: value for name, value in spec.expected().items() if name in CARRIED[carrier]}
