"""Days as people write them: ``2026-01``, ``2026年1月15日``, ``2026-01..``, ``本月``, ``last 30 days``."""

from __future__ import annotations

import calendar
import re
from datetime import date, timedelta
from typing import Final

from search.query import Days

_PLAIN: Final = re.compile(
    r"(?P<year>[12]\d{3})(?:[-/.年](?P<month>\d{1,2})(?:[-/.月](?P<day>\d{1,2})日?|月)?|年)?"
)
_EIGHT: Final = re.compile(r"(?P<year>[12]\d{3})(?P<month>\d{2})(?P<day>\d{2})")
_SPAN: Final = re.compile(r"\.\.+|~|至|到|—+|–")
_LAST: Final = re.compile(
    r"(?:last|past|最近|近|过去)[\s_-]*(?P<count>\d{1,4})[\s_-]*(?P<unit>days?|天|日|weeks?|周|months?|个月|月|years?|年)"
)
_NAMED: Final[dict[str, tuple[str, int]]] = {
    "today": ("day", 0), "今天": ("day", 0), "今日": ("day", 0),
    "yesterday": ("day", -1), "昨天": ("day", -1), "昨日": ("day", -1), "前天": ("day", -2),
    "this week": ("week", 0), "本周": ("week", 0), "这周": ("week", 0),
    "last week": ("week", -1), "上周": ("week", -1),
    "this month": ("month", 0), "本月": ("month", 0), "这个月": ("month", 0),
    "last month": ("month", -1), "上月": ("month", -1), "上个月": ("month", -1),
    "this quarter": ("quarter", 0), "本季度": ("quarter", 0), "last quarter": ("quarter", -1),
    "上季度": ("quarter", -1),
    "this year": ("year", 0), "今年": ("year", 0), "本年": ("year", 0),
    "last year": ("year", -1), "去年": ("year", -1), "前年": ("year", -2),
}  # fmt: skip
_NAMES: Final = "|".join(name.replace(" ", "[ _-]+") for name in sorted(_NAMED, key=len, reverse=True))
_STARTS: Final = re.compile(rf"(?:{_LAST.pattern}|{_NAMES})(?!\w)")


def relative_at(text: str, place: int) -> int:
    """Where the words of a relative date that begins here end, spaces included; ``place`` for none."""
    match = _STARTS.match(text, place)
    return match.end() if match else place


def read_days(text: str, today: date) -> Days | None:
    """The days that a text names; None when it names none.

    ``a..b`` is from the first day of a to the last of b, either side may be missing; ``>a``, ``>=a``,
    ``<a`` and ``<=a`` are what lies after and before. Weeks begin on Monday.
    """
    text = " ".join(text.split()).lower()
    for sign in (">=", "<=", ">", "<"):
        if text.startswith(sign):
            return _compared(sign, read_days(text.removeprefix(sign), today))
    parts = _SPAN.split(text)
    if len(parts) == 2:
        return _spanned(parts[0].strip(), parts[1].strip(), today)
    return _named(text, today) or _plain(text)


def _compared(sign: str, named: Days | None) -> Days | None:
    if named is None or named.first is None or named.last is None:
        return None
    match sign:
        case ">=":
            return Days(first=named.first)
        case "<=":
            return Days(last=named.last)
        case ">":
            return Days(first=_moved(named.last, 1))
    return Days(last=_moved(named.first, -1))


def _spanned(begin: str, end: str, today: date) -> Days | None:
    if not begin and not end:
        return None
    first = (_named(begin, today) or _plain(begin)) if begin else Days()
    last = (_named(end, today) or _plain(end)) if end else Days()
    if first is None or last is None:
        return None
    if first.first is not None and last.last is not None and first.first > last.last:
        first, last = last, first  # the wrong way round: what was meant is plain
    return Days(first.first, last.last)


def _plain(text: str) -> Days | None:
    match = _PLAIN.fullmatch(text) or _EIGHT.fullmatch(text)
    if match is None:
        return None
    year, month, day = (match["year"], match["month"], match["day"])
    try:
        if month is None:
            return Days(date(int(year), 1, 1), date(int(year), 12, 31))
        if day is None:
            return Days(date(int(year), int(month), 1), _end_of_month(int(year), int(month)))
        exact = date(int(year), int(month), int(day))
    except ValueError:
        return None
    return Days(exact, exact)


def _named(text: str, today: date) -> Days | None:
    last = _LAST.fullmatch(text)
    if last is not None:
        return Days(_before(today, int(last["count"]), last["unit"]), today)
    known = _NAMED.get(re.sub(r"[_-]", " ", text))
    if known is None:
        return None
    unit, step = known
    match unit:
        case "day":
            day = _moved(today, step)
            return Days(day, day)
        case "week":
            monday = _moved(today, 7 * step - today.weekday())
            return Days(monday, _moved(monday, 6))
        case "month":
            return _months(today.year, today.month + step, 1)
        case "quarter":
            return _months(today.year, (today.month - 1) // 3 * 3 + 1 + 3 * step, 3)
    return Days(date(today.year + step, 1, 1), date(today.year + step, 12, 31))


def _before(today: date, count: int, unit: str) -> date:
    """``count`` units back; the last 7 days are today and the six before."""
    if unit in ("天", "日") or unit.startswith("day"):
        return _moved(today, 1 - count)
    if unit == "周" or unit.startswith("week"):
        return _moved(today, 1 - 7 * count)
    months = 12 * count if unit == "年" or unit.startswith("year") else count
    index = today.year * 12 + today.month - 1 - months
    if index < 12:
        return date.min
    year, month = divmod(index, 12)
    end = _end_of_month(year, month + 1)
    return _moved(min(end, end.replace(day=min(today.day, end.day))), 1)


def _months(year: int, month: int, count: int) -> Days:
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    last = month + count - 1
    return Days(date(year, month, 1), _end_of_month(year, last))


def _end_of_month(year: int, month: int) -> date:
    return date(year, month, calendar.monthrange(year, month)[1])


def _moved(day: date, days: int) -> date:
    """Another day; the first or last there is, where it would lie beyond them."""
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return date.min if days < 0 else date.max
