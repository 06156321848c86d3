"""What was changed after each signature. Each revision is compared with the one before it, once.

Doing it for each signature anew takes time that grows with the square of their number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pyhanko.sign.diff_analysis import DEFAULT_DIFF_POLICY, ModificationLevel, SuspiciousModification
from pyhanko.sign.fields import MDPPerm
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

from signing.verification import field_values, seal_slices
from signing.verification.facts import Changes, Problem
from signing.verification.structure import MALFORMED


@dataclass(frozen=True)
class Step:
    """How one revision differs from the one before it."""

    changes: Changes
    problem: Problem | None


def steps(reader: Any, signatures: Sequence[EmbeddedPdfSignature]) -> dict[int, Step]:
    """The differences of all revisions after the first signed one, by revision."""
    if not signatures:
        return {}
    first = min(signature.signed_revision for signature in signatures)
    last = reader.xrefs.total_revisions - 1
    found: dict[int, Step] = {}
    for revision in range(first + 1, last + 1):
        earlier = [one for one in signatures if one.signed_revision < revision]
        made = [one for one in signatures if one.signed_revision == revision]
        found[revision] = _compare(reader, revision, _permission(earlier), _field_lock(earlier), made)
    return found


def after(signature: EmbeddedPdfSignature, compared: dict[int, Step]) -> tuple[Changes, list[Problem]]:
    """What came after a signature: the worst of the revisions that follow it."""
    later = [step for revision, step in sorted(compared.items()) if revision > signature.signed_revision]
    if not later:
        return Changes.NONE, []
    problems = list(dict.fromkeys(step.problem for step in later if step.problem))
    for worst in (Changes.FORBIDDEN, Changes.UNKNOWN, Changes.ALLOWED):
        if any(step.changes is worst for step in later):
            return worst, problems
    return Changes.ALLOWED, problems


def _permission(signatures: Sequence[EmbeddedPdfSignature]) -> MDPPerm | None:
    """The strictest DocMDP permission of the signatures so far (ISO 32000-1, 12.8.2.2)."""
    levels: list[MDPPerm] = []
    for signature in signatures:
        try:
            level = signature.docmdp_level
        except MALFORMED:
            level = MDPPerm.NO_CHANGES
        if level is not None:
            levels.append(level)
    return min(levels, key=lambda level: level.value) if levels else None


def _field_lock(signatures: Sequence[EmbeddedPdfSignature]) -> Any:
    for signature in signatures:
        try:
            if signature.fieldmdp is not None:
                return signature.fieldmdp
        except MALFORMED:
            return None
    return None


def _compare(
    reader: Any,
    revision: int,
    permission: MDPPerm | None,
    lock: Any,
    made: Sequence[EmbeddedPdfSignature] = (),
) -> Step:
    try:
        old = reader.get_historical_resolver(revision - 1)
        new = reader.get_historical_resolver(revision)
        result = DEFAULT_DIFF_POLICY.apply(old, new, field_mdp_spec=lock, doc_mdp=permission)
    except SuspiciousModification as error:
        return Step(Changes.FORBIDDEN, Problem("forbidden-change", str(error)[:200]))
    except MALFORMED as error:
        return Step(Changes.UNKNOWN, Problem("changes-unknown", type(error).__name__))
    level = result.modification_level
    if level is ModificationLevel.NONE or level is ModificationLevel.LTA_UPDATES:
        return Step(Changes.ALLOWED, None)
    if permission is MDPPerm.NO_CHANGES:
        return Step(Changes.FORBIDDEN, Problem("change-after-final-signature"))
    if level is ModificationLevel.FORM_FILLING:
        named = set(result.changed_form_fields) - _signature_field_names(new)
        changed = field_values.changed(old, new, named)
        other = sorted(changed - seal_slices.filled(old, new, changed, made))
        if other:
            return Step(Changes.FORBIDDEN, Problem("form-field-changed", ", ".join(other)[:160]))
        return Step(Changes.ALLOWED, None)
    if level is ModificationLevel.ANNOTATIONS and permission is MDPPerm.ANNOTATE:
        return Step(Changes.ALLOWED, None)
    return Step(Changes.FORBIDDEN, Problem("forbidden-change", level.name.lower()))


def _signature_field_names(resolver: Any) -> set[str]:
    names: set[str] = set()
    form = resolver.root["/AcroForm"] if "/AcroForm" in resolver.root else None  # noqa: SIM401
    if form is None or "/Fields" not in form:
        return names
    waiting = [(field, "", None, 0) for field in form["/Fields"]]
    while waiting:
        reference, prefix, kind, depth = waiting.pop()
        field = reference.get_object()
        own = str(field["/T"]) if "/T" in field else ""
        name = ".".join(part for part in (prefix, own) if part)
        kind = field["/FT"] if "/FT" in field else kind  # noqa: SIM401 (get does not resolve)
        if kind == "/Sig":
            names.add(name)
        if "/Kids" in field and depth < 30:
            waiting += [(kid, name, kind, depth + 1) for kid in field["/Kids"]]
    return names
