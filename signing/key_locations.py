"""Where keys lie that are not in the database."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Session

from signing.custody_models import KeyLocation


def place_of(session: Session, certificate_id: UUID) -> dict[str, str] | None:
    """Token, label and id (``token``, ``label``, ``key_id``) of a certificate's key; None: in no slot."""
    place = session.get(KeyLocation, certificate_id)
    if place is None:
        return None
    return {"token": place.token, "label": place.label, "key_id": place.key_id}


def move_location(session: Session, old: UUID, new: UUID) -> bool:
    """The same key in its slot gets another certificate. False where the key lies in no slot."""
    place = session.get(KeyLocation, old)
    if place is None:
        return False
    session.add(
        KeyLocation(
            certificate_id=new,
            token=place.token,
            label=place.label,
            key_id=place.key_id,
            details=place.details,
        )
    )
    return True
