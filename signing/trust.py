"""Which roots this installation trusts."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from signing.models import Certificate, CertificateRole


def stored_roots(session: Session) -> list[bytes]:
    """The root certificates (DER) of this installation."""
    return list(session.scalars(select(Certificate.der).where(Certificate.role == CertificateRole.ROOT)))
