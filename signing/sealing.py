"""Seals and their use: authorised once for one document, applied by their keeper, registered.

There is no way to a seal's key but ``prepare``, and it asks for an authorisation that is unused,
unexpired, for this digest and this keeper. ``record`` consumes the authorisation under a unique
constraint, in the transaction that makes the sealed version current: of two seals at once, one
never comes into being.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from asn1crypto import x509 as asn1_x509
from sqlalchemy import select
from sqlalchemy.orm import Session

from core import audit
from core.clock import Clock
from core.database import Database
from core.errors import NotFound
from core.masterkey import MasterKey
from core.models import LegalEntity
from core.permissions import Principal, hold_term, term_seal
from core.settings import Settings
from signing import entries, pades, pki, seal_fields, seals
from signing.authority import Authority
from signing.certificates import Certificates
from signing.drawing import Drawing, shown
from signing.enrolment import Enrolment
from signing.errors import (
    NotTheKeeper,
    SealAuthorisationExpired,
    SealAuthorisationUsed,
    SealDigestDiffers,
    SealNotAuthorised,
    SealNotUsable,
)
from signing.fields import WantedPlace
from signing.models import (
    Certificate,
    CertificateRole,
    Seal,
    SealAuthorisation,
    SealRecord,
    SealState,
    UseKind,
)
from signing.pkcs11 import SlotKeys
from signing.placing import Spot
from signing.seal_facts import SealFacts, checked, faced
from signing.seal_keys import SealKeys
from signing.seal_scans import SealScans


@dataclass(frozen=True)
class SealedPdf:
    """A document that was sealed and is not recorded yet. Made by ``prepare`` only."""

    authorisation_id: UUID
    keeper_id: UUID
    digest_before: str
    digest_after: str
    placements: tuple[Spot, ...]


@dataclass(frozen=True)
class _Opened:
    """What ``prepare`` needs about a seal, read in one go."""

    seal: Seal
    entity_name: str
    certificate: asn1_x509.Certificate
    authorisation: SealAuthorisation


class Sealing:
    """Makes seals and applies them."""

    def __init__(
        self,
        database: Database,
        master_key: MasterKey,
        clock: Clock,
        settings: Settings,
        authority: Authority,
        enrolment: Enrolment,
        certificates: Certificates,
        scans: SealScans,
    ) -> None:
        self._database = database
        self._master_key = master_key
        self._clock = clock
        self._settings = settings
        self._authority = authority
        self._enrolment = enrolment
        self._certificates = certificates
        self.scans = scans
        self.slots = SlotKeys(settings, authority)
        self.keys = SealKeys(master_key, clock, authority)

    def new_key(self) -> pki.PrivateKey:
        """A key for a seal that is about to be made. RSA takes up to seconds: outside transactions."""
        return self._authority.new_key(CertificateRole.SEAL)

    def make(
        self,
        session: Session,
        actor_id: UUID,
        facts: SealFacts,
        state: SealState,
        key: pki.PrivateKey | None = None,
    ) -> Seal:
        """Make a seal and its certificate, for ``seal_life``: an application was agreed to. ``key`` is what
        ``new_key`` gave outside the transaction; a caller for whom nobody waits may leave it out.

        Raises what ``seal_facts.checked`` raises.
        """
        now = self._clock.now()
        facts = checked(session, facts, now.astimezone(self._settings.zone).date())
        entity = session.get_one(LegalEntity, facts.entity_id)
        key = key or self.new_key()
        identity = self._authority.identity(
            session, f"{entity.name} {facts.name}", entity.name, facts.code or ""
        )
        certificate = self._authority.issue(session, CertificateRole.SEAL, identity, key)
        face = facts.face(entity.name)
        seal = Seal(
            entity_id=facts.entity_id,
            name=facts.name,
            kind=facts.kind,
            code=facts.code,
            diameter_mm=face.width_mm,
            height_mm=None if face.height_mm == face.width_mm else face.height_mm,
            inscription=facts.inscription,
            picture_digest=facts.picture_digest,
            keeper_id=facts.keeper_id,
            auditor_id=facts.auditor_id,
            user_ids=[str(one) for one in facts.user_ids],
            state=state,
            certificate_id=certificate.id,
            wrapped_key=self._master_key.wrap(
                pki.key_to_der(key), purpose=f"seal {certificate.serial_number}"
            ),
            created_at=now,
        )
        session.add(seal)
        session.flush()
        hold_term(session, facts.keeper_id, term_seal(seal.id))
        audit.record(
            session,
            now,
            actor_id,
            "seal.created",
            "seal",
            seal.id,
            {"name": facts.name, "kind": facts.kind, "keeper": str(facts.keeper_id), "state": state.value},
        )
        return seal

    def drawing(self, session: Session, seal_id: UUID) -> Drawing:
        """A seal's picture in its true size. Raises NotFound."""
        found = session.execute(
            select(Seal, LegalEntity.name)
            .join(LegalEntity, LegalEntity.id == Seal.entity_id)
            .where(Seal.id == seal_id)
        ).one_or_none()
        if found is None:
            raise NotFound(what="seal")
        return self._drawing_of(found[0], found[1])

    def _drawing_of(self, seal: Seal, entity_name: str) -> Drawing:
        height_mm = seal.height_mm or seal.diameter_mm
        face = seals.Face(
            seals.SealKind(seal.kind), entity_name, seal.diameter_mm, height_mm, seal.code, seal.inscription
        )
        return self.draw(face, seal.picture_digest)

    def draw(self, face: seals.Face, picture_digest: str | None) -> Drawing:
        """A seal's picture: drawn, or the print of a scan in the face's size."""
        if picture_digest is None:
            return seals.draw(face)
        return shown(self.scans.picture(picture_digest), (face.width_mm, face.height_mm))

    def preview(self, session: Session, facts: SealFacts) -> Drawing:
        """The picture of a seal that does not exist yet. Raises what ``seal_facts.faced`` raises."""
        entity = session.get(LegalEntity, facts.entity_id)
        if entity is None:
            raise NotFound(what="entity")
        facts = faced(session, facts)
        return self.draw(facts.face(entity.name), facts.picture_digest)

    def authorise(
        self,
        session: Session,
        *,
        seal_id: UUID,
        case_id: UUID,
        case_serial: str,
        document_id: UUID,
        document_title: str,
        digest: str,
        copies: int,
        subject: str,
        counterparty: str | None,
        applicant_id: UUID,
        department_id: UUID,
        approver_ids: Sequence[UUID],
        expires_at: datetime,
    ) -> SealAuthorisation:
        """Let one seal be put once on one document state. Called by an approved case's transaction."""
        seal = session.get(Seal, seal_id)
        if seal is None:
            raise NotFound(what="seal")
        if seal.state != SealState.ACTIVE:
            raise SealNotUsable(seal=seal.name, state=seal.state)
        row = SealAuthorisation(
            seal_id=seal_id,
            case_id=case_id,
            case_serial=case_serial,
            document_id=document_id,
            document_title=document_title[:300],
            digest=digest,
            copies=copies,
            subject=subject[:300],
            counterparty=counterparty,
            applicant_id=applicant_id,
            department_id=department_id,
            approver_ids=[str(i) for i in approver_ids],
            expires_at=expires_at,
            created_at=self._clock.now(),
        )
        session.add(row)
        session.flush()
        audit.record(
            session,
            row.created_at,
            None,
            "seal.authorised",
            "seal",
            seal_id,
            {"authorisation": str(row.id), "case": case_serial, "digest": digest},
        )
        return row

    def prepare(
        self,
        keeper: Principal,
        pin: str,
        authorisation_id: UUID,
        digest: str,
        path: Path,
        placements: Sequence[WantedPlace],
    ) -> SealedPdf:
        """Put the seal on a document, outside any transaction. Nothing is recorded yet.

        ``path`` is a file of the caller's own, of any size, that the seal is appended to; ``digest`` is
        what the store calls it, and is computed again here. One signature covers all places whose
        fields stood before the first signature; any other place becomes a signature of the seal's own
        key. When this raises the file is as it was. Raises SealNotAuthorised, SealAuthorisationUsed,
        SealAuthorisationExpired, SealDigestDiffers, NotTheKeeper, SealNotUsable, what placing raises
        (``placing.spots``), and what unlocking the keeper's credential raises.
        """
        found = _digest(path)
        with self._database.read() as session:
            opened = self._check(session, keeper, authorisation_id, digest, found)
            self._authority.check_ready(session)
        self._enrolment.unlock(keeper.person_id, pin, [digest], "seal")
        with self._database.read() as session:
            key = self._key(session, opened.seal, opened.certificate)
        spots = seal_fields.apply(
            path,
            self._drawing_of(opened.seal, opened.entity_name),
            placements,
            key,
            self._authority.timestamper(),
            reason=f"{opened.authorisation.case_serial} {opened.authorisation.subject}",
            name=f"{opened.entity_name} {opened.seal.name}",
            group=opened.authorisation.id.hex[-12:],
        )
        return SealedPdf(authorisation_id, keeper.person_id, digest, _digest(path), spots)

    def key(self, session: Session, seal_id: UUID) -> pades.SigningKey:
        """A seal's key. For this room and its tests: nothing outside may seal without an authorisation."""
        seal, der = session.execute(
            select(Seal, Certificate.der)
            .join(Certificate, Certificate.id == Seal.certificate_id)
            .where(Seal.id == seal_id)
        ).one()
        return self._key(session, seal, asn1_x509.Certificate.load(der))

    def _key(self, session: Session, seal: Seal, certificate: asn1_x509.Certificate) -> pades.SigningKey:
        """The seal's key: in a slot, or under the master key."""
        in_slot = self.slots.key(session, seal.certificate_id)
        if in_slot is not None:
            return in_slot
        der = self._master_key.unwrap(seal.wrapped_key, purpose=f"seal {certificate.serial_number:x}")
        return pades.SigningKey(
            certificate,
            pki.key_from_der(der),
            self._authority.chain_of(certificate),
            self._settings.signature_digest,
        )

    def _check(
        self, session: Session, keeper: Principal, authorisation_id: UUID, digest: str, found: str
    ) -> _Opened:
        authorisation = session.get(SealAuthorisation, authorisation_id)
        if authorisation is None:
            raise SealNotAuthorised()
        self._check_unused(session, authorisation)
        if not digest == found == authorisation.digest:
            raise SealDigestDiffers()
        seal, entity_name, certificate = session.execute(
            select(Seal, LegalEntity.name, Certificate.der)
            .join(LegalEntity, LegalEntity.id == Seal.entity_id)
            .join(Certificate, Certificate.id == Seal.certificate_id)
            .where(Seal.id == authorisation.seal_id)
        ).one()
        if seal.keeper_id != keeper.person_id:
            raise NotTheKeeper(seal=seal.name)
        if seal.state != SealState.ACTIVE:
            raise SealNotUsable(seal=seal.name, state=seal.state)
        loaded = asn1_x509.Certificate.load(certificate)
        self._certificates.require_usable(loaded)
        return _Opened(seal, entity_name, loaded, authorisation)

    def _check_unused(self, session: Session, authorisation: SealAuthorisation) -> None:
        used = session.scalar(select(SealRecord.id).where(SealRecord.authorisation_id == authorisation.id))
        if used is not None:
            raise SealAuthorisationUsed()
        now = self._clock.now()
        if authorisation.revoked_at is not None or authorisation.expires_at <= now:
            until = authorisation.revoked_at or authorisation.expires_at
            raise SealAuthorisationExpired(
                expired_at=until.astimezone(self._settings.zone).strftime("%Y-%m-%d %H:%M")
            )

    def record(self, session: Session, sealed: SealedPdf, digest_after: str) -> SealRecord:
        """Enter a use into the register and consume its authorisation.

        Belongs to the transaction that makes the sealed version current. ``digest_after`` is the
        digest of the object that was kept. Raises SealAuthorisationUsed, SealAuthorisationExpired,
        SealDigestDiffers.
        """
        authorisation = session.scalars(
            select(SealAuthorisation).where(SealAuthorisation.id == sealed.authorisation_id).with_for_update()
        ).one_or_none()
        if authorisation is None:
            raise SealNotAuthorised()
        self._check_unused(session, authorisation)
        if sealed.digest_before != authorisation.digest or sealed.digest_after != digest_after:
            raise SealDigestDiffers()
        seal = session.scalars(select(Seal).where(Seal.id == authorisation.seal_id).with_for_update()).one()
        if seal.keeper_id != sealed.keeper_id:
            raise NotTheKeeper(seal=seal.name)
        if seal.state != SealState.ACTIVE:
            raise SealNotUsable(seal=seal.name, state=seal.state)
        row = SealRecord(
            seal_id=seal.id,
            kind=UseKind.ELECTRONIC,
            authorisation_id=authorisation.id,
            case_id=authorisation.case_id,
            case_serial=authorisation.case_serial,
            document_id=authorisation.document_id,
            document_title=authorisation.document_title,
            digest_before=sealed.digest_before,
            digest_after=digest_after,
            placements=[spot.to_json() for spot in sealed.placements],
            copies=authorisation.copies,
            subject=authorisation.subject,
            counterparty=authorisation.counterparty,
            applicant_id=authorisation.applicant_id,
            department_id=authorisation.department_id,
            approver_ids=authorisation.approver_ids,
            keeper_id=sealed.keeper_id,
        )
        return entries.enter(session, row, sealed.keeper_id, self._clock.now(), self._settings.zone)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
