"""The lines of an invoice 明细: a table without rules, read by its heading, gaps and arithmetic."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import combinations, pairwise
from typing import Final

from ingest.invoices import printed, values
from ingest.invoices.facts import Line
from ingest.invoices.layout import Row, Sheet, Span
from ingest.words import Place

MOST_LINES: Final = 2_000
_HEADINGS: Final = {
    "other": (
        "序号",
        "车牌号",
        "车辆类型",
        "类型",
        "通行日期起",
        "通行日期止",
        "建筑服务发生地",
        "建筑项目名称",
        "产权证书/不动产权证号",
        "不动产权证号",
        "产权证书",
        "不动产地址",
        "房屋产权证书",
    ),
    "name": (
        "货物或应税劳务、服务名称",
        "货物或应税劳务服务名称",
        "货物或应税劳务名称",
        "货物(劳务)名称",
        "项目名称",
        "服务名称",
        "货物名称",
        "商品名称",
        "品名",
        "项目",
    ),
    "specification": ("规格型号", "规格", "型号"),
    "unit": ("面积单位", "单位"),
    "quantity": ("数量",),
    "price": ("单价(含税)", "单价", "含税单价"),
    "amount": ("金额(含税)", "金额"),
    "rate": ("税率/征收率", "税率/征税率", "征收率", "税率"),
    "tax": ("税额",),
}
"""Of two that overlap the first counts: 建筑项目名称 is no 项目名称."""
_COLUMNS: Final = {
    name: re.compile("|".join(r"[ \t]*".join(map(re.escape, word)) for word in words))
    for name, words in _HEADINGS.items()
}
_NUMBERS: Final = ("quantity", "price", "amount", "tax")
_NUMBER: Final = re.compile(r"[¥$]?-?[¥$]?\d[\d,]*(?:\.\d+)?")
_NOISY_NUMBER: Final = re.compile(r"[¥$Y羊半]?-?[¥$]?[\dOolISB][\dOolISB,]*(?:[.,·][\dOolISB]+)?")
_RATE: Final = re.compile(r"\d{1,2}(?:\.\d+)?%|免税|不征税|(?:普通|出口)?零税率|简易征收|\*{1,3}")
_CENTS: Final = r"-?\d[\d,]*\.\d{2}"
_TOUCHING: Final = re.compile(rf"({_CENTS})({_RATE.pattern})|(\d{{1,2}}%|免税|不征税)({_CENTS})")
"""An amount and a rate without a gap between their columns."""
_END: Final = re.compile(
    r"^[ \t]*(?:合[ \t]*计|总[ \t]*计|价[ \t]*税[ \t]*合[ \t]*计|备[ \t]*注"
    r"|(?:开[ \t]*票|收[ \t]*款)[ \t]*人|复[ \t]*核|[合计总][ \t]*[¥羊])"
)
"""Of 合 计, set far apart, recognition may see one letter only."""
_SUBTOTAL: Final = re.compile(r"^[ \t]*(?:小[ \t]*计|[((]?折扣额合计)")
_BLANK: Final = re.compile(r"\*{1,3}|-{1,3}|/|×")
_FAR: Final = 6.0
"""Ems from its heading, further than which no value belongs to a column."""


@dataclass(frozen=True)
class Column:
    """A column by its heading's sides."""

    name: str
    left: float
    right: float


def _territories(columns: list[Column], rows: list[Row], em: float) -> list[Column]:
    """Columns by where they end, in a strip between two headings that no word of the table enters.

    Without rules to see, this is what tells a name that runs up to the next column from that column's text.
    """
    words = [word.place for row in rows for word in row.words]
    edges = [0.0]
    for one, other in pairwise(columns):
        free = [(one.right, other.left)]
        for place in words:
            free = [
                part
                for start, end in free
                for part in ((start, min(end, place.left)), (max(start, place.right), end))
                if part[1] - part[0] > 1e-4
            ]
        edges.append(_edge(free, one, other, em))
    edges.append(1.0)
    return [Column(one.name, edges[at], edges[at + 1]) for at, one in enumerate(columns)]


def _edge(free: list[tuple[float, float]], one: Column, other: Column, em: float) -> float:
    """The middle of the strip that is the gap between two columns.

    A text has spaces inside, so of several strips the last is meant; but one that reaches the second heading
    may be a space inside a text that begins left of it, and then it must be the widest.
    """
    inner = [part for part in free if part[1] < other.left - 1e-6 and _width(part) > 0.3 * em]
    outer = [part for part in free if part[1] >= other.left - 1e-6]
    chosen = outer[-1:] or inner[-1:] or [(one.right, other.left)]
    if outer and inner and max(map(_width, inner)) >= _width(outer[-1]):
        chosen = inner[-1:]
    return sum(chosen[0]) / 2


def _width(part: tuple[float, float]) -> float:
    return part[1] - part[0]


@dataclass
class _Item:
    """A line while its rows are read."""

    names: list[Span] = field(default_factory=list)
    specifications: list[Span] = field(default_factory=list)
    values: dict[str, str] = field(default_factory=dict)
    place: Place | None = None

    def around(self, spans: Iterable[Span]) -> None:
        for span in spans:
            self.place = span.place if self.place is None else self.place.joined(span.place)


def columns_of(row: Row) -> list[Column]:
    """The columns that a row names, from the left; empty when it is no heading."""
    found: list[tuple[int, int, str]] = []
    for name, pattern in _COLUMNS.items():
        for match in pattern.finditer(row.text):
            if not any(start < match.end() and match.start() < end for start, end, _ in found):
                found.append((*match.span(), name))
    names = {name for _, _, name in found}
    if not ("amount" in names and len(names - {"other"}) >= 3):
        return []
    found.sort()
    return [Column(name, row.lefts[start], row.rights[end - 1]) for start, end, name in found]


def heading_of(sheet: Sheet) -> tuple[int, list[Column]] | None:
    """The number of the heading's row and its columns."""
    for at, row in enumerate(sheet.rows):
        columns = columns_of(row)
        if columns:
            return at, columns
    return None


def lines_of(sheet: Sheet) -> tuple[Line, ...]:
    """The lines of one page; none when the table has no heading."""
    heading = heading_of(sheet)
    if heading is None:
        return ()
    at, columns = heading
    body: list[Row] = []
    for row in sheet.rows[at + 1 :]:
        if _END.match(row.text) or len(body) > MOST_LINES:
            break
        if not _SUBTOTAL.match(row.text):
            body.append(row)
    columns = _territories(columns, body, sheet.em)
    items: list[_Item] = []
    for row in body:
        _take(row, columns, items, sheet)
    return tuple(_line(item) for item in items if "amount" in item.values and item.names)


def _take(row: Row, columns: list[Column], items: list[_Item], sheet: Sheet) -> None:
    """A row as a new line, or as the rest of one."""
    tokens = _tokens(row, columns, sheet)
    given, texts = _valued(tokens, columns, sheet)
    names, others = _texts(texts, columns)
    specifications = others.pop("specification", [])
    is_new = "amount" in given
    begins = bool(names) and names[0].text.startswith("*")
    waiting = items[-1] if items and "amount" not in items[-1].values else None
    if is_new and waiting is not None and not begins:
        item = waiting
    elif is_new or begins or not items:
        if not is_new and not names:
            return
        item = _Item()
        items.append(item)
    else:
        item = items[-1]
    if not is_new:
        _lengthen(item, given)
    item.names += names
    item.specifications += specifications
    if is_new:
        item.values.update(given)
        for name, spans in others.items():
            item.values.setdefault(name, " ".join(span.raw for span in spans))
    item.around([*tokens])


def _lengthen(item: _Item, given: dict[str, str]) -> None:
    """Digits under a long quantity or price are its rest: such numbers are wrapped too."""
    for name in ("quantity", "price"):
        if "." in item.values.get(name, "") and given.get(name, "").isdigit():
            item.values[name] += given[name]


def _tokens(row: Row, columns: list[Column], sheet: Sheet) -> list[Span]:
    """The pieces of a row; those with a small gap between are one when they are text of one column."""
    pieces: list[tuple[int, int]] = []
    for found in re.finditer(r"[^ \t]+", row.text):
        start, end = found.span()
        if pieces and row.text[pieces[-1][1]] == " " and _is_text(row, pieces[-1], (start, end), columns):
            pieces[-1] = (pieces[-1][0], end)
        else:
            pieces.append((start, end))
    spans: list[Span] = []
    for start, end in pieces:
        touching = _TOUCHING.fullmatch(row.text[start:end])
        at = start + len(touching[1] or touching[3]) if touching else end
        for span in (row.span(start, at), row.span(at, end)):
            if span is not None:
                spans.append(span)
    return spans


def _is_text(row: Row, one: tuple[int, int], other: tuple[int, int], columns: list[Column]) -> bool:
    """Whether two pieces are words of one text, such as an English name."""
    texts = (row.text[one[0] : one[1]], row.text[other[0] : other[1]])
    if any(_RATE.fullmatch(text) for text in texts) or texts[1].startswith("*"):
        return False
    first = _column_at((row.lefts[one[0]] + row.rights[one[0]]) / 2, columns)
    second = _column_at((row.lefts[other[0]] + row.rights[other[0]]) / 2, columns)
    return first.name == second.name and first.name not in (*_NUMBERS, "rate")


def _column_at(level: float, columns: list[Column]) -> Column:
    return next((column for column in columns if column.left <= level <= column.right), columns[-1])


def _valued(tokens: list[Span], columns: list[Column], sheet: Sheet) -> tuple[dict[str, str], list[Span]]:
    """The numbers and the rate of a row by column, and the tokens that are text."""
    by_name = {column.name: column for column in columns}
    edge = min((by_name[name].left for name in _NUMBERS if name in by_name), default=1.0)
    number = _NUMBER if sheet.is_exact else _NOISY_NUMBER
    given: dict[str, str] = {}
    numbers: list[Span] = []
    texts: list[Span] = []
    for token in tokens:
        right = token.place.right
        if right > edge and "rate" in by_name and _RATE.fullmatch(token.text):
            column = _nearest(token, [by_name[name] for name in ("rate", "tax", "amount") if name in by_name])
            if column.name == "rate" or not _BLANK.fullmatch(token.text):
                given["rate"] = token.text
        elif right > edge and number.fullmatch(token.text):
            numbers.append(token)
        elif not (right > edge and _BLANK.fullmatch(token.text)):
            texts.append(token)
    present = [by_name[name] for name in _NUMBERS if name in by_name]
    chosen, left_over = _placed(numbers, sorted(present, key=lambda one: one.left), given, sheet)
    return {**given, **chosen}, [*texts, *left_over]


def _nearest(token: Span, columns: list[Column]) -> Column:
    return min(columns, key=lambda column: _distance(token, column))


def _distance(token: Span, column: Column) -> float:
    """How far a token stands from a column: nothing while they overlap, but the nearer middle wins a tie."""
    apart = max(token.place.left - column.right, column.left - token.place.right, 0.0)
    middles = abs(token.place.left + token.place.right - column.left - column.right) / 2
    return apart + 0.1 * middles


def _placed(
    numbers: list[Span], columns: list[Column], known: dict[str, str], sheet: Sheet
) -> tuple[dict[str, str], list[Span]]:
    """Numbers given to columns in their order: by nearness, and by what multiplies to what."""
    left_over: list[Span] = []
    while len(numbers) > len(columns):
        left_over.append(numbers[0])
        numbers = numbers[1:]
    best: tuple[float, dict[str, str]] | None = None
    for some in combinations(columns, len(numbers)):
        distances = [_distance(token, column) for token, column in zip(numbers, some, strict=True)]
        if any(distance > _FAR * sheet.em for distance in distances):
            continue
        given = {column.name: token.text for token, column in zip(numbers, some, strict=True)}
        cost = sum(distances) - 3 * sheet.em * _agreement({**known, **given})
        if best is None or cost < best[0]:
            best = (cost, given)
    if best is None:
        return {}, [*left_over, *numbers]
    return best[1], left_over


def _agreement(given: dict[str, str]) -> int:
    """How many of the two products of a line come out."""
    known = {name: number_of(given[name]) for name in _NUMBERS if name in given}
    quantity, price, amount, tax = (known.get(name) for name in _NUMBERS)
    rate, _ = values.rate(given.get("rate", ""))
    points = 0
    if quantity is not None and price is not None and amount is not None:
        points += abs(quantity * price - amount) <= Decimal("0.02") + abs(amount) / 1000
    if rate is not None and amount is not None and tax is not None:
        points += abs(amount * rate - tax) <= Decimal("0.06")
    return points


def _texts(texts: list[Span], columns: list[Column]) -> tuple[list[Span], dict[str, list[Span]]]:
    """Text of the name column, and of the others by column."""
    names: list[Span] = []
    others: dict[str, list[Span]] = {}
    wordy = [column for column in columns if column.name not in (*_NUMBERS, "rate")]
    for token in texts:
        name = _nearest(token, wordy).name if wordy else "name"
        if name == "name" or token.text.startswith("*"):
            names.append(token)
        else:
            others.setdefault(name, []).append(token)
    return names, others


def _line(item: _Item) -> Line:
    given = item.values
    rate, printed_rate = values.rate(given.get("rate", ""))
    tax = number_of(given.get("tax"))
    if tax is None and rate == 0:
        tax = Decimal("0.00")  # 免税 and 不征税 print stars for it
    return Line(
        name=_text(item.names),
        specification=_text(item.specifications) or None,
        unit=given.get("unit"),
        quantity=number_of(given.get("quantity")),
        unit_price=number_of(given.get("price")),
        amount=number_of(given.get("amount")),
        rate=rate,
        rate_as_printed=printed_rate,
        tax=tax,
        place=item.place,
    )


def _text(spans: list[Span]) -> str:
    """Pieces of a text that was wrapped: with a space between those of Latin letters."""
    said = ""
    for span in spans:
        joint = " " if said and said[-1].isascii() and span.raw[0].isascii() and said[-1].isalnum() else ""
        said += joint + span.raw
    return said


def number_of(text: str | None) -> Decimal | None:
    """A number of a table's cell, with any count of decimals."""
    if text is None:
        return None
    bare = re.sub(r"[¥$Y羊半, ]", "", text)
    whole, _ = printed.digits(bare)
    return Decimal(whole) if re.fullmatch(r"-?\d+(\.\d+)?", whole) else None
