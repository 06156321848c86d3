"""Certificates and revocation lists of the internal authority.

The extensions are those that ETSI EN 319 412 and strict validators of PAdES ask for: SKI and AKI, key
usage, policies, a CRL distribution point and an AIA with caIssuers for every certificate but the
root, the OCSP responder's address for those that it answers for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from signing.encoding import generalized_time
from signing.keys import (
    PrivateKey,
    PublicKey,
    fitting_hash,
    key_from_der,
    key_to_der,
    new_key,
    public_of,
)

__all__ = ["PrivateKey", "PublicKey", "key_from_der", "key_to_der", "new_key"]

SEAL_POLICY: Final = x509.ObjectIdentifier("2.25.283917088696411911336927877945094127697")
"""Certificate policy that says: this key is a legal entity's electronic seal.

An arc below 2.25 is a UUID (ITU-T X.667), so that no registration is needed.
"""
TIMESTAMP_POLICY: Final = x509.ObjectIdentifier(f"{SEAL_POLICY.dotted_string}.1")
PERSON_POLICY: Final = x509.ObjectIdentifier(f"{SEAL_POLICY.dotted_string}.2")
"""A person's key, opened by the person's own PIN."""
SERVICE_POLICY: Final = x509.ObjectIdentifier(f"{SEAL_POLICY.dotted_string}.3")
"""A key of the installation itself: it certifies sheets when they are made, and speaks for nobody."""
_ANY_POLICY: Final = x509.ObjectIdentifier("2.5.29.32.0")
_EXPIRED_CERTIFICATES: Final = x509.ObjectIdentifier("2.5.29.60")

ROOT_YEARS: Final = 30
ISSUING_YEARS: Final = 15
LEAF_YEARS: Final = 5
OCSP_DAYS: Final = 90
CRL_DAYS: Final = 7
BACKDATE: Final = timedelta(minutes=5)
"""Certificates begin a little earlier than they are made, for verifiers whose clock is behind."""
_CREDIT_CODE: Final = re.compile(r"[0-9A-Z]{18}")


@dataclass(frozen=True)
class Identity:
    """Who a certificate names. ``unit`` says DEMO in a demo installation; ``organisation_code`` is
    the unified social credit code 统一社会信用代码."""

    common_name: str
    organisation: str
    unit: str | None = None
    serial: str | None = None
    organisation_code: str | None = None

    def to_name(self) -> x509.Name:
        parts = [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, self.organisation[:64]),
        ]
        if self.organisation_code and _CREDIT_CODE.fullmatch(self.organisation_code):
            # The national trade register's number, as ETSI EN 319 412-1 (5.1.4) writes it.
            code = f"NTRCN-{self.organisation_code}"
            parts.append(x509.NameAttribute(NameOID.ORGANIZATION_IDENTIFIER, code))
        if self.unit:
            parts.append(x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, self.unit[:64]))
        if self.serial:
            parts.append(x509.NameAttribute(NameOID.SERIAL_NUMBER, self.serial[:64]))
        parts.append(x509.NameAttribute(NameOID.COMMON_NAME, self.common_name[:64]))
        return x509.Name(parts)


@dataclass(frozen=True)
class Issuer:
    """A certificate with its key, and where its list, its certificate and its responder are."""

    certificate: x509.Certificate
    key: PrivateKey
    crl_url: str
    certificate_url: str
    ocsp_url: str | None = None


def make_root(identity: Identity, key: PrivateKey, now: datetime) -> x509.Certificate:
    """A self-signed root."""
    name = identity.to_name()
    builder = _builder(name, name, key.public_key(), now, _end(now, ROOT_YEARS))
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=1), critical=True)
    builder = builder.add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
    return builder.sign(key, fitting_hash(key))


def make_issuing(
    identity: Identity | x509.Name, key: PrivateKey | PublicKey, issuer: Issuer, now: datetime
) -> x509.Certificate:
    """The authority that certifies people, seals and the time-stamp authority."""
    name = identity.to_name() if isinstance(identity, Identity) else identity
    builder = _issued(name, key, issuer, _end(now, ISSUING_YEARS), now)
    for value in issuing_extensions():
        builder = builder.add_extension(value, critical=True)
    builder = builder.add_extension(_policies(_ANY_POLICY), critical=False)
    return builder.sign(issuer.key, fitting_hash(issuer.key))


def issuing_extensions() -> tuple[x509.ExtensionType, ...]:
    """What makes an issuing authority of a certificate; each is critical."""
    return x509.BasicConstraints(ca=True, path_length=0), _usage(key_cert_sign=True, crl_sign=True)


def make_tsa(
    identity: Identity, key: PrivateKey | PublicKey, issuer: Issuer, now: datetime
) -> x509.Certificate:
    """A time-stamp authority: its one extended key usage is critical (RFC 3161, 2.3)."""
    usage = _usage(digital_signature=True, content_commitment=True)
    builder = _leaf(identity.to_name(), key, issuer, _end(now, ISSUING_YEARS), now, usage)
    builder = builder.add_extension(_policies(TIMESTAMP_POLICY), critical=False)
    builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
    return builder.sign(issuer.key, fitting_hash(issuer.key))


def make_ocsp(
    identity: Identity, key: PrivateKey | PublicKey, issuer: Issuer, now: datetime
) -> x509.Certificate:
    """The issuing authority's responder. Nobody asks about its own state (nocheck, RFC 6960,
    4.2.2.2.1), so it lives for months only."""
    usage, end = _usage(digital_signature=True), now + timedelta(days=OCSP_DAYS)
    silent = Issuer(issuer.certificate, issuer.key, issuer.crl_url, issuer.certificate_url)
    builder = _leaf(identity.to_name(), key, silent, end, now, usage)
    builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), critical=False)
    builder = builder.add_extension(x509.OCSPNoCheck(), critical=False)
    return builder.sign(issuer.key, fitting_hash(issuer.key))


def make_signer(
    identity: Identity | x509.Name,
    key: PrivateKey | PublicKey,
    issuer: Issuer,
    now: datetime,
    *,
    is_seal: bool = False,
    policy: x509.ObjectIdentifier = PERSON_POLICY,
) -> x509.Certificate:
    """A person, the service, or a seal: non-repudiation, and nothing else a key could be used for."""
    usage = _usage(digital_signature=True, content_commitment=True)
    name = identity.to_name() if isinstance(identity, Identity) else identity
    builder = _leaf(name, key, issuer, _end(now, LEAF_YEARS), now, usage)
    builder = builder.add_extension(_policies(SEAL_POLICY if is_seal else policy), critical=False)
    return builder.sign(issuer.key, fitting_hash(issuer.key))


def make_crl(
    issuer: x509.Certificate,
    key: PrivateKey,
    number: int,
    revoked: Iterable[tuple[int, datetime, x509.ReasonFlags]],
    now: datetime,
    until: datetime | None = None,
) -> x509.CertificateRevocationList:
    """A revocation list. ``revoked`` holds serial number, instant and reason.

    Certificates stay on it after their end, which it says (X.509, 9.5.2.8; ETSI EN 319 411-2 asks
    for it): a signature is judged for decades.
    """
    begin = issuer.not_valid_before_utc.astimezone(UTC).replace(microsecond=0)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.subject)
        .last_update(now)
        .next_update(until or now + timedelta(days=CRL_DAYS))
        .add_extension(_authority_key(issuer), critical=False)
        .add_extension(x509.CRLNumber(number), critical=False)
        .add_extension(
            x509.UnrecognizedExtension(_EXPIRED_CERTIFICATES, generalized_time(begin)), critical=False
        )
    )
    for serial, at, reason in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(at)
        if reason is not x509.ReasonFlags.unspecified:  # left out rather than said (RFC 5280, 5.3.1)
            entry = entry.add_extension(x509.CRLReason(reason), critical=False)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(key, fitting_hash(key))


def _end(now: datetime, years: int) -> datetime:
    return now + timedelta(days=365 * years + years // 4)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: PublicKey, now: datetime, end: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATE)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _issued(
    subject: x509.Name, key: PrivateKey | PublicKey, issuer: Issuer, end: datetime, now: datetime
) -> x509.CertificateBuilder:
    """Nothing outlives its issuer: a verifier would find no list for it."""
    point = x509.DistributionPoint([x509.UniformResourceIdentifier(issuer.crl_url)], None, None, None)
    access = [_access(AuthorityInformationAccessOID.CA_ISSUERS, issuer.certificate_url)]
    if issuer.ocsp_url is not None:
        access.append(_access(AuthorityInformationAccessOID.OCSP, issuer.ocsp_url))
    end = min(end, issuer.certificate.not_valid_after_utc)
    return (
        _builder(subject, issuer.certificate.subject, public_of(key), now, end)
        .add_extension(_authority_key(issuer.certificate), critical=False)
        .add_extension(x509.CRLDistributionPoints([point]), critical=False)
        .add_extension(x509.AuthorityInformationAccess(access), critical=False)
    )


def _leaf(
    subject: x509.Name,
    key: PrivateKey | PublicKey,
    issuer: Issuer,
    end: datetime,
    now: datetime,
    usage: x509.KeyUsage,
) -> x509.CertificateBuilder:
    builder = _issued(subject, key, issuer, end, now)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    return builder.add_extension(usage, critical=True)


def _authority_key(issuer: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    """The issuer's own SKI, whatever it was made from: an outside root may have made it another way."""
    try:
        found = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    except x509.ExtensionNotFound:
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key())  # type: ignore[arg-type]
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(found)


def _access(method: x509.ObjectIdentifier, url: str) -> x509.AccessDescription:
    return x509.AccessDescription(method, x509.UniformResourceIdentifier(url))


def _policies(policy: x509.ObjectIdentifier) -> x509.CertificatePolicies:
    return x509.CertificatePolicies([x509.PolicyInformation(policy, None)])


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
