"""Buyer and seller on a printed invoice: by labels, by their blocks, or by the shape of tax ids."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from ingest.invoices import credit_code, printed
from ingest.invoices.facts import Value
from ingest.invoices.layout import Row, Sheet, Span, Stack, label

_BUYERS: Final = r"购买方|购货方|购方|买方|购货单位|付款方|付款单位|付款人|受票方|顾客|客户|抬头"
_SELLERS: Final = r"销售方|销货方|销方|卖方|销货单位|收款方|收款单位|开票方|开票单位|填开单位"
_NAME: Final = re.compile(
    rf"(?:(?P<buyer>{_BUYERS})|(?P<seller>{_SELLERS}))[ \t]*(?:信息)?[ \t]*(?:名[ \t]*称[ \t]*:?|:)"
    r"|(?<![目务物品程劳型])(?<![目务物品程劳型][ \t])名[ \t]*称[ \t]*:?"
)
_TAX_ID_LABEL: Final = (
    "统一社会信用代码/纳税人识别号",
    "统一社会信用代码",
    "纳税人识别号",
    "税务登记号",
    "税务登记证号",
    "识别号",
    "税号",
)
_STOP: Final = re.compile(
    r"统[ \t]*一[ \t]*社[ \t]*会|纳[ \t]*税[ \t]*人|(?<![目务物品])名[ \t]*称[ \t]*:|地[ \t]*址|"
    r"电[ \t]*话|开[ \t]*户|"
    r"密[ \t]*码[ \t]*区|税[ \t]*号|备[ \t]*注|识[ \t]*别[ \t]*号|开[ \t]*票[ \t]*人|机[ \t]*器|\(章\)"
)
_ORGANISATION: Final = re.compile(
    r"公司|厂|店|中心|学校|大学|学院|医院|银行|分行|支行|事务所|研究院|研究所|协会|局|委员会|合作社|工作室|经营部|商行|"
    r"宾馆|酒店|饭店|餐厅|超市|企业|集团|个人|基金会|政府|处$|部$|站$|馆$|社$|会$"
)
_MIDDLE: Final = 0.45
"""Of the page's width: what stands right of it above the table is the seller's."""


@dataclass(frozen=True)
class Levels:
    """Where the table's heading and the line of the total stand; None where they are not found."""

    heading: float | None
    total: float | None


def parties(sheet: Sheet, levels: Levels, known: frozenset[str]) -> dict[str, Value]:
    """Names and tax ids. ``known`` are numbers of the invoice that are no tax ids."""
    fields: dict[str, Value] = {}
    named = _names(sheet, levels)
    for side, span in named:
        fields.setdefault(f"{side}_name", Value(span.raw, span.raw, span.place, span.confidence))
    for side, span in _tax_ids(sheet, levels, named):
        read = printed.tax_id(span.text, sheet.is_exact)
        if read is not None and read[0] not in known:
            value = Value(read[0], span.raw, span.place, span.confidence * read[1])
            fields.setdefault(f"{side}_tax_id", value)
    _by_shape(sheet, levels, known, fields)
    return fields


def _names(sheet: Sheet, levels: Levels) -> list[tuple[str, Span]]:
    found: list[tuple[str, Span]] = []
    for row, at in sheet.texts(_NAME):
        here = row.span(*at.span())
        if here is None:
            continue
        side = "buyer" if at["buyer"] else "seller" if at["seller"] else _side(sheet, levels, here)
        start, end = _value_range(row, at.end())
        span = row.span(start, end)
        if span is None or span.text in ("", ":") or not re.search(r"[^\W\d_]", span.text):
            continue
        explicit = at["buyer"] or at["seller"]
        if not explicit and not at[0].rstrip().endswith(":") and not _is_party(span.text):
            continue
        wrapped = _wrapped(sheet, row, span)
        found.append((side, wrapped))
    return found


def _value_range(row: Row, start: int) -> tuple[int, int]:
    """From after a label to the next gap or label."""
    while start < len(row.text) and row.text[start] in " \t:":
        start += 1
    end = row.text.find("\t", start)
    end = len(row.text) if end < 0 else end
    stop = _STOP.search(row.text, start, end)
    return start, stop.start() if stop else end


def _wrapped(sheet: Sheet, row: Row, span: Span) -> Span:
    """A name with its second line, which stands under its beginning and carries no label."""
    for under in sheet.rows:
        if not 0.3 * sheet.line < under.middle - row.middle < 2 * sheet.line:
            continue
        for token in under.tokens():
            near = abs(token.place.left - span.place.left) < 1.0 * sheet.em
            if near and re.fullmatch(r"[^\d:]{2,}", token.text) and not _STOP.search(under.text):
                joined = span.place.joined(token.place)
                raw = span.raw + token.raw
                return replace(span, text=span.text + token.text, raw=raw, place=joined)
    return span


def _side(sheet: Sheet, levels: Levels, here: Span) -> str:
    """Whose block a label stands in."""
    stack = _stack_of(sheet.stacks, here, sheet.em)
    if stack is not None:
        return "seller" if stack.text.startswith("销") else "buyer"
    if levels.total is not None and here.place.middle > levels.total:
        return "seller"
    if levels.heading is not None and here.place.middle < levels.heading:
        return "seller" if here.place.left > _MIDDLE else "buyer"
    return "seller" if here.place.left > _MIDDLE else "buyer"


def _stack_of(stacks: list[Stack], here: Span, em: float) -> Stack | None:
    """The stacked label whose block a span is in: the nearest on its left."""
    beside = [
        stack
        for stack in stacks
        if stack.text[0] in "购销"
        and stack.place.right < here.place.left + em
        and stack.place.top - 2 * (here.place.bottom - here.place.top)
        < here.place.middle
        < stack.place.bottom + 2 * (here.place.bottom - here.place.top)
    ]
    return max(beside, key=lambda stack: stack.place.right, default=None)


def _tax_ids(sheet: Sheet, levels: Levels, named: list[tuple[str, Span]]) -> list[tuple[str, Span]]:
    labels = label(*_TAX_ID_LABEL, exact=sheet.is_exact)
    shape = re.compile(r"[ \t:;.]*([0-9A-Za-z](?:[ ]?[0-9A-Za-z]){14,19})(?![0-9A-Za-z])")
    found: list[tuple[str, Span]] = []
    for row, at in sheet.texts(labels):
        here, value = row.span(*at.span()), shape.match(row.text, at.end())
        span = row.span(*value.span(1)) if value else None
        if here is None or span is None:
            continue
        before = row.text[max(0, at.start() - 8) : at.start()]
        if re.search(rf"(?:{_BUYERS})[ \t]*$", before):
            side = "buyer"
        elif re.search(rf"(?:{_SELLERS})[ \t]*$", before):
            side = "seller"
        else:
            side = _nearest_party(named, here, sheet) or _side(sheet, levels, here)
        found.append((side, span))
    return found


def _nearest_party(named: list[tuple[str, Span]], here: Span, sheet: Sheet) -> str | None:
    """The party whose name stands straight above the label of a tax id."""
    above = [
        (here.place.middle - one.place.middle, side)
        for side, one in named
        if 0 <= here.place.middle - one.place.middle < 4 * sheet.line
        and -2 * sheet.em < one.place.left - here.place.left < 14 * sheet.em
    ]
    return min(above)[1] if above else None


def _by_shape(sheet: Sheet, levels: Levels, known: frozenset[str], fields: dict[str, Value]) -> None:
    """What labels did not give, since they are pictures or lines: tax ids, and the names above them."""
    read = {value.value for value in fields.values()} | known
    for at, row in enumerate(sheet.rows):
        for token in row.tokens():
            understood = printed.tax_id(token.text, sheet.is_exact)
            if understood is None or understood[0] in read or not credit_code.is_sound(understood[0]):
                continue
            side = _side(sheet, levels, token)
            if f"{side}_tax_id" in fields:
                continue
            trust = token.confidence * understood[1] * 0.9
            fields[f"{side}_tax_id"] = Value(understood[0], token.raw, token.place, trust)
            name = _name_above(sheet.rows[max(0, at - 3) : at], token, sheet)
            if name is not None:
                value = Value(name.raw, name.raw, name.place, name.confidence * 0.9)
                fields.setdefault(f"{side}_name", value)


def _name_above(rows: list[Row], tax_id: Span, sheet: Sheet) -> Span | None:
    for row in reversed(rows):
        if tax_id.place.middle - row.middle > 4 * sheet.line:
            return None
        start, end = row.between(tax_id.place.left - 3 * sheet.em, tax_id.place.right + 3 * sheet.em)
        while start > 0 and row.text[start - 1] != "\t":
            start -= 1
        while start < end < len(row.text) and row.text[end] != "\t":
            end += 1
        span = row.span(start, end)
        if span is not None and _is_party(span.text) and ":" not in span.text:
            return span
    return None


def _is_party(text: str) -> bool:
    return len(text) >= 2 and _ORGANISATION.search(text) is not None
