"""Amounts in the capital figures of Chinese finance."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

_DIGITS: Final = "零壹贰叁肆伍陆柒捌玖"


def amount_in_words(amount: Decimal) -> str:
    """An amount in the capital figures of Chinese finance, such as 壹仟贰佰元整.

    Source: 正确填写票据和结算凭证的基本规定: one 零 for a run of zeros, 整 when there is no fen. A negative
    one begins with （负数）, as red invoices print it. Fractions of a fen are cut off.
    """
    if amount < 0:
        return "（负数）" + amount_in_words(-amount)
    total = int(amount * 100)
    yuan, jiao, fen = total // 100, total // 10 % 10, total % 10
    words = _whole(yuan)
    if not jiao and not fen:
        return (words or "零元") + "整"
    if jiao:
        words += _DIGITS[jiao] + "角"
    elif words:
        words += "零"
    return words + (_DIGITS[fen] + "分" if fen else "整")


def _whole(yuan: int) -> str:
    if yuan >= 10**12:  # 亿 of 亿 are said as 万亿: what stands before the last 亿 is a number of its own
        before, rest = divmod(yuan, 10**8)
        after = _whole(rest)
        gap = "零" if after and rest < 10**7 else ""
        return _whole(before).removesuffix("元") + "亿" + gap + (after or "元")
    words, is_gap = "", False
    text = str(yuan)
    for position, digit in zip(range(len(text) - 1, -1, -1), map(int, text), strict=True):
        if digit:
            words += ("零" if is_gap else "") + _DIGITS[digit] + ("", "拾", "佰", "仟")[position % 4]
            is_gap = False
        else:
            is_gap = bool(words)
        if position == 4 and yuan // 10_000 % 10_000:
            words += "万"
        elif position == 8:
            words += "亿"
    return words + "元" if words else ""
