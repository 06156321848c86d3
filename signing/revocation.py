"""Revocation lists of the internal authority, and certificate rows as they come from certificates."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from core.database import insert_unless_there
from signing import pki
from signing.models import Certificate, CertificateRole, RevocationList


def write_list(
    session: Session,
    issuer_id: UUID,
    certificate: x509.Certificate,
    key: pki.PrivateKey,
    now: datetime,
) -> None:
    """Issue the next list of an authority; the row's lock gives its numbers out one by one."""
    stored = _stored(session, issuer_id, now)
    crl = pki.make_crl(certificate, key, stored.number + 1, entries(session, issuer_id), now)
    _keep(stored, crl, stored.number + 1)
    session.flush()


def entries(session: Session, issuer_id: UUID) -> list[tuple[int, datetime, x509.ReasonFlags]]:
    """What the list of an authority has to name: serial number, instant and reason, in the order of issue."""
    rows = session.execute(
        select(
            Certificate.serial_number,
            Certificate.revoked_at,
            Certificate.revocation_reason,
            Certificate.held_at,
        )
        .where(
            Certificate.issuer_id == issuer_id,
            or_(Certificate.revoked_at.is_not(None), Certificate.held_at.is_not(None)),
        )
        .order_by(Certificate.id)
    )
    return [(int(row.serial_number, 16), *_entry(row)) for row in rows]


def take_list(session: Session, issuer_id: UUID, crl: x509.CertificateRevocationList, now: datetime) -> bool:
    """Keep a list that was issued elsewhere; False when the one at hand is as new or newer."""
    stored = _stored(session, issuer_id, now)
    number = crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    if number <= stored.number:
        return False
    _keep(stored, crl, number)
    session.flush()
    return True


def _entry(row: object) -> tuple[datetime, x509.ReasonFlags]:
    revoked_at: datetime | None = row.revoked_at  # type: ignore[attr-defined]
    if revoked_at is not None:
        reason: str | None = row.revocation_reason  # type: ignore[attr-defined]
        return revoked_at, x509.ReasonFlags(reason or "unspecified")
    held_at: datetime = row.held_at  # type: ignore[attr-defined]
    return held_at, x509.ReasonFlags.certificate_hold


def _stored(session: Session, issuer_id: UUID, now: datetime) -> RevocationList:
    empty = {"issuer_id": issuer_id, "number": 0, "der": b"", "this_update": now, "next_update": now}
    insert_unless_there(session, RevocationList, [empty])
    return session.scalars(
        select(RevocationList).where(RevocationList.issuer_id == issuer_id).with_for_update()
    ).one()


def _keep(stored: RevocationList, crl: x509.CertificateRevocationList, number: int) -> None:
    stored.number, stored.der = number, crl.public_bytes(Encoding.DER)
    stored.this_update = crl.last_update_utc
    stored.next_update = crl.next_update_utc or crl.last_update_utc


def brought(session: Session) -> list[Certificate]:
    """The certificates of people and seals that outside authorities issued."""
    rows = session.scalars(
        select(Certificate).where(
            Certificate.role.in_((CertificateRole.PERSON, CertificateRole.SEAL)),
            Certificate.issuer_id.is_(None),
        )
    )
    return list(rows)


def new_row(
    certificate: x509.Certificate,
    role: CertificateRole,
    issuer_id: UUID | None,
    outside_chain: list[str] | None = None,
) -> Certificate:
    """The row of a certificate, without a key."""
    return Certificate(
        role=role,
        subject=certificate.subject.rfc4514_string()[:300],
        serial_number=f"{certificate.serial_number:x}",
        issuer_id=issuer_id,
        der=certificate.public_bytes(Encoding.DER),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        outside_chain=outside_chain,
    )
