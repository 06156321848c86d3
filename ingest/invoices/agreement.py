"""Whether two sources of one invoice say the same of a field."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from decimal import Decimal
from typing import Final

from ingest.invoices import capitals
from ingest.invoices.facts import Plain

_BRACKETS: Final = str.maketrans("[]{}〔〕【】〈〉「」『』“”‘’·•・‧∙", "()()()()()()()\"\"''·····")


def agree(field: str, one: Plain, other: Plain) -> bool:
    """Whether two values of a field are the same to a person: amounts and dates exactly, names without
    regard to space, width and brackets, kinds of invoice by what they are."""
    compare = _COMPARED.get(field)
    if compare is not None:
        return compare(str(one), str(other))
    if isinstance(one, Decimal) and isinstance(other, Decimal):
        return one == other
    return one == other


def plain_name(name: str) -> str:
    """A name as names are compared."""
    folded = unicodedata.normalize("NFKC", name).casefold().translate(_BRACKETS)
    return re.sub(r"[\s,.;:，。；：、*_~]+", "", folded)


def kind_of(name: str) -> str:
    """What a printed kind of invoice is: railway, air, special, ordinary, or the name itself.

    An ordinary invoice has many names: 增值税电子普通发票, 上海增值税普通发票, 电子发票（普通发票），通行费.
    """
    plain = plain_name(name)
    for mark, kind in (
        ("铁路", "railway"),
        ("火车", "railway"),
        ("行程单", "air"),
        ("航空", "air"),
        ("机动车", "vehicle"),
        ("二手车", "used-vehicle"),
        ("专用", "special"),
        ("专票", "special"),
        ("普通", "ordinary"),
        ("普票", "ordinary"),
        ("通行费", "ordinary"),
        ("票据", "fiscal"),
        ("缴款书", "fiscal"),
        ("creditnote", "credit-note"),
        ("invoice", "invoice"),
    ):
        if mark in plain:
            return kind
    return plain


def _kinds(one: str, other: str) -> bool:
    first, second = kind_of(one), kind_of(other)
    return first == second or bool({first, second} & {"电子发票", "发票", "数电票", ""})


def _names(one: str, other: str) -> bool:
    return plain_name(one) == plain_name(other)


def _identifiers(one: str, other: str) -> bool:
    first, second = (
        re.sub(r"[^0-9A-Z]", "", unicodedata.normalize("NFKC", text).upper()) for text in (one, other)
    )
    return first == second


def _remarks(one: str, other: str) -> bool:
    """Pages break remarks into lines and data add to them: one that holds the other says the same."""
    first, second = plain_name(one), plain_name(other)
    return first == second or bool(first and second and (first in second or second in first))


def _amounts_in_capitals(one: str, other: str) -> bool:
    first = capitals.parse(one)
    return _names(one, other) or (first is not None and first == capitals.parse(other))


def _journeys(one: str, other: str) -> bool:
    first, second = (re.sub(r"[→\-—>至站]", "", plain_name(text)) for text in (one, other))
    return first == second


_COMPARED: Final[dict[str, Callable[[str, str], bool]]] = {
    "type": _kinds,
    "code": _identifiers,
    "number": _identifiers,
    "check_code": _identifiers,
    "seller_name": _names,
    "seller_tax_id": _identifiers,
    "buyer_name": _names,
    "buyer_tax_id": _identifiers,
    "total_in_capitals": _amounts_in_capitals,
    "currency": _identifiers,
    "remark": _remarks,
    "drawer": _names,
    "red_of_code": _identifiers,
    "red_of_number": _identifiers,
    "passenger": _names,
    "journey": _journeys,
}
