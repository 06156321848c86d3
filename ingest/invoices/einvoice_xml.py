"""The XML of a 数电票: ``EInvoice`` with Header, EInvoiceData, TaxSupervisionInfo.

Variants in the wild spell the names in other cases, leave out parts, wrap the root, put ``ObjectData``
around values (the tags of an OFD), or repeat an item's parts in another order; all are read by name.
"""

from __future__ import annotations

import re
from typing import Final

from ingest.invoices import values
from ingest.invoices.facts import Line, Reading, Source
from ingest.invoices.values import Fields
from ingest.invoices.xml_tree import Node

_MARKS: Final = frozenset(
    {
        "einvoicedata",
        "taxsupervisioninfo",
        "issuiteminformation",
        "totaltaxincludedamount",
        "totalamwithouttax",
    }
)
ITEMS: Final = ("issuiteminformation", "issueiteminformation", "iteminformation")
MOST_LINES: Final = 20_000
_DAY: Final = re.compile(r"20\d\d[01]\d[0-3]\d")


def is_one(root: Node) -> bool:
    """Whether the tree is of this kind, by the names that only this kind has."""
    return any(node.key in _MARKS for node in root.walk())


def read(root: Node, origin: str) -> Reading | None:
    """What it says; None when it has neither number nor total."""
    items = [item for node in root.walk() if node.key in ITEMS for item in _items(node)]
    head = _without(root, frozenset(ITEMS))
    fields = Fields()
    supervision = head.first("taxsupervisioninfo") or Node("", "", "", {})
    fields.text("number", supervision.said("invoicenumber", "invoiceno") or head.said("invoicenumber"))
    fields.text("number", head.said("eiid", "einvoiceid", "invoiceno", "fphm"))
    fields.text("code", head.said("invoicecode", "fpdm"))
    fields.text("check_code", head.said("checkcode", "invoicecheckcode"))
    fields.day("issue_date", supervision.said("issuetime", "issuedate"))
    fields.day("issue_date", head.said("issuetime", "issuedate", "requesttime", "invoicedate", "kprq"))
    fields.text("type", _type(head))
    for side, name in (("seller", "seller"), ("buyer", "buyer")):
        party = head.first(f"{side}information", side) or head
        fields.text(f"{name}_name", party.said(f"{side}name"))
        fields.text(f"{name}_tax_id", party.said(f"{side}idnum", f"{side}taxid", f"{side}taxno", f"{side}id"))
    fields.money("net", head.said("totalamwithouttax", "totalamountwithouttax", "amountwithouttax", "hjje"))
    fields.money("tax", head.said("totaltaxam", "totaltaxamount", "totaltax", "taxamount", "hjse"))
    fields.money(
        "total",
        head.said("totaltaxincludedamount", "totalamwithtax", "totalamountwithtax", "jshj", "totalamount"),
    )
    fields.text("total_in_capitals", head.said("totaltaxincludedamountinchinese"))
    fields.text("drawer", head.said("drawer", "kpr"))
    fields.text("remark", _remark(head))
    if "number" not in fields and "total" not in fields:
        return None
    fields.put("currency", "CNY", "")
    fields.red(*_red(head))
    _journey(fields, head)
    lines = tuple(line for line in map(_line, items[:MOST_LINES]) if line is not None)
    return Reading(Source.XML, fields, lines, origin)


def _without(root: Node, keys: frozenset[str]) -> Node:
    """The tree without the items, whose names would be taken for those of the head."""
    return Node(
        root.key,
        root.name,
        root.namespace,
        root.attributes,
        root.text,
        [_without(child, keys) for child in root.children if child.key not in keys],
    )


def _type(head: Node) -> str:
    """As it is printed: 电子发票（普通发票）. The labels have 电子发票 and 普通发票, or their codes."""
    said = head.said("invoicetype", "typeofinvoice")
    vat, kind = head.first("generalorspecialvat"), head.first("einvoicetype")
    name = vat.said("labelname") if vat else ""
    if not name and vat:
        name = {"01": "增值税专用发票", "1": "增值税专用发票", "02": "普通发票", "2": "普通发票"}.get(
            vat.said("labelcode"), ""
        )
    carrier = (kind.said("labelname") if kind else "") or "电子发票"
    if re.search(r"[（(]", name) or not name:
        return name or (said if re.search("发票|客票|行程单", said) else "") or (carrier if kind else "")
    if name.startswith(("普通", "增值税")) and carrier in ("电子发票", "数电票", "全电发票", "纸质发票"):
        return f"{'纸质发票' if carrier == '纸质发票' else '电子发票'}（{name}）"
    return name


def _remark(head: Node) -> str:
    """The remark; additional elements 附加要素 are added to it as the printed form does."""
    additional = head.first("additionalinformation") or head
    parts = [additional.said("remark", "remarks", "note")]
    for extra in additional.all("additionalelements", "additionalelement", "addelement"):
        name, value = (
            extra.said("elementname", "name", "labelname"),
            extra.said("elementdata", "value", "data"),
        )
        if name and value:
            parts.append(f"{name}：{value}")
    return " ".join(part for part in parts if part)


def _red(head: Node) -> tuple[bool | None, str, str, str]:
    """Whether it is red, the words for that, and code and number of what it takes back."""
    label = head.first("inissutype", "inissuetype")
    code = label.said("labelcode").upper() if label else ""
    is_red = {"N": True, "Y": False}.get(code[:1])
    original = head.first("redeinvoice", "redinvoice", "redinvoiceinformation")
    number = old_code = ""
    if original is not None:
        number = original.said(
            "originalinvoicenumber", "originaleinvoicenumber", "originalinvoiceno", "originaleiid"
        )
        first = values.bare(original.said("originalinvoicecode", "originaleinvoicecode"))
        if not number:  # the electronic tax bureau writes the number of 20 digits into the element for codes
            number = first
        elif len(first) in (10, 12):
            old_code = first
        is_red = is_red if is_red is not None else bool(number) or None
    return is_red, code, old_code, number


def _journey(fields: Fields, head: Node) -> None:
    """Passengers of travel invoices 旅客运输服务, the first of several."""
    travel = head.first("passengertransportation", "passengertransport", "travelinformation")
    if travel is None:
        return
    fields.text("passenger", travel.said("passengername", "traveler", "travelername", "name"))
    fields.day("travel_date", travel.said("traveldate", "dateoftravel", "date"))
    start = travel.said("departure", "placeofdeparture", "departureplace", "startplace")
    end = travel.said("destination", "placeofarrival", "arrivalplace", "endplace")
    if start and end:
        vehicle = travel.said("vehiclenumber", "trainnumber", "flight")
        fields.text("journey", f"{start} → {end} {vehicle}")


def _items(node: Node) -> list[Node]:
    """The items of an element that is one, or that holds some."""
    if node.attribute("nil") == "true":
        return []
    inner = [child for child in node.children if child.children]
    return inner if inner and node.child("itemname", "amount") is None else [node]


def _line(item: Node) -> Line | None:
    said = {child.key: child.text.strip() for child in item.walk() if child is not item}
    name = values.text(values.pick(said, "itemname", "goodsname", "xmmc"))
    amount = values.money(values.pick(said, "amount", "amountwithouttax", "je"))
    if name is None and amount is None:
        return None
    rate, printed = values.rate(values.pick(said, "taxrate", "slv"))
    quantity = values.pick(said, "quantity", "num", "sl")
    price = values.pick(said, "unprice", "unitprice", "price", "dj")
    if _DAY.fullmatch(quantity) and _DAY.fullmatch(price):  # highways write the days of a journey there
        quantity = price = ""
    return Line(
        name=(name or "")[:500],
        specification=values.text(
            values.pick(said, "specmod", "specification", "ggxh"), values.MOST_SPECIFICATION
        ),
        unit=values.text(values.pick(said, "meaunits", "unit", "dw"), values.MOST_UNIT),
        quantity=values.amount(quantity),
        unit_price=values.amount(price),
        amount=amount,
        rate=rate,
        rate_as_printed=printed,
        tax=values.money(values.pick(said, "comtaxam", "taxamount", "taxam", "se")),
        tax_class=values.text(values.pick(said, "taxclassificationcode", "spbm"), values.MOST_TAX_CLASS),
    )
