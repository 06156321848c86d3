"""Which roots this installation trusts."""

from __future__ import annotations

from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from signing.models import Certificate, CertificateRole


def stored_roots(session: Session) -> list[bytes]:
    """The root certificates (DER) of this installation; none when it was never set up."""
    if not inspect(session.connection()).has_table(Certificate.__tablename__):
        return []
    return list(session.scalars(select(Certificate.der).where(Certificate.role == CertificateRole.ROOT)))
