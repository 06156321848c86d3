"""Fiscal e-bills 财政电子票据 (of hospitals, schools, courts, charities) as data: XML and XBRL.

``EInvoice`` with ``EInvoiceData/Main`` of the data norm 财政电子票据数据规范 (财网信办〔2020〕1号), and the
taxonomy ``efi`` of the e-voucher standard, which took the same names. They bear no tax.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from ingest.invoices import values
from ingest.invoices.facts import Line, Reading, Source
from ingest.invoices.values import Fields
from ingest.invoices.xml_tree import Node

_PARTIES: Final = (("seller", "invoicingparty"), ("buyer", "payerparty"))
_ID: Final = re.compile(r"(\d{8})(\d{10})")
"""Code and number, one after the other."""
MOST_LINES: Final = 5_000


def is_one(root: Node) -> bool:
    """Whether the tree is of this kind, by the names of its parties and of its number."""
    keys = {node.key for node in root.walk()}
    return "invoicingpartyname" in keys and bool(keys & {"einvoicenumber", "einvoiceid"})


def read(root: Node, origin: str) -> Reading | None:
    """What it says; None when it has neither number nor total."""
    fields = Fields()
    whole = _ID.fullmatch(values.bare(root.said("einvoiceid")))
    fields.text("code", root.said("einvoicecode") or (whole[1] if whole else ""))
    fields.text("number", root.said("einvoicenumber") or (whole[2] if whole else root.said("einvoiceid")))
    fields.text("check_code", root.said("randomnumber", "checkcode"))
    fields.text("type", root.said("einvoicename", "typeofvoucher"))
    fields.day("issue_date", root.said("issuedate", "dateofissue"))
    for side, name in _PARTIES:
        fields.text(f"{side}_name", root.said(f"{name}name"))
        fields.text(f"{side}_tax_id", root.said(f"{name}code"))
    fields.money("total", root.said("totalamount"))
    fields.text("total_in_capitals", root.said("totalamountcapital", "totalamountinwords"))
    fields.text("remark", root.said("remark", "remarks"))
    fields.text("drawer", root.said("handlingperson"))
    if "number" not in fields and "total" not in fields:
        return None
    fields.text("currency", _currency(root))
    fields.red(None, "", root.said("relatedeinvoicecode"), root.said("relatedeinvoicenumber"))
    items = [node for node in root.walk() if node.child("itemname") is not None][:MOST_LINES]
    lines = tuple(line for line in map(_line, items) if line is not None)
    is_xbrl = root.key == "xbrl" or "xbrl.mof.gov.cn" in root.namespace
    return Reading(Source.XBRL if is_xbrl else Source.XML, fields, lines, origin)


def _currency(root: Node) -> str:
    """By its letters where it says them; the norm's own code of the yuan is 156, or nothing."""
    said = root.said("currencytype", "currency")
    return said if re.fullmatch(r"[A-Z]{3}", said) else "CNY"


def _line(item: Node) -> Line | None:
    name, amount = values.text(item.said("itemname")), values.money(item.said("itemamount", "amount"))
    if name is None or amount is None:
        return None
    quantity, price = (
        values.amount(item.said("itemquantity")),
        values.amount(item.said("itemstd", "itemprice")),
    )
    if price is not None and quantity is not None and abs(price * quantity - amount) > Decimal("0.05"):
        price = None  # the standard of a fee is often a text, or that of another unit
    unit = values.text(item.said("itemunit"), values.MOST_UNIT)
    return Line(name=name[:500], unit=unit, quantity=quantity, unit_price=price, amount=amount)
