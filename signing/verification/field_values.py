"""Whether form fields show and hold the same in two states of a file, however often they were named.

pyHanko names every field that it looked at; what counts is what a reader sees and a program reads.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, Final

from pyhanko.pdf_utils import generic

from signing.verification.structure import MALFORMED

_MOST_FIELDS: Final = 20_000
_MOST_OBJECTS: Final = 2_000
_DEEPEST: Final = 30
_TOLD: Final = ("/V", "/AP", "/AS", "/F", "/Rect", "/DV", "/MK", "/DA")
"""Entries of a field or its widget that decide what is seen or read."""


def changed(old: Any, new: Any, names: Collection[str]) -> frozenset[str]:
    """Which of the fields differ in value, looks or place. What cannot be read counts as different."""
    if not names:
        return frozenset()
    before, after = _fields(old), _fields(new)
    return frozenset(name for name in names if name not in before or _differ(before[name], after.get(name)))


def _differ(one: Any, other: Any) -> bool:
    try:
        return other is None or _told(one) != _told(other)
    except MALFORMED:
        return True


def _told(field: Any) -> list[Any]:
    budget = [_MOST_OBJECTS]
    return [(key, _plain(field[key], 0, budget)) for key in _TOLD if key in field]


def _plain(value: Any, depth: int, budget: list[int]) -> Any:
    """A value without references. Raises ValueError where it is larger than is looked at."""
    budget[0] -= 1
    if budget[0] < 0 or depth > _DEEPEST:
        raise ValueError("too large")
    if isinstance(value, generic.IndirectObject):
        value = value.get_object()
    if isinstance(value, generic.StreamObject):
        entries = {key: _plain(value[key], depth + 1, budget) for key in value if key != "/Length"}
        return (entries, bytes(value.data))
    if isinstance(value, generic.DictionaryObject):
        return {key: _plain(value[key], depth + 1, budget) for key in value if key != "/Parent"}
    if isinstance(value, generic.ArrayObject):
        return [_plain(item, depth + 1, budget) for item in value]
    return (type(value).__name__, value if isinstance(value, (int, str, bytes)) else str(value))


def _fields(state: Any) -> dict[str, Any]:
    try:
        return dict(_walk(state.root["/AcroForm"]["/Fields"]))
    except MALFORMED:
        return {}


def _walk(top: Any) -> Iterator[tuple[str, Any]]:
    waiting = [(field, "", 0) for field in top]
    seen = 0
    while waiting and seen < _MOST_FIELDS:
        reference, prefix, depth = waiting.pop()
        seen += 1
        field = reference.get_object()
        own = str(field["/T"]) if "/T" in field else ""
        name = ".".join(part for part in (prefix, own) if part)
        if "/Kids" in field:
            if depth < _DEEPEST:
                waiting += [(kid, name, depth + 1) for kid in field["/Kids"]]
            continue  # widgets of one field share its name: left to the caller as different
        yield name, field
