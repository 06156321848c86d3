"""Amounts in the capital figures of Chinese finance, read back: 壹仟贰佰元整 → 1200.00.

The other way is ``core.amounts.amount_in_words``.
"""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from typing import Final

_DIGITS: Final = {
    letter: value
    for value, letters in enumerate(
        ("零〇○", "壹弌", "贰貳弍", "叁參叄弎", "肆", "伍", "陆陸", "柒", "捌", "玖")
    )
    for letter in letters
}
"""The forms that cannot be altered by a stroke; plain ones are no capitals: 第一分公司 says no amount."""
_PLACES: Final = {"拾": 10, "佰": 100, "仟": 1000}
_MOST: Final = 60
"""Letters; the longest amount below a myriad of 亿 has fewer than fifty."""
_SHAPE: Final = re.compile(r"(?:(?P<yuan>[^元角分]+)元)?零?(?:(?P<jiao>.)角)?零?(?:(?P<fen>.)分)?")


def parse(text: str) -> Decimal | None:
    """The amount in yuan that a text in capitals says, with two decimals; None where it says none.

    Takes 圆, 圓 and 元, 整 and 正 or neither, 人民币 and the ⊗ before it, 负, （负数） and a minus sign.
    """
    bare = re.sub(r"[\s⊗ⓧⓍ×xX¥￥:：,，.。]", "", unicodedata.normalize("NFKC", text))
    bare = bare.removeprefix("人民币")
    is_negative = False
    marked = re.match(r"\(?负数?\)?|-", bare)
    if marked:
        is_negative, bare = True, bare[marked.end() :].removeprefix("人民币")
    bare = bare.replace("圆", "元").replace("圓", "元").rstrip("整正")
    if not bare or len(bare) > _MOST:
        return None
    found = _SHAPE.fullmatch(bare)
    if found is None:
        return None
    yuan = _whole(found["yuan"]) if found["yuan"] else 0
    jiao = _DIGITS.get(found["jiao"] or "零")
    fen = _DIGITS.get(found["fen"] or "零")
    if yuan is None or jiao is None or fen is None:
        return None
    amount = (Decimal(yuan) + Decimal(jiao * 10 + fen) / 100).quantize(Decimal("0.01"))
    return -amount if is_negative else amount


def _whole(text: str) -> int | None:
    """A number in capitals, or None where places do not fall as they must within a group of four."""
    for unit, size in (("亿億", 10**8), ("万萬", 10**4)):
        at = max(text.rfind(letter) for letter in unit)
        if at >= 0:
            before, after = _whole(text[:at]), _whole(text[at + 1 :]) if text[at + 1 :] else 0
            if not before or after is None or after >= size:
                return None
            return before * size + after
    total, digit, last = 0, None, 10_000
    for letter in text:
        if letter in _PLACES:
            place = _PLACES[letter]
            if place >= last or (digit is None and place != 10) or digit == 0:
                return None
            total, digit, last = total + (digit or 1) * place, None, place
        elif letter in _DIGITS:
            if digit:
                return None
            digit = _DIGITS[letter]
        else:
            return None
    return total + (digit or 0)
