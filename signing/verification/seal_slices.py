"""Slices of a straddle seal: the one kind of form field that may change after a signature.

It may do so exactly once: from empty to filled, in the revision of a seal's signature that locks it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final

from pyhanko.sign.fields import FieldMDPAction
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

from signing.pki import SEAL_POLICY
from signing.verification.structure import MALFORMED

_READ_ONLY: Final = 1
_MOST: Final = 20_000


def filled(
    old: Any, new: Any, changed: Collection[str], made: Sequence[EmbeddedPdfSignature]
) -> frozenset[str]:
    """Of the fields that changed between two states of a file, the slices that were rightly filled.

    ``made`` are the signatures of the revision that changed them. A slice is a read-only text field at
    the top of the form; before, it had no value.
    """
    locked = {name for signature in made for name in _locked_by_seal(signature)} & set(changed)
    if not locked:
        return frozenset()
    before, after = dict(_slices(old)), dict(_slices(new))
    return frozenset(
        name for name in locked if name in before and name in after and not before[name] and after[name]
    )


def _locked_by_seal(signature: EmbeddedPdfSignature) -> list[str]:
    """The fields that a seal's signature locks by name; none where another kind of key signed."""
    try:
        policies = signature.signer_cert.certificate_policies_value
        is_seal = policies is not None and any(
            policy["policy_identifier"].dotted == SEAL_POLICY.dotted_string for policy in policies
        )
        lock = signature.fieldmdp
    except MALFORMED:
        return []
    if not is_seal or lock is None or lock.action is not FieldMDPAction.INCLUDE:
        return []
    return list(lock.fields or ())


def _slices(state: Any) -> Iterator[tuple[str, bool]]:
    """Name of each read-only text field without kids, and whether it has a value."""
    try:
        form = state.root["/AcroForm"]
        for reference in list(form["/Fields"])[:_MOST]:
            field = reference.get_object()
            is_plain = "/FT" in field and field["/FT"] == "/Tx" and "/Kids" not in field and "/T" in field
            if is_plain and "/Ff" in field and int(field["/Ff"]) & _READ_ONLY:
                yield str(field["/T"]), "/V" in field
    except MALFORMED:
        return
