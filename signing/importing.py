"""Certificates of outside authorities, brought with their key: what may come in, and what may not.

A certificate is checked by the rules by which signatures are judged (``signing.verification``), and by
a few more: it may sign documents, it names whose it is to be, and nobody else uses its key.
"""

from __future__ import annotations

import base64
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from asn1crypto import pkcs12 as asn1_pkcs12
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier
from sqlalchemy import select
from sqlalchemy.orm import Session

from signing.errors import CertificateUnfit
from signing.keys import PrivateKey, PublicKey, is_strong, same_key
from signing.models import Certificate, CertificateRole, Credential, OutsideList, Seal
from signing.revocation import brought, new_row
from signing.trust import signature_roots
from signing.verification.chain import check_trust
from signing.verification.material import Material, add_crl, extension, is_of_entity, load

MOST_BYTES: Final = 200_000
MOST_ROUNDS: Final = 5_000_000
"""Of a file's key derivation: more would hold the server up for minutes."""
_MOST_OTHERS: Final = 10
_LONGEST_SERIAL: Final = 40  # hex digits: twenty octets (RFC 5280, 4.1.2.2)
_FOR_DOCUMENTS: Final = frozenset(
    {
        ExtendedKeyUsageOID.EMAIL_PROTECTION, ExtendedKeyUsageOID.CLIENT_AUTH,
        ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
        ObjectIdentifier("1.3.6.1.5.5.7.3.36"),  # documentSigning, RFC 9336
        ObjectIdentifier("1.3.6.1.4.1.311.10.3.12"), ObjectIdentifier("1.2.840.113583.1.1.5"),
    }
)  # fmt: skip
"""Extended usages that go with signing documents; a certificate without any says nothing against it."""
_REASONS: Final = {
    "certificate-expired": "expired", "certificate-not-yet-valid": "not-yet", "revoked": "revoked",
    "certificate-unsuitable": "unsuitable", "untrusted-issuer": "untrusted", "no-trust-anchor": "untrusted",
}  # fmt: skip


@dataclass(frozen=True)
class Brought:
    """A certificate that was checked, with those above it (the root left out)."""

    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]

    def row(self, role: CertificateRole) -> Certificate:
        """Its row, without a key."""
        chain = [base64.b64encode(one.public_bytes(Encoding.DER)).decode() for one in self.chain]
        return new_row(self.certificate, role, None, chain)


@dataclass(frozen=True)
class Opened:
    """What a PKCS#12 file held: the key, its certificate, and the other certificates."""

    key: PrivateKey
    certificate: x509.Certificate
    others: tuple[x509.Certificate, ...]


def open_pkcs12(data: bytes, password: str) -> Opened:
    """Open a PKCS#12 file (RFC 7292), outside any transaction: that takes up to seconds.

    Raises CertificateUnfit (too-large, password, no-key, algorithm, key-differs).
    """
    if len(data) > MOST_BYTES:
        raise CertificateUnfit(field="file", reason="too-large")
    _check_rounds(data)
    try:
        key, certificate, others = pkcs12.load_key_and_certificates(data, password.encode() or None)
    except Exception as error:  # ValueError for most; the library has others for odd files
        raise CertificateUnfit(field="password", reason="password") from error
    if key is None or certificate is None:
        raise CertificateUnfit(field="file", reason="no-key")
    if not isinstance(key, PrivateKey) or not is_strong(key.public_key()):
        raise CertificateUnfit(field="file", reason="algorithm")
    if not _is_same(certificate.public_key(), key.public_key()):
        raise CertificateUnfit(field="file", reason="key-differs")
    return Opened(key, certificate, tuple(others[:_MOST_OTHERS]))


def _check_rounds(data: bytes) -> None:
    """Refuse a file whose own figures ask for a key derivation without end."""
    try:
        found = asn1_pkcs12.Pfx.load(data, strict=True)
        if _most_rounds(found.native) > MOST_ROUNDS:
            raise CertificateUnfit(field="file", reason="too-large")
        for part in found.authenticated_safe:
            content = part["content"]
            plain = part["content_type"].native == "data"
            inside = asn1_pkcs12.SafeContents.load(content.native).native if plain else content.native
            if _most_rounds(inside) > MOST_ROUNDS:
                raise CertificateUnfit(field="file", reason="too-large")
    except CertificateUnfit:
        raise
    except Exception as error:  # whatever the library raises for what is no PKCS#12
        raise CertificateUnfit(field="file", reason="password") from error


def _most_rounds(value: Any, name: str = "") -> int:
    """The largest of the numbers that are called iterations, or cost, in a parsed structure."""
    if isinstance(value, dict):
        return max((_most_rounds(one, str(key)) for key, one in value.items()), default=0)
    if isinstance(value, list | tuple):
        return max((_most_rounds(one) for one in value), default=0)
    return value if isinstance(value, int) and name in ("iterations", "iteration_count", "cost") else 0


def check(
    session: Session,
    certificate: x509.Certificate,
    others: Iterable[x509.Certificate],
    now: datetime,
) -> Brought:
    """Check a certificate and find the way to a root that is trusted for signatures.

    Raises CertificateUnfit (is-authority, algorithm, usage, expired, not-yet, revoked, unsuitable,
    untrusted, unreadable).
    """
    der = certificate.public_bytes(Encoding.DER)
    if load(der) is None or not 0 < len(f"{certificate.serial_number:x}") <= _LONGEST_SERIAL:
        raise CertificateUnfit(field="file", reason="unreadable")
    _check_usage(certificate)
    roots = signature_roots(session)
    material = Material(tuple(one for one in map(load, roots) if one is not None), [], [], [])
    for crl in session.scalars(select(OutsideList.der)):
        add_crl(material, crl)
    known = [one for one in others if load(one.public_bytes(Encoding.DER)) is not None]
    judged = check_trust(material, certificate, known, now)
    if not judged.trusted:
        code = judged.problem.code if judged.problem else ""
        detail = judged.problem.detail if judged.problem else ""
        raise CertificateUnfit(field="file", reason=_REASONS.get(code, code), detail=detail)
    path = material.paths(certificate, known)[0]
    return Brought(certificate, tuple(path[1:-1]))


def _check_usage(certificate: x509.Certificate) -> None:
    basic = extension(certificate, x509.BasicConstraints)
    if basic is not None and basic.ca:
        raise CertificateUnfit(field="file", reason="is-authority")
    if not is_strong(certificate.public_key()):
        raise CertificateUnfit(field="file", reason="algorithm")
    usage = extension(certificate, x509.KeyUsage)
    extended = extension(certificate, x509.ExtendedKeyUsage)
    may = usage is None or usage.digital_signature or usage.content_commitment
    if not may or (extended is not None and not _FOR_DOCUMENTS & set(extended)):
        raise CertificateUnfit(field="file", reason="usage")


def check_free(session: Session, certificate: x509.Certificate, owner_id: UUID) -> None:
    """Raise CertificateUnfit (in-use) where the key is somebody else's already: it belongs to one alone.

    ``owner_id`` is the person or the seal that may have it. Raises it (revoked) too for a certificate
    that was revoked or suspended here.
    """
    der = certificate.public_bytes(Encoding.DER)
    for row in brought(session):
        known = x509.load_der_x509_certificate(row.der)
        if not _is_same(known.public_key(), certificate.public_key()):
            continue
        if row.der == der and (row.revoked_at is not None or row.held_at is not None):
            raise CertificateUnfit(field="file", reason="revoked")
        owners = {
            *session.scalars(select(Credential.person_id).where(Credential.certificate_id == row.id)),
            *session.scalars(select(Seal.id).where(Seal.certificate_id == row.id)),
        }
        if owners - {owner_id}:
            raise CertificateUnfit(field="file", reason="in-use")


def check_names_person(certificate: x509.Certificate, name: str, email: str | None) -> None:
    """Raise CertificateUnfit (names-another) unless it names the person, or holds their e-mail address."""
    given = _named(certificate, NameOID.GIVEN_NAME, NameOID.SURNAME)
    said = [*_named(certificate, NameOID.COMMON_NAME), "".join(reversed(given)), "".join(given)]
    addresses = {one.lower() for one in _named(certificate, NameOID.EMAIL_ADDRESS)}
    others = extension(certificate, x509.SubjectAlternativeName)
    if others is not None:
        addresses |= {str(one).lower() for one in others.get_values_for_type(x509.RFC822Name)}
    has_address = bool(email) and str(email).lower() in addresses
    if not has_address and not _says(said, name):
        raise CertificateUnfit(field="file", reason="names-another", named=_shown(certificate))


def check_names_entity(certificate: x509.Certificate, name: str, credit_code: str | None) -> None:
    """Raise CertificateUnfit unless it names the legal entity or its credit code (names-another), and says
    that it belongs to one (no-entity): a person's would be judged as a person's signature."""
    said = _named(certificate, NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME)
    codes = _named(certificate, NameOID.ORGANIZATION_IDENTIFIER, NameOID.SERIAL_NUMBER, NameOID.COMMON_NAME)
    if not is_of_entity(certificate):
        raise CertificateUnfit(field="file", reason="no-entity")
    has_code = bool(credit_code) and _says(codes, str(credit_code))
    if not has_code and not _says(said, name):
        raise CertificateUnfit(field="file", reason="names-another", named=_shown(certificate))


def _named(certificate: x509.Certificate, *kinds: ObjectIdentifier) -> list[str]:
    return [str(one.value) for kind in kinds for one in certificate.subject.get_attributes_for_oid(kind)]


def _shown(certificate: x509.Certificate) -> str:
    return ", ".join(_named(certificate, NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME))[:120]


def _says(texts: Sequence[str], wanted: str) -> bool:
    """Whether one of the texts contains a name, whatever its case, width and spaces are."""
    name = _plain(wanted)
    return bool(name) and any(name in _plain(text) for text in texts)


def _plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def _is_same(one: object, other: object) -> bool:
    return isinstance(one, PublicKey) and isinstance(other, PublicKey) and same_key(one, other)
