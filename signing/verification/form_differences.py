"""How the form and its fields differ: what signing adds is known, every other change is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from pyhanko.pdf_utils import generic

from signing.verification.comparing import Comparing, Seen, differing, numbers
from signing.verification.facts import Change
from signing.verification.finding import Signature, text_of
from signing.verification.objects import items, raw, same
from signing.verification.usage import Field, box_of

_FIELD_WHEN_SIGNED: Final = frozenset({"/V", "/AP", "/AS", "/M", "/F", "/Ff", "/MK", "/Q", "/DA"})
_FIELD_WHEN_FILLED: Final = frozenset({"/V", "/AP", "/AS", "/M", "/MK", "/I"})


class FormDifferences(Comparing):
    """Compares form and fields."""

    def _compare_form(
        self, seen: Seen, changed: list[int], before: Any, after: Any, old: int, new: int
    ) -> None:
        file = self._file
        one, other = file.resolve(before, old), file.resolve(after, new)
        for written in (before, after):
            number = getattr(written, "idnum", None)
            if number is not None and self._kinds.get(number, {"form"}) == {"form"}:
                seen.explained.add(number)
        for key in differing(one, other):
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
        lists = numbers(left, right)
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

    def _compare_fields(self, seen: Seen, changed: list[int], old: int, new: int) -> None:
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

    def _judge_new_field(self, seen: Seen, number: int, node: Any, new: int) -> None:
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

    def _add_signature(self, seen: Seen, name: str, box: Any, new: int, *, is_new: bool) -> None:
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
        self, seen: Seen, number: int, known: Field, before: Any, after: Any, old: int, new: int
    ) -> None:
        file = self._file
        if after is None or not isinstance(after, generic.DictionaryObject):
            seen.changes.append(Change("field-removed", new, False, field=known.name, page=known.page))
            return
        keys = differing(before, after)
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


def _shown(value: Any) -> str | None:
    return None if value is None else str(value)[:200]
