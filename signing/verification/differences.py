"""How one revision differs from the one before it, in words: which change, where, from what to what.

The rule is a white list. What a program may add when it signs, stamps or archives is known by its place
in the document; every other change of something that the document already used is named and refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Final

from pyhanko.pdf_utils import generic

from signing.verification.facts import Change
from signing.verification.finding import Lock, Signature, pages, text_of
from signing.verification.objects import items, raw, references, same
from signing.verification.usage import Field, Usage, box_of

_FIELD_WHEN_SIGNED: Final = frozenset({"/V", "/AP", "/AS", "/M", "/F", "/Ff", "/MK", "/Q", "/DA"})
_FIELD_WHEN_FILLED: Final = frozenset({"/V", "/AP", "/AS", "/M", "/MK", "/I"})
_NOTES: Final = frozenset({"/Text", "/Popup", "/Highlight", "/Underline", "/StrikeOut", "/Squiggly"})
"""Annotations that hide nothing when they have no appearance of their own."""
_ACTIVE: Final = frozenset({"/OpenAction", "/AA"})


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


@dataclass
class _Seen:
    """What one revision was found to change."""

    changes: list[Change] = field(default_factory=list)
    explained: set[int] = field(default_factory=set)


class Comparison(Usage):
    """Compares revisions in their order, each with the one before it. ``first`` is the first signed one."""

    # one step

    def step(self, locks: Iterable[Lock], docmdp: int | None) -> list[Change]:
        """The changes that the next revision makes; ``docmdp`` is the strictest permission so far."""
        file, old, new = self._file, self._revision, self._revision + 1
        seen = _Seen()
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

    def _compare_trailers(self, seen: _Seen, old: int, new: int) -> None:
        file = self._file
        for key in ("/Root", "/Encrypt"):
            if not same(file.trailer(key, old), file.trailer(key, new)):
                seen.changes.append(Change("catalog-replaced", new, False, new=key))
        before, after = file.trailer("/Info", old), file.trailer("/Info", new)
        if not same(before, after):
            seen.changes.append(Change("metadata-changed", new, True))

    def _compare_catalog(self, seen: _Seen, changed: list[int], root: Any, old: int, new: int) -> None:
        file = self._file
        number = getattr(root, "idnum", -1)
        before, after = file.value(number, old), file.value(number, new)
        form_before, form_after = raw(before, "/AcroForm"), raw(after, "/AcroForm")
        if number in changed:
            seen.explained.add(number)
            for key in _differing(before, after):
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

    def _judge_catalog_key(self, seen: _Seen, key: str, before: Any, after: Any, old: int, new: int) -> None:
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
        elif key in _ACTIVE:
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

    def _compare_evidence(self, seen: _Seen, number: int, old: int, new: int) -> None:
        before, after = self._file.value(number, old), self._file.value(number, new)
        had = {reference.idnum for reference in references(before)}
        has = {reference.idnum for reference in references(after)}
        is_list = isinstance(before, generic.ArrayObject)
        if (is_list and not had <= has) or isinstance(before, generic.StreamObject):
            seen.changes.append(Change("validation-data-removed", new, False))
        elif not any(change.code == "validation-data-added" for change in seen.changes):
            seen.changes.append(Change("validation-data-added", new, True))

    # the form

    def _compare_form(
        self, seen: _Seen, changed: list[int], before: Any, after: Any, old: int, new: int
    ) -> None:
        file = self._file
        one, other = file.resolve(before, old), file.resolve(after, new)
        for written in (before, after):
            number = getattr(written, "idnum", None)
            if number is not None and self._kinds.get(number, {"form"}) == {"form"}:
                seen.explained.add(number)
        for key in _differing(one, other):
            left, right = raw(one, key), raw(other, key)
            if key == "/Fields" or key == "/SigFlags":
                continue
            if key == "/DR" and self._only_adds(left, right, old, new):
                continue
            if key == "/DA" and left is None:
                continue
            seen.changes.append(Change("form-changed", new, False, new=key))
        left, right = raw(one, "/Fields"), raw(other, "/Fields")
        had, has = items(file.resolve(left, old)), items(file.resolve(right, new))
        lists = _numbers(left, right)
        seen.explained |= {
            number for number in lists if self._kinds.get(number, {"fields"}) <= {"fields", "form"}
        }
        self._compare_lists(seen, had, has, "field-removed", None, new)

    def _only_adds(self, before: Any, after: Any, old: int, new: int, depth: int = 0) -> bool:
        if depth > 3:
            return False
        one, other = self._file.resolve(before, old), self._file.resolve(after, new)
        if one is None:
            return True
        if isinstance(one, generic.DictionaryObject) and isinstance(other, generic.DictionaryObject):
            return all(
                same(value, raw(other, key)) or self._only_adds(value, raw(other, key), old, new, depth + 1)
                for key, value in dict.items(one)
            )
        return same(one, other)

    def _compare_lists(
        self, seen: _Seen, had: list[Any], has: list[Any], code: str, page: int | None, new: int
    ) -> list[Any]:
        """What a list has more at its end; the rest must be as it was, in its order."""
        if len(has) < len(had) or not all(same(a, b) for a, b in zip(had, has, strict=False)):
            seen.changes.append(Change(code, new, False, page=page))
            return [one for one in has if not any(same(one, other) for other in had)]
        return has[len(had) :]

    def _compare_fields(self, seen: _Seen, changed: list[int], old: int, new: int) -> None:
        file = self._file
        touched = set(changed)
        fresh = self._fresh_fields(touched, new)
        for number, node in fresh.items():
            self._judge_new_field(seen, number, node, new)
        for number in changed:
            known = self._fields.get(number)
            if known is None:
                continue
            seen.explained.add(number)
            before, after = file.value(number, old), file.value(number, new)
            self._compare_field(seen, number, known, before, after, old, new)
        for number in changed:  # appearances and values that were written anew in their old place
            label = self._labels.get(number)
            if label is not None and label.kind in ("appearance", "value") and number not in seen.explained:
                owner = next((one for one in self._fields.values() if one.name == label.name), None)
                if owner is not None and self._kinds[number] <= {"appearance"} and not owner.is_signed:
                    signed = self._signed_now(owner.name, new)
                    if signed is not None:
                        seen.explained.add(number)

    def _fresh_fields(self, touched: set[int], new: int) -> dict[int, Any]:
        """The fields that a revision brings, by number."""
        file = self._file
        root = file.resolve(file.trailer("/Root", new), new)
        form = file.get(root, "/AcroForm", new)
        fresh: dict[int, Any] = {}
        waiting = [(one, "", None, 0) for one in items(file.get(form, "/Fields", new))]
        while waiting:
            written, prefix, kind, depth = waiting.pop()
            number = getattr(written, "idnum", None)
            is_known = number in self._fields
            if depth > 30 or (is_known and number not in touched) or number in fresh:
                continue
            value = file.resolve(written, new)
            if not isinstance(value, generic.DictionaryObject):
                continue
            own = text_of(file, value, "/T", number)
            name = ".".join(part for part in (prefix, own) if part)
            kind = file.get(value, "/FT", new) or kind
            if number is not None and not is_known:
                fresh[number] = (name, kind, value, bool(own) or depth == 0)
            waiting += [(kid, name, kind, depth + 1) for kid in items(file.get(value, "/Kids", new))]
        return fresh

    def _judge_new_field(self, seen: _Seen, number: int, node: Any, new: int) -> None:
        name, kind, value, has_name = node
        file = self._file
        is_signed = file.get(value, "/V", new) is not None
        self._fields[number] = Field(name, str(kind) if kind else None, is_signed, True)
        if not has_name and kind == "/Sig" and not is_signed and self._signed_now(name, new) is not None:
            return  # the widget of a signature that is judged as a field
        if kind != "/Sig":
            seen.changes.append(Change("field-added", new, False, field=name))
            return
        box = box_of(file, value, new)
        if not is_signed:
            is_seen = box is not None and raw(value, "/AP") is not None
            seen.changes.append(Change("signature-field-added", new, not is_seen, field=name))
            return
        self._add_signature(seen, name, box, new, is_new=True)

    def _add_signature(self, seen: _Seen, name: str, box: Any, new: int, *, is_new: bool) -> None:
        signature = self._signed_now(name, new)
        if signature is None:
            seen.changes.append(Change("field-value-changed", new, False, field=name))
            return
        is_stamp = signature.subfilter == "/ETSI.RFC3161"
        code = "timestamp-added" if is_stamp else "signature-added"
        change = Change(code, new, True, field=name)
        if signature.docmdp_level is not None:
            change = replace(change, code="certification-added-later", allowed=False)
        if is_new and box is not None:
            change = replace(change, is_new_and_seen=True)
        seen.changes.append(change)

    def _signed_now(self, name: str, new: int) -> Signature | None:
        """The signature in a field that covers just this revision."""
        return next((one for one in self._by_end.get(new, ()) if one.fq_name == name), None)

    def _compare_field(
        self, seen: _Seen, number: int, known: Field, before: Any, after: Any, old: int, new: int
    ) -> None:
        file = self._file
        if after is None or not isinstance(after, generic.DictionaryObject):
            seen.changes.append(Change("field-removed", new, False, field=known.name, page=known.page))
            return
        keys = _differing(before, after)
        if keys == {"/Kids"} and known.kind is None:
            self._compare_lists(
                seen,
                items(file.get(before, "/Kids", old)),
                items(file.get(after, "/Kids", new)),
                "field-removed",
                None,
                new,
            )
            return
        if known.kind == "/Sig":
            is_widget = keys <= _FIELD_WHEN_SIGNED - {"/V"} and raw(after, "/T") is None
            if is_widget and not known.is_signed and self._signed_now(known.name, new) is not None:
                return
            is_signing = not known.is_signed and file.get(after, "/V", new) is not None
            if known.is_signed or keys - _FIELD_WHEN_SIGNED or not is_signing:
                code = "signed-field-changed" if known.is_signed else "signature-field-changed"
                seen.changes.append(Change(code, new, False, field=known.name, page=known.page))
                return
            known.is_signed = True
            self._add_signature(seen, known.name, None, new, is_new=False)
            if seen.changes[-1].field == known.name:
                seen.changes[-1] = replace(seen.changes[-1], page=known.page)
            return
        was, now = file.get(before, "/V", old), file.get(after, "/V", new)
        flags = file.get(before, "/Ff", old)
        is_slice = known.kind == "/Tx" and isinstance(flags, int) and bool(flags & 1)
        code = "field-value-changed" if "/V" in keys else "field-changed"
        change = Change(code, new, False, field=known.name, page=known.page, old=_shown(was), new=_shown(now))
        if is_slice and not keys - _FIELD_WHEN_FILLED:
            change = replace(change, code="seal-slice-filled", sealed_by=self._sealer(known.name, new))
            change = replace(change, allowed=None if change.sealed_by is not None else False)
        seen.changes.append(change)

    def _sealer(self, name: str, new: int) -> str | None:
        """The signature of this revision that locks a field by name: only a seal may; judged later."""
        for one in self._by_end.get(new, ()):
            if one.lock is not None and one.lock.action == "/Include" and one.lock.covers(name):
                return one.fq_name
        return None

    # pages

    def _compare_page(self, seen: _Seen, number: int, place: int, old: int, new: int) -> None:
        before, after = self._file.value(number, old), self._file.value(number, new)
        seen.explained.add(number)
        if not isinstance(after, generic.DictionaryObject):
            seen.changes.append(Change("page-removed", new, False, page=place))
            return
        for key in _differing(before, after) - {"/Annots"}:
            code = {"/Contents": "page-content-changed", "/Resources": "page-resources-changed"}.get(key)
            if key in _ACTIVE:
                code = "action-added"
            seen.changes.append(Change(code or "page-changed", new, False, page=place, new=key))
        if "/Annots" in _differing(before, after):
            self._compare_annotations(seen, place, raw(before, "/Annots"), raw(after, "/Annots"), old, new)

    def _compare_annotation_lists(self, seen: _Seen, changed: list[int], old: int, new: int) -> None:
        for number in changed:
            label = self._labels.get(number)
            if number in seen.explained or label is None or label.kind != "annotations" or label.page is None:
                continue
            value = self._file.value(number, old)
            if self._kinds[number] == {"annotations"} and isinstance(value, generic.ArrayObject):
                seen.explained.add(number)
                self._compare_annotations(seen, label.page, value, self._file.value(number, new), old, new)

    def _compare_annotations(
        self, seen: _Seen, place: int, before: Any, after: Any, old: int, new: int
    ) -> None:
        file = self._file
        lists = _numbers(before, after)
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

    def _judge_annotation(self, seen: _Seen, value: Any, place: int, new: int) -> None:
        kind = str(self._file.get(value, "/Subtype", new) or "")
        is_plain = kind in _NOTES and raw(value, "/AP") is None and raw(value, "/A") is None
        seen.changes.append(Change("annotation-added", new, False, page=place, new=kind, is_note=is_plain))

    def _place_signature(self, seen: _Seen, known: Field, box: Any, place: int) -> None:
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


def _differing(one: Any, other: Any) -> set[str]:
    left = one if isinstance(one, generic.DictionaryObject) else {}
    right = other if isinstance(other, generic.DictionaryObject) else {}
    return {
        str(key)
        for key in dict.keys(left) | dict.keys(right)
        if not same(dict.get(left, key), dict.get(right, key))
    }


def _numbers(*written: Any) -> set[int]:
    return {one.idnum for one in written if isinstance(one, generic.IndirectObject)}


def _shown(value: Any) -> str | None:
    return None if value is None else str(value)[:200]


def _overlap(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
