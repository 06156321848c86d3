"""The XML of the older e-invoice (2015 to 2023): ``eInvoice`` of the schema e-invoice/2019, in OFD files.

The same words are used by makers without the namespace, as ``Invoice`` or ``InvoiceInfo``, with the
initials of their pinyin (FPDM for 发票代码; XF, XSF or XHF for the seller), or in Chinese. Platforms write
数电票 in these words too.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from ingest.invoices import values
from ingest.invoices.facts import Line, Reading, Source
from ingest.invoices.values import Fields
from ingest.invoices.xml_tree import Node

_TYPES: Final = {
    "004": "增值税专用发票",
    "007": "增值税普通发票",
    "025": "增值税普通发票（卷票）",
    "026": "增值税电子普通发票",
    "028": "增值税电子专用发票",
    "01": "增值税专用发票",
    "04": "增值税普通发票",
    "08": "增值税电子专用发票",
    "10": "增值税电子普通发票",
    "14": "增值税电子普通发票（通行费）",
    "31": "电子发票（增值税专用发票）",
    "32": "电子发票（普通发票）",
}
_TYPES_BY_CODE: Final = {
    "11": "增值税电子普通发票",
    "12": "增值税电子普通发票",  # of tolls
    "13": "增值税电子专用发票",
    "04": "增值税普通发票",
    "05": "增值税普通发票",
}
"""By places 11 and 12 of a code of 12 digits. Source: 国家税务总局公告 2015 年第 84 号."""
_NUMBER: Final = (
    "invoiceno", "invoicenumber", "invoicenum", "einvoicenumber", "fphm", "qdfphm", "sdfphm",
    "发票号码", "数电票号码", "数电发票号码", "电子发票号码",
)  # fmt: skip
_CODE: Final = ("invoicecode", "fpdm", "发票代码")
_TOTAL: Final = (
    "taxinclusivetotalamount", "totalamountwithtax", "amountwithtax", "totalpricetax",
    "totaltaxincludedamount", "jshj", "jshjje", "jshjxx", "价税合计", "价税合计小写", "价税合计金额",
)  # fmt: skip
_PARTIES: Final = (
    ("seller", ("xsf", "xhf", "xf"), ("销售方", "销方")),
    ("buyer", ("gmf", "ghf", "gf"), ("购买方", "购方")),
)
"""With the initials and the Chinese words of each."""
_ITEMS: Final = (
    "goodsinfos", "items", "itemlist", "details", "detaillist", "invoicelines", "invoiceitems", "goodslist",
    "fpmxs", "fpmxxx", "mxxx", "mxxxs", "xmxxs", "commonfpkjxmxxs", "明细", "明细信息", "项目明细",
    "发票明细",
)  # fmt: skip
MOST_LINES: Final = 20_000


def is_one(root: Node) -> bool:
    """Whether the tree is of this kind: a number, and an amount or a party, by its words."""
    keys = {node.key for node in root.walk()}
    others = {
        *_TOTAL,
        "taxexclusivetotalamount",
        "goodsinfos",
        "buyername",
        "sellername",
        *(f"{word}mc" for _, initials, _ in _PARTIES for word in initials),
        *(f"{word}名称" for _, _, words in _PARTIES for word in words),
    }
    return not keys.isdisjoint(_NUMBER) and not keys.isdisjoint(others)


def read(root: Node, origin: str) -> Reading | None:
    """What it says; None when it has neither number nor total."""
    listed = root.first(*_ITEMS)
    head = _without(root, listed)
    fields = Fields()
    fields.text("number", head.said(*_NUMBER))
    fields.text("code", head.said(*_CODE))
    fields.day("issue_date", head.said("issuedate", "invoicedate", "issuetime", "kprq", "开票日期"))
    fields.text("check_code", head.said("invoicecheckcode", "checkcode", "jym", "校验码"))
    for side, initials, chinese in _PARTIES:
        _take_party(fields, head.child(side, f"{side}info") or head, side, initials, chinese)
    fields.money(
        "net",
        head.said("taxexclusivetotalamount", "totalamountwithouttax", "amountwithouttax", "hjje", "hjbhsje",
                  "合计金额", "不含税金额"),
    )  # fmt: skip
    fields.money(
        "tax", head.said("taxtotalamount", "totaltax", "totaltaxamount", "taxamount", "hjse", "合计税额")
    )
    fields.money("total", head.said(*_TOTAL, "totalamount"))
    fields.text(
        "total_in_capitals",
        head.said("taxinclusivetotalamountwithwords", "amountinwords", "jshjdx", "价税合计大写"),
    )
    fields.text("remark", head.said("note", "remark", "remarks", "bz", "备注"))
    fields.text("drawer", head.said("invoiceclerk", "drawer", "issuer", "kpr", "开票人"))
    if "number" not in fields and "total" not in fields:
        return None
    fields.text("type", _type(head, fields))
    fields.put("currency", "CNY", "")
    sort = head.said("typecode", "invoicesort", "kplx")  # 开票类型: 0 positive, 1 negative
    original = (
        head.said("originalinvoiceno", "originalinvoicenumber", "oriinvoiceno", "yfphm", "被红冲蓝字发票号码",
                  "被红冲蓝字数电发票号码", "原发票号码"),
        head.said("originalinvoicecode", "yfpdm", "原发票代码"),
    )  # fmt: skip
    fields.red({"0": False, "1": True}.get(sort), sort, original[1], original[0])
    lines = _lines(listed) if listed is not None else ()
    return Reading(Source.XML, fields, lines, origin)


def _take_party(
    fields: Fields, said: Node, side: str, initials: tuple[str, ...], chinese: tuple[str, ...]
) -> None:
    """Name and tax id of a party from the node that has them."""
    fields.text(
        f"{side}_name",
        said.said(f"{side}name", *(f"{one}mc" for one in initials), *(f"{one}名称" for one in chinese)),
    )
    ids = [f"{one}{word}" for one in initials for word in ("nsrsbh", "sh")]
    ids += [
        f"{one}{word}"
        for one in chinese
        for word in ("纳税人识别号", "税号", "统一社会信用代码", "统一社会信用代码纳税人识别号")
    ]
    fields.text(f"{side}_tax_id", said.said(f"{side}taxid", f"{side}taxno", f"{side}idnum", *ids))


def _without(root: Node, left_out: Node | None) -> Node:
    children = [_without(child, left_out) for child in root.children if child is not left_out]
    return Node(root.key, root.name, root.namespace, root.attributes, root.text, children)


def _type(head: Node, fields: Fields) -> str:
    """The printed name, by the type that it names, by its code, or by the length of code and number."""
    said = head.said("invoicetypename", "invoicetitle", "invoicetype", "fplxmc", "发票类型")
    if "发票" in said:
        return said
    code = head.said("invoicetypecode", "invoicekind", "fplxdm", "fplx") or said
    if code in _TYPES:
        return _TYPES[code]
    number, number_code = fields.get("number"), fields.get("code")
    if number is None:
        return ""
    if len(str(number.value)) == 20 and number_code is None:
        return "电子发票（普通发票）" if "专用" not in said else "电子发票（增值税专用发票）"
    kind = str(number_code.value) if number_code else ""
    if len(kind) == 12:
        return _TYPES_BY_CODE.get(kind[10:], "增值税电子普通发票")
    return "增值税专用发票" if len(kind) == 10 and kind[7:8] in "15" else ""


def _lines(listed: Node) -> tuple[Line, ...]:
    """The lines, whatever an element of the list is called."""
    return tuple(line for line in map(_line, listed.children[:MOST_LINES]) if line is not None)


def _line(item: Node) -> Line | None:
    said = {node.key: node.text.strip() for node in item.walk() if node is not item}
    name = values.text(
        values.pick(said, "item", "itemname", "goodsname", "name", "spmc", "xmmc", "hwmc", "项目名称",
                    "货物名称", "货物或应税劳务名称", "商品名称")
    )  # fmt: skip
    amount = values.money(values.pick(said, "amount", "amountwithouttax", "je", "xmje", "金额"))
    if name is None and amount is None:
        return None
    # SL is 数量, but 税率 where XMSL is 数量: the rate of those who write no SLV
    is_rate = "xmsl" in said
    rate, printed = values.rate(
        values.pick(said, "taxscheme", "taxrate", "slv", *(("sl",) if is_rate else ()), "税率", "税率征收率")
    )
    return Line(
        name=(name or "")[:500],
        specification=values.text(
            values.pick(said, "specification", "spec", "specmod", "ggxh", "规格型号"),
            values.MOST_SPECIFICATION,
        ),
        unit=values.text(
            values.pick(said, "measurementdimension", "unit", "meaunits", "dw", "单位"), values.MOST_UNIT
        ),
        quantity=values.amount(values.pick(said, "quantity", "xmsl", *(() if is_rate else ("sl",)), "数量")),
        unit_price=values.amount(values.pick(said, "price", "unitprice", "dj", "xmdj", "单价")),
        amount=amount,
        rate=rate,
        rate_as_printed=printed,
        tax=_tax(values.pick(said, "taxamount", "tax", "se", "税额"), rate),
        tax_class=values.text(
            values.pick(said, "code", "taxclassificationcode", "spbm", "税收分类编码"), values.MOST_TAX_CLASS
        ),
    )


def _tax(said: str, rate: Decimal | None) -> Decimal | None:
    """The tax of a line; *** on one that is free of it is nought."""
    found = values.money(said)
    return values.money("0") if found is None and rate == 0 and "*" in said else found
