"""The door of signing: what the rooms to its right call."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TypeVar
from uuid import UUID

from asn1crypto import x509 as asn1_x509
from sqlalchemy.orm import Session

from core.clock import Clock
from core.database import Database
from core.errors import InvalidInput
from core.i18n import Language, translator
from core.masterkey import MasterKey
from core.permissions import Principal
from core.settings import Settings
from signing import anchors, pades, register, seal_fields, seals, verification_report
from signing.appearance import block_style
from signing.authority import Authority
from signing.by_hand import ByHand
from signing.certificates import Certificates
from signing.corrections import Corrections
from signing.custody import PinCost
from signing.drawing import Drawing
from signing.enrolment import Enrolment, Signatory
from signing.errors import TimestampUnavailable
from signing.fields import FieldSpec, Placement, SignatureBlock, WantedPlace
from signing.models import Certificate, SealAuthorisation, SealChange, SealRecord
from signing.ocsp import Responder
from signing.offline_root import OfflineRoot
from signing.outside_fetching import OutsideFetching
from signing.outside_lists import OutsideLists
from signing.pages import Box
from signing.person_slots import PersonSlots
from signing.pkcs11 import SlotKeys
from signing.placing import Spot, at_words, onto_page
from signing.register import RegisterEntry, RegisterFilter
from signing.replacement import Replacements
from signing.seal_facts import SealFacts
from signing.seal_life import SealLife
from signing.seal_scans import SealScans
from signing.sealing import SealedPdf, Sealing
from signing.second_factor import Act, SecondFactors
from signing.sessions import SigningSessions
from signing.slot_ends import SlotEnds
from signing.source import Pdf, Source
from signing.standing import Remark, outside_remarks, remarks
from signing.timestamps.waiting import WaitingTimestamps, digest_of
from signing.transparency import Transparency
from signing.trust import own_roots, stored_roots
from signing.verification.verdict import Verdict
from signing.verifying import verify_file
from storage.service import ObjectStore

CERTIFICATION_FIELD = "VermilionCertification"
Signed = TypeVar("Signed", bytes, Path)


class SigningService:
    """Keys, signatures, seals and the register.

    Operations on PDFs block and are done outside transactions; verbs that take a session belong to
    the caller's transaction.
    """

    def __init__(
        self,
        database: Database,
        store: ObjectStore,
        master_key: MasterKey,
        clock: Clock,
        settings: Settings,
        *,
        pin_cost: PinCost | None = None,
    ) -> None:
        self._database = database
        self._store = store
        self._clock = clock
        self._settings = settings
        self.authority = Authority(database, master_key, clock, settings)
        self.certificates = Certificates(database, master_key, clock, settings, self.authority)
        self.offline_root = OfflineRoot(
            database, master_key, clock, settings, self.authority, self.certificates
        )
        self.outside_lists = OutsideLists(database, clock, self.certificates)
        self.outside_fetching = OutsideFetching(database, clock, settings, self.outside_lists)
        self.responder = Responder(database, clock, self.authority, self.certificates.renewals)
        self.waiting = WaitingTimestamps(database, clock)
        self.enrolment = Enrolment(
            database, master_key, clock, settings, self.authority, pin_cost or PinCost()
        )
        self.transparency = Transparency(database, self.authority, clock, settings)
        self.corrections = Corrections(clock, settings)
        self.by_hand = ByHand(database, clock, settings, self.enrolment)
        self.scans = SealScans(database, store, clock)
        self.sealing = Sealing(
            database,
            master_key,
            clock,
            settings,
            self.authority,
            self.enrolment,
            self.certificates,
            self.scans,
        )
        self.slot_ends = SlotEnds(database, clock, settings)
        self.seal_life = SealLife(clock, settings, self.authority, self.sealing)
        self.sessions = SigningSessions(database, clock, settings)

    # the authority

    def set_up(self, organisation_name: str, is_demo: bool) -> None:
        """Make the internal authority, once. Opens its own transaction."""
        self.authority.set_up(organisation_name, is_demo)

    def check_ready(self, session: Session) -> None:
        """Raise AuthorityNotReady when a signature made now could not be complete."""
        self.authority.check_ready(session)

    def trust_anchors(self, session: Session) -> list[bytes]:
        """The roots that are trusted, DER: ours and outside ones."""
        return stored_roots(session)

    def own_roots(self, session: Session) -> list[bytes]:
        """Our root certificates, DER."""
        return own_roots(session)

    def pki_file(self, name: str) -> tuple[str, bytes]:
        """Media type and bytes of ``root.crt``, ``issuing.crt``, ``root.crl`` or ``issuing.crl``, and of
        their successors (``issuing-2.crt``).

        Raises NotFound.
        """
        with self._database.read() as session:
            media_type, data, _listed = self.authority.file(session, name)
        return media_type, data

    def standing(self, session: Session) -> list[Remark]:
        """What an administrator should look at: revocation lists, certificates, time-stamps."""
        now = self._clock.now()
        return [
            *remarks(session, self.authority, self.waiting, self._settings, now),
            *outside_remarks(session, self.outside_lists, self.outside_fetching),
        ]

    # people's credentials

    def enrol(self, principal: Principal, pin: str) -> Certificate:
        """Make the person's own key, wrapped by their new PIN. Raises PinTooWeak, AlreadyEnrolled."""
        return self.enrolment.enrol(principal, pin)

    def bring_certificate(self, principal: Principal, pin: str, data: bytes, password: str) -> Certificate:
        """Sign with a certificate of an outside authority from now on (PKCS#12). Raises CertificateUnfit,
        PinTooWeak, WrongPin, PinBlocked, PinLocked."""
        row = self.enrolment.bring(principal, pin, data, password)
        with self._database.write() as session:
            self.outside_fetching.soon(session)
        return row

    def take_slot(
        self, principal: Principal, token: str, key: str, token_pin: str, pin: str = "", data: bytes = b""
    ) -> Certificate:
        """Sign with a key in a PKCS#11 token from now on. See ``Enrolment.take_slot``."""
        row = self.enrolment.take_slot(principal, token, key, token_pin, pin, data)
        with self._database.write() as session:
            self.outside_fetching.soon(session)
        return row

    @property
    def person_slots(self) -> PersonSlots:
        """PKCS#11 tokens of people: whose they are and what they offer."""
        return self.enrolment.slots

    def change_pin(self, principal: Principal, old: str, new: str, sign_in: str = "") -> None:
        """Change the PIN; all sign-ins but ``sign_in`` end. Raises WrongPin, PinBlocked, PinLocked,
        NotEnrolled, PinTooWeak."""
        self.enrolment.change_pin(principal, old, new, sign_in)

    @property
    def replacements(self) -> Replacements:
        """New keys for forgotten PINs."""
        return self.enrolment.replacements

    def has_credential(self, session: Session, person_id: UUID) -> bool:
        """Whether the person can sign."""
        return self.enrolment.has_credential(session, person_id)

    def unlock(
        self, person_id: UUID, pin: str, digests: Collection[str] = (), act: Act = "approval"
    ) -> Signatory:
        """Open the person's key for one act: signing what ``digests`` name. Raises WrongPin, PinBlocked,
        PinLocked, NotEnrolled, SecondFactorNeeded, CertificateNotUsable."""
        return self._fit(self.enrolment.unlock(person_id, pin, digests, act))

    def _fit(self, signatory: Signatory) -> Signatory:
        """A signatory whose certificate may sign now."""
        self.certificates.require_usable(signatory.key.certificate)
        return signatory

    def _stamped(self, field: str, make: Callable[[], Signed]) -> Signed:
        """A signed PDF or file: listed where it has no time-stamp, since no authority answers."""
        try:
            return make()
        except TimestampUnavailable as error:
            with self.authority.stampers.left_out():
                pdf = make()
            self.waiting.note(digest_of(pdf), field, str(error.context.get("reason", "")))
            return pdf

    @property
    def factors(self) -> SecondFactors:
        """Second factors, and where they are asked for."""
        return self.enrolment.factors

    def check_factor_change(self, principal: Principal, pin: str) -> None:
        """Before a second factor is added or removed: the PIN, and a factor where there is one.

        Raises WrongPin, PinBlocked, PinLocked, NotEnrolled, SecondFactorNeeded.
        """
        self.enrolment.check_pin(principal.person_id, pin)
        self.factors.require_to_manage(principal.person_id)

    def open_session(self, principal: Principal, pin: str, sign_in: str, digests: Collection[str]) -> UUID:
        """Open the key for a batch: these digests, each once, for some minutes, in this sign-in only.

        See ``signing.sessions``. Raises WrongPin, PinBlocked, NotEnrolled, InvalidInput.
        """
        signatory = self.unlock(principal.person_id, pin, digests)
        return self.sessions.open(signatory, sign_in, digests)

    # signatures

    def add_fields(self, pdf: bytes, fields: Sequence[FieldSpec]) -> bytes:
        """Make signature fields before the first signature. Raises SigningRefused."""
        return pades.add_fields(pdf, fields)

    def field_names(self, pdf: Pdf) -> dict[str, bool]:
        """The signature fields of a PDF, each with whether it is signed. Raises SigningRefused."""
        return pades.field_names(pdf)

    def add_fields_to_file(self, path: Path, fields: Sequence[FieldSpec]) -> None:
        """The same in a file of the caller's own, of any size."""
        pades.add_fields_to_file(path, fields)

    def certify(self, pdf: bytes, reason: str) -> bytes:
        """Certify a PDF that we made: from now on only signatures may be added (DocMDP 2)."""
        key = self.authority.service_key()
        name = str(key.certificate.subject.native.get("common_name", ""))
        return self._stamped(
            CERTIFICATION_FIELD,
            lambda: pades.sign(
                pdf,
                CERTIFICATION_FIELD,
                key,
                self.authority.timestamper(),
                reason=reason,
                name=name,
                certify=True,
                new_field=FieldSpec(CERTIFICATION_FIELD),
            ),
        )

    def verification_report(
        self,
        verdict: Verdict,
        file: str,
        language: Language,
        *,
        organisation: str,
        entries: Mapping[int, str] | None = None,
    ) -> bytes:
        """The report of a verification, as PDF/A and certified by the service. Raises AuthorityNotReady."""
        text = translator(language)
        pdf = verification_report.typeset(
            verdict,
            file,
            language,
            organisation=organisation,
            at=self._clock.now(),
            zone=self._settings.zone,
            entries=entries,
        )
        return self.certify(pdf, text.text("verification-report"))

    def sign(
        self,
        pdf: bytes,
        field_name: str,
        signatory: Signatory,
        *,
        reason: str,
        block: SignatureBlock | None = None,
    ) -> bytes:
        """Sign a prepared field as PAdES B-T; ``block`` shows in it where it is visible.

        Raises SigningRefused when there is no such free field or the file cannot be signed.
        """
        shown = partial(block_style, block) if block is not None else None
        return self._stamped(
            field_name,
            lambda: pades.sign(
                pdf,
                field_name,
                signatory.key,
                self.authority.timestamper(),
                reason=reason,
                name=signatory.name,
                style=shown,
            ),
        )

    def sign_file(self, path: Path, field_name: str, signatory: Signatory, *, reason: str) -> None:
        """Sign a prepared, invisible field of a file of the caller's own, of any size.

        The signature is appended; nothing else of the file is read into memory. Raises SigningRefused.
        """

        def make() -> Path:
            stamper = self.authority.timestamper()
            pades.sign_file(path, field_name, signatory.key, stamper, reason=reason, name=signatory.name)
            return path

        self._stamped(field_name, make)

    def add_evidence(self, pdf: bytes) -> bytes:
        """Validation material and a document time-stamp: B-LTA. Raises SigningRefused, AuthorityNotReady."""
        certificates, crls = self._material(pdf)
        stamper, digest = self.authority.stampers.required(), self._settings.signature_digest
        return pades.add_evidence(pdf, stamper, certificates, crls, digest)

    def add_evidence_to_file(self, path: Path) -> None:
        """The same in a file of the caller's own, of any size."""
        certificates, crls = self._material(path)
        stamper, digest = self.authority.stampers.required(), self._settings.signature_digest
        pades.add_evidence_to_file(path, stamper, certificates, crls, digest)

    def _material(self, pdf: bytes | Path) -> tuple[list[asn1_x509.Certificate], list[bytes]]:
        """Certificates and revocation lists: ours, and those of the authorities whose certificates the
        file's signatures and time-stamps carry."""
        certificates, crls = self.authority.evidence()
        embedded = pades.embedded_certificates(pdf)
        with self._database.read() as session:
            above, lists = self.outside_lists.evidence(session, embedded)
        known = {certificate.dump(): certificate for certificate in (*certificates, *embedded, *above)}
        return list(known.values()), [*crls, *lists]

    # seals

    def decide_seal_change(self, actor: Principal, change_id: UUID, decision: str) -> SealChange:
        """``agree`` to a change of a seal, ``refuse`` or ``withdraw`` it, in a transaction of its own.

        The key of a seal that comes into being is made before that. Raises InvalidInput, and what the
        verb of ``seal_life`` raises.
        """
        life = self.seal_life
        if decision not in ("agree", "refuse", "withdraw"):
            raise InvalidInput(field="decision", reason="agree, refuse, withdraw")
        with self._database.read() as session:
            is_made = decision == "agree" and life.needs_key(session, actor, change_id)
        key = self.sealing.new_key() if is_made else None
        with self._database.write() as session:
            if decision == "agree":
                return life.agree(session, actor, change_id, key)
            verb = life.refuse if decision == "refuse" else life.withdraw
            return verb(session, actor, change_id)

    @property
    def slots(self) -> SlotKeys:
        """Keys in a PKCS#11 slot, and giving them to seals."""
        return self.sealing.slots

    def seal_picture(self, seal_id: UUID) -> bytes:
        """A seal's picture as SVG in its true size. Raises NotFound."""
        with self._database.read() as session:
            return seals.to_svg(self.sealing.drawing(session, seal_id))

    def preview_seal(self, session: Session, facts: SealFacts) -> bytes:
        """The picture of a seal that does not exist yet, as SVG. Raises what ``seal_facts.faced`` raises."""
        return seals.to_svg(self.sealing.preview(session, facts))

    def seal_drawing(self, session: Session, seal_id: UUID) -> Drawing:
        """A seal's picture in its true size, for what places it. Raises NotFound."""
        return self.sealing.drawing(session, seal_id)

    def place_at_anchor(self, pdf: Pdf, name: str, size_mm: tuple[float, float]) -> Placement:
        """Where a seal of this size stands at a named anchor. Raises AnchorNotFound, SigningRefused."""
        return onto_page(seal_fields.look(pdf).frames, anchors.find(pdf, name), size_mm)

    def place_at_words(
        self, pdf: Pdf, areas: Sequence[tuple[int, Box]], size_mm: tuple[float, float], after: bool
    ) -> list[Placement]:
        """Where a seal stands at words: pages (from 1) with (left, top, right, bottom) in fractions of the
        page as shown. Raises SigningRefused."""
        frames = seal_fields.look(pdf).frames
        return [at_words(frames, page, area, size_mm, after) for page, area in areas if page <= len(frames)]

    def preview_sealed(
        self, path: Path, drawing: Drawing, placements: Sequence[WantedPlace]
    ) -> tuple[Spot, ...]:
        """Draw a seal in a file of the caller's own as sealing does, without its signature.

        Gives the areas that it takes. Raises SigningRefused, and what placing raises.
        """
        return seal_fields.preview(path, drawing, placements)

    def reserve_seal(
        self, path: Path, size_mm: tuple[float, float], placements: Sequence[WantedPlace], group: str
    ) -> None:
        """Make places ready for a seal in a file of the caller's own, before the first signature.

        ``group`` makes their names unique. Raises SigningRefused, and what placing raises.
        """
        seal_fields.reserve(path, size_mm, placements, group)

    def seal_places(self, pdf: Pdf) -> seal_fields.Paper:
        """Pages, taken areas and places that were made ready in a PDF. Raises SigningRefused."""
        return seal_fields.look(pdf)

    def authorise_seal(
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
        """Let one seal be put once on one document state. Raises NotFound, SealNotUsable."""
        return self.sealing.authorise(
            session,
            seal_id=seal_id,
            case_id=case_id,
            case_serial=case_serial,
            document_id=document_id,
            document_title=document_title,
            digest=digest,
            copies=copies,
            subject=subject,
            counterparty=counterparty,
            applicant_id=applicant_id,
            department_id=department_id,
            approver_ids=approver_ids,
            expires_at=expires_at,
        )

    def prepare_seal(
        self,
        keeper: Principal,
        pin: str,
        authorisation_id: UUID,
        digest: str,
        path: Path,
        placements: Sequence[WantedPlace],
    ) -> SealedPdf:
        """Put a seal on a file of the caller's own against its authorisation; nothing is recorded yet."""
        try:
            return self.sealing.prepare(keeper, pin, authorisation_id, digest, path, placements)
        except TimestampUnavailable as error:
            with self.authority.stampers.left_out():
                sealed = self.sealing.prepare(keeper, pin, authorisation_id, digest, path, placements)
            self.waiting.note(sealed.digest_after, "seal", str(error.context.get("reason", "")))
            return sealed

    def record_seal(self, session: Session, sealed: SealedPdf, digest_after: str) -> SealRecord:
        """Enter the use into the register and consume the authorisation."""
        return self.sealing.record(session, sealed, digest_after)

    # verification

    def verify(self, file: bytes | Source) -> Verdict:
        """Judge the signatures and seals of a PDF or OFD file, now, against the roots that we trust.

        Opens a short transaction of its own for the roots; none is open while the file is judged.
        """
        with self._database.read() as session:
            anchors = self.trust_anchors(session)
        return verify_file(file, anchors, self._clock.now())

    # the register

    def list_seal_records(
        self,
        session: Session,
        principal: Principal,
        wanted: RegisterFilter,
        *,
        before: UUID | None = None,
        limit: int = 50,
    ) -> list[RegisterEntry]:
        """Register lines the person may see, newest first."""
        return register.entries(session, principal, wanted, before=before, limit=limit)

    def count_seal_records(self, session: Session, principal: Principal, wanted: RegisterFilter) -> int:
        """How many lines the person may see."""
        return register.count(session, principal, wanted)
