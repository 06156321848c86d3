"""The unified social credit code 统一社会信用代码, which is a company's tax id too. Source: GB 32100-2015."""

from __future__ import annotations

import re
from typing import Final

ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""Without I, O, S, V and Z, which look like digits."""
_SHAPE: Final = re.compile(r"[0-9A-HJ-NPQRTUWXY]{2}\d{6}[0-9A-HJ-NPQRTUWXY]{10}")
_OLD: Final = re.compile(r"\d{6}[0-9A-Z]{9}|\d{17}[\dX]?|[0-9A-Z]{20}")
"""Tax ids from before 2015 and of people: region and organisation code (15), identity card (18, or with
a suffix 20), 17 digits."""


def check_digit(body: str) -> str | None:
    """The 18th character for the first 17; None where they cannot be of a code."""
    if len(body) != 17 or any(letter not in ALPHABET for letter in body):
        return None
    weighed = sum(ALPHABET.index(letter) * pow(3, place, 31) for place, letter in enumerate(body))
    return ALPHABET[-weighed % 31]


def is_sound(code: str) -> bool:
    """Whether a code of 18 characters has the right check digit.

    Some early genuine codes have not: a reason to look again, never to refuse.
    """
    return len(code) == 18 and check_digit(code[:17]) == code[17]


def is_tax_id(text: str) -> bool:
    """Whether it has the shape of a Chinese tax id of any age: 15, 17, 18 or 20 characters."""
    return bool(_SHAPE.fullmatch(text) or _OLD.fullmatch(text))


def is_identity_card(text: str) -> bool:
    """Whether it is a person's identity number, whose check digit is of another kind. Source: GB 11643."""
    if not re.fullmatch(r"\d{17}[\dX]", text):
        return False
    weighed = sum(int(digit) * pow(2, 17 - place, 11) for place, digit in enumerate(text[:17]))
    return "10X98765432"[weighed % 11] == text[17]
