"""What is printed on invoices, understood: dates, amounts, numbers, tax ids.

Each function takes text as ``layout`` gives it. With recognised text, letters that are confused with digits
are taken for them, and the second value of the answer says how much to trust that.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final

from ingest.invoices import credit_code

_CONFUSED: Final = str.maketrans("OoQDIl|i!ZzSsBGbqg", "000011111225586699")
_SURE, _REPAIRED = 1.0, 0.8
CAPITALS: Final = "零〇壹贰貳弍叁參叄肆伍陆陸柒捌玖拾佰仟万萬亿億元圆圓角分整正负"
_CAPITAL: Final = rf"[ \t]*[{CAPITALS}]"
CAPITALS_SHAPE: Final = rf"(?:\(负数\)[ \t]*)?[{CAPITALS}](?:{_CAPITAL})*[ \t]*[元圆圓角分](?:{_CAPITAL})*"
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def digit_class(exact: bool) -> str:
    """A pattern of one digit; recognised ones may look like letters."""
    return r"\d" if exact else r"[\dOoQDIl|iZzSsBbgq]"


def money_shape(exact: bool) -> str:
    """A pattern of an amount with two decimals, with or without sign, currency sign and thousands."""
    digit = digit_class(exact)
    point = r"\." if exact else r"[.,:·]"
    sign = rf"(?:-[ ]?)?(?:[¥$€£{'' if exact else 'Y羊半'}][ \t]*)?(?:-[ ]?)?"
    return rf"{sign}{digit}(?:,?{digit})*{point}{digit}{{1,2}}(?!{digit}|%)"


def digits(text: str) -> tuple[str, float]:
    """A number without the space in it."""
    bare = re.sub(r"[ \t]", "", text)
    repaired = bare.translate(_CONFUSED)
    return repaired, _SURE if repaired == bare else _REPAIRED


def money(text: str) -> tuple[Decimal, float] | None:
    """An amount, or None where it is none. A comma where the point should be is taken for one."""
    bare = re.sub(r"[ \t¥$€£Y羊半元]", "", text)
    is_negative = bare.startswith("-")
    repaired = bare.lstrip("-").translate(_CONFUSED)
    trust = _SURE if repaired == bare.lstrip("-") else _REPAIRED
    found = re.fullmatch(r"(\d[\d,.]*?)(?:([.,:·])(\d{1,2}))?", repaired)
    if found is None:
        return None
    whole, point, part = found[1], found[2], found[3]
    if not re.fullmatch(r"\d+|\d{1,3}(,\d{3})+", whole):
        whole, trust = re.sub(r"[,.]", "", whole), trust * 0.6
    if part is not None and point != ".":
        trust *= _REPAIRED
    try:
        amount = Decimal(re.sub(r"[,.]", "", whole) + (f".{part}" if part else ""))
    except InvalidOperation:
        return None
    return (-amount if is_negative else amount), trust


def day(text: str) -> tuple[date, float] | None:
    """A date as invoices print it: 2025年01月05日, 2025-01-05, 20250105; None where it is none."""
    bare = re.sub(r"[ \t]+", " ", text.strip())
    repaired = bare.translate(_CONFUSED)
    trust = _SURE if repaired == bare else _REPAIRED
    found = re.match(r"(\d{4}) ?[年\-/. ] ?(\d{1,2}) ?[月\-/. ] ?(\d{1,2})(?!\d)", repaired) or re.fullmatch(
        r"(\d{4})(\d{2})(\d{2})", repaired.replace(" ", "")
    )
    if found is None:
        return None
    try:
        when = date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        return None
    return (when, trust) if 1990 <= when.year <= 2099 else None


def day_shape(exact: bool) -> str:
    """A pattern of a date with 年月日 or separators, or of eight digits."""
    digit = digit_class(exact)
    year = rf"[12]{digit}{{3}}" if exact else rf"[12lIZz]{digit}{{3}}"
    return (
        rf"(?:{year}[ \t]*(?:[年\-/.]|[ \t])[ \t]*{digit}{{1,2}}[ \t]*(?:[月\-/.]|[ \t])[ \t]*{digit}{{1,2}}"
        rf"(?!{digit})(?:[ \t]*日)?|20\d{{6}}(?!{digit}))"
    )


def english_day(text: str) -> date | None:
    """A date in English, or of numbers whose order is certain; None for 03/04/2025."""
    bare = re.sub(r"[ \t]+", " ", text.strip().lower().replace(",", " ").replace(".", " "))
    named = re.fullmatch(r"(\d{1,2})(?:st|nd|rd|th)?[ \-/]*([a-z]{3,9})[ \-/]*(\d{4})", bare)
    if named:
        return _date(named[3], _month(named[2]), named[1])
    named = re.fullmatch(r"([a-z]{3,9})[ \-/]*(\d{1,2})(?:st|nd|rd|th)?[ \-/]+(\d{4})", bare)
    if named:
        return _date(named[3], _month(named[1]), named[2])
    plain = re.fullmatch(r"(\d{4})[\-/ ](\d{1,2})[\-/ ](\d{1,2})", bare)
    if plain:
        return _date(plain[1], int(plain[2]), plain[3])
    plain = re.fullmatch(r"(\d{1,2})[\-/ ](\d{1,2})[\-/ ](\d{4})", bare)
    if plain is None:
        return None
    first, second = int(plain[1]), int(plain[2])
    if first > 12 or first == second:
        return _date(plain[3], second, plain[1])
    return _date(plain[3], first, plain[2]) if second > 12 else None


def _month(name: str) -> int:
    return _MONTHS.index(name[:3]) + 1 if name[:3] in _MONTHS else 0


def _date(year: str, month: int, number: str) -> date | None:
    try:
        return date(int(year), month, int(number))
    except ValueError:
        return None


def tax_id(text: str, exact: bool) -> tuple[str, float] | None:
    """A taxpayer number: 15 to 20 letters and digits, mostly the credit code of 18.

    Recognised ones are repaired to the alphabet of GB 32100, which knows no I, O, S, V and Z; a code
    of 18 whose check digit then is wrong is not to be trusted.
    """
    bare = re.sub(r"[ \t]", "", text)
    code = bare.upper()
    if not re.fullmatch(r"[0-9A-Z]{15,20}", code):
        return None
    if exact:
        return code, _SURE
    repaired = code.translate(str.maketrans("OISZV", "0152U"))
    trust = _SURE if repaired == bare else _REPAIRED
    if len(repaired) == 18:
        return repaired, trust if credit_code.is_sound(repaired) else trust * 0.7
    return repaired, trust * 0.85
