"""What trust is judged with: roots, certificates, revocation lists and OCSP responses at hand."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.x509 import ocsp
from cryptography.x509.oid import NameOID

from signing.verification.finding import Found
from signing.verification.objects import items
from signing.verification.reading import MALFORMED

_LONGEST: Final = 8
_QC_STATEMENTS: Final = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.3")
_ESEAL: Final = bytes.fromhex("060704008e46010602")  # 0.4.0.1862.1.6.2
_MOST_CERTIFICATES: Final = 400
_MOST_LISTS: Final = 200
_MOST_TRIED: Final = 200


@dataclass
class Material:
    """Certificates and revocation data at hand, and the roots that are trusted. Made for one verdict."""

    roots: tuple[x509.Certificate, ...]
    certificates: list[x509.Certificate]
    crls: list[x509.CertificateRevocationList]
    ocsps: list[ocsp.OCSPResponse]
    _issued: dict[tuple[x509.Certificate, x509.Certificate], bool] = field(default_factory=dict)
    _signed: dict[tuple[int, x509.Certificate], bool] = field(default_factory=dict)
    _paths: dict[x509.Certificate, list[list[x509.Certificate]]] = field(default_factory=dict)

    def paths(
        self, certificate: x509.Certificate, others: Sequence[x509.Certificate]
    ) -> list[list[x509.Certificate]]:
        """All paths from a certificate to a root, both included; shortest first."""
        for one in others:
            if one not in self.certificates and len(self.certificates) < _MOST_CERTIFICATES:
                self.certificates.append(one)
                self._paths.clear()
        if certificate not in self._paths:
            self._paths[certificate] = self._build(certificate)
        return self._paths[certificate]

    def _build(self, certificate: x509.Certificate) -> list[list[x509.Certificate]]:
        found: list[list[x509.Certificate]] = []
        waiting, tried = [[certificate]], 0
        while waiting and tried < _MOST_TRIED:
            path = waiting.pop(0)
            tried += 1
            if path[-1] in self.roots:
                found.append(path)
                continue
            if len(path) > _LONGEST:
                continue
            for issuer in (*self.roots, *self.certificates):
                if (
                    issuer.subject == path[-1].issuer
                    and issuer not in path
                    and self.is_issuer(issuer, path[-1])
                ):
                    waiting.append([*path, issuer])
        return found

    def is_issuer(self, issuer: x509.Certificate, issued: x509.Certificate) -> bool:
        """Whether an authority's key signed a certificate that names it."""
        pair = (issuer, issued)
        if pair not in self._issued:
            try:
                issued.verify_directly_issued_by(issuer)
                self._issued[pair] = True
            except (InvalidSignature, ValueError, TypeError, UnsupportedAlgorithm):
                self._issued[pair] = False
        return self._issued[pair]

    def is_list_of(self, index: int, issuer: x509.Certificate) -> bool:
        """Whether a list was signed by an authority."""
        key = (index, issuer)
        if key not in self._signed:
            try:
                self._signed[key] = self.crls[index].is_signature_valid(issuer.public_key())  # type: ignore[arg-type]
            except (TypeError, ValueError, UnsupportedAlgorithm):
                self._signed[key] = False
        return self._signed[key]


def gather(found: Found | None, roots: Sequence[bytes]) -> Material:
    """The validation material of a file (its DSS) with the trusted roots (DER)."""
    material = Material(tuple(_certificates(roots)), [], [], [])
    if found is None:
        return material
    file = found.file
    newest = file.revisions - 1
    try:
        root = file.resolve(file.trailer("/Root", newest), newest)
        store = file.get(root, "/DSS", newest)
        material.certificates += _certificates(_streams(found, file.get(store, "/Certs", newest)))
        for der in _streams(found, file.get(store, "/CRLs", newest)):
            add_crl(material, der)
        for der in _streams(found, file.get(store, "/OCSPs", newest)):
            add_ocsp(material, der)
    except MALFORMED:
        pass
    return material


def _streams(found: Found, listed: Any) -> list[bytes]:
    newest, held = found.file.revisions - 1, []
    for written in items(listed)[:_MOST_CERTIFICATES]:
        try:
            value = found.file.resolve(written, newest)
            if found.file.reader.encrypted:
                value = written.get_object()
            held.append(bytes(value.data))
        except MALFORMED:
            continue
    return held


def add_crl(material: Material, der: bytes) -> None:
    """Add a revocation list; what is none is passed over."""
    if len(material.crls) < _MOST_LISTS:
        try:
            material.crls.append(x509.load_der_x509_crl(der))
        except ValueError:
            return


def add_ocsp(material: Material, der: bytes) -> None:
    """Add an OCSP response; what is none, or a refusal, is passed over."""
    if len(material.ocsps) < _MOST_LISTS:
        try:
            response = ocsp.load_der_ocsp_response(der)
        except ValueError:
            return
        if response.response_status is ocsp.OCSPResponseStatus.SUCCESSFUL:
            material.ocsps.append(response)


def _certificates(ders: Iterable[bytes]) -> list[x509.Certificate]:
    return [one for one in map(load, ders) if one is not None]


@lru_cache(maxsize=512)
def load(der: bytes) -> x509.Certificate | None:
    """A certificate, or None for what is none."""
    try:
        certificate = x509.load_der_x509_certificate(der)
        certificate.extensions  # noqa: B018 (read when asked for; broken ones raise here)
        certificate.subject, certificate.issuer  # noqa: B018
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.DuplicateExtension):
        return None
    return certificate


def extension(one: x509.Certificate, kind: type[Any]) -> Any:
    """The value of an extension, or None."""
    try:
        return one.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def common_name(certificate: x509.Certificate) -> str:
    """The name a person reads."""
    for oid in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME):
        named = certificate.subject.get_attributes_for_oid(oid)
        if named:
            return str(named[0].value)
    return certificate.subject.rfc4514_string()


def is_of_entity(certificate: x509.Certificate) -> bool:
    """Whether a certificate of an outside authority says that it belongs to a legal entity, not to a person.

    It has the statement of EN 319 412-5, 4.2.3 (QcType: eseal), or its common name, or a part of it between
    @, is the organisation's, or its unit is the one that CFCA gives to organisations.
    """
    statements = extension_bytes(certificate, _QC_STATEMENTS)
    if statements is not None and _ESEAL in statements:
        return True
    subject = certificate.subject
    units = subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)
    if any(str(one.value).startswith("Organizational-") for one in units):
        return True
    owners = {_plain(str(one.value)) for one in subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)}
    names = subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    parts = {_plain(part) for one in names for part in str(one.value).split("@")}
    return bool((owners & parts) - {""})


def extension_bytes(certificate: x509.Certificate, kind: x509.ObjectIdentifier) -> bytes | None:
    """The bytes of an extension that the library has no class for, or None."""
    for one in certificate.extensions:
        if one.oid == kind and isinstance(one.value, x509.UnrecognizedExtension):
            return one.value.value
    return None


def _plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def utc(at: datetime) -> datetime:
    """Aware, whatever a library gave."""
    return at if at.tzinfo else at.replace(tzinfo=UTC)
