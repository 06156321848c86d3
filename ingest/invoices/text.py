"""Reading an invoice from the words of its pages: what kind it is, and each kind's reader.

Pure: words come in, a reading goes out. The same for a file's own text and for recognised words, whose
confidence goes on to the values. What is not certain is left out or marked as unsure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from ingest.invoices import english_layout, fiscal_layout, tickets, vat_layout, vehicles
from ingest.invoices.facts import Line, Reading, Source, Value
from ingest.invoices.item_table import lines_of
from ingest.invoices.layout import Sheet, sheet_of
from ingest.invoices.party_blocks import parties
from ingest.words import Page, Place, Word

MOST_PAGES: Final = 40
"""That are read as one invoice with its list."""
_TURNED: Final = 0.6
"""Share of words higher than wide, from which on a page lies on its side."""


@dataclass(frozen=True)
class Kind:
    """A kind of invoice by its title: ``name`` is what it is called, ``reader`` which layout it has."""

    name: str
    reader: str


_KINDS: Final = tuple(
    (re.compile(pattern), Kind(name, reader))
    for pattern, name, reader in (
        (r"电子发票\(?铁路电子客票", "电子发票（铁路电子客票）", "railway"),
        (r"电子发票\(?航空运输电子客票行程单", "电子发票（航空运输电子客票行程单）", "air"),
        (r"电子发票\(?增值税专用发票", "电子发票（增值税专用发票）", "digital"),
        (r"电子发票\(?普通发票", "电子发票（普通发票）", "digital"),
        (r"电子发票\(?机动车销售统一发票", "电子发票（机动车销售统一发票）", "vehicle"),
        (r"电子发票\(?二手车销售统一发票", "电子发票（二手车销售统一发票）", "vehicle"),
        (r"航空运输电子客票行程单", "航空运输电子客票行程单", "air"),
        (r"增值税电子专用发票", "增值税电子专用发票", "vat"),
        (r"增值税电子普通发票", "增值税电子普通发票", "vat"),
        (r"增值税普通发票\(?卷票", "增值税普通发票（卷票）", "vat"),
        (r"增值税专用发票", "增值税专用发票", "vat"),
        (r"增值税普通发票", "增值税普通发票", "vat"),
        (r"机动车销售统一发票", "机动车销售统一发票", "vehicle"),
        (r"二手车销售统一发票", "二手车销售统一发票", "vehicle"),
        (r"铁路电子客票", "铁路电子客票", "railway"),
        (r"出租(?:汽)?车.{0,12}发票|出租(?:汽)?车.{0,6}票", "出租汽车发票", "ride"),
        (
            r"(?:车辆)?(?:通行费|过路费|过桥费).{0,12}(?:发票|票据|收据)|(?:发票|票据).{0,12}(?:通行费|过路费)",
            "通行费发票",
            "ride",
        ),
        (fiscal_layout.TITLE.pattern, "财政电子票据", "fiscal"),
        (r"通用\(?电子\)?发票", "通用（电子）发票", "vat"),
        (r"电子普通发票", "电子普通发票", "vat"),
        (r"通用机打.{0,6}发票|机打发票", "通用机打发票", "vat"),
        (r"通用定额发票|定额发票", "通用定额发票", "vat"),
    )
)
_FUZZY_KINDS: Final = (
    (re.compile(r"增值.{1,2}电.{1,2}普.{0,2}发"), Kind("增值税电子普通发票", "vat")),
    (re.compile(r"增.{1,2}专用发.|.值税专.发票"), Kind("增值税专用发票", "vat")),
    (re.compile(r"增.{1,2}普通发.|.值税普.发票"), Kind("增值税普通发票", "vat")),
    (re.compile(r"电.发.?\(?普通发|电子.票\(?普"), Kind("电子发票（普通发票）", "digital")),
    (re.compile(r"电.发.?\(?增值税专|电子.票\(?增"), Kind("电子发票（增值税专用发票）", "digital")),
    (re.compile(r"铁.电子.票"), Kind("电子发票（铁路电子客票）", "railway")),
)
_PAPER_TRAIN: Final = re.compile(
    r"限乘当日当次车|检票.{0,12}站.{0,40}[GDCZTK]\d{1,4}|买票请到12306", re.DOTALL
)
_SIGNS: Final = re.compile(r"发票代码|发票号码|价税合计|纳税人识别号|开票日期|校验码")
_NO_INVOICE: Final = re.compile(
    r"^.{0,24}(?:汇总(?:单|表)|报销(?:审批)?(?:单|表)|申请(?:单|表)|审批(?:单|表)|台账|对账单|结算单|(?<!客票)行程单"
    r"|报销明细|发票(?:清单|明细表?))(?:\(.{1,8}\))?$"
)
"""Titles of papers that name invoices and are none."""
_FIRST_LINES: Final = 4
_LIST: Final = re.compile(r"销售货物或者?提供应税劳务清单|应税货物或劳务清单|销货清单(?!\))")
_LONGEST_TITLE: Final = 34
"""Letters of the line in which a title stands, a code or number beside it included."""
_SURE: Final = 0.9
_TITLE_WORD: Final = re.compile("发票|客票|行程单|票据")
_TITLE: Final = re.compile(
    r"\W{0,2}[\u4e00-\u9fff]{0,8}(?:电子发票\([\u4e00-\u9fff]{4,20}\)|增值税(?:电子)?(?:普通|专用)发票)"
    r"(?:发票(?:号码|代码)\W?\d+)?|[\u4e00-\u9fff]{2,24}票据\(电子\)"
)
_LEAST_INVOICE: Final = 0.2
"""Of a page: the least distance between titles of two invoices."""
_TOTAL_OR_NUMBER: Final = frozenset({"number", "total", "issue_date"})


def read(pages: list[Page], source: Source) -> Reading | None:
    """What the words say of an invoice; None when they are none.

    ``source`` is ``Source.OCR`` for recognised words, else ``Source.TEXT``.
    """
    if not pages or not _is_turned(pages[0]):
        return _read_upright(apart(pages), source)
    found = [
        (len(reading.fields) + len(reading.lines), _turned_back(reading, turns))
        for turns in (1, 3)
        if (reading := _read_upright([_turned(page, turns) for page in pages[:MOST_PAGES]], source))
    ]
    return max(found, key=lambda one: one[0])[1] if found else _read_upright(pages, source)


def other_numbers(pages: list[Page], reading: Reading) -> list[str]:
    """The numbers of further invoices, on later pages or below the first: several are often joined.


    Only what stands at its label and is read surely counts.
    """
    found: list[str] = []
    own = reading.get("number")
    parts = apart(pages)[:MOST_PAGES]
    for number, page in enumerate(parts if len(parts) > 1 else (), start=1):
        sheet = sheet_of(page, number, reading.source)
        kind = _kind_of(sheet)
        if kind is None or kind.reader == "english" or _LIST.search(sheet.dense):
            continue
        fields = fiscal_layout.fields_of(sheet) if kind.reader == "fiscal" else _read_head(kind, sheet)
        value = fields.get("number")
        if value is None or value.confidence < _SURE or value.value in (own, *found):
            continue
        found.append(str(value.value))
    return found


def apart(pages: list[Page]) -> list[Page]:
    """The pages, those on which several invoices stand below each other cut into one part for each."""
    parts: list[Page] = []
    for page in pages[:MOST_PAGES]:
        levels = _cuts(page)
        for above, below in pairwise([-1.0, *levels, 2.0]):
            parts.append(tuple(word for word in page if above <= word.place.middle < below))
    return parts


def _cuts(page: Page) -> list[float]:
    """The levels between invoices: above each further title, where the page is emptiest."""
    levels = [word.place.middle for word in page if _TITLE_WORD.search(word.text[:_LONGEST_TITLE])]
    if not levels or max(levels) - min(levels) < _LEAST_INVOICE:
        return []
    rows = sheet_of(page, 1, Source.OCR).rows
    titles = [at for at, row in enumerate(rows) if _TITLE.fullmatch(re.sub(r"[ \t]", "", row.text))]
    cuts: list[float] = []
    for first, second in pairwise(titles):
        if rows[second].top - rows[first].top < _LEAST_INVOICE:
            continue
        gaps = [
            (rows[at].top - rows[at - 1].bottom, (rows[at].top + rows[at - 1].bottom) / 2)
            for at in range(max(first + 1, second - 2), second + 1)
        ]
        cuts.append(max(gaps)[1])
    return cuts


def _read_upright(pages: list[Page], source: Source) -> Reading | None:
    sheets: list[Sheet] = []
    for number, page in enumerate(pages[:MOST_PAGES], start=1):
        sheet = sheet_of(page, number, source)
        kind = _kind_of(sheet) if not sheets else None
        if kind is not None:
            return _of_kind(kind, sheet, pages[number:MOST_PAGES], source)
        if number >= 3:  # a cover letter or two, no more
            break
    return None


def _kind_of(sheet: Sheet) -> Kind | None:
    """By the title; else by labels that only invoices have together, or by shapes without labels."""
    if any(_NO_INVOICE.match(line) for line in sheet.dense.splitlines()[:_FIRST_LINES]):
        return None
    for pattern, kind in _KINDS if sheet.is_exact else (*_KINDS, *_FUZZY_KINDS):
        titles = [line for line in sheet.dense.splitlines() if pattern.search(line)]
        if titles and _has_signs(sheet, min(map(len, titles))):
            return kind
    if _PAPER_TRAIN.search(sheet.dense) and re.search(r"¥[\d.]+", sheet.dense):
        return Kind("火车票", "paper_train")
    if len(set(_SIGNS.findall(sheet.dense))) >= 3:
        digital = re.search(r"(?<!\d)\d{20}(?!\d)", sheet.dense) and "发票代码" not in sheet.dense
        return Kind("", "digital" if digital else "vat")
    if english_layout.is_invoice(sheet):
        return Kind("Invoice", "english")
    return _kind_by_shape(sheet)


def _has_signs(sheet: Sheet, title: int) -> bool:
    """A contract may speak of 增值税专用发票: an invoice has a number and an amount too, and its labels or a
    short ``title`` (in letters) of its own."""
    has_number = re.search(r"\d{8,20}", sheet.dense) or re.search(r"[A-Z]\d{6}", sheet.dense)
    has_amount = re.search(r"\d[.,·]\d{2}(?!\d)|\d元|[壹贰叁肆伍陆柒捌玖拾佰仟][元圆]", sheet.dense)
    has_labels = len(set(_SIGNS.findall(sheet.dense))) >= 2
    return bool(has_number and has_amount and (has_labels or title <= _LONGEST_TITLE))


def _kind_by_shape(sheet: Sheet) -> Kind | None:
    """An invoice whose labels are drawn: its number, date and three amounts with ¥ stand alone."""
    date = re.search(r"20\d\d年\d\d月\d\d日", sheet.dense)
    amounts = len(re.findall(r"¥-?[\d,]+\.\d{2}", sheet.dense))
    capitals = re.search(r"[壹贰叁肆伍陆柒捌玖拾佰仟万][元圆圓角分]", sheet.dense)
    if not date or amounts < 2:
        return None
    if re.search(rf"(?<!\d){date[0][2:4]}\d{{18}}(?!\d)", sheet.dense):
        return Kind("", "digital")
    return Kind("", "vat") if capitals and re.search(r"(?<!\d)\d{8}(?!\d)", sheet.dense) else None


def _of_kind(kind: Kind, sheet: Sheet, later: list[Page], source: Source) -> Reading | None:
    if kind.reader == "english":
        sheets = [sheet_of(page, at, source) for at, page in enumerate(later, start=sheet.number + 1)]
        fields = english_layout.fields_of(sheet, sheets)
        return Reading(source, fields, origin=f"page {sheet.number}") if fields else None
    if kind.reader == "fiscal":
        return _fiscal(sheet, source)
    fields = _read_head(kind, sheet)
    lines: tuple[Line, ...] = ()
    if kind.reader == "vehicle":
        levels = vat_layout.levels_of(sheet)
        fields = {**fields, **vehicles.fields_of(sheet), **vat_layout.remark_and_drawer(sheet, levels)}
        fields.update(vat_layout.red(sheet, fields))
    if kind.reader in ("vat", "digital"):
        fields, lines = _with_table(kind, sheet, fields, later, source)
    if not _TOTAL_OR_NUMBER & fields.keys():
        return None
    if kind.name:
        fields.setdefault("type", _type_value(kind, sheet))
    fields.setdefault("currency", Value("CNY", "", None, 1.0 if source is not Source.OCR else 0.95))
    return Reading(source, _in_doubt(fields), lines, f"page {sheet.number}")


def _fiscal(sheet: Sheet, source: Source) -> Reading | None:
    fields = fiscal_layout.fields_of(sheet)
    if not _TOTAL_OR_NUMBER & fields.keys():
        return None
    fields.update(vat_layout.remark_and_drawer(sheet, vat_layout.levels_of(sheet)))
    fields.setdefault("currency", Value("CNY", "", None, 1.0 if source is not Source.OCR else 0.95))
    return Reading(source, fields, fiscal_layout.lines_of(sheet), f"page {sheet.number}")


def _read_head(kind: Kind, sheet: Sheet) -> dict[str, Value]:
    """Number, date and what tickets say."""
    is_digital = kind.name.startswith("电子发票") or kind.reader == "digital"
    if kind.reader == "paper_train":
        return {**tickets.railway(sheet), **tickets.railway_paper_number(sheet)}
    fields = vat_layout.head(sheet, is_digital)
    if kind.reader == "railway":
        fields.update(tickets.railway(sheet))
    elif kind.reader == "air":
        said = tickets.air(sheet)
        ticket = said.pop("ticket", None)
        if "number" not in fields and ticket is not None:
            fields["number"] = ticket
        fields = {**fields, **said}
        fields.pop("code", None)
    elif kind.reader == "ride":
        fields = {**tickets.ride(sheet), **fields}
        if "total" not in fields:
            fields.update(vat_layout.sums(sheet))
    if kind.reader in ("railway", "air"):
        known = frozenset(str(value.value) for value in fields.values())
        said = parties(sheet, vat_layout.levels_of(sheet), known)
        tax_id = said.get("buyer_tax_id") or said.pop(
            "seller_tax_id", None
        )  # a ticket names the buyer's only
        if tax_id is not None:
            said["buyer_tax_id"] = tax_id
        fields.update(said)
    return fields


def _with_table(
    kind: Kind, sheet: Sheet, fields: dict[str, Value], later: list[Page], source: Source
) -> tuple[dict[str, Value], tuple[Line, ...]]:
    """Parties, sums, remark and lines, those of the following pages of the same invoice included."""
    levels = vat_layout.levels_of(sheet)
    known = frozenset(str(value.value) for value in fields.values())
    fields = {**fields, **parties(sheet, levels, known), **vat_layout.sums(sheet)}
    fields.update(vat_layout.remark_and_drawer(sheet, levels))
    lines = lines_of(sheet)
    number = fields.get("number")
    for at, page in enumerate(later, start=sheet.number + 1):
        following = sheet_of(page, at, source)
        if not _goes_on(following, number, kind):
            break
        more = lines_of(following)
        lines = more if _LIST.search(following.dense) and len(lines) == 1 else (*lines, *more)
        if _LIST.search(following.dense):
            continue
        sums = vat_layout.sums(following)
        if "total" in sums:
            fields.update(sums)
        for name, value in vat_layout.remark_and_drawer(following, vat_layout.levels_of(following)).items():
            fields.setdefault(name, value)
        for name, value in vat_layout.red(following, fields).items():
            fields.setdefault(name, value)
    fields.update(vat_layout.red(sheet, fields))
    return {**fields, **tickets.passengers(sheet)}, lines


def _goes_on(following: Sheet, number: Value | None, kind: Kind) -> bool:
    """Whether a page belongs to the invoice before it: it repeats its number, or has none and goes on."""
    if number is None:
        return False
    if str(number.value) in following.dense:
        return True
    own = vat_layout.head(following, kind.reader == "digital").get("number")
    return own is None and bool(lines_of(following) or _LIST.search(following.dense))


def _type_value(kind: Kind, sheet: Sheet) -> Value:
    """The type, with the place of its title."""
    bare = re.sub(r"[（）()]", "", kind.name)
    for row in sheet.rows:
        text = re.sub(r"[ \t()]", "", row.text)
        if bare in text or (len(text) > 3 and text in bare):
            span = row.span(0, len(row.text))
            if span is not None:
                return Value(kind.name, span.raw, span.place, span.confidence)
    return Value(kind.name, kind.name, None, 0.9)


def _in_doubt(fields: dict[str, Value]) -> dict[str, Value]:
    """A number of 20 digits begins with the year of its date: where it does not, neither is certain."""
    number, when = fields.get("number"), fields.get("issue_date")
    if number is None or when is None or len(str(number.value)) != 20:
        return fields
    if str(number.value)[:2] == str(when.value)[2:4]:
        return fields
    doubtful = {
        name: replace(fields[name], confidence=min(fields[name].confidence, vat_layout.UNSURE))
        for name in ("number", "issue_date")
    }
    return {**fields, **doubtful}


def _is_turned(page: Page) -> bool:
    """Whether most words of a page run up or down."""
    long = [word for word in page if len(word.text) > 2]
    high = [word for word in long if _height(word) > _width(word)]
    return len(long) >= 8 and len(high) > _TURNED * len(long)


def _height(word: Word) -> float:
    return word.place.bottom - word.place.top


def _width(word: Word) -> float:
    return word.place.right - word.place.left


def _turned(page: Page, turns: int) -> Page:
    return tuple(replace(word, place=_turned_place(word.place, turns)) for word in page)


def _turned_place(place: Place, turns: int) -> Place:
    """A place after a quarter turn clockwise (1) or counter-clockwise (3) of its page."""
    if turns == 1:
        return Place(place.page, 1 - place.bottom, place.left, 1 - place.top, place.right)
    return Place(place.page, place.top, 1 - place.right, place.bottom, 1 - place.left)


def _turned_back(reading: Reading, turns: int) -> Reading:
    def back(place: Place | None) -> Place | None:
        return None if place is None else _turned_place(place, 4 - turns)

    fields = {name: replace(value, place=back(value.place)) for name, value in reading.fields.items()}
    lines = tuple(replace(line, place=back(line.place)) for line in reading.lines)
    return replace(reading, fields=fields, lines=lines)
