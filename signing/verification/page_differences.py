"""How pages and what is on them differ: content never, annotations only at their list's end."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from pyhanko.pdf_utils import generic

from signing.verification.comparing import ACTIVE, Comparing, Seen, differing, numbers
from signing.verification.facts import Change
from signing.verification.objects import items, raw
from signing.verification.usage import Field, box_of

_NOTES: Final = frozenset({"/Text", "/Popup", "/Highlight", "/Underline", "/StrikeOut", "/Squiggly"})
"""Annotations that hide nothing when they have no appearance of their own."""


class PageDifferences(Comparing):
    """Compares pages and annotations."""

    def _compare_page(self, seen: Seen, number: int, place: int, old: int, new: int) -> None:
        before, after = self._file.value(number, old), self._file.value(number, new)
        seen.explained.add(number)
        if not isinstance(after, generic.DictionaryObject):
            seen.changes.append(Change("page-removed", new, False, page=place))
            return
        for key in differing(before, after) - {"/Annots"}:
            code = {"/Contents": "page-content-changed", "/Resources": "page-resources-changed"}.get(key)
            if key in ACTIVE:
                code = "action-added"
            seen.changes.append(Change(code or "page-changed", new, False, page=place, new=key))
        if "/Annots" in differing(before, after):
            self._compare_annotations(seen, place, raw(before, "/Annots"), raw(after, "/Annots"), old, new)

    def _compare_annotation_lists(self, seen: Seen, changed: list[int], old: int, new: int) -> None:
        for number in changed:
            label = self._labels.get(number)
            if number in seen.explained or label is None or label.kind != "annotations" or label.page is None:
                continue
            value = self._file.value(number, old)
            if self._kinds[number] == {"annotations"} and isinstance(value, generic.ArrayObject):
                seen.explained.add(number)
                self._compare_annotations(seen, label.page, value, self._file.value(number, new), old, new)

    def _compare_annotations(
        self, seen: Seen, place: int, before: Any, after: Any, old: int, new: int
    ) -> None:
        file = self._file
        lists = numbers(before, after)
        seen.explained |= {one for one in lists if self._kinds.get(one, {"annotations"}) == {"annotations"}}
        had, has = items(file.resolve(before, old)), items(file.resolve(after, new))
        for written in self._compare_lists(seen, had, has, "annotation-removed", place, new):
            number = getattr(written, "idnum", None)
            value = file.resolve(written, new)
            known = self._fields.get(number) if number is not None else None
            if known is None or known.kind != "/Sig":
                self._judge_annotation(seen, value, place, new)
                continue
            known.page = place
            self._place_signature(seen, known, box_of(file, value, new), place)

    def _judge_annotation(self, seen: Seen, value: Any, place: int, new: int) -> None:
        kind = str(self._file.get(value, "/Subtype", new) or "")
        is_plain = kind in _NOTES and raw(value, "/AP") is None and raw(value, "/A") is None
        seen.changes.append(Change("annotation-added", new, False, page=place, new=kind, is_note=is_plain))

    def _place_signature(self, seen: Seen, known: Field, box: Any, place: int) -> None:
        for index, change in enumerate(seen.changes):
            if change.field != known.name or change.page is not None:
                continue
            others = self._boxes.get(place, [])
            is_over = box is not None and any(
                _overlap(box, one) for one, name in others if name != known.name
            )
            change = replace(change, page=place)
            if is_over:
                change = replace(change, code="signature-covers-signature", allowed=False)
            seen.changes[index] = change
        if box is not None:
            self._boxes.setdefault(place, []).append((box, known.name))


def _overlap(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
