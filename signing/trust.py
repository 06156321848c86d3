"""Which roots this installation trusts: its own, and those that an administrator added."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import select
from sqlalchemy.orm import Session

from core import audit
from core.clock import Clock
from core.errors import InvalidInput, NotFound
from signing.errors import CertificateUnfit
from signing.models import Certificate, CertificateRole, OutsideRoot, RootPurpose

_FOR_SIGNATURES: Final = (RootPurpose.SIGNATURES, RootPurpose.BOTH)
_FOR_TIMESTAMPS: Final = (RootPurpose.TIMESTAMPS, RootPurpose.BOTH)
MOST_REASON: Final = 300


def own_roots(session: Session) -> list[bytes]:
    """The root certificates (DER) of our own authority."""
    return list(
        session.scalars(
            select(Certificate.der).where(Certificate.role == CertificateRole.ROOT).order_by(Certificate.id)
        )
    )


def stored_roots(session: Session) -> list[bytes]:
    """Every root (DER) that a signature or a time-stamp may lead to: ours first, then outside ones."""
    return [*own_roots(session), *_outside(session, tuple(RootPurpose))]


def signature_roots(session: Session) -> list[bytes]:
    """The outside roots (DER) that imported certificates may lead to."""
    return _outside(session, _FOR_SIGNATURES)


def timestamp_roots(session: Session) -> list[bytes]:
    """The outside roots (DER) that an outside time-stamp authority may lead to."""
    return _outside(session, _FOR_TIMESTAMPS)


def _outside(session: Session, purposes: Sequence[RootPurpose]) -> list[bytes]:
    return list(
        session.scalars(
            select(OutsideRoot.der)
            .where(OutsideRoot.removed_at.is_(None), OutsideRoot.purpose.in_(purposes))
            .order_by(OutsideRoot.added_at, OutsideRoot.id)
        )
    )


def outside_roots(session: Session) -> Sequence[OutsideRoot]:
    """The outside roots that are trusted now, oldest first."""
    return session.scalars(
        select(OutsideRoot)
        .where(OutsideRoot.removed_at.is_(None))
        .order_by(OutsideRoot.added_at, OutsideRoot.id)
    ).all()


def add_root(
    session: Session, clock: Clock, actor_id: UUID | None, data: bytes, purpose: str, reason: str
) -> OutsideRoot:
    """Trust an outside root (PEM or DER). The caller has checked that the actor may.

    Adding it again changes its purpose. Raises CertificateUnfit, InvalidInput.
    """
    if purpose not in set(RootPurpose):
        raise InvalidInput(field="purpose", reason=", ".join(RootPurpose))
    reason = reason.strip()
    if not 1 <= len(reason) <= MOST_REASON:
        raise InvalidInput(field="reason", reason=f"1–{MOST_REASON}")
    certificate, now = _root(data), clock.now()
    if certificate.not_valid_after_utc <= now:
        raise CertificateUnfit(field="certificate", reason="expired")
    der = certificate.public_bytes(Encoding.DER)
    digest = hashlib.sha256(der).hexdigest()
    row = session.scalar(
        select(OutsideRoot).where(OutsideRoot.digest == digest, OutsideRoot.removed_at.is_(None))
    )
    if row is None:
        row = OutsideRoot(
            digest=digest,
            subject=certificate.subject.rfc4514_string()[:300],
            der=der,
            not_after=certificate.not_valid_after_utc,
            added_by=actor_id,
            added_at=now,
        )
        session.add(row)
    row.purpose, row.reason = RootPurpose(purpose), reason
    session.flush()
    audit.record(
        session, now, actor_id, "root.trusted", "root", row.id,
        {"sha256": digest, "subject": row.subject, "purpose": purpose, "reason": reason},
    )  # fmt: skip
    return row


def remove_root(session: Session, clock: Clock, actor_id: UUID | None, root_id: UUID, reason: str) -> None:
    """Trust an outside root no longer. Raises NotFound."""
    row = session.get(OutsideRoot, root_id)
    if row is None or row.removed_at is not None:
        raise NotFound(what="root")
    row.removed_at = now = clock.now()
    audit.record(
        session, now, actor_id, "root.distrusted", "root", row.id,
        {"sha256": row.digest, "subject": row.subject, "reason": reason.strip()[:MOST_REASON]},
    )  # fmt: skip


def load_certificate(data: bytes) -> x509.Certificate:
    """One certificate, PEM or DER. Raises CertificateUnfit."""
    try:
        if b"-----BEGIN" in data:
            return x509.load_pem_x509_certificate(data)
        return x509.load_der_x509_certificate(data)
    except ValueError as error:
        raise CertificateUnfit(field="certificate", reason="unreadable") from error


def _root(data: bytes) -> x509.Certificate:
    """A certificate that may certify and certifies itself. Raises CertificateUnfit."""
    certificate = load_certificate(data)
    try:
        certificate.verify_directly_issued_by(certificate)
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    except Exception as error:  # ValueError, TypeError, InvalidSignature, ExtensionNotFound, unknown keys
        raise CertificateUnfit(field="certificate", reason="not-a-root") from error
    if not constraints.ca:
        raise CertificateUnfit(field="certificate", reason="not-a-root")
    return certificate
