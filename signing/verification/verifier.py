"""Verification of a signed PDF, without trusting anything but the roots that are given."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from asn1crypto import x509
from pyhanko.sign.general import find_unique_cms_attribute
from pyhanko.sign.validation.generic_cms import validate_sig_integrity
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

from signing.pki import SEAL_POLICY
from signing.verification import changes, formats, structure
from signing.verification.chain import (
    Material,
    Stamp,
    check_token,
    check_trust,
    common_name,
    gather,
    signature_stamp,
)
from signing.verification.facts import FileFacts, Kind, Level, Problem, SignatureFacts
from signing.verification.structure import MALFORMED, NotReadable
from signing.verification.verdict import Verdict

_PADES: Final = "/ETSI.CAdES.detached"
_STAMP: Final = "/ETSI.RFC3161"
_DETACHED: Final = "/adbe.pkcs7.detached"


def verify_pdf(pdf: bytes, trust: Sequence[bytes], at: datetime) -> Verdict:
    """Judge every signature, seal and document time-stamp of a file.

    ``trust`` holds root certificates (DER); ``at`` is the moment of the judgement. Never raises for
    what is in the file.
    """
    digest = hashlib.sha256(pdf).hexdigest()
    try:
        found = structure.open_pdf(pdf)
    except NotReadable as error:
        locked = structure.count_locked_in(pdf) if error.code == "encrypted" else 0
        closed = [
            SignatureFacts("", Kind.APPROVAL, problems=[Problem("not-readable-inside")])
            for _ in range(locked)
        ]
        problems = (Problem(error.code, error.detail),)
        return Verdict(digest, FileFacts(tuple(closed), problems, is_readable=False))
    noted = [Problem("signature-unreadable", name) for name in found.unreadable]
    if found.hidden:
        noted.append(Problem("hidden-signature", str(found.hidden)))
    material = gather(found.reader, trust)
    compared = changes.steps(found.reader, found.signatures)
    facts = [_look(pdf, one, material, at) for one in found.signatures]
    for one, signature in zip(facts, found.signatures, strict=True):
        one.changes_after, later = changes.after(signature, compared)
        one.problems += later
    if structure.has_trailing_bytes(pdf, found):
        noted.append(Problem("trailing-bytes"))
    _raise_levels(found, facts, material)
    return Verdict(digest, FileFacts(tuple(facts), tuple(noted), found.hidden))


def _look(pdf: bytes, signature: EmbeddedPdfSignature, material: Material, at: datetime) -> SignatureFacts:
    subfilter = str(signature.sig_object.get("/SubFilter", ""))
    facts = SignatureFacts(signature.fq_name, Kind.TIMESTAMP if subfilter == _STAMP else Kind.APPROVAL)
    facts.coverage = structure.coverage(pdf, signature)
    try:
        covered = _covered_bytes(signature)
        if subfilter == _STAMP:
            if not formats.look_at_national_stamp(signature.pkcs7_content, covered, material, facts):
                _look_at_timestamp(signature, material, facts)
        elif formats.look(signature, covered, material, at, facts):
            pass
        elif isinstance(signature, structure.BareSignature):
            facts.problems.append(Problem("unsupported-format", subfilter[:40]))
        elif subfilter in (_PADES, _DETACHED):
            _look_at_signature(signature, material, at, facts, subfilter)
        else:
            facts.problems.append(Problem("unsupported-format", subfilter[:40]))
    except MALFORMED as error:
        facts.problems.append(Problem("signature-malformed", type(error).__name__))
    except Exception as error:  # the libraries' own errors for broken CMS and certificates
        facts.problems.append(Problem("signature-malformed", type(error).__name__))
    return facts


def _look_at_timestamp(signature: EmbeddedPdfSignature, material: Material, facts: SignatureFacts) -> None:
    covered = _covered_bytes(signature)
    checked = check_token(material, signature.signed_data, covered)
    if isinstance(checked, Problem):
        facts.intact = False
        facts.problems.append(checked)
        return
    facts.intact = True
    facts.signer, facts.timestamped_at = checked.authority, checked.at
    facts.trusted = checked.trust.trusted
    if checked.trust.problem is not None:
        facts.problems.append(checked.trust.problem)


def _covered_bytes(signature: EmbeddedPdfSignature) -> bytes:
    stream = signature.reader.stream
    pieces = []
    for index in (0, 2):
        stream.seek(int(signature.byte_range[index]))
        pieces.append(stream.read(int(signature.byte_range[index + 1])))
    return b"".join(pieces)


def _look_at_signature(
    signature: EmbeddedPdfSignature, material: Material, at: datetime, facts: SignatureFacts, subfilter: str
) -> None:
    certificate = signature.signer_cert
    others = list(signature.other_embedded_certs)
    facts.signer = common_name(certificate)
    facts.kind = _kind(signature, certificate)
    facts.signed_at = _claimed_time(signature)
    digest = hashlib.new(signature.md_algorithm, _covered_bytes(signature)).digest()
    intact, valid = validate_sig_integrity(signature.signer_info, certificate, "data", digest)
    facts.intact = bool(intact and valid)
    if not facts.intact:
        facts.problems.append(Problem("signature-broken"))
        return
    if signature.md_algorithm not in ("sha256", "sha384", "sha512"):
        facts.problems.append(Problem("weak-digest", signature.md_algorithm))
        return
    stamp = signature_stamp(material, signature.signer_info, at)
    moment = at
    if isinstance(stamp, Problem):
        facts.problems.append(stamp)
    elif isinstance(stamp, Stamp):
        facts.timestamped_at = stamp.at
        if stamp.trust.trusted:
            moment = stamp.at
        elif stamp.trust.problem is not None:
            facts.problems.append(Problem("timestamp-untrusted", stamp.authority))
    trust = check_trust(material, certificate, others, moment)
    facts.trusted = trust.trusted
    if trust.problem is not None:
        facts.problems.append(trust.problem)
    if subfilter != _PADES or not _names_certificate(signature):
        facts.problems.append(Problem("not-pades"))
        return
    facts.level = Level.B_B
    if isinstance(stamp, Stamp) and stamp.trust.trusted:
        facts.level = Level.B_T
        if trust.trusted and trust.has_revocation and stamp.trust.has_revocation:
            facts.level = Level.B_LT


def _kind(signature: EmbeddedPdfSignature, certificate: x509.Certificate) -> Kind:
    policies = certificate.certificate_policies_value
    if policies is not None and any(
        policy["policy_identifier"].dotted == SEAL_POLICY.dotted_string for policy in policies
    ):
        return Kind.SEAL
    return Kind.CERTIFICATION if signature.docmdp_level is not None else Kind.APPROVAL


def _claimed_time(signature: EmbeddedPdfSignature) -> datetime | None:
    claimed = signature.self_reported_timestamp
    if claimed is None:
        return None
    return claimed if claimed.tzinfo else claimed.replace(tzinfo=UTC)


def _names_certificate(signature: EmbeddedPdfSignature) -> bool:
    """Whether the signed attributes bind the certificate (ESS signing-certificate-v2, RFC 5035)."""
    attributes = signature.signer_info["signed_attrs"]
    try:
        value: Any = find_unique_cms_attribute(attributes, "signing_certificate_v2")
    except Exception:  # absent or doubled: the library has an error class of its own for each
        return False
    first = value["certs"][0]
    algorithm = first["hash_algorithm"]["algorithm"].native
    return bool(first["cert_hash"].native == hashlib.new(algorithm, signature.signer_cert.dump()).digest())


def _raise_levels(found: structure.Found, facts: list[SignatureFacts], material: Material) -> None:
    """B-LT becomes B-LTA when a later, good document time-stamp covers signature and material."""
    stamps = [
        signature.signed_revision
        for signature, one in zip(found.signatures, facts, strict=True)
        if one.kind is Kind.TIMESTAMP and one.intact and one.trusted
    ]
    for signature, one in zip(found.signatures, facts, strict=True):
        if one.level is Level.B_LT and any(revision > signature.signed_revision for revision in stamps):
            one.level = Level.B_LTA
