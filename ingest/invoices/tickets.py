"""Tickets: railway (electronic and blue paper), air itineraries, taxi and toll receipts."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from typing import Final

from ingest.invoices import printed
from ingest.invoices.facts import Value
from ingest.invoices.layout import Row, Sheet, Span, label, values_of

_TRAIN: Final = re.compile(r"(?<![A-Za-z0-9])[GDCZTKYSL]\d{1,4}(?![A-Za-z0-9])|(?<!\d)\d{4}次")
_STATION: Final = re.compile(r"([\u4e00-\u9fff]{1,8}?)[ \t]*站")
_FARE: Final = ("票价", "全价", "实付金额", "退票费", "改签费")
_LEAVING: Final = re.compile(r"\d{1,2}:\d{2}[ \t]*开|开")
_IDENTITY: Final = re.compile(r"\d{6,10}[\dXx*]{4,12}|\d{2,}\*{2,}[\dXx]+|[A-Z]{1,2}\d{2,}\*{2,}\d*")
_NAME_AFTER: Final = re.compile(r"[ \t]*([\u4e00-\u9fff·]{2,15}|[A-Z][A-Z/ ]{2,40})")
_FLIGHT: Final = re.compile(r"(?<![A-Za-z0-9])(?:[A-Z]{2}|[A-Z]\d|\d[A-Z])[ ]?\d{3,4}(?![\d*])")
_LEG: Final = re.compile(
    r"(?:^|[ \t])(自|至)[ \t]*(?:FROM|TO)?[ \t]*:?[ \t]*"
    r"(?:(?:[A-Z]{3})?[ \t]*([\u4e00-\u9fff]{2,12})|(VOID|[A-Z]{3}))"
)
_E_TICKET: Final = r"\d{3}-?\d{10}"
_CURRENCY: Final = r"(?:[A-Z]{2,3}|¥|YQ|CN)?[ \t]*"


def railway(sheet: Sheet) -> dict[str, Value]:
    """A railway ticket: fare, passenger, journey, day of travel; of the paper ones the number too."""
    fields: dict[str, Value] = {}
    fares = values_of(sheet, label(*_FARE), rf"[ \t]*{printed.money_shape(sheet.is_exact)}") or [
        span
        for row, at in sheet.texts(re.compile(rf"¥[ \t]*{printed.money_shape(sheet.is_exact)}"))
        if (span := row.span(*at.span()))
    ]
    _set_amount(fields, "total", fares)
    _journey(sheet, fields)
    _travel_date(sheet, fields)
    _passenger(sheet, fields)
    return fields


def railway_paper_number(sheet: Sheet) -> dict[str, Value]:
    """The red number at the top left of a blue ticket, such as E012345."""
    for row in sheet.rows:
        for token in row.tokens():
            if re.fullmatch(r"[A-Z]{1,2}\d{6,7}", token.text) and token.place.left < 0.5:
                return {"number": Value(token.text, token.raw, token.place, token.confidence * 0.95)}
    return {}


def _set_amount(fields: dict[str, Value], name: str, spans: list[Span], trust: float = 1.0) -> None:
    """The first of the spans, unsure when the others say something else."""
    read = [(span, amount) for span in spans if (amount := printed.money(_bare(span.text)))]
    if not read:
        return
    span, (value, sure) = read[0]
    if len({one[1][0] for one in read}) > 1:
        trust *= 0.6
    fields[name] = Value(value, span.raw, span.place, span.confidence * sure * trust)


def _bare(text: str) -> str:
    return re.sub(r"^[ \t]*(?:[A-Z]{2,3})?[ \t]*", "", text)


def _journey(sheet: Sheet, fields: dict[str, Value]) -> None:
    """The stations left and right of the train's number."""
    for row, at in sheet.texts(_TRAIN):
        start, end = row.span(0, at.start()), row.span(at.end(), len(row.text))
        stations = [_station(part) for part in (start, end)]
        if not all(stations):
            around = [other for other in sheet.rows if abs(other.middle - row.middle) < 2.5 * sheet.line]
            stations = _stations_beside(around, row, at)
        train = row.span(*at.span())
        if train is not None and stations[0] and stations[1]:
            text = f"{stations[0].raw} → {stations[1].raw} {train.text}"
            place = train.place.joined(stations[0].place).joined(stations[1].place)
            sure = min(train.confidence, stations[0].confidence, stations[1].confidence)
            fields["journey"] = Value(text, text, place, sure)
            return


def _station(part: Span | None) -> Span | None:
    """The station that a piece of a row names, without 站."""
    if part is None:
        return None
    found = re.search(r"[\u4e00-\u9fff](?:[ ]?[\u4e00-\u9fff]){0,9}", part.text)
    if found is None:
        return None
    name = re.sub(r"[ \t]", "", found[0])
    return replace(part, text=name, raw=name[:-1] if name.endswith("站") and len(name) > 2 else name)


def _stations_beside(rows: list[Row], train: Row, at: re.Match[str]) -> list[Span | None]:
    here = train.span(*at.span())
    if here is None:
        return [None, None]
    found = [span for row in rows for one in _STATION.finditer(row.text) if (span := row.span(*one.span()))]
    left = [_station(span) for span in found if span.place.right <= here.place.left]
    right = [_station(span) for span in found if span.place.left >= here.place.right]
    return [left[-1] if left else None, right[0] if right else None]


def _travel_date(sheet: Sheet, fields: dict[str, Value]) -> None:
    """The date beside the time of departure."""
    for row, at in sheet.texts(re.compile(printed.day_shape(sheet.is_exact))):
        if not _LEAVING.search(row.text, at.end()):
            continue
        read, span = printed.day(at[0]), row.span(*at.span())
        if read is not None and span is not None:
            fields["travel_date"] = Value(read[0], span.raw, span.place, span.confidence * read[1])
            return


def _passenger(sheet: Sheet, fields: dict[str, Value]) -> None:
    """The name after the identity number, of which some digits are stars."""
    for row, at in sheet.texts(_IDENTITY):
        if "*" not in at[0]:
            continue
        after = _NAME_AFTER.match(row.text, at.end())
        span = row.span(*after.span(1)) if after else None
        if span is not None:
            fields["passenger"] = Value(span.raw, span.raw, span.place, span.confidence)
            return


def air(sheet: Sheet) -> dict[str, Value]:
    """An air itinerary: total, tax, passenger, journey, dates and the ticket's number."""
    fields: dict[str, Value] = {}
    amount = rf"{_CURRENCY}{printed.money_shape(sheet.is_exact)}"
    _set_amount(fields, "total", values_of(sheet, re.compile(r"(?<!税)合[ \t]*计(?:[ \t]*TOTAL)?"), amount))
    _set_amount(fields, "tax", values_of(sheet, label("增值税税额"), amount))
    _consistent(sheet, fields, amount)
    tickets = values_of(sheet, label("电子客票号码", "电子客票号"), _E_TICKET)
    if tickets:
        number = tickets[0].text.replace("-", "")
        fields["ticket"] = Value(number, tickets[0].raw, tickets[0].place, tickets[0].confidence)
    checks = values_of(sheet, label("验证码"), r"\d{4}(?!\d)")
    if checks:
        one = checks[0]
        fields["check_code"] = Value(one.text, one.raw, one.place, one.confidence)
    _named(sheet, fields)
    _legs(sheet, fields)
    dates = values_of(sheet, label("填开日期"), printed.day_shape(sheet.is_exact))
    for span in dates:
        read = printed.day(span.text)
        if read is not None:
            fields["issue_date"] = Value(read[0], span.raw, span.place, span.confidence * read[1])
            break
    return fields


def _consistent(sheet: Sheet, fields: dict[str, Value], amount: str) -> None:
    """The parts of the price make the total, or one of them was misread."""
    total = fields.get("total")
    parts: list[Decimal] = []
    for names in (("票价",), ("燃油附加费",), ("增值税税额",), ("民航发展基金",), ("其他税费",)):
        spans = values_of(sheet, label(*names), amount)
        read = printed.money(_bare(spans[0].text)) if spans else None
        if read is not None:
            parts.append(read[0])
    if total is None or len(parts) < 2 or sum(parts) == total.value:
        return
    fields["total"] = replace(total, confidence=min(total.confidence, 0.7))
    if "tax" in fields:
        fields["tax"] = replace(fields["tax"], confidence=min(fields["tax"].confidence, 0.7))


def _named(sheet: Sheet, fields: dict[str, Value]) -> None:
    names = values_of(
        sheet,
        label("旅客姓名"),
        r"(?:NAME OF PASSENGER)?[ \t]*(?!有效|证件|签注|身份)"
        r"(?:[\u4e00-\u9fff·]{2,15}|[A-Z]{2,30}(?:/[A-Z ]{1,30})?)",
    )
    for span in names:
        text = span.raw.replace("NAME OF PASSENGER", "").strip()
        if text and not text.startswith("有效"):
            fields["passenger"] = Value(text, span.raw, span.place, span.confidence)
            return


def _legs(sheet: Sheet, fields: dict[str, Value]) -> None:
    """The airports after 自 and 至 with the flights between them, and the first day of travel."""
    stops: list[Span] = []
    flights: list[str] = []
    for row, at in sheet.texts(_LEG):
        place = row.span(*at.span(2 if at[2] else 3))
        if place is not None and place.text != "VOID":
            stops.append(place)
        flight = _FLIGHT.search(row.text, at.end())
        if flight is not None:
            flights.append(flight[0].replace(" ", ""))
        read = re.search(printed.day_shape(sheet.is_exact), row.text[at.end() :])
        when = printed.day(read[0]) if read else None
        span = row.span(at.end() + read.start(), at.end() + read.end()) if read else None
        if when is not None and span is not None and "travel_date" not in fields:
            fields["travel_date"] = Value(when[0], span.raw, span.place, span.confidence * when[1])
    if len(stops) < 2:
        return
    names = [re.sub(r"[ \t]|T\d$", "", one.raw) for one in stops]
    ways = [f"{start} → {end}" for start, end in pairwise(names)]
    if len(flights) == len(ways):
        ways = [f"{way} {flight}" for way, flight in zip(ways, flights, strict=True)]
    box = stops[0].place
    for one in stops[1:]:
        box = box.joined(one.place)
    text = "；".join(ways)
    fields["journey"] = Value(text, text, box, min(one.confidence for one in stops))


def ride(sheet: Sheet) -> dict[str, Value]:
    """A taxi or toll receipt: amount and day."""
    fields: dict[str, Value] = {}
    money = rf"(?:{printed.money_shape(sheet.is_exact)}|[¥]?\d{{1,4}}(?=[ ]?元))"
    for names in (("实收金额", "实收"), ("总金额", "总额", "合计金额"), ("金额", "车费", "收费")):
        if "total" not in fields:
            _set_amount(fields, "total", values_of(sheet, label(*names), money))
    if "total" not in fields:
        amounts = [
            span
            for row, at in sheet.texts(re.compile(rf"¥?{money}[ ]?元"))
            if (span := row.span(at.start(), at.end() - 1))
        ]
        _set_amount(fields, "total", amounts, 0.8)
    for labels in (label("乘车日期", "开票日期", "通行日期"), label("日期", "时间")):
        for span in values_of(sheet, labels, printed.day_shape(sheet.is_exact)):
            read = printed.day(span.text)
            if read is not None:
                when = Value(read[0], span.raw, span.place, span.confidence * read[1])
                fields.setdefault("travel_date", when)
                fields.setdefault("issue_date", when)
    return fields


_TRAVELLERS: Final = re.compile(r"出[ \t]*行[ \t]*人")
_TRAVEL: Final = {
    "passenger": re.compile(r"出[ \t]*行[ \t]*人"),
    "identity": re.compile(r"有[ \t]*效[ \t]*身[ \t]*份[ \t]*证[ \t]*件[ \t]*号(?:[ \t]*码)?"),
    "day": re.compile(r"出[ \t]*行[ \t]*日[ \t]*期"),
    "start": re.compile(r"出[ \t]*发[ \t]*地"),
    "end": re.compile(r"到[ \t]*达[ \t]*地"),
    "class": re.compile(r"等[ \t]*级"),
    "vehicle": re.compile(r"交[ \t]*通[ \t]*工[ \t]*具[ \t]*类[ \t]*型"),
}
_AFTER_TRAVEL: Final = re.compile(r"价[ \t]*税[ \t]*合[ \t]*计|备[ \t]*注|开[ \t]*票[ \t]*人")


def passengers(sheet: Sheet) -> dict[str, Value]:
    """Passenger, journey and day of the table of 旅客运输服务 below the goods: those of its first line."""
    for number, row in enumerate(sheet.rows):
        named = {name: at for name, one in _TRAVEL.items() if (at := one.search(row.text))}
        if len(named) >= 5 and _TRAVELLERS.search(row.text):
            columns = {name: (row.lefts[at.start()], row.rights[at.end() - 1]) for name, at in named.items()}
            return _first_traveller(sheet, number, columns)
    return {}


def _first_traveller(sheet: Sheet, heading: int, columns: dict[str, tuple[float, float]]) -> dict[str, Value]:
    """The cells of the first line, wrapped ones whole: a row without a day goes on the one above it."""
    cells: dict[str, list[Span]] = {}
    for row in sheet.rows[heading + 1 :]:
        begins = re.search(printed.day_shape(sheet.is_exact), row.text) is not None
        if _AFTER_TRAVEL.search(row.text) or (begins and "day" in cells):
            break
        for token in row.tokens():
            middle = (token.place.left + token.place.right) / 2
            nearest = min(columns, key=lambda name: abs(sum(columns[name]) / 2 - middle))
            cells.setdefault(nearest, []).append(token)
    fields: dict[str, Value] = {}
    if "passenger" in cells:
        fields["passenger"] = _cell(cells["passenger"])
    day = printed.day("".join(one.text for one in cells.get("day", [])))
    if day is not None:
        fields["travel_date"] = replace(_cell(cells["day"]), value=day[0])
    if "start" in cells and "end" in cells:
        start, end = _cell(cells["start"]), _cell(cells["end"])
        text = f"{start.value} → {end.value}"
        place = start.place.joined(end.place) if start.place and end.place else None
        fields["journey"] = Value(text, text, place, min(start.confidence, end.confidence))
    return fields


def _cell(spans: list[Span]) -> Value:
    place = spans[0].place
    for one in spans[1:]:
        place = place.joined(one.place)
    text = "".join(one.raw for one in spans)
    return Value(text, text, place, min(one.confidence for one in spans))
