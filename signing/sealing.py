"""Seals and their use: made, authorised once for one document, applied by their keeper, registered.

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
from typing import Any, Final
from uuid import UUID

from asn1crypto import x509 as asn1_x509
from sqlalchemy import select
from sqlalchemy.orm import Session

from core import audit
from core.clock import Clock
from core.database import Database
from core.errors import InvalidInput, NotFound
from core.masterkey import MasterKey
from core.models import LegalEntity, Person, Role
from core.permissions import Principal, hold_term, term_seal
from core.settings import Settings
from signing import entries, pades, pki, seals
from signing.appearance import style
from signing.authority import Authority
from signing.certificates import Certificates
from signing.enrolment import Enrolment
from signing.errors import (
    NotTheKeeper,
    PlacementMissing,
    PlacementOffPage,
    PlacementOverlaps,
    SealAuthorisationExpired,
    SealAuthorisationUsed,
    SealDigestDiffers,
    SealNotAuthorised,
    SealNotUsable,
)
from signing.fields import FieldSpec, Placement
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

MOST_PLACEMENTS: Final = 20
_SMALLEST_MM: Final = 10.0
_LARGEST_MM: Final = 60.0


@dataclass(frozen=True)
class SealedPdf:
    """A sealed document that is not recorded yet. Made by ``prepare`` only."""

    authorisation_id: UUID
    keeper_id: UUID
    digest_before: str
    pdf: bytes
    placements: tuple[Placement, ...]


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
    ) -> None:
        self._database = database
        self._master_key = master_key
        self._clock = clock
        self._settings = settings
        self._authority = authority
        self._enrolment = enrolment
        self._certificates = certificates
        self.slots = SlotKeys(clock, settings, authority)

    def create(
        self,
        session: Session,
        actor: Principal,
        *,
        entity_id: UUID,
        name: str,
        kind: str,
        keeper_id: UUID,
        code: str | None = None,
        diameter_mm: float = 42.0,
    ) -> Seal:
        """Make a seal with its own key and certificate; for administrators. Raises InvalidInput."""
        actor.require(Role.ADMINISTRATOR)
        entity, keeper = session.get(LegalEntity, entity_id), session.get(Person, keeper_id)
        if entity is None or keeper is None or not keeper.is_active:
            raise NotFound(what="entity" if entity is None else "person")
        if kind not in set(seals.SealKind):
            raise InvalidInput(field="kind", reason=", ".join(seals.SealKind))
        name = name.strip()
        if not 1 <= len(name) <= 200:
            raise InvalidInput(field="name", reason="1–200")
        if not _SMALLEST_MM <= diameter_mm <= _LARGEST_MM:
            raise InvalidInput(field="diameter_mm", reason=f"{_SMALLEST_MM:g}–{_LARGEST_MM:g}")
        if code is not None and not (code.isdigit() and len(code) <= 20):
            raise InvalidInput(field="code", reason="0–9, ≤ 20")
        key, now = pki.new_key(), self._clock.now()
        identity = self._authority.identity(session, f"{entity.name} {name}", entity.name, code or "")
        certificate = self._authority.issue(session, CertificateRole.SEAL, identity, key)
        seal = Seal(
            entity_id=entity_id,
            name=name,
            kind=kind,
            code=code or None,
            diameter_mm=diameter_mm,
            keeper_id=keeper_id,
            state=SealState.ACTIVE,
            certificate_id=certificate.id,
            wrapped_key=self._master_key.wrap(
                pki.key_to_der(key), purpose=f"seal {certificate.serial_number}"
            ),
            created_at=now,
        )
        session.add(seal)
        session.flush()
        hold_term(session, keeper_id, term_seal(seal.id))
        audit.record(
            session,
            now,
            actor.person_id,
            "seal.created",
            "seal",
            seal.id,
            {"name": name, "kind": kind, "keeper": str(keeper_id)},
        )
        return seal

    def drawing(self, session: Session, seal_id: UUID) -> tuple[bytes, float, float]:
        """PDF operators of a seal's picture, its side in points, its diameter in millimetres."""
        found = session.execute(
            select(Seal, LegalEntity.name)
            .join(LegalEntity, LegalEntity.id == Seal.entity_id)
            .where(Seal.id == seal_id)
        ).one_or_none()
        if found is None:
            raise NotFound(what="seal")
        seal, entity_name = found
        operators, side = seals.draw(entity_name, seals.SealKind(seal.kind), seal.code, seal.diameter_mm)
        return operators, side, seal.diameter_mm

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
        pdf: bytes,
        placements: Sequence[Placement],
    ) -> SealedPdf:
        """Put the seal on the document, outside any transaction. Nothing is recorded yet.

        ``digest`` is that of ``pdf``, as the store keeps it; it is computed again here. Each
        placement becomes a signature of the seal's own key, one upon the other. Raises
        SealNotAuthorised, SealAuthorisationUsed, SealAuthorisationExpired, SealDigestDiffers,
        NotTheKeeper, SealNotUsable, PlacementMissing, PlacementOffPage, PlacementOverlaps, and what
        unlocking the keeper's credential raises.
        """
        with self._database.read() as session:
            opened = self._check(session, keeper, authorisation_id, digest, pdf)
            self._authority.check_ready(session)
        if not 1 <= len(placements) <= MOST_PLACEMENTS:
            raise PlacementMissing(field="placements", most=MOST_PLACEMENTS)
        boxes = _places(pdf, placements, opened.seal.diameter_mm)
        self._enrolment.unlock(keeper.person_id, pin, [digest], "seal")
        key = self._key(opened)
        operators, side = seals.draw(
            opened.entity_name, seals.SealKind(opened.seal.kind), opened.seal.code, opened.seal.diameter_mm
        )
        timestamper = self._authority.timestamper()
        taken = set(pades.field_names(pdf))
        for placement, (box, turn) in zip(placements, boxes, strict=True):
            name = _free_name(taken)
            pdf = pades.sign(
                pdf,
                name,
                key,
                timestamper,
                reason=f"{opened.authorisation.case_serial} {opened.authorisation.subject}",
                name=f"{opened.entity_name} {opened.seal.name}",
                style=style(seals.turned(operators, side, turn), side, side),
                new_field=FieldSpec(name, placement.page - 1, box),
            )
        return SealedPdf(authorisation_id, keeper.person_id, digest, pdf, tuple(placements))

    def _key(self, opened: _Opened) -> pades.SigningKey:
        """The seal's key: in a slot, or under the master key."""
        with self._database.read() as session:
            in_slot = self.slots.key(session, opened.seal.certificate_id)
        if in_slot is not None:
            return in_slot
        purpose = f"seal {opened.certificate.serial_number:x}"
        der = self._master_key.unwrap(opened.seal.wrapped_key, purpose=purpose)
        return pades.SigningKey(
            opened.certificate,
            pki.key_from_der(der),
            self._authority.chain_of(opened.certificate),
            self._settings.signature_digest,
        )

    def _check(
        self, session: Session, keeper: Principal, authorisation_id: UUID, digest: str, pdf: bytes
    ) -> _Opened:
        authorisation = session.get(SealAuthorisation, authorisation_id)
        if authorisation is None:
            raise SealNotAuthorised()
        self._check_unused(session, authorisation)
        if digest != authorisation.digest or _digest(pdf) != authorisation.digest:
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
        digest of ``sealed.pdf``. Raises SealAuthorisationUsed, SealAuthorisationExpired,
        SealDigestDiffers.
        """
        authorisation = session.scalars(
            select(SealAuthorisation).where(SealAuthorisation.id == sealed.authorisation_id).with_for_update()
        ).one_or_none()
        if authorisation is None:
            raise SealNotAuthorised()
        self._check_unused(session, authorisation)
        if sealed.digest_before != authorisation.digest or _digest(sealed.pdf) != digest_after:
            raise SealDigestDiffers()
        seal = session.scalars(select(Seal).where(Seal.id == authorisation.seal_id).with_for_update()).one()
        if seal.keeper_id != sealed.keeper_id:
            raise NotTheKeeper(seal=seal.name)
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
            placements=[_to_json(placement) for placement in sealed.placements],
            copies=authorisation.copies,
            subject=authorisation.subject,
            counterparty=authorisation.counterparty,
            applicant_id=authorisation.applicant_id,
            department_id=authorisation.department_id,
            approver_ids=authorisation.approver_ids,
            keeper_id=sealed.keeper_id,
        )
        return entries.enter(session, row, sealed.keeper_id, self._clock.now(), self._settings.zone)


def _places(
    pdf: bytes, placements: Sequence[Placement], side_mm: float
) -> list[tuple[tuple[float, float, float, float], int]]:
    """Rectangle and turn of each placement, all of them on their pages and apart from each other."""
    found: list[tuple[tuple[float, float, float, float], int]] = []
    occupied: dict[int, list[tuple[float, float, float, float]]] = {}
    for placement in placements:
        size = pades.page_size(pdf, placement.page)
        if size is None:
            raise PlacementOffPage(field="placements", page=placement.page, width_mm="–", height_mm="–")
        half = side_mm / 2
        across = half <= placement.x_mm <= size.width_mm - half
        if not across or not half <= placement.y_mm <= size.height_mm - half:
            raise PlacementOffPage(
                field="placements",
                page=placement.page,
                width_mm=f"{size.width_mm:.0f}",
                height_mm=f"{size.height_mm:.0f}",
            )
        box = pades.box_on_page(pdf, placement.page, placement.x_mm, placement.y_mm, side_mm)
        if placement.page not in occupied:
            occupied[placement.page] = pades.visible_fields_on_page(pdf, placement.page)
        if any(_overlap(box, other) for other in occupied[placement.page]):
            raise PlacementOverlaps(field="placements", page=placement.page)
        occupied[placement.page].append(box)
        found.append((box, size.turn))
    return found


def _overlap(left: tuple[float, float, float, float], right: tuple[float, float, float, float]) -> bool:
    return left[0] < right[2] and right[0] < left[2] and left[1] < right[3] and right[1] < left[3]


def _free_name(taken: set[str]) -> str:
    number = 1
    while f"Seal{number}" in taken:
        number += 1
    taken.add(f"Seal{number}")
    return f"Seal{number}"


def _digest(pdf: bytes) -> str:
    return hashlib.sha256(pdf).hexdigest()


def _to_json(placement: Placement) -> dict[str, Any]:
    return {"page": placement.page, "x_mm": placement.x_mm, "y_mm": placement.y_mm}
