"""VAT invoices 增值税发票 and fully digitalised ones 数电票, on screen or paper, and slips like them.

What their labels and positions say of numbers, dates, sums, remark and drawer; ``party_blocks`` and
``item_table`` read the rest.
"""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from typing import Final

from ingest.invoices import capitals, printed, values
from ingest.invoices.facts import Value
from ingest.invoices.item_table import columns_of, heading_of
from ingest.invoices.layout import Row, Sheet, Span, label, values_of
from ingest.invoices.party_blocks import Levels

UNSURE: Final = 0.6
"""Of values that contradict another one on the same page."""
_BY_SHAPE: Final = 0.85
"""Of values without a label that was read."""
_EDGE: Final = 0.9
_HEAD: Final = 0.3
"""The share of a page, from its top, in which numbers without a label are the invoice's own."""
_CAPITALS: Final = re.compile(printed.CAPITALS_SHAPE)
_TOTAL_ROW: Final = label("价税合计")
_SUM_ROW: Final = re.compile(r"(?<!税)(?<!税[ \t])(?:合[ \t]*计|总[ \t]*计)")
_SMALL: Final = re.compile(
    r"\(?[ \t]*小[ \t]*写[ \t]*\)?|合[ \t]*计[ \t]*金[ \t]*额|金[ \t]*额[ \t]*合[ \t]*计"
)
_RED: Final = re.compile(r"对应正数发票|销项负数|被红冲|红字发票信息|红字增值税专用发票信息表")
_FOOT: Final = label("收款人", "复核", "开票人", "销售方:(章)", "销售方:", "第")


def head(sheet: Sheet, is_digital: bool) -> dict[str, Value]:
    """Code, number, date and check code."""
    fields: dict[str, Value] = {}
    _numbers(sheet, is_digital, fields)
    _check_code(sheet, fields)
    _date(sheet, fields)
    return fields


def _put(fields: dict[str, Value], name: str, text: str, span: Span, trust: float = 1.0) -> None:
    fields.setdefault(name, Value(text, span.raw, span.place, span.confidence * trust))


def _numbers(sheet: Sheet, is_digital: bool, fields: dict[str, Value]) -> None:
    digit = printed.digit_class(sheet.is_exact)
    twenty = rf"{digit}(?:[ ]?{digit}){{19}}(?!{digit})"
    any_length = rf"{twenty}|{digit}(?:[ ]?{digit}){{7,11}}(?!{digit})"
    labels = label("发票代码", "发票号码", "电子发票号码", "票据代码", "票据号码", exact=sheet.is_exact)
    others = "".join(rf"(?<!{word})" for word in ("蓝字", "红冲", "蓝字数电", "蓝字全电", "正数", "原"))
    own = re.compile(rf"{others}(?:{labels.pattern})")
    for span in values_of(sheet, own, any_length):
        text, trust = printed.digits(span.text)
        if len(text) in (10, 12) and "code" not in fields and not is_digital:
            _put(fields, "code", text, span, trust)
        elif len(text) in (8, 20) and "number" not in fields:
            _put(fields, "number", text, span, trust)
        elif len(text) in (8, 20) and fields["number"].value != text:
            fields["number"] = replace(fields["number"], confidence=min(UNSURE, fields["number"].confidence))
    if "number" not in fields:
        _number_by_shape(sheet, is_digital, fields)
    if "code" not in fields and not is_digital:
        _code_by_shape(sheet, fields)


def _number_by_shape(sheet: Sheet, is_digital: bool, fields: dict[str, Value]) -> None:
    """A lone number of 20 digits, or one of 8 at the top right or after №."""
    if is_digital:
        right = [
            span
            for row in sheet.rows
            for span in row.tokens()
            if re.fullmatch(r"\d{20}", span.text)
            and span.place.middle < _HEAD
            and span.text[:2] in _years(sheet)
        ]
    else:
        marked = re.compile(r"(?:N[o0O°º]|№)[ \t.:]*(\d{8})(?!\d)")
        right = [one for row, at in sheet.texts(marked) if (one := row.span(*at.span(1)))] or [
            span
            for row in sheet.rows
            for span in row.tokens()
            if re.fullmatch(r"\d{8}", span.text) and span.place.left > 0.55 and span.place.middle < _HEAD
        ]
    if right and len({span.text for span in right}) == 1:
        _put(fields, "number", right[0].text, right[0], _BY_SHAPE)


def _years(sheet: Sheet) -> set[str]:
    """The years, of two digits, of all dates on a page."""
    return {found[1] for found in re.finditer(r"20(\d\d)年", sheet.dense)}


def _code_by_shape(sheet: Sheet, fields: dict[str, Value]) -> None:
    """On paper the code stands alone at the top left, on screen at the top right."""
    found = [
        span
        for row in sheet.rows
        for span in row.tokens()
        if re.fullmatch(r"\d{10}|\d{12}", span.text)
        and span.place.middle < 0.25
        and (span.place.right > 0.6 or (span.place.left < 0.4 and len(span.text) == 10))
    ]
    if found and len({span.text for span in found}) == 1:
        _put(fields, "code", found[0].text, found[0], _BY_SHAPE)


def _check_code(sheet: Sheet, fields: dict[str, Value]) -> None:
    digit = printed.digit_class(sheet.is_exact)
    shape = rf"{digit}(?:[ \t]*{digit}){{19}}(?!{digit})"
    for span in values_of(sheet, label("校验码", exact=sheet.is_exact), shape):
        text, trust = printed.digits(span.text)
        _put(fields, "check_code", text, span, trust)
        return
    grouped = re.compile(r"(?<!\d)\d{5}(?:[ \t]+\d{5}){3}(?!\d)")
    for row, at in sheet.texts(grouped):
        group = row.span(*at.span())
        if group is not None:
            _put(fields, "check_code", printed.digits(group.text)[0], group, _BY_SHAPE)
            return


def _date(sheet: Sheet, fields: dict[str, Value]) -> None:
    shape = printed.day_shape(sheet.is_exact)
    labels = label("开票日期", "填开日期", "填票日期", "开具日期", exact=sheet.is_exact)
    spans = values_of(sheet, labels, shape)
    trust = 1.0
    if not spans:
        spans, trust = values_of(sheet, re.compile(r"日[ \t]*期[ \t]*:?(?!起|止)"), shape), 0.9
    if not spans:
        found = [span for row, at in sheet.texts(re.compile(shape)) if (span := row.span(*at.span()))]
        spans, trust = [span for span in found if "年" in span.text and span.place.middle < 0.4], _BY_SHAPE
        if len({span.text for span in spans}) != 1:
            return
    for span in spans:
        read = printed.day(span.text)
        if read is not None:
            fields["issue_date"] = Value(read[0], span.raw, span.place, span.confidence * trust * read[1])
            return


def levels_of(sheet: Sheet) -> Levels:
    """Where the heading of the table and the total stand."""
    heading = heading_of(sheet)
    row_of_total = _total_row(sheet)
    return Levels(
        sheet.rows[heading[0]].middle if heading else None,
        row_of_total.middle if row_of_total else None,
    )


def _total_row(sheet: Sheet) -> Row | None:
    for row, _ in sheet.texts(_TOTAL_ROW):
        if not columns_of(row):
            return row
    for row, at in sheet.texts(_CAPITALS):
        if capitals.parse(at[0]) is not None:
            return row
    return None


def sums(sheet: Sheet) -> dict[str, Value]:
    """Net, tax, total and the total in capitals; what contradicts the rest is marked as unsure."""
    fields: dict[str, Value] = {}
    _total(sheet, fields)
    _net_and_tax(sheet, fields)
    if "total" not in fields or "net" not in fields:
        _by_arithmetic(sheet, fields)
    return checked(fields)


def _money(row: Row, start: int = 0) -> list[tuple[Span, Decimal, float]]:
    exact = all(word.confidence == 1 for word in row.words)
    found = []
    for at in re.finditer(rf"(?<![\d.,]){printed.money_shape(exact)}", row.text[start:]):
        span, read = row.span(start + at.start(), start + at.end()), printed.money(at[0])
        if span is not None and read is not None:
            found.append((span, *read))
    return found


def _amount(found: tuple[Span, Decimal, float], trust: float = 1.0) -> Value:
    span, amount, sure = found
    return Value(amount, span.raw, span.place, span.confidence * sure * trust)


def _total(sheet: Sheet, fields: dict[str, Value]) -> None:
    for row, at in sheet.texts(_CAPITALS):
        amount = capitals.parse(at[0])
        span = row.span(*at.span())
        if amount is None or span is None or "total_in_capitals" in fields:
            continue
        text = re.sub(r"[ \t]", "", span.raw)
        fields["total_in_capitals"] = Value(text, span.raw, span.place, span.confidence)
    row_of_total = _total_row(sheet)
    rows = [row for row, _ in sheet.texts(_SMALL)]
    for row in [*rows, *([row_of_total] if row_of_total else [])]:
        small = _SMALL.search(row.text)
        found = _money(row, small.end() if small else 0)
        if found and "total" not in fields:
            fields["total"] = _amount(found[0 if small else -1])


def _net_and_tax(sheet: Sheet, fields: dict[str, Value]) -> None:
    """Of the line 合计, or 总计 where pages have sums of their own."""
    heading = heading_of(sheet)
    if heading is None:
        return
    at, columns = heading
    by_name = {column.name: column for column in columns}
    for row in sheet.rows[at + 1 :]:
        if not _SUM_ROW.search(row.text) or _TOTAL_ROW.search(row.text) or _SMALL.search(row.text):
            continue
        found = _money(row)
        if len(found) >= 2 and "tax" in by_name:
            fields["net"], fields["tax"] = _amount(found[-2]), _amount(found[-1])
        elif len(found) == 1 and "tax" in by_name:
            fields["net"] = _amount(found[0])
            blank = re.search(r"\*{1,3}|免税|不征税", row.text)
            span = row.span(*blank.span()) if blank else None
            if span is not None and "total" in fields and fields["total"].value == fields["net"].value:
                fields["tax"] = Value(Decimal("0.00"), span.raw, span.place, span.confidence)


def _by_arithmetic(sheet: Sheet, fields: dict[str, Value]) -> None:
    """Where labels are pictures: the total is the largest amount with ¥, net and tax are two that make it."""
    found = [one for row in sheet.rows for one in _money(row) if "¥" in one[0].text]
    if not found:
        return
    if "total" not in fields:
        largest = max(found, key=lambda one: abs(one[1]))
        said = fields.get("total_in_capitals")
        agrees = said is not None and capitals.parse(str(said.value)) == largest[1]
        fields["total"] = _amount(largest, 0.95 if agrees else _BY_SHAPE)
    total = fields["total"].value
    for one, other in pairwise(found):
        if "net" not in fields and one[1] + other[1] == total and abs(one[1]) >= abs(other[1]):
            fields["net"], fields["tax"] = _amount(one, 0.95), _amount(other, 0.95)


def checked(fields: dict[str, Value]) -> dict[str, Value]:
    """Sums that agree are left as they are; those that nothing supports or something denies are unsure."""
    amounts = {name: fields[name].value for name in ("net", "tax", "total") if name in fields}
    said = fields.get("total_in_capitals")
    in_capitals = capitals.parse(str(said.value)) if said else None
    if "total" not in amounts:
        if said is not None and in_capitals is not None:
            fields["total"] = replace(said, value=in_capitals, confidence=said.confidence * _BY_SHAPE)
        return fields
    capitals_agree = in_capitals is not None and abs(in_capitals) == abs(Decimal(str(amounts["total"])))
    complete = len(amounts) == 3
    adds_up = complete and Decimal(str(amounts["net"])) + Decimal(str(amounts["tax"])) == amounts["total"]
    if not capitals_agree and not adds_up:
        names: tuple[str, ...] = ("net", "tax", "total") if complete else ("total",)
        bound = UNSURE if complete or in_capitals is not None else 1.0
    else:
        names = ("net", "tax") if complete and not adds_up else ()
        bound = UNSURE
    for name in names:
        fields[name] = replace(fields[name], confidence=min(fields[name].confidence, bound))
    net = fields.get("net")
    if net is not None and not complete and net.confidence < 1:
        # Recognised alone, without its tax, it may be the total of a row whose label was mistaken.
        fields["net"] = replace(net, confidence=min(net.confidence, UNSURE))
    if said is not None and not capitals_agree and adds_up:
        fields["total_in_capitals"] = replace(said, confidence=min(said.confidence, UNSURE))
    return fields


def remark_and_drawer(sheet: Sheet, levels: Levels) -> dict[str, Value]:
    """备注 and 开票人."""
    fields: dict[str, Value] = {}
    drawers = values_of(
        sheet, re.compile(r"开[ \t]*票[ \t]*(?:人|员)[ \t]*:?"), r"[^ \t:()][^\t:()]{0,19}", below=False
    )
    for span in drawers:
        text = re.split(r"[ \t]*(?:收[ \t]*款|复[ \t]*核|销[ \t]*售|购[ \t]*买|开[ \t]*票|第\d)", span.raw)[0]
        if text:
            fields["drawer"] = Value(text.strip(), span.raw, span.place, span.confidence)
            break
    remark = _remark(sheet, levels)
    if remark is not None:
        fields["remark"] = remark
    return fields


def _remark(sheet: Sheet, levels: Levels) -> Value | None:
    """The lines right of 备注, between the total and who made the invoice out."""
    beside = [stack.place for stack in sheet.stacks if stack.text == "备注"]
    for row, at in sheet.texts(re.compile(r"备[ \t]*注[ \t]*:?")):
        span = row.span(*at.span())
        if span is not None and (levels.total is None or span.place.middle > levels.total):
            beside.append(span.place)
    if not beside:
        return None
    place = beside[0]
    pieces: list[Span] = []
    for row in sheet.rows:
        if levels.total is not None and row.middle <= levels.total + 0.3 * sheet.line:
            continue
        if levels.total is None and row.middle < place.top - sheet.line:
            continue
        if (
            row.middle > place.top
            and _FOOT.match(row.text.lstrip())
            and re.search(r"开[ \t]*票[ \t]*人", row.text)
        ):
            break
        start, end = row.between(place.right - 0.5 * sheet.em, 1.0)
        piece = row.span(start, end)
        if piece is not None and not re.fullmatch(r"备[ \t]*注[ \t]*:?|\(章\)|销售方:?\(章\)", piece.text):
            pieces.append(piece)
    if not pieces:
        return None
    box = pieces[0].place
    for piece in pieces[1:]:
        box = box.joined(piece.place)
    text = ""
    for number, piece in enumerate(pieces):
        if number:  # a line that reaches the edge goes on in the next
            text += "" if pieces[number - 1].place.right > _EDGE else "\n"
        text += re.sub(r"[ \t]+", " ", piece.raw)
    return Value(text, text, box, min(piece.confidence for piece in pieces))


def red(sheet: Sheet, fields: dict[str, Value]) -> dict[str, Value]:
    """Whether an invoice reverses another one, and which."""
    found: dict[str, Value] = {}
    total = fields.get("total")
    remark = fields.get("remark")
    said = re.sub(r"\s", "", str(remark.value)).replace("：", ":") if remark else ""
    place = remark.place if remark else None
    if total is not None and isinstance(total.value, Decimal) and total.value < 0:
        found["is_red"] = Value(True, total.raw, total.place, total.confidence)
    elif _RED.search(said) or _RED.search(sheet.dense):
        found["is_red"] = Value(True, "", place, _BY_SHAPE)
    sure = min((word.confidence for row in sheet.rows for word in row.words), default=1.0)
    code, number = values.red_reference(said)
    if number is None and found:
        code, number = values.red_reference(_reference(sheet))
    if code is not None:
        found["red_of_code"] = Value(code, code, place, sure)
    if number is not None:
        found["red_of_number"] = Value(number, number, place, sure)
    return found


def _reference(sheet: Sheet) -> str:
    """The lines in which an invoice names the one that it reverses, where 备注 itself was not read."""
    for row, at in sheet.texts(re.compile(r"对应正数发票|被红冲蓝字|被红冲")):
        left = row.lefts[at.start()] - sheet.em
        below = [one for one in sheet.rows if -0.3 * sheet.line < one.middle - row.middle < 4 * sheet.line]
        return "".join(one.said[slice(*one.between(left, 1.0))] for one in below)
    return ""
