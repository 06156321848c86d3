"""Signatures in PDFs that are not PAdES: PKCS#1, PKCS#7 over a digest, national signed data, seals.

Genuine Chinese invoices carry all of them. Formats that are not here are *unsupported*, never *unsigned*.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from asn1crypto import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key
from pyhanko.pdf_utils.generic import parse_pdf_date
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

from signing.national import cms, ses
from signing.national.certificates import load_all
from signing.national.der import DerBroken, read
from signing.verification.chain import Material, check_trust, common_name
from signing.verification.facts import Kind, SignatureFacts
from signing.verification.judging import Judge, note, note_weak
from signing.verification.structure import MALFORMED

PKCS1: Final = "/adbe.x509.rsa_sha1"
PKCS7_SHA1: Final = "/adbe.pkcs7.sha1"
_NATIONAL: Final = bytes.fromhex("2a811ccf55")
"""How every OID below 1.2.156.10197 begins in DER."""
_HASHES: Final = {
    "sha1": hashes.SHA1(),  # noqa: S303 (what old signatures say; it is flagged)
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}


def look(
    signature: EmbeddedPdfSignature,
    covered: bytes,
    material: Material,
    at: datetime,
    facts: SignatureFacts,
) -> bool:
    """Judge a signature of one of these formats; False when it is none of them and facts are as before."""
    subfilter = str(signature.sig_object.get("/SubFilter", ""))
    contents = bytes(signature.pkcs7_content)
    if subfilter == PKCS1:
        facts.signed_at = claimed_time(signature)
        _look_at_pkcs1(signature, contents, covered, material, at, facts)
        return True
    if subfilter != PKCS7_SHA1 and _NATIONAL not in contents:
        return False
    facts.signed_at = claimed_time(signature)
    judge = Judge(load_all(one.dump() for one in material.roots), at)
    try:
        weak = judge.seal(facts, ses.parse_signature(contents), covered)
    except ses.SesBroken:
        try:
            signed = cms.parse(contents)
        except DerBroken:
            return False
        facts.kind = Kind.CERTIFICATION if signature.docmdp_level is not None else Kind.APPROVAL
        weak = judge.signed_data(facts, signed, covered)
    note_weak(facts, weak)
    if facts.intact:
        note(facts, "not-pades")
    return True


def look_at_national_stamp(
    contents: bytes, covered: bytes, material: Material, facts: SignatureFacts
) -> bool:
    """A document time-stamp with national algorithms; False when it has none."""
    if _NATIONAL not in contents:
        return False
    roots = load_all(one.dump() for one in material.roots)
    stamp = cms.check_stamp(contents, [covered], [], roots)
    if isinstance(stamp, cms.BadStamp):
        facts.intact = False
        note(facts, stamp.code, stamp.detail)
        return True
    facts.intact, facts.signer, facts.timestamped_at = True, stamp.authority, stamp.at
    facts.trusted = stamp.trusted
    if stamp.code is not None:
        note(facts, stamp.code)
    return True


def _look_at_pkcs1(
    signature: EmbeddedPdfSignature,
    contents: bytes,
    covered: bytes,
    material: Material,
    at: datetime,
    facts: SignatureFacts,
) -> None:
    """``/Contents`` is a PKCS#1 signature in an OCTET STRING, ``/Cert`` the chain (ISO 32000-1, 12.8.3.2)."""
    certificates = _certificates(signature)
    if not certificates:
        note(facts, "certificate-missing")
        return
    signer, others = certificates[0], certificates[1:]
    facts.signer = common_name(signer)
    facts.kind = Kind.CERTIFICATION if signature.docmdp_level is not None else Kind.APPROVAL
    key = load_der_public_key(signer.public_key.dump())
    if not isinstance(key, rsa.RSAPublicKey):
        note(facts, "unsupported-format", PKCS1)
        return
    value = _number(contents, key.key_size // 8)
    used = next((name for name in _HASHES if _fits(key, value, covered, name)), None)
    facts.intact = used is not None
    if used is None:
        note(facts, "signature-broken")
        return
    note(facts, "not-pades")
    if used == "sha1":
        note_weak(facts, {used})
        return
    trust = check_trust(material, signer, others, at)
    facts.trusted = trust.trusted
    if trust.problem is not None:
        facts.problems.append(trust.problem)


def _fits(key: rsa.RSAPublicKey, value: bytes, covered: bytes, name: str) -> bool:
    try:
        key.verify(value, covered, padding.PKCS1v15(), _HASHES[name])
    except InvalidSignature:
        return False
    return True


def _number(contents: bytes, size: int) -> bytes:
    """The signature's number: in an OCTET STRING, or bare."""
    try:
        return read(contents, is_padded=True).octets()
    except DerBroken:
        return contents[:size]


def _certificates(signature: EmbeddedPdfSignature) -> list[x509.Certificate]:
    found: Any = signature.sig_object["/Cert"] if "/Cert" in signature.sig_object else []  # noqa: SIM401
    listed: Sequence[Any] = found if isinstance(found, list) else [found]
    return [x509.Certificate.load(bytes(one.original_bytes)) for one in list(listed)[:20]]


def claimed_time(signature: EmbeddedPdfSignature) -> datetime | None:
    """``/M`` of the signature's dictionary."""
    if "/M" not in signature.sig_object:
        return None
    try:
        claimed = parse_pdf_date(signature.sig_object["/M"], strict=False)
    except MALFORMED:
        return None
    return claimed if claimed.tzinfo else claimed.replace(tzinfo=UTC)
