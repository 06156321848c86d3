"""Another key for a seal: brought from an outside authority, in a PKCS#11 slot, or made anew.

One person offers it and another agrees, as with every change of a seal (``signing.seal_life``). Until
then the offered key lies under the master key, or stays in its slot, and signs nothing; when the change
is decided, what is secret of the offer is gone. A key in a slot that the seal signs with no longer goes
from its token (``signing.slot_ends``).
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy.orm import Session

from core import audit
from core.clock import Clock
from core.masterkey import MasterKey
from core.models import LegalEntity
from signing import importing, pki
from signing.authority import Authority
from signing.custody_models import KeyLocation, PersonToken
from signing.errors import CertificateUnfit
from signing.key_locations import place_of
from signing.keys import PublicKey, is_strong
from signing.models import Certificate, CertificateRole, Seal, SealChange, SealKeyOffer
from signing.pkcs11 import SlotKeyFound
from signing.slot_ends import ask_to_destroy

MOST_REASON: Final = 500


@dataclass(frozen=True)
class Offer:
    """A key for a seal. ``certificate`` is None where our authority shall issue one; ``key`` is None where
    the private key stays in its slot, which ``place`` names then."""

    public_key: PublicKey
    certificate: x509.Certificate | None
    others: tuple[x509.Certificate, ...] = ()
    key: pki.PrivateKey | None = None
    place: dict[str, str] | None = None

    @property
    def kind(self) -> str:
        """``slot``, ``file`` or ``new``."""
        return "slot" if self.place is not None else "file" if self.certificate is not None else "new"


def from_file(data: bytes, password: str) -> Offer:
    """The key of a PKCS#12 file. Slow: outside transactions. Raises CertificateUnfit."""
    opened = importing.open_pkcs12(data, password)
    return Offer(opened.key.public_key(), opened.certificate, opened.others, opened.key)


def from_slot(found: SlotKeyFound, *, own_certificate: bool) -> Offer:
    """A key that lies in a slot; with its certificate there, or one of ours. Raises CertificateUnfit."""
    public: Any = serialization.load_der_public_key(found.public_key)
    if not isinstance(public, PublicKey) or not is_strong(public):
        raise CertificateUnfit(field="label", reason="algorithm")
    place = {"token": found.token, "label": found.label, "key_id": found.key_id}
    if not own_certificate:
        return Offer(public, None, (), None, place)
    if not found.certificates:
        raise CertificateUnfit(field="label", reason="no-certificate")
    certificate, *others = (x509.load_der_x509_certificate(one) for one in found.certificates)
    return Offer(public, certificate, tuple(others), None, place)


class SealKeys:
    """Keeps offers and puts them in place. Verbs belong to the caller's transaction."""

    def __init__(self, master_key: MasterKey, clock: Clock, authority: Authority) -> None:
        self._master_key = master_key
        self._clock = clock
        self._authority = authority

    def new_offer(self) -> Offer:
        """A fresh key of our own. RSA takes up to seconds: outside transactions."""
        key = self._authority.new_key(CertificateRole.SEAL)
        return Offer(key.public_key(), None, (), key)

    def checked(self, session: Session, seal: Seal, offer: Offer) -> dict[str, Any]:
        """What the change says of an offer, once it is fit for the seal. Raises CertificateUnfit."""
        detail: dict[str, Any] = {"key": offer.kind}
        if offer.place is not None:
            detail |= {"token": offer.place["token"], "label": offer.place["label"]}
            if session.get(PersonToken, offer.place["token"]) is not None:  # its PIN is that person's alone
                raise CertificateUnfit(field="label", reason="in-use")
        if offer.certificate is not None:
            self._check(session, seal, offer.certificate, offer.others)
            detail["serial"] = f"{offer.certificate.serial_number:x}"
            detail["subject"] = offer.certificate.subject.rfc4514_string()[:300]
        return detail

    def _check(
        self, session: Session, seal: Seal, certificate: x509.Certificate, others: Sequence[x509.Certificate]
    ) -> importing.Brought:
        brought = importing.check(session, certificate, others, self._clock.now())
        entity = session.get_one(LegalEntity, seal.entity_id)
        importing.check_names_entity(certificate, entity.name, entity.social_credit_code)
        importing.check_free(session, certificate, seal.id)
        return brought

    def keep(self, session: Session, change: SealChange, offer: Offer) -> None:
        """Keep an offer until its change is decided."""
        wrapped = None
        if offer.key is not None:
            wrapped = self._master_key.wrap(pki.key_to_der(offer.key), purpose=offer_purpose(change.id))
        session.add(
            SealKeyOffer(
                change_id=change.id,
                public_key=offer.public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
                certificate=offer.certificate.public_bytes(Encoding.DER) if offer.certificate else None,
                chain=[base64.b64encode(one.public_bytes(Encoding.DER)).decode() for one in offer.others],
                wrapped_key=wrapped,
                place=offer.place,
            )
        )
        session.flush()

    def forget(self, session: Session, change: SealChange) -> None:
        """Drop what is secret of an offer whose change came to nothing."""
        offer = session.get(SealKeyOffer, change.id)
        if offer is not None:
            offer.wrapped_key = None

    def put_in_place(self, session: Session, change: SealChange, seal: Seal) -> None:
        """Let the seal sign with the offered key from now on; what our authority issued for the old one is
        revoked as superseded. Raises CertificateUnfit where it is no longer fit."""
        offer = session.get_one(SealKeyOffer, change.id)
        row = self._certified(session, seal, offer)
        old = session.get_one(Certificate, seal.certificate_id)
        old_place = place_of(session, old.id)
        seal.certificate_id, seal.wrapped_key = row.id, b""
        if offer.wrapped_key is not None:
            plain = self._master_key.unwrap(offer.wrapped_key, purpose=offer_purpose(change.id))
            seal.wrapped_key = self._master_key.wrap(plain, purpose=f"seal {row.serial_number}")
            offer.wrapped_key = None
        if offer.place is not None:
            session.add(
                KeyLocation(
                    certificate_id=row.id,
                    token=offer.place["token"],
                    label=offer.place["label"],
                    key_id=offer.place["key_id"],
                    details={"version": 1},
                )
            )
        session.flush()
        if old_place not in (None, offer.place):
            ask_to_destroy(session, old.id, self._clock.now())
        if old.outside_chain is None:
            self._authority.revoke(session, old.id, x509.ReasonFlags.superseded)
        self._authority.members.forget()

    def _certified(self, session: Session, seal: Seal, offer: SealKeyOffer) -> Certificate:
        if offer.certificate is None:
            entity = session.get_one(LegalEntity, seal.entity_id)
            identity = self._authority.identity(
                session, f"{entity.name} {seal.name}", entity.name, seal.code or ""
            )
            public: Any = serialization.load_der_public_key(offer.public_key)
            return self._authority.issue(session, CertificateRole.SEAL, identity, public)
        certificate = x509.load_der_x509_certificate(offer.certificate)
        others = [x509.load_der_x509_certificate(base64.b64decode(one)) for one in offer.chain]
        row = self._check(session, seal, certificate, others).row(CertificateRole.SEAL)
        session.add(row)
        session.flush()
        audit.record(
            session, self._clock.now(), None, "certificate.imported", "certificate", row.id,
            {"serial": row.serial_number, "subject": row.subject, "seal": str(seal.id)},
        )  # fmt: skip
        return row


def offer_purpose(change_id: UUID) -> str:
    """What an offered key is wrapped for."""
    return f"seal offer {change_id}"
