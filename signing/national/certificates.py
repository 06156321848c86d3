"""Certificates with SM2 keys (GB/T 20518): read, named, and followed to a trusted root.

``pyhanko-certvalidator`` knows neither SM2 nor SM3. Chains may be mixed: a root with RSA that issued
for SM2, and the other way round. Nothing is fetched.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from asn1crypto import x509
from cryptography import x509 as other_x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_der_public_key

from signing.national import algorithms, sm2
from signing.national.der import DerBroken, read
from signing.strength import weakness

LONGEST_CHAIN: Final = 8
MOST_CANDIDATES: Final = 60
_CREDIT_CODE: Final = re.compile(r"(?<![0-9A-Z])[0-9A-HJ-NPQRTUWXY]{18}(?![0-9A-Z])")
_TAX_ID: Final = re.compile(r"(?<![0-9A-Z])[0-9A-Z]{15}(?![0-9A-Z])|(?<![0-9A-Z])[0-9A-Z]{20}(?![0-9A-Z])")
_REGISTRATION_NUMBERS: Final = ("1.2.156.10260.4.1.5", "1.2.156.10260.4.1.4", "1.2.156.10260.4.1.3")
"""Extensions of GB/T 20518: tax registration, company registration, organisation code."""
_UNDERSTOOD: Final = frozenset(
    {"basic_constraints", "key_usage", "extended_key_usage", "certificate_policies", "subject_alt_name"}
)
"""Extensions that may be critical; any other critical one makes a certificate unusable (RFC 5280, 4.2)."""
_MALFORMED: Final = (
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    OverflowError,
    RecursionError,
)


class CertificateBroken(ValueError):
    """The bytes are no certificate."""


@dataclass(frozen=True)
class Chain:
    """Whether a certificate leads to a trusted root. ``code`` names the text ``verify-<code>``."""

    trusted: bool | None
    code: str | None = None
    detail: str = ""


@dataclass(frozen=True)
class Certificate:
    """A certificate as signing needs it: everything was read, so that nothing raises later."""

    der: bytes
    common_name: str | None
    organisation: str | None
    credit_code: str | None
    """Unified social credit code, or an older tax id, where the subject or an extension has one."""
    name: str
    """The name a person reads."""
    not_before: datetime
    not_after: datetime
    serial_number: int
    subject: bytes
    issuer: bytes
    subject_key: str
    """The name in the form in which names are compared (RFC 5280, 7.1)."""
    issuer_key: str
    key_identifier: bytes | None
    key_info: bytes
    """SubjectPublicKeyInfo, DER."""
    sm2_key: sm2.PublicKey | None
    """The key, where it is of SM2."""
    is_authority: bool
    longest_below: int | None
    """How many authorities may stand between it and a signer."""
    may_sign: bool
    """Whether the key is one for signatures: China issues a second certificate for encryption."""
    may_stamp: bool
    unusable: str
    """Critical extensions that nobody here understands."""
    signed: bytes
    """What its issuer signed."""
    algorithm: str
    """OID of that signature; empty where inside and outside name two."""
    signature: bytes

    def check(self, algorithm: str, digest_used: str, signed: bytes, value: bytes) -> bool | None:
        """Whether ``value`` is this key's signature over ``signed``; None for an unknown algorithm."""
        return algorithms.check_signature(self.key_info, self.sm2_key, algorithm, digest_used, signed, value)


def load(data: bytes) -> Certificate:
    """Read a certificate: DER, or PEM or bare base64 as some seals carry it. Raises CertificateBroken."""
    try:
        return _read(_der_of(data))
    except _MALFORMED as error:
        raise CertificateBroken(str(error)[:160]) from error


def _read(der: bytes) -> Certificate:
    asn1 = x509.Certificate.load(der, strict=True)
    signed = asn1["tbs_certificate"]
    subject = asn1.subject.native
    usage = set(asn1.key_usage_value.native) if asn1.key_usage_value is not None else None
    extended = asn1.extended_key_usage_value
    constraints = asn1.basic_constraints_value
    is_authority = constraints is not None and bool(constraints["ca"].native)
    common_name, organisation = _first(subject.get("common_name")), _first(subject.get("organization_name"))
    outer, inner = asn1["signature_algorithm"], signed["signature"]
    not_before, not_after = signed["validity"]["not_before"].native, signed["validity"]["not_after"].native
    if not_before.tzinfo is None or not_after.tzinfo is None:
        raise ValueError("a time without a zone")
    return Certificate(
        der=der,
        common_name=common_name,
        organisation=organisation,
        credit_code=_credit_code(asn1),
        name=common_name or organisation or str(asn1.subject.human_friendly),
        not_before=not_before,
        not_after=not_after,
        serial_number=asn1.serial_number,
        subject=asn1.subject.dump(),
        issuer=asn1.issuer.dump(),
        subject_key=asn1.subject.hashable,
        issuer_key=asn1.issuer.hashable,
        key_identifier=asn1.key_identifier,
        key_info=bytes(asn1.public_key.dump()),
        sm2_key=_sm2_key(asn1),
        is_authority=is_authority and (usage is None or "key_cert_sign" in usage),
        longest_below=constraints["path_len_constraint"].native if constraints is not None else None,
        may_sign=usage is None or bool({"digital_signature", "non_repudiation"} & usage),
        may_stamp=extended is not None and "time_stamping" in extended.native,
        unusable=", ".join(sorted({str(name) for name in asn1.critical_extensions} - _UNDERSTOOD))[:80],
        signed=signed.dump(),
        algorithm=outer["algorithm"].dotted if outer.dump() == inner.dump() else "",
        signature=read(asn1["signature_value"].dump()).bits("signature"),
    )


def _der_of(data: bytes) -> bytes:
    text = data.strip()
    if text[:1] != b"\x30":
        lines = [line for line in text.splitlines() if not line.startswith(b"-----")]
        try:
            data = base64.b64decode(b"".join(lines), validate=True)
        except binascii.Error as error:
            raise CertificateBroken("neither DER nor base64") from error
    return read(data, is_padded=True).raw


def _first(value: Any) -> str | None:
    if isinstance(value, list):
        value = value[0] if value else None
    return str(value) if value else None


def _sm2_key(asn1: Any) -> sm2.PublicKey | None:
    info = asn1["tbs_certificate"]["subject_public_key_info"]
    kind = info["algorithm"]["algorithm"].dotted
    if kind != sm2.CURVE_OID:
        if kind != "1.2.840.10045.2.1":
            return None
        parameters = read(info["algorithm"]["parameters"].dump())
        if not parameters.is_universal(6) or parameters.oid() != sm2.CURVE_OID:
            return None
    return sm2.PublicKey.from_bytes(read(info.dump()).sequence(2)[1].bits())


def _credit_code(asn1: Any) -> str | None:
    texts: list[str] = []
    for value in asn1.subject.native.values():
        texts += [str(one) for one in value] if isinstance(value, list) else [str(value)]
    extensions = asn1["tbs_certificate"]["extensions"]
    by_oid = {one["extn_id"].dotted: one["extn_value"].contents for one in extensions} if extensions else {}
    texts += [_readable(by_oid[oid]) for oid in _REGISTRATION_NUMBERS if oid in by_oid]
    for pattern in (_CREDIT_CODE, _TAX_ID):
        for text in texts:
            found = pattern.search(text.upper())
            if found and sum(letter.isdigit() for letter in found[0]) >= 8:
                return found[0]
    return None


def _readable(content: bytes) -> str:
    try:
        return read(content).text()
    except DerBroken:
        return content.decode("latin-1")


def check_chain(
    certificate: Certificate,
    others: Iterable[Certificate],
    roots: Sequence[Certificate],
    at: datetime,
    *,
    is_stamper: bool = False,
) -> Chain:
    """Follow a certificate to one of the roots, every link valid at ``at``; shortest chains first."""
    if not roots:
        return Chain(None, "no-trust-anchor")
    if certificate.unusable or not (certificate.may_stamp if is_stamper else certificate.may_sign):
        return Chain(False, "certificate-unsuitable", certificate.unusable or "key usage")
    if at < certificate.not_before:
        return Chain(False, "certificate-not-yet-valid", f"{certificate.not_before:%Y-%m-%d}")
    if at > certificate.not_after:
        return Chain(False, "certificate-expired", f"{certificate.not_after:%Y-%m-%d}")
    if (weak := _weakness(certificate, at)) is not None:
        return Chain(False, "certificate-algorithm", weak)
    anchors = {root.der for root in roots}
    candidates = [*roots, *others][:MOST_CANDIDATES]
    waiting, seen, problem = [(certificate, 0)], {certificate.der}, Chain(False, "untrusted-issuer")
    while waiting:
        current, length = waiting.pop(0)
        if current.der in anchors:
            return Chain(True)
        if length >= LONGEST_CHAIN:
            continue
        for issuer in candidates:
            if issuer.der in seen or not _issued(issuer, current):
                continue
            seen.add(issuer.der)
            refusal = _refusal(issuer, length, at, is_anchor=issuer.der in anchors)
            if refusal is None:
                waiting.append((issuer, length + 1))
            else:
                problem = refusal
    return problem


def _refusal(issuer: Certificate, below: int, at: datetime, *, is_anchor: bool) -> Chain | None:
    """Why a certificate cannot have issued; ``below`` authorities stand between it and the signer."""
    if is_anchor:  # given by the person who asks: its own fields are not asked (RFC 5280, 6.1.1)
        return None
    is_too_long = issuer.longest_below is not None and below > issuer.longest_below
    if issuer.unusable or not issuer.is_authority or is_too_long:
        return Chain(False, "certificate-unsuitable", issuer.unusable or issuer.name[:80])
    if not issuer.not_before <= at <= issuer.not_after:
        return Chain(False, "certificate-expired", f"{issuer.name[:80]}, {issuer.not_after:%Y-%m-%d}")
    if (weak := _weakness(issuer, at)) is not None:
        return Chain(False, "certificate-algorithm", weak)
    return None


def _weakness(certificate: Certificate, at: datetime) -> str | None:
    """The name of a certificate whose key was too short at the moment, with its kind and size."""
    if certificate.sm2_key is not None:
        return None
    try:
        key = load_der_public_key(certificate.key_info)
    except (ValueError, UnsupportedAlgorithm):
        return None  # nothing can be checked with it, and that is said
    weak = weakness(at, key=key)
    return None if weak is None else f"{certificate.name[:80]}: {weak}"


def _issued(issuer: Certificate, certificate: Certificate) -> bool:
    if issuer.subject_key != certificate.issuer_key or not certificate.algorithm:
        return False
    if issuer.sm2_key is None:
        return _issued_by_other(issuer, certificate)
    return issuer.check(certificate.algorithm, "sm3", certificate.signed, certificate.signature) is True


def _issued_by_other(issuer: Certificate, certificate: Certificate) -> bool:
    """RSA and ECDSA, with all their variants; MD5 and SHA-1 are good for no certificate any more."""
    try:
        below = other_x509.load_der_x509_certificate(certificate.der)
        if below.signature_hash_algorithm is not None and below.signature_hash_algorithm.name in (
            *algorithms.WEAK,
        ):
            return False
        key: Any = other_x509.load_der_x509_certificate(issuer.der).public_key()
        parameters: Any = below.signature_algorithm_parameters
        kind: Any = below.signature_hash_algorithm
        if hasattr(key, "curve"):
            key.verify(below.signature, below.tbs_certificate_bytes, parameters)
        else:
            key.verify(below.signature, below.tbs_certificate_bytes, parameters, kind)
    except (*_MALFORMED, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def name_key(der: bytes) -> str | None:
    """A name in the form in which names are compared (RFC 5280, 7.1); None when it is no name."""
    try:
        return str(x509.Name.load(der, strict=True).hashable)
    except _MALFORMED:
        return None


def load_all(ders: Iterable[bytes]) -> list[Certificate]:
    """Those that can be read; what is broken helps nobody."""
    found: list[Certificate] = []
    for der in ders:
        try:
            found.append(load(der))
        except CertificateBroken:
            continue
    return found
