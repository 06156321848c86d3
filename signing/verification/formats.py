"""Signatures in PDFs that are not PAdES: PKCS#1, PKCS#7 over a digest, national signed data, seals.

Genuine Chinese invoices carry all of them. Formats that are not here are *unsupported*, never *unsigned*.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from signing.national import cms, ses
from signing.national.certificates import load_all
from signing.national.der import DerBroken, read
from signing.strength import weakness
from signing.verification.chain import check_trust
from signing.verification.facts import Kind, SignatureFacts
from signing.verification.finding import Signature
from signing.verification.judging import Judge, note, note_weak
from signing.verification.material import Material, common_name, load

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


def may_be_other(signature: Signature) -> bool:
    """Whether a signature may be one of these formats: its covered bytes are then needed in one piece."""
    return signature.subfilter in (PKCS1, PKCS7_SHA1) or _NATIONAL in signature.contents


def look(
    signature: Signature,
    covered: bytes,
    material: Material,
    at: datetime,
    facts: SignatureFacts,
) -> bool:
    """Judge a signature of one of these formats; False when it is none of them and facts are as before."""
    subfilter = signature.subfilter
    contents = bytes(signature.pkcs7_content)
    if subfilter == PKCS1:
        facts.signed_at = signature.claimed_at
        _look_at_pkcs1(signature, contents, covered, material, at, facts)
        return True
    if subfilter != PKCS7_SHA1 and _NATIONAL not in contents:
        return False
    facts.signed_at = signature.claimed_at
    judge = Judge(load_all(one.public_bytes(Encoding.DER) for one in material.roots), at)
    try:
        weak = judge.seal(facts, ses.parse_signature(contents), covered)
    except ses.SesBroken:
        try:
            signed = cms.parse(contents)
        except DerBroken:
            return False
        facts.kind = Kind.CERTIFICATION if signature.docmdp_level is not None else Kind.APPROVAL
        weak = judge.signed_data(facts, signed, covered)
    note_weak(facts, weak, at)
    if facts.intact:
        note(facts, "not-pades")
    return True


def look_at_national_stamp(
    contents: bytes, covered: bytes, material: Material, facts: SignatureFacts
) -> bool:
    """A document time-stamp with national algorithms; False when it has none."""
    if _NATIONAL not in contents:
        return False
    roots = load_all(one.public_bytes(Encoding.DER) for one in material.roots)
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
    signature: Signature,
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
    key = signer.public_key()
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
    if (weak := weakness(at, [used], key)) is not None:
        note(facts, "algorithm-ended", weak)
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


def _certificates(signature: Signature) -> list[x509.Certificate]:
    found: Any = signature.sig_object["/Cert"] if "/Cert" in signature.sig_object else []  # noqa: SIM401
    listed: Sequence[Any] = found if isinstance(found, list) else [found]
    loaded = [load(bytes(one.original_bytes)) for one in list(listed)[:20]]
    return [one for one in loaded if one is not None]
