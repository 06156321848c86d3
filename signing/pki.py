"""Certificates and revocation lists of the internal authority.

All keys are P-256: it is fast, has no end date in the validators' algorithm tables, and every tool
that checks our signatures supports it. The extensions are those that ETSI EN 319 412 and strict
validators of PAdES ask for: SKI and AKI, key usage, a CRL distribution point and an AIA with
caIssuers for every certificate but the root.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

PrivateKey = ec.EllipticCurvePrivateKey

SEAL_POLICY: Final = x509.ObjectIdentifier("2.25.283917088696411911336927877945094127697")
"""Certificate policy that says: this key is a legal entity's electronic seal.

An arc below 2.25 is a UUID (ITU-T X.667), so that no registration is needed.
"""
ROOT_YEARS: Final = 30
ISSUING_YEARS: Final = 15
LEAF_YEARS: Final = 5
CRL_DAYS: Final = 7
_BACKDATE: Final = timedelta(minutes=5)


@dataclass(frozen=True)
class Identity:
    """Who a certificate names. ``unit`` says DEMO in a demo installation."""

    common_name: str
    organisation: str
    unit: str | None = None
    serial: str | None = None

    def to_name(self) -> x509.Name:
        parts = [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, self.organisation[:64]),
        ]
        if self.unit:
            parts.append(x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, self.unit[:64]))
        if self.serial:
            parts.append(x509.NameAttribute(NameOID.SERIAL_NUMBER, self.serial[:64]))
        parts.append(x509.NameAttribute(NameOID.COMMON_NAME, self.common_name[:64]))
        return x509.Name(parts)


@dataclass(frozen=True)
class Issuer:
    """A certificate with its key, and where its list and certificate can be fetched."""

    certificate: x509.Certificate
    key: PrivateKey
    crl_url: str
    certificate_url: str


def new_key() -> PrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def key_to_der(key: PrivateKey) -> bytes:
    """PKCS#8, unencrypted: the caller wraps it."""
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def key_from_der(der: bytes) -> PrivateKey:
    """The reverse of ``key_to_der``. Raises ValueError for anything but an elliptic-curve key."""
    key = load_der_private_key(der, None)
    if not isinstance(key, PrivateKey):
        raise ValueError("not an elliptic-curve key")
    return key


def make_root(identity: Identity, key: PrivateKey, now: datetime) -> x509.Certificate:
    """A self-signed root."""
    name = identity.to_name()
    builder = _builder(name, name, key, now, ROOT_YEARS)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=1), critical=True)
    builder = builder.add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
    return builder.sign(key, hashes.SHA256())


def make_issuing(identity: Identity, key: PrivateKey, issuer: Issuer, now: datetime) -> x509.Certificate:
    """The authority that certifies people, seals and the time-stamp authority."""
    builder = _issued(identity, key, issuer, now, ISSUING_YEARS)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
    return builder.sign(issuer.key, hashes.SHA256())


def make_tsa(identity: Identity, key: PrivateKey, issuer: Issuer, now: datetime) -> x509.Certificate:
    """A time-stamp authority: its one extended key usage is critical (RFC 3161, 2.3)."""
    builder = _leaf(identity, key, issuer, now, ISSUING_YEARS, _usage(digital_signature=True))
    builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
    return builder.sign(issuer.key, hashes.SHA256())


def make_signer(
    identity: Identity, key: PrivateKey, issuer: Issuer, now: datetime, *, is_seal: bool = False
) -> x509.Certificate:
    """A person, the service, or a seal: non-repudiation, and nothing else a key could be used for."""
    years = ISSUING_YEARS if is_seal else LEAF_YEARS
    usage = _usage(digital_signature=True, content_commitment=True)
    builder = _leaf(identity, key, issuer, now, years, usage)
    if is_seal:
        policy = x509.PolicyInformation(SEAL_POLICY, None)
        builder = builder.add_extension(x509.CertificatePolicies([policy]), critical=False)
    return builder.sign(issuer.key, hashes.SHA256())


def make_crl(
    issuer: x509.Certificate,
    key: PrivateKey,
    number: int,
    revoked: Iterable[tuple[int, datetime, x509.ReasonFlags]],
    now: datetime,
) -> x509.CertificateRevocationList:
    """A revocation list. ``revoked`` holds serial number, instant and reason."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.subject)
        .last_update(now)
        .next_update(now + timedelta(days=CRL_DAYS))
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .add_extension(x509.CRLNumber(number), critical=False)
    )
    for serial, at, reason in revoked:
        entry = (
            x509.RevokedCertificateBuilder()
            .serial_number(serial)
            .revocation_date(at)
            .add_extension(x509.CRLReason(reason), critical=False)
            .build()
        )
        builder = builder.add_revoked_certificate(entry)
    return builder.sign(key, hashes.SHA256())


def _builder(
    subject: x509.Name, issuer: x509.Name, key: PrivateKey, now: datetime, years: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATE)
        .not_valid_after(now + timedelta(days=365 * years + years // 4))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _issued(
    identity: Identity, key: PrivateKey, issuer: Issuer, now: datetime, years: int
) -> x509.CertificateBuilder:
    point = x509.DistributionPoint([x509.UniformResourceIdentifier(issuer.crl_url)], None, None, None)
    access = x509.AccessDescription(
        AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier(issuer.certificate_url)
    )
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
    return (
        _builder(identity.to_name(), issuer.certificate.subject, key, now, years)
        .add_extension(authority, critical=False)
        .add_extension(x509.CRLDistributionPoints([point]), critical=False)
        .add_extension(x509.AuthorityInformationAccess([access]), critical=False)
    )


def _leaf(
    identity: Identity, key: PrivateKey, issuer: Issuer, now: datetime, years: int, usage: x509.KeyUsage
) -> x509.CertificateBuilder:
    builder = _issued(identity, key, issuer, now, years)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    return builder.add_extension(usage, critical=True)


def _usage(
    *,
    digital_signature: bool = False,
    content_commitment: bool = False,
    key_cert_sign: bool = False,
    crl_sign: bool = False,
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=content_commitment,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )
