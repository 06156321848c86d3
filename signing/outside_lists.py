"""Revocation lists of outside authorities: brought by an administrator or fetched from configured places.

A list is kept when an authority signed it that leads to an outside root which is trusted here. What it
says of the certificates that were brought holds at once: a revoked one signs nothing any more. Nothing
is fetched from addresses in files that somebody uploads.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final
from uuid import UUID

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import select
from sqlalchemy.orm import Session

from core import audit
from core.clock import Clock
from core.database import Database
from core.permissions import Principal
from signing.certificates import Certificates, common_name, require_administrator
from signing.errors import CertificateUnfit
from signing.models import Certificate, Credential, OutsideList
from signing.revocation import brought
from signing.trust import outside_roots
from signing.verification.material import Material, add_crl, extension, load
from signing.verification.revocation import revocation, says_of

MOST_BYTES: Final = 20_000_000
CLOCKS: Final = timedelta(minutes=10)
_PARTIAL: Final = "2.5.29.27"
_SCOPE: Final = "2.5.29.28"


@dataclass(frozen=True)
class Gap:
    """No current list says whether ``subject``, which ``issuer`` certified, still holds."""

    certificate_id: UUID
    owner: str
    subject: str
    issuer: str


class OutsideLists:
    """Opens its own transactions, where a verb takes no session."""

    def __init__(self, database: Database, clock: Clock, certificates: Certificates) -> None:
        self._database = database
        self._clock = clock
        self._certificates = certificates

    def take(
        self,
        actor: Principal | None,
        data: bytes,
        source: str = "",
        issuers: Sequence[x509.Certificate] = (),
    ) -> OutsideList:
        """Keep a list (PEM or DER). ``source`` is the address it was fetched from; empty: uploaded.

        ``issuers`` are certificates of authorities that may have signed it, beside the known ones.
        Raises Forbidden, CertificateUnfit (list-…).
        """
        require_administrator(actor)
        crl, now = read_list(data), self._clock.now()
        with self._database.write() as session:
            issuer = self._issuer_of(session, crl, issuers)
            _check(crl, now)
            row = self._keep(session, crl, issuer, actor, source, now)
            self._apply(session, now)
            return row

    def _issuer_of(
        self, session: Session, crl: x509.CertificateRevocationList, issuers: Sequence[x509.Certificate]
    ) -> x509.Certificate:
        """The authority that signed a list; it leads to an outside root. Raises CertificateUnfit."""
        roots, between = known_authorities(session)
        material = Material(tuple(roots), [*between, *issuers], [crl], [])
        for one in (*roots, *between, *issuers):
            usage = extension(one, x509.KeyUsage)
            may = usage is None or usage.crl_sign
            signed = one.subject == crl.issuer and may and material.is_list_of(0, one)
            if signed and material.paths(one, ()):
                return one
        raise CertificateUnfit(field="file", reason="list-untrusted")

    def _keep(
        self,
        session: Session,
        crl: x509.CertificateRevocationList,
        issuer: x509.Certificate,
        actor: Principal | None,
        source: str,
        now: datetime,
    ) -> OutsideList:
        der = issuer.public_bytes(Encoding.DER)
        digest, scope = hashlib.sha256(der).hexdigest(), _scope(crl)
        row = session.scalars(
            select(OutsideList)
            .where(OutsideList.issuer_digest == digest, OutsideList.scope == scope)
            .with_for_update()
        ).one_or_none()
        if row is None:
            row = OutsideList(issuer_digest=digest, scope=scope, issuer=common_name(issuer.subject)[:300])
            session.add(row)
        elif crl.last_update_utc < row.this_update:
            raise CertificateUnfit(field="file", reason="list-older")
        row.issuer_der, row.der = der, crl.public_bytes(Encoding.DER)
        row.this_update, row.next_update = crl.last_update_utc, crl.next_update_utc or crl.last_update_utc
        row.source, row.added_at = source[:500], now
        row.added_by = actor.person_id if actor else None
        session.flush()
        if not source:
            audit.record(
                session, now, row.added_by, "list.taken", "list", row.id,
                {"issuer": row.issuer, "sha256": hashlib.sha256(row.der).hexdigest()},
            )  # fmt: skip
        return row

    def _apply(self, session: Session, now: datetime) -> None:
        """What the lists say of the certificates that were brought holds here at once."""
        for row in brought(session):
            if row.revoked_at is not None:
                continue
            found = _said_of(session, row, now)
            if found is None:
                continue
            at, reason = found
            if reason is x509.ReasonFlags.certificate_hold:
                if row.held_at is not None:
                    continue
                row.held_at = at
            else:
                row.revoked_at, row.revocation_reason, row.held_at = at, reason.value, None
                for credential in session.scalars(
                    select(Credential).where(Credential.certificate_id == row.id, Credential.is_active)
                ):
                    credential.is_active = False
            session.flush()
            self._certificates.tell(session, row, "certificate-revoked-outside", now, row.id)
            audit.record(
                session, now, None, "certificate.revoked_outside", "certificate", row.id,
                {"serial": row.serial_number, "subject": row.subject, "reason": reason.value},
            )  # fmt: skip

    def listed(self, session: Session) -> Sequence[OutsideList]:
        """The lists at hand, by issuer."""
        return session.scalars(select(OutsideList).order_by(OutsideList.issuer, OutsideList.scope)).all()

    def in_use(self, session: Session) -> list[x509.Certificate]:
        """The certificates that were brought and sign now, and those above them."""
        used, found = self._certificates.used(session), []
        for row in brought(session):
            if row.id in used:
                found += [x509.load_der_x509_certificate(row.der), *chain_above(row)]
        return found

    def gaps(self, session: Session) -> list[Gap]:
        """The certificates in use for which no current list is at hand, link by link."""
        now, found = self._clock.now(), []
        used = self._certificates.used(session)
        for row in brought(session):
            if row.id in used and row.not_after > now:
                found += [
                    Gap(row.id, used[row.id] or "", subject, issuer)
                    for subject, issuer in missing(session, row, now)
                ]
        return found

    def evidence(
        self, session: Session, embedded: Iterable[asn1_x509.Certificate]
    ) -> tuple[list[asn1_x509.Certificate], list[bytes]]:
        """Certificates and lists (DER) for what a file carries of outside authorities."""
        roots, between = known_authorities(session)
        certificates: dict[bytes, x509.Certificate] = {}
        waiting = [one for one in (load(found.dump()) for found in embedded) if one is not None]
        names: set[bytes] = set()
        while waiting:
            name = waiting.pop().issuer
            for above in (*roots, *between):
                der = above.public_bytes(Encoding.DER)
                if above.subject == name and der not in certificates:
                    certificates[der] = above
                    waiting.append(above)
            names.add(name.public_bytes())
        crls = []
        for row in session.scalars(select(OutsideList)):
            issuer = x509.load_der_x509_certificate(row.issuer_der)
            if issuer.subject.public_bytes() in names:
                crls.append(row.der)
                certificates[row.issuer_der] = issuer
        return [asn1_x509.Certificate.load(der) for der in certificates], crls


def read_list(data: bytes) -> x509.CertificateRevocationList:
    """A list, PEM or DER. Raises CertificateUnfit."""
    if len(data) > MOST_BYTES:
        raise CertificateUnfit(field="file", reason="too-large")
    try:
        load_list = x509.load_pem_x509_crl if b"-----BEGIN" in data[:4096] else x509.load_der_x509_crl
        crl = load_list(data)
        crl.issuer, crl.last_update_utc, crl.next_update_utc, list(crl.extensions)
    except (ValueError, TypeError, x509.DuplicateExtension) as error:
        raise CertificateUnfit(field="file", reason="list-unreadable") from error
    return crl


def read_issuers(data: bytes) -> list[x509.Certificate]:
    """Certificates of authorities, PEM or one in DER. Raises CertificateUnfit."""
    try:
        if b"-----BEGIN" in data:
            return x509.load_pem_x509_certificates(data)
        return [x509.load_der_x509_certificate(data)]
    except ValueError as error:
        raise CertificateUnfit(field="issuer", reason="unreadable") from error


def _check(crl: x509.CertificateRevocationList, now: datetime) -> None:
    kinds = {one.oid.dotted_string: one.value for one in crl.extensions}
    point = kinds.get(_SCOPE)
    if _PARTIAL in kinds or (point is not None and getattr(point, "indirect_crl", True)):
        raise CertificateUnfit(field="file", reason="list-partial")
    if crl.last_update_utc > now + CLOCKS:
        raise CertificateUnfit(field="file", reason="not-yet")
    if crl.next_update_utc is not None and crl.next_update_utc <= now:
        raise CertificateUnfit(field="file", reason="list-expired")


def _scope(crl: x509.CertificateRevocationList) -> str:
    """Which part of an authority's certificates a list is about; empty: all of them."""
    for one in crl.extensions:
        if one.oid.dotted_string == _SCOPE:
            return hashlib.sha256(one.value.public_bytes()).hexdigest()
    return ""


def known_authorities(session: Session) -> tuple[list[x509.Certificate], list[x509.Certificate]]:
    """The outside roots, and the authorities between them and what was brought."""
    roots = [one for one in (load(row.der) for row in outside_roots(session)) if one is not None]
    between = {above for row in brought(session) for above in chain_above(row)}
    between |= {
        one for one in map(load, session.scalars(select(OutsideList.issuer_der).distinct())) if one
    } - set(roots)
    return roots, list(between)


def chain_above(row: Certificate) -> list[x509.Certificate]:
    """The certificates above one that was brought, the root left out."""
    return [x509.load_der_x509_certificate(base64.b64decode(one)) for one in row.outside_chain or ()]


def missing(session: Session, row: Certificate, now: datetime) -> list[tuple[str, str]]:
    """The links above a certificate of which no current list speaks: names of subject and issuer."""
    material = _material(session)
    return [
        (common_name(one.subject), common_name(issuer.subject))
        for one, issuer in _links(material, row)
        if not revocation(material, one, issuer, now)[1]
    ]


def _said_of(session: Session, row: Certificate, now: datetime) -> tuple[datetime, x509.ReasonFlags] | None:
    """When and why a list says that a certificate, or one above it, holds no more."""
    material = _material(session)
    for depth, (one, issuer) in enumerate(_links(material, row)):
        found = says_of(material, one, issuer, now)
        if found is not None:
            at, reason = found
            return at, reason if depth == 0 else x509.ReasonFlags.ca_compromise
    return None


def _material(session: Session) -> Material:
    roots, between = known_authorities(session)
    material = Material(tuple(roots), between, [], [])
    for der in session.scalars(select(OutsideList.der)):
        add_crl(material, der)
    return material


def _links(material: Material, row: Certificate) -> list[tuple[x509.Certificate, x509.Certificate]]:
    paths = material.paths(x509.load_der_x509_certificate(row.der), chain_above(row))
    return list(pairwise(paths[0])) if paths else []
