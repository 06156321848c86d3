"""What stands in a data field, understood: amounts, dates, rates, names; and the fields of a reading.

For data that programs wrote. What is printed or recognised is understood by ``printed``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Final

from ingest.invoices.facts import Plain, Value

CENT: Final = Decimal("0.01")
MOST_SPECIFICATION: Final = 200
MOST_UNIT: Final = 40
MOST_TAX_CLASS: Final = 40
"""Letters of the texts of a line."""
LONGEST: Final = {
    "type": 100,
    "code": 20,
    "number": 40,
    "check_code": 40,
    "seller_name": 200,
    "seller_tax_id": 30,
    "buyer_name": 200,
    "buyer_tax_id": 30,
    "currency": 3,
    "red_of_code": 20,
    "red_of_number": 40,
    "journey": 300,
    "passenger": 100,
    "drawer": 100,
    "total_in_capitals": 100,
    "remark": 2000,
}
"""Letters of each text field: what is longer is cut when it is a name or a remark, else not taken."""
_IDENTIFIERS: Final = frozenset(
    {
        "code",
        "number",
        "check_code",
        "seller_tax_id",
        "buyer_tax_id",
        "currency",
        "red_of_code",
        "red_of_number",
    }
)
_NOTHING: Final = frozenset({"", "-", "--", "/", "null", "none", "nil", "nan", "无", "***", "****"})
_DAY: Final = re.compile(r"(\d{4})[年\-/.](\d{1,2})[月\-/.](\d{1,2})(?!\d)|(\d{4})(\d{2})(\d{2})(?!\d{1,5}$)")
_RED_DIGITAL: Final = re.compile(r"被红冲蓝字.{0,12}?号码\D{0,3}(\d{20}|\d{8})(?!\d)")
_RED_OLD: Final = re.compile(r"对应正数发票代码\D{0,3}(\d{10,12})\D{0,4}号码\D{0,3}(\d{8})(?!\d)")


def text(raw: str, most: int = 10_000) -> str | None:
    """Text without line breaks and space around it, cut after ``most``; None where nothing is said."""
    plain = re.sub(r"\s+", " ", "".join(_visible(letter) for letter in raw)).strip()
    return None if plain.lower() in _NOTHING else plain[:most]


def _visible(letter: str) -> str:
    return letter if letter in "\t\n\r" or unicodedata.category(letter) not in ("Cc", "Cf", "Cs") else ""


def bare(raw: str) -> str:
    """An identifier without space, in narrow letters."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", raw))


def amount(raw: str) -> Decimal | None:
    """A finite number below a thousand 亿, currency signs and thousands taken off; else None."""
    plain = re.sub(r"[\s,¥￥元圆$€£]|CNY|RMB|EUR|USD", "", unicodedata.normalize("NFKC", raw))
    plain = plain.replace("−", "-").replace("—", "-")
    if not re.fullmatch(r"[+-]?(\d{1,14}(\.\d{0,16})?|\.\d{1,16})([eE][+-]?\d{1,2})?", plain):
        return None
    try:
        number = Decimal(plain)
    except InvalidOperation:
        return None
    if abs(number) >= 10**12:
        return None
    return Decimal(format(number, "f")) + 0  # no exponents, no negative zero


def money(raw: str) -> Decimal | None:
    """An amount of money, with two decimals."""
    number = amount(raw)
    return None if number is None else number.quantize(CENT, ROUND_HALF_UP) + 0


def day(raw: str) -> date | None:
    """A date, with or without a time behind it; None where it is none."""
    plain = re.sub(r"\s*([年月日\-/.])\s*", r"\1", unicodedata.normalize("NFKC", raw).strip())
    found = _DAY.match(plain)
    if found is None:
        return None
    year, month, number = (int(part) for part in found.groups() if part is not None)
    try:
        return date(year, month, number)
    except ValueError:
        return None


def rate(raw: str) -> tuple[Decimal | None, str | None]:
    """A tax rate as a fraction, and as invoices print it: 0.13 and 13% are (0.13, 13%), 免税 is (0, 免税)."""
    plain = unicodedata.normalize("NFKC", raw).strip()
    if not plain:
        return None, None
    if re.search(r"免税|不征税|零税率", plain):
        return Decimal(0), plain[:20]
    number = amount(plain.rstrip("%"))
    if number is None:
        return None, plain[:20]
    if plain.endswith("%") or abs(number) >= 1:
        number /= 100
    return number, f"{format((number * 100).normalize(), 'f')}%"


def pick(said: Mapping[str, str], *names: str) -> str:
    """What stands under the first of the names that says anything; else empty."""
    return next((said[name] for name in names if said.get(name)), "")


def red_reference(remark: str) -> tuple[str | None, str | None]:
    """Code and number of the invoice that a red one takes back, as its remark must say.

    Source: 国家税务总局公告 2016 年第 47 号 (older kinds) and 2024 年第 11 号 (数电票).
    """
    plain = re.sub(r"\s", "", unicodedata.normalize("NFKC", remark))
    old = _RED_OLD.search(plain)
    if old:
        return old[1], old[2]
    digital = _RED_DIGITAL.search(plain)
    return (None, digital[1]) if digital else (None, None)


class Fields(dict[str, Value]):
    """Fields of a reading while they are found. What cannot be understood is left out."""

    def put(self, name: str, value: Plain | None, raw: str, confidence: float = 1.0) -> None:
        """Take a value unless it is None or the field has one."""
        if value is not None and name not in self:
            self[name] = Value(value, raw[:200], None, confidence)

    def text(self, name: str, raw: str, confidence: float = 1.0) -> None:
        """Take text, or an identifier without the space in it."""
        said = bare(raw) if name in _IDENTIFIERS else text(raw)
        if not said or said.lower() in _NOTHING:
            return
        if len(said) > LONGEST[name]:
            if name in _IDENTIFIERS:
                return
            said = said[: LONGEST[name]]
        if name.endswith("tax_id"):
            said = said.upper()
        self.put(name, said, raw, confidence)

    def money(self, name: str, raw: str, confidence: float = 1.0) -> None:
        """Take an amount."""
        self.put(name, money(raw), raw, confidence)

    def day(self, name: str, raw: str, confidence: float = 1.0) -> None:
        """Take a date."""
        self.put(name, day(raw), raw, confidence)

    def red(self, is_red: bool | None, raw: str, code: str = "", number: str = "") -> None:
        """Take whether it is red; what a red one takes back from its own fields, else from the remark."""
        total = self.get("total")
        if is_red is None and total is not None and isinstance(total.value, Decimal) and total.value < 0:
            is_red, raw = True, total.raw
        self.put("is_red", is_red if is_red is not None else False if total is not None else None, raw)
        if not is_red:
            return
        self.text("red_of_code", code)
        self.text("red_of_number", number)
        remark = self.get("remark")
        said = red_reference(str(remark.value)) if remark else (None, None)
        if "red_of_number" not in self:
            self.put("red_of_code", said[0], str(remark.value) if remark else "")
            self.put("red_of_number", said[1], str(remark.value) if remark else "")
