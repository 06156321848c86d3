"""What signing keeps under the master key; a change of the key wraps it anew."""

from __future__ import annotations

from typing import Final

from sqlalchemy.orm import Session

from core.rotation import Wrapped
from signing.custody_models import Pepper, SecondFactor
from signing.members import request_purpose
from signing.models import Certificate, CertificateRequest, Seal, SealKeyOffer
from signing.peppers import purpose as pepper_purpose
from signing.seal_keys import offer_purpose
from signing.second_factor import secret_purpose


def _of_authority(_session: Session, row: Certificate) -> str:
    return f"authority {row.role}"


def _of_seal(session: Session, row: Seal) -> str:
    return f"seal {session.get_one(Certificate, row.certificate_id).serial_number}"


WRAPPED: Final = (
    Wrapped(Certificate, "wrapped_key", _of_authority),
    Wrapped(CertificateRequest, "wrapped_key", lambda _session, row: request_purpose(row.id)),
    Wrapped(Seal, "wrapped_key", _of_seal),
    Wrapped(SealKeyOffer, "wrapped_key", lambda _session, row: offer_purpose(row.change_id)),
    Wrapped(Pepper, "wrapped", lambda _session, row: pepper_purpose(row.number)),
    Wrapped(SecondFactor, "wrapped_secret", lambda _session, row: secret_purpose(row.id)),
)
