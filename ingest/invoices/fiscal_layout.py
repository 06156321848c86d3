"""Fiscal e-bills 财政电子票据 by their words: 票据代码, 票据号码, who paid, what for, how much.

Their table may stand twice side by side: 项目名称, 数量/单位, 金额（元）, 备注, and the same again.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Final

from ingest.invoices import capitals, printed, vat_layout
from ingest.invoices.facts import Line, Value
from ingest.invoices.item_table import number_of
from ingest.invoices.layout import Row, Sheet, Span, label, values_of

TITLE: Final = re.compile(r"[\u4e00-\u9fff]{2,24}(?:票据|缴款书|收据)\(电子\)")
_NAME: Final = r"[^ \t:][^\t:]{0,60}?(?=[ \t]*(?:$|\t|开票日期|校验码|复核人|收款人|交款人|票据))"
_ITEM: Final = re.compile(r"项[ \t]*目[ \t]*名[ \t]*称")
_AMOUNT: Final = re.compile(r"金[ \t]*额")
_COUNT: Final = re.compile(r"数[ \t]*量")
_END: Final = re.compile(r"金[ \t]*额[ \t]*合[ \t]*计|合[ \t]*计|项[ \t]*目[ \t]*清[ \t]*单")
_COUNTED: Final = re.compile(r"(\d+(?:\.\d+)?)[ \t/]*([^\d\s/]{0,6})")


def fields_of(sheet: Sheet) -> dict[str, Value]:
    """Number, parties, total."""
    exact = sheet.is_exact
    fields: dict[str, Value] = {}
    digit = printed.digit_class(exact)
    for name, words, shape in (
        ("code", "票据代码", rf"{digit}{{8}}(?!{digit})"),
        ("number", "票据号码", rf"{digit}{{10}}(?!{digit})"),
    ):
        for span in values_of(sheet, label(words, exact=exact), shape, below=False):
            text, trust = printed.digits(span.text)
            fields.setdefault(name, Value(text, span.raw, span.place, span.confidence * trust))
    _texts(sheet, fields)
    for span in values_of(sheet, label("开票日期", "填制日期", exact=exact), printed.day_shape(exact)):
        day = printed.day(span.text)
        if day is not None:
            fields.setdefault("issue_date", Value(day[0], span.raw, span.place, span.confidence * day[1]))
    fields.update(vat_layout.sums(sheet))
    fields.pop("net", None)
    fields.pop("tax", None)
    said = fields.get("total_in_capitals")
    if said is not None and capitals.parse(str(said.value)) is None:
        del fields["total_in_capitals"]
    title = _title(sheet)
    if title is not None:
        fields["type"] = Value(title.raw.replace(" ", ""), title.raw, title.place, title.confidence)
    return fields


def _texts(sheet: Sheet, fields: dict[str, Value]) -> None:
    """Check code and parties."""
    payer = re.compile(
        r"(?:交[ \t]*款|缴[ \t]*款|付[ \t]*款)[ \t]*(?:人|单[ \t]*位)(?:[ \t]*全[ \t]*称)?[ \t]*:"
    )
    for name, labels, shape in (
        ("check_code", label("校验码", exact=sheet.is_exact), r"[0-9A-Za-z]{4,8}(?![0-9A-Za-z])"),
        ("buyer_tax_id", label("统一社会信用代码", exact=sheet.is_exact), r"[0-9A-Za-z*]{10,20}"),
        ("buyer_name", payer, _NAME),
        ("seller_name", re.compile(r"收款单位[ \t]*(?:\([ \t]*章[ \t]*\))?[ \t]*:"), _NAME),
    ):
        for span in values_of(sheet, labels, shape, below=False):
            fields.setdefault(name, Value(span.raw.strip(), span.raw, span.place, span.confidence))


def _title(sheet: Sheet) -> Span | None:
    for row in sheet.rows:
        found = TITLE.search(re.sub(r"[ \t]", "", row.text))
        if found is not None:
            return row.span(0, len(row.text)) if found[0] == re.sub(r"[ \t]", "", row.text) else _part(row)
    return None


def _part(row: Row) -> Span | None:
    """The title in a row with other words."""
    found = re.search(r"[\u4e00-\u9fff][\u4e00-\u9fff ]+\([ ]?电[ ]?子[ ]?\)", row.text)
    return row.span(*found.span()) if found else None


def lines_of(sheet: Sheet) -> tuple[Line, ...]:
    """What was paid for, of both halves of the table, row by row."""
    for at, row in enumerate(sheet.rows):
        starts = [row.lefts[found.start()] for found in _ITEM.finditer(row.text)]
        if not starts or not _AMOUNT.search(row.text):
            continue
        edges = [*(start - sheet.em for start in starts), 1.0]
        found: list[tuple[int, Line]] = []
        for left, right in pairwise(edges):
            found += _half(sheet, at, left if left > 3 * sheet.em else 0.0, right)
        return tuple(line for _, line in sorted(found, key=lambda one: one[0]))
    return ()


def _half(sheet: Sheet, heading: int, left: float, right: float) -> list[tuple[int, Line]]:
    """The lines between two sides, each with the number of its row."""
    row = sheet.rows[heading]
    start, end = row.between(left, right)
    amount_at, count_at = _AMOUNT.search(row.text, start, end), _COUNT.search(row.text, start, end)
    if amount_at is None:
        return []
    middle = (row.lefts[amount_at.start()] + row.rights[amount_at.end() - 1]) / 2
    edge = row.lefts[count_at.start()] - sheet.em if count_at else middle
    lines = []
    for number, under in enumerate(sheet.rows[heading + 1 :]):
        if _END.search(under.text):
            break
        tokens = [one for one in under.tokens() if left <= one.place.left < right]
        amounts = [one for one in tokens if re.fullmatch(r"-?\d[\d,]*\.\d{2}", one.text)]
        names = [one for one in tokens if one.place.left < edge and one not in amounts]
        if not amounts or not names:
            continue
        nearest = min(amounts, key=lambda one: abs((one.place.left + one.place.right) / 2 - middle))
        between = [one for one in tokens if one not in names and one.place.right <= nearest.place.left]
        lines.append((number, _line(names, between, nearest)))
    return lines


def _line(names: list[Span], between: list[Span], amount: Span) -> Line:
    counted = _COUNTED.fullmatch(" ".join(one.text for one in between))
    place = amount.place
    for one in (*names, *between):
        place = place.joined(one.place)
    return Line(
        name="".join(one.raw for one in names),
        unit=(counted[2] or None) if counted else None,
        quantity=number_of(counted[1]) if counted else None,
        amount=number_of(amount.text),
        place=place,
    )
