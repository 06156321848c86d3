"""Trust: paths to the given roots and revocation, both as of a moment for which there is proof.

Nothing is fetched: what counts is in the file, in the signature, and in the roots that were given. The
rules are those of RFC 5280 (6.1 and 6.3), RFC 6960 (3.2) and EN 319 102-1 (5.2.6 and 5.6.2: what a
trusted time-stamp proves to have been there is judged as of its time).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Final

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier
from pyhanko_certvalidator import CertificateValidator, ValidationContext

from signing.coroutines import finish
from signing.strength import weakness
from signing.verification.facts import Problem
from signing.verification.material import Material, common_name, extension
from signing.verification.revocation import revocation

_DAY: Final = "%Y-%m-%d"
_NOT_FOR_SIGNING: Final = frozenset({ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.OCSP_SIGNING})
_UNDERSTOOD: Final = frozenset(
    ObjectIdentifier(oid)
    for oid in (
        "2.5.29.15", "2.5.29.19", "2.5.29.37", "2.5.29.17", "2.5.29.18", "2.5.29.14", "2.5.29.35",
        "2.5.29.31", "2.5.29.32", "1.3.6.1.5.5.7.1.1", "1.3.6.1.5.5.7.1.3",
    )
)  # fmt: skip
_CONSTRAINED: Final = frozenset(ObjectIdentifier(f"2.5.29.{one}") for one in (30, 33, 36, 54))
"""Name constraints, policy mappings, policy constraints, inhibit any policy: another library's work."""


@dataclass(frozen=True)
class Trust:
    """Whether a certificate leads to a trusted root; ``has_revocation`` when every link was checked."""

    trusted: bool | None
    has_revocation: bool
    problem: Problem | None


def check_trust(
    material: Material,
    certificate: x509.Certificate,
    others: Sequence[x509.Certificate],
    at: datetime,
    *,
    is_tsa: bool = False,
    now: datetime | None = None,
) -> Trust:
    """Check the paths of a certificate as of ``at``, for which there is proof; the best one counts."""
    if not material.roots:
        return Trust(None, False, Problem("no-trust-anchor"))
    unsuitable = _unsuitable_leaf(certificate, is_tsa)
    if unsuitable is not None:
        return Trust(False, False, Problem("certificate-unsuitable", unsuitable))
    outcome: Trust | None = None
    for path in material.paths(certificate, others):
        judged = _judge_path(material, path, at)
        if judged.trusted and judged.has_revocation:
            return judged
        if outcome is None or (judged.trusted and not outcome.trusted):
            outcome = judged
    return outcome or Trust(False, False, Problem("untrusted-issuer"))


def _judge_path(material: Material, path: list[x509.Certificate], at: datetime) -> Trust:
    """A path without its root, whose own fields are not asked (RFC 5280, 6.1.1)."""
    has_all = True
    for depth, one in enumerate(path[:-1]):
        if at < one.not_valid_before_utc:
            return Trust(
                False, False, Problem("certificate-not-yet-valid", f"{one.not_valid_before_utc:{_DAY}}")
            )
        if at > one.not_valid_after_utc:
            return Trust(False, False, Problem("certificate-expired", f"{one.not_valid_after_utc:{_DAY}}"))
        kind = one.signature_hash_algorithm
        weak = weakness(at, [kind.name] if kind is not None else [], one.public_key())
        if weak is not None:
            return Trust(False, False, Problem("certificate-algorithm", f"{common_name(one)}: {weak}"))
        unsuitable = _unsuitable(one, depth)
        if unsuitable is not None:
            return Trust(False, False, Problem("certificate-unsuitable", unsuitable))
    for one, issuer in pairwise(path):
        revoked, is_known = revocation(material, one, issuer, at)
        if revoked is not None:
            return Trust(False, True, Problem("revoked", revoked))
        has_all = has_all and is_known
    if any(held.oid in _CONSTRAINED for one in path[1:-1] for held in one.extensions):
        refusal = _constrained(path, at)
        if refusal is not None:
            return Trust(False, False, Problem("certificate-unsuitable", refusal))
    return Trust(True, has_all, None)


def _unsuitable(one: x509.Certificate, depth: int) -> str | None:
    """Why a certificate cannot stand at its place; ``depth`` authorities and the leaf are below it."""
    for held in one.extensions:
        if held.critical and held.oid not in _UNDERSTOOD | _CONSTRAINED:
            return f"critical extension {held.oid.dotted_string}"
    if depth == 0:
        return None
    basic = extension(one, x509.BasicConstraints)
    if basic is None or not basic.ca:
        return "not an authority"
    if basic.path_length is not None and depth - 1 > basic.path_length:
        return "path length"
    usage = extension(one, x509.KeyUsage)
    return "key usage" if usage is not None and not usage.key_cert_sign else None


def _unsuitable_leaf(one: x509.Certificate, is_tsa: bool) -> str | None:
    extended = extension(one, x509.ExtendedKeyUsage)
    if is_tsa:
        return None if extended is not None and ExtendedKeyUsageOID.TIME_STAMPING in extended else "key usage"
    if extended is not None and set(extended) <= _NOT_FOR_SIGNING:
        return "key usage"
    usage = extension(one, x509.KeyUsage)
    if usage is not None and not (usage.digital_signature or usage.content_commitment):
        return "key usage"
    return None


def _constrained(path: list[x509.Certificate], at: datetime) -> str | None:
    """Paths with constraints on names or policies are walked by the library that knows them all."""
    loaded = [asn1_x509.Certificate.load(one.public_bytes(Encoding.DER)) for one in path]
    context = ValidationContext(
        trust_roots=[loaded[-1]],
        other_certs=loaded[1:-1],
        moment=at,
        allow_fetching=False,
        revocation_mode="soft-fail",
    )
    try:
        finish(
            CertificateValidator(loaded[0], loaded[1:-1], validation_context=context).async_validate_path()
        )
    except Exception as error:
        return str(error)[:160] or type(error).__name__
    return None
