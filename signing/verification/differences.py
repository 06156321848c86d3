"""How one revision differs from the one before it, in words: which change, where, from what to what.

The rule is a white list. What a program may add when it signs, stamps or archives is known by its place
in the document; every other change of something that the document already used is named and refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

from pyhanko.pdf_utils import generic

from signing.verification.comparing import ACTIVE, Seen, differing
from signing.verification.facts import Change
from signing.verification.finding import Lock, pages
from signing.verification.form_differences import FormDifferences
from signing.verification.objects import raw, references, same
from signing.verification.page_differences import PageDifferences

_REFUSED: Final = {
    "content": "page-content-changed",
    "resources": "page-resources-changed",
    "font": "font-changed",
    "image": "image-changed",
    "page": "page-changed",
    "pages": "pages-changed",
    "annotations": "annotation-changed",
    "appearance": "appearance-changed",
    "value": "signed-value-changed",
    "field": "field-changed",
    "fields": "form-changed",
    "form": "form-changed",
    "form-entry": "form-changed",
    "dss": "validation-data-removed",
    "catalog": "catalog-changed",
    "catalog-entry": "catalog-changed",
}
"""What a change of something in use is called, by the way in which it is used."""


class Comparison(FormDifferences, PageDifferences):
    """Compares revisions in their order, each with the one before it. ``first`` is the first signed one."""

    # one step

    def step(self, locks: Iterable[Lock], docmdp: int | None) -> list[Change]:
        """The changes that the next revision makes; ``docmdp`` is the strictest permission so far."""
        file, old, new = self._file, self._revision, self._revision + 1
        seen = Seen()
        self._compare_trailers(seen, old, new)
        changed = []
        for number in sorted(file.changed[new]):
            before, after = file.value(number, old), file.value(number, new)
            if number in file.containers and file.place(number, old) is not None:
                seen.changes.append(Change("object-stream-replaced", new, False, new=str(number)))
            if before is None and number not in self._labels:
                continue  # new, and nothing that was there leads to it
            if not same(before, after):
                changed.append(number)
        root = file.trailer("/Root", new)
        if changed:
            self._compare_catalog(seen, changed, root, old, new)
        self._revision = new
        for number in changed:
            if number not in seen.explained and number in self._labels:
                seen.changes.append(self._refused(number, old, new))
        self._follow(changed)
        return [self._with_rules(one, list(locks), docmdp) for one in seen.changes]

    def _compare_trailers(self, seen: Seen, old: int, new: int) -> None:
        file = self._file
        for key in ("/Root", "/Encrypt"):
            if not same(file.trailer(key, old), file.trailer(key, new)):
                seen.changes.append(Change("catalog-replaced", new, False, new=key))
        before, after = file.trailer("/Info", old), file.trailer("/Info", new)
        if not same(before, after):
            seen.changes.append(Change("metadata-changed", new, True))

    def _compare_catalog(self, seen: Seen, changed: list[int], root: Any, old: int, new: int) -> None:
        file = self._file
        number = getattr(root, "idnum", -1)
        before, after = file.value(number, old), file.value(number, new)
        form_before, form_after = raw(before, "/AcroForm"), raw(after, "/AcroForm")
        if number in changed:
            seen.explained.add(number)
            for key in differing(before, after):
                self._judge_catalog_key(seen, key, raw(before, key), raw(after, key), old, new)
        self._compare_form(seen, changed, form_before, form_after, old, new)
        self._compare_fields(seen, changed, old, new)
        for one in changed:
            place = self._pages.get(one)
            if place is not None and one not in seen.explained:
                self._compare_page(seen, one, place, old, new)
        self._compare_annotation_lists(seen, changed, old, new)
        for one in changed:
            kinds = self._kinds.get(one, set())
            if one in seen.explained or not kinds:
                continue
            if kinds == {"dss"}:
                seen.explained.add(one)
                self._compare_evidence(seen, one, old, new)
            elif kinds <= {"metadata", "information"}:
                seen.explained.add(one)
                seen.changes.append(Change("metadata-changed", new, True))

    def _judge_catalog_key(self, seen: Seen, key: str, before: Any, after: Any, old: int, new: int) -> None:
        if key == "/AcroForm":
            return
        if key == "/DSS" and after is not None:
            if before is None or self._is_larger(before, after, old, new):
                seen.changes.append(Change("validation-data-added", new, True))
            else:
                seen.changes.append(Change("validation-data-removed", new, False))
        elif key in ("/Extensions", "/Version"):
            return
        elif key == "/Metadata":
            seen.changes.append(Change("metadata-changed", new, True))
        elif key in ACTIVE:
            seen.changes.append(Change("action-added", new, False, new=key))
        else:
            seen.changes.append(Change("catalog-changed", new, False, new=key))

    def _is_larger(self, before: Any, after: Any, old: int, new: int) -> bool:
        """Whether a DSS still has all material that it had (ETSI EN 319 142-1, 5.4.2)."""
        file = self._file
        one, other = file.resolve(before, old), file.resolve(after, new)
        for key in ("/Certs", "/CRLs", "/OCSPs"):
            had = {reference.idnum for reference in references(file.get(one, key, old))}
            has = {reference.idnum for reference in references(file.get(other, key, new))}
            if not had <= has:
                return False
        return True

    def _compare_evidence(self, seen: Seen, number: int, old: int, new: int) -> None:
        before, after = self._file.value(number, old), self._file.value(number, new)
        had = {reference.idnum for reference in references(before)}
        has = {reference.idnum for reference in references(after)}
        is_list = isinstance(before, generic.ArrayObject)
        if (is_list and not had <= has) or isinstance(before, generic.StreamObject):
            seen.changes.append(Change("validation-data-removed", new, False))
        elif not any(change.code == "validation-data-added" for change in seen.changes):
            seen.changes.append(Change("validation-data-added", new, True))

    # the rest

    def _refused(self, number: int, old: int, new: int) -> Change:
        """The words for a change that nothing explains."""
        label = self._labels[number]
        code = _REFUSED.get(label.kind, "object-changed")
        if label.kind == "pages":
            count_before, count_after = len(pages(self._file, old)), len(pages(self._file, new))
            if count_before != count_after:
                code = "page-added" if count_after > count_before else "page-removed"
        is_field = label.kind in ("appearance", "value", "field")
        page, named = label.page, label.name if is_field else None
        if is_field and page is None:
            page = next((one.page for one in self._fields.values() if one.name == named), None)
        entry = label.name if label.kind.endswith("-entry") else None
        return Change(code, new, False, page=page, field=named, new=entry)

    def _with_rules(self, change: Change, locks: list[Lock], docmdp: int | None) -> Change:
        """The permissions of the signatures so far (ISO 32000-1, 12.8.2.2 and 12.8.2.4)."""
        always = ("validation-data-added", "timestamp-added", "metadata-changed")
        if change.allowed is False:
            is_let = docmdp == 3 and change.code == "annotation-added"
            # Level 3 lets people add notes; what may cover the page's content is for a person to look at.
            return replace(change, allowed=True if change.is_note else None) if is_let else change
        if change.code in always:
            return change
        if docmdp == 1:
            return replace(change, allowed=False, code="change-after-final-signature")
        if docmdp is not None and change.is_new_and_seen:
            return replace(change, allowed=False, code="visible-signature-after-certification")
        if change.field is not None and any(lock.covers(change.field) for lock in locks):
            return replace(change, allowed=False, code="locked-field-changed")
        return change
