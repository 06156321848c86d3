"""The corpus's 数电票 of trades with forms of their own, and fiscal e-bills, printed and as data."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any
from xml.sax.saxutils import escape

from tests.ingest import forms_of_trades, invoice_pdfs
from tests.ingest.corpus import Case
from tests.ingest.forms_of_trades import TRADES, Bill
from tests.ingest.invoice_pdfs import Look
from tests.ingest.invoices.builder import CENT, InvoiceSpec, Item, Kind, Party

_FEES = (("西药费", "项"), ("检查费", "次"), ("化验费", "项"), ("治疗费", "次"), ("卫生材料费", "项"))
_NAMES = (
    "上海市医疗门诊收费票据（电子）",
    "北京市公益事业捐赠统一票据（电子）",
    "江苏省非税收入统一票据（电子）",
)

_JOURNEY = {"passenger": "张三", "journey": "上海虹桥站 → 人民广场", "travel_date": date(2026, 3, 2)}
"""Of the table of that form."""


def cases() -> Iterator[Case]:
    for number, (name, trade) in enumerate(TRADES.items()):
        spec = InvoiceSpec.random(1100 + number, Kind.DIGITAL_SPECIAL, lines=1 + number % 3, red=number == 2)
        spec = _fitted(spec, {column.name.replace(" ", "") for column in trade.columns})
        for look in (Look(), Look(by_hand=True)):
            data = invoice_pdfs.pdf(forms_of_trades.digital_of(spec, trade), look)
            expected = _printed(spec, "平方米" if name == "lease" else None)
            if name == "passengers":
                expected |= _JOURNEY
            yield Case(f"trade-{name}-{'song' if look.by_hand else 'plain'}.pdf", data, expected)
    for number, name in enumerate(_NAMES):
        bill = _bill(1200 + number, name, in_halves=number == 0)
        look = Look(by_hand=number == 1)
        yield Case(f"fiscal-{number}.pdf", invoice_pdfs.pdf(forms_of_trades.fiscal(bill), look), _said(bill))
        yield Case(f"fiscal-{number}.xml", _as_xml(bill), _said(bill))
    yield Case("fiscal-xbrl.xml", _as_xbrl(bill), _said(bill))


def _fitted(spec: InvoiceSpec, columns: set[str]) -> InvoiceSpec:
    """An invoice without what its form has no column for."""
    left_out: dict[str, Any] = {}
    for column, field, nothing in (
        ("规格型号", "specification", ""), ("单位", "unit", ""), ("数量", "quantity", None),
        ("单价", "unit_price", None),
    ):  # fmt: skip
        if column not in columns:
            left_out[field] = nothing
    return replace(spec, items=tuple(replace(item, **left_out) for item in spec.items))


def _printed(spec: InvoiceSpec, unit: str | None) -> dict[str, Any]:
    """What the form says; ``unit`` is what it prints in every line as that."""
    found = spec.expected()
    if not found["is_red"]:
        del found["is_red"]
    for line in found["lines"]:
        del line["tax_class"]
        line["unit"] = line["unit"] or unit
    return found


def _bill(seed: int, name: str, *, in_halves: bool) -> Bill:
    draw = random.Random(seed)
    spec = InvoiceSpec.random(seed, Kind.DIGITAL, lines=1, red=False)
    items = []
    for fee, unit in draw.sample(_FEES, 4 if in_halves else 3):
        amount = (Decimal(draw.randrange(100, 90_000)) / 100).quantize(CENT)
        quantity = Decimal(draw.randrange(1, 9))
        items.append(Item(fee, "", unit, quantity, None, amount, None, "", Decimal("0.00"), ""))
    buyer = Party("王芳", "310101********0011") if in_halves else spec.buyer
    spec = replace(spec, items=tuple(items), buyer=buyer, remark="")
    return Bill(name, spec, f"{draw.randrange(10**7, 10**8)}", f"{draw.randrange(10**9):010}",
                f"{draw.randrange(16**6):06x}", in_halves)  # fmt: skip


def _said(bill: Bill) -> dict[str, Any]:
    spec = bill.spec
    return {
        "type": bill.name,
        "code": bill.code,
        "number": bill.number,
        "check_code": bill.check_code,
        "issue_date": spec.issue_date,
        "seller_name": spec.seller.name,
        "buyer_name": spec.buyer.name,
        "buyer_tax_id": spec.buyer.tax_id,
        "total": spec.total,
        "currency": "CNY",
        "lines": [
            {"name": item.name, "unit": item.unit, "quantity": item.quantity, "amount": item.amount}
            for item in spec.items
        ],
    }


def _main(bill: Bill) -> list[tuple[str, object]]:
    spec = bill.spec
    return [
        ("EInvoiceName", bill.name),
        ("EInvoiceCode", bill.code),
        ("EInvoiceNumber", bill.number),
        ("RandomNumber", bill.check_code),
        ("TotalAmount", spec.total),
        ("IssueDate", f"{spec.issue_date:%Y%m%d}"),
        ("IssueTime", "16:42:02"),
        ("InvoicingPartyCode", spec.seller.tax_id),
        ("InvoicingPartyName", spec.seller.name),
        ("PayerPartyType", "1"),
        ("PayerPartyCode", spec.buyer.tax_id),
        ("PayerPartyName", spec.buyer.name),
        ("HandlingPerson", spec.drawer),
    ]


def _item(item: Item, prefix: str = "", extra: str = "") -> str:
    tags = (("ItemName", item.name), ("ItemQuantity", item.quantity), ("ItemUnit", item.unit),
            ("ItemStd", "按标准"), ("ItemAmount", item.amount))  # fmt: skip
    return "".join(f"<{prefix}{name}{extra}>{escape(str(value))}</{prefix}{name}>" for name, value in tags)


def _as_xml(bill: Bill) -> bytes:
    """As the norm 财政电子票据数据规范 has it."""
    said = dict(_main(bill))
    party = lambda name: "".join(  # noqa: E731
        f"<{key}>{escape(str(value))}</{key}>" for key, value in said.items() if key.startswith(name)
    )
    plain = "".join(
        f"<{key}>{escape(str(value))}</{key}>" for key, value in said.items() if "Party" not in key
    )
    items = "".join(f"<Item>{_item(item)}</Item>" for item in bill.spec.items)
    text = (
        '<?xml version="1.0" encoding="UTF-8"?><EInvoice><Header><EInvoiceTag>CZ-EI</EInvoiceTag>'
        f"<EInvoiceID>{bill.code}{bill.number}</EInvoiceID><Version>1.0</Version></Header><EInvoiceData><Main>"
        f"{plain}<InvoicingParty>{party('Invoicing')}</InvoicingParty><PayerParty>{party('Payer')}</PayerParty>"
        f"</Main><Details>{items}</Details></EInvoiceData><EInvoiceSignature/></EInvoice>"
    )
    return text.encode()


def _as_xbrl(bill: Bill) -> bytes:
    """In the taxonomy ``efi`` of the e-voucher standard."""
    facts = "".join(
        f'<efi:{name} contextRef="now">{escape(str(value))}</efi:{name}>' for name, value in _main(bill)
    )
    context = ' contextRef="now"'
    items = "".join(
        f"<efi:DetailsOfItemTuple>{_item(item, 'efi:', context)}</efi:DetailsOfItemTuple>"
        for item in bill.spec.items
    )
    text = (
        '<?xml version="1.0" encoding="UTF-8"?><xbrl xmlns="http://www.xbrl.org/2003/instance" '
        'xmlns:efi="http://xbrl.mof.gov.cn/taxonomy/2023-05-15/efi">'
        '<context id="now"><entity><identifier scheme="http://xbrl.mof.gov.cn">1</identifier></entity>'
        f"<period><instant>{bill.spec.issue_date}</instant></period></context>{facts}{items}</xbrl>"
    )
    return text.encode()
