"""Invoices of vehicles, new 机动车销售统一发票 and used 二手车销售统一发票, by the labels of their cells.

Their forms have no table of goods: each fact stands right of its label, and the tax id of a party on the
level of its name or below it.
"""

from __future__ import annotations

import re
from typing import Final

from ingest.invoices import printed, vat_layout
from ingest.invoices.facts import Value
from ingest.invoices.layout import Row, Sheet, Span, label, values_of

_BUYER: Final = ("购买方名称", "购货单位名称", "买方单位/个人", "买方名称", "购买方")
_SELLER: Final = ("销货单位名称", "销售方名称", "卖方单位/个人", "卖方名称")
_IDS: Final = (
    "统一社会信用代码/纳税人识别号/身份证明号码", "统一社会信用代码/纳税人识别号", "纳税人识别号",
    "单位代码/身份证号码", "身份证号码/组织机构代码", "统一社会信用代码",
)  # fmt: skip
_NAME: Final = r"[^ \t:\d][^\t:]{1,60}?(?=[ \t]*(?:$|\t|纳税人|统一社会|单位代码|身份证|电话|住址))"
_ID: Final = re.compile(r"[ \t:]*([0-9A-Za-z]{15,20})(?![0-9A-Za-z])")
_NOT_A_NAME: Final = re.compile(r"住址|地[ \t]*址|电话|盖章|身份证|单位代码")


def fields_of(sheet: Sheet) -> dict[str, Value]:
    """Parties and amounts; number and date are those of every invoice."""
    fields: dict[str, Value] = {}
    named: list[tuple[str, Row]] = []
    for side, labels in (("buyer", _BUYER), ("seller", _SELLER)):
        found = _name(sheet, label(*labels))
        if found is not None:
            row, span = found
            named.append((side, row))
            fields[f"{side}_name"] = Value(span.raw.strip(), span.raw, span.place, span.confidence)
    _tax_ids(sheet, named, fields)
    fields.update(vat_layout.sums(sheet))
    money = rf"(?:小[ \t]*写)?[ \t]*{printed.money_shape(sheet.is_exact)}"
    for name, words in (("tax", ("增值税税额",)), ("net", ("不含税价", "不含税价格"))):
        for span in values_of(sheet, label(*words, exact=sheet.is_exact), money, below=False):
            read = printed.money(re.sub(r"^小[ \t]*写[ \t]*", "", span.text))
            if read is not None:
                fields[name] = Value(read[0], span.raw, span.place, span.confidence * read[1])
                break
    return vat_layout.checked(fields)


def _name(sheet: Sheet, labels: re.Pattern[str]) -> tuple[Row, Span] | None:
    """The name right of the first of the labels that has one."""
    shape = re.compile(rf"[ \t:]*({_NAME})")
    for row, at in sheet.texts(labels):
        value = shape.match(row.text, at.end())
        span = row.span(*value.span(1)) if value else None
        if span is not None and not _NOT_A_NAME.match(span.text):
            return row, span
    return None


def _tax_ids(sheet: Sheet, named: list[tuple[str, Row]], fields: dict[str, Value]) -> None:
    """Of the party whose name is the last one above a tax id, or on its level."""
    for row, at in sheet.texts(label(*_IDS, exact=sheet.is_exact)):
        value = _ID.match(row.text, at.end())
        span = row.span(*value.span(1)) if value else None
        above = [(one.middle, side) for side, one in named if one.middle <= row.middle + 0.5 * sheet.line]
        if span is None or not above:
            continue
        read = printed.tax_id(span.text, sheet.is_exact) or (span.text.upper(), vat_layout.UNSURE)
        taken = Value(read[0], span.raw, span.place, span.confidence * read[1])
        fields.setdefault(f"{max(above)[1]}_tax_id", taken)
