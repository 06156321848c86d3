"""The corpus's XBRL instances: invoices of issuers and receivers, tickets, itineraries, bank receipts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Final

from tests.ingest.cases_xml import carried
from tests.ingest.corpus import Case
from tests.ingest.invoices.builder import InvoiceSpec, Kind, as_xbrl
from tests.ingest.invoices.carriers import as_receivers_xbrl

_BANK: Final = """<?xml version="1.0" encoding="UTF-8"?>
<xbrl xmlns="http://www.xbrl.org/2003/instance" xmlns:bker="http://xbrl.mof.gov.cn/taxonomy/2021-11-30/bker">
<context id="now"><entity><identifier scheme="http://xbrl.mof.gov.cn">1</identifier></entity>
<period><instant>2026-03-02</instant></period></context>
<bker:TypeOfBankElectronicReceipt contextRef="now">转账回单</bker:TypeOfBankElectronicReceipt>
<bker:NumberOfBankElectronicReceipt contextRef="now">20260302000019444</bker:NumberOfBankElectronicReceipt>
<bker:DateOfBookkeeping contextRef="now">2026-03-02</bker:DateOfBookkeeping>
<bker:AccountNameOfPayer contextRef="now">云杉测试科技有限公司</bker:AccountNameOfPayer>
<bker:AccountNumberOfPayer contextRef="now">1001200300400500</bker:AccountNumberOfPayer>
<bker:AccountNameOfPayee contextRef="now">青禾商贸有限公司</bker:AccountNameOfPayee>
<bker:TransactionAmountInFigures contextRef="now">98000.00</bker:TransactionAmountInFigures>
<bker:Usage contextRef="now">货款</bker:Usage></xbrl>"""


def cases() -> Iterator[Case]:
    kinds = (Kind.ELECTRONIC, Kind.ELECTRONIC_SPECIAL, Kind.DIGITAL, Kind.DIGITAL_SPECIAL)
    for number, kind in enumerate(kinds):
        spec = InvoiceSpec.random(1000 + number, kind, lines=2 + number, red=number in (1, 2))
        yield Case(f"xbrl-issuer-{number}.xml", as_xbrl(spec), carried(spec, "xbrl"))
        expected = carried(spec, "xbrl")
        del expected["type"]
        yield Case(f"xbrl-receiver-{number}.xml", as_receivers_xbrl(spec), expected)
    spec = InvoiceSpec.random(1005, Kind.ELECTRONIC, lines=2, red=False)
    yield Case("xbrl-issuer-in-context.xml", _without_seller(as_xbrl(spec)), carried(spec, "xbrl"))
    spec = InvoiceSpec.random(1010, Kind.RAILWAY)
    yield Case("xbrl-railway.xml", as_xbrl(spec), carried(spec, "railway"))
    yield Case("xbrl-railway-gbk.xml", as_xbrl(spec, "gbk"), carried(spec, "railway"))
    # a fee for giving a ticket back: the business is 退, the invoice is an ordinary one
    data = as_xbrl(spec).replace(">售<".encode(), ">退<".encode())
    yield Case("xbrl-railway-fee.xml", data, carried(spec, "railway") | {"is_red": False})
    yield Case("xbrl-railway-red.xml", as_xbrl(red := _taken_back(spec)), carried(red, "railway"))
    for number in range(2):
        spec = InvoiceSpec.random(1020 + number, Kind.AIR)
        yield Case(f"xbrl-air-{number}.xml", as_xbrl(spec), carried(spec, "air"))
    words = ("转账回单", "20260302000019444", "云杉测试科技有限公司", "98000.00")
    yield Case("xbrl-bank.xml", _BANK.encode(), texts=(words,))


def _without_seller(data: bytes) -> bytes:
    """Without the seller's tax id as a fact: the entity of the context is the seller."""
    found, count = re.subn(rb"<inv:Taxpayer\w+OfSeller .*?</inv:Taxpayer\w+OfSeller>", b"", data)
    assert count == 1
    return found


def _taken_back(spec: InvoiceSpec) -> InvoiceSpec:
    """A ticket's red invoice."""
    item = spec.items[0]
    number = spec.number[:5] + f"{int(spec.number[5:]) // 2:015}"
    return replace(
        spec,
        number=number,
        is_red=True,
        red_of_number=spec.number,
        items=(replace(item, amount=-item.amount, tax=-item.tax + Decimal(0)),),
    )
