"""The physical seal: stamped on printouts, and lent out of its keeper's hands.

Stamping by hand is a use like any other: against the same single-use authorisation, by whoever has
the seal, with their PIN, under the next number. The photo or scan of the stamped page comes
afterwards; until then the line is open, and its people are reminded.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from core import audit, notices
from core.clock import Clock
from core.database import Database
from core.errors import Forbidden, InvalidInput, NotFound
from core.models import Person, Role
from core.permissions import Principal, ResourceType, grant_access, readable, require_read, term_person
from core.settings import Settings
from search.keeping import announce
from signing import entries
from signing.corrections import LONGEST_REASON, clean
from signing.enrolment import Enrolment
from signing.errors import NotTheKeeper, SealAuthorisationExpired, SealAuthorisationUsed, SealNotUsable
from signing.models import Seal, SealAuthorisation, SealRecord, SealState, UseKind
from signing.register_errors import (
    LoanOver,
    NotStampedByHand,
    ReturnInThePast,
    SealIsOut,
    TooManyCopies,
)
from signing.register_models import RecordScan, SealLoan

LONGEST_LOAN: Final = timedelta(days=366)


class ByHand:
    """Verbs that take a session belong to the caller's transaction."""

    def __init__(self, database: Database, clock: Clock, settings: Settings, enrolment: Enrolment) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings
        self._enrolment = enrolment

    def stamp(self, principal: Principal, pin: str, authorisation_id: UUID, copies: int) -> SealRecord:
        """Enter that a printout was stamped, consuming the authorisation. Opens its own transactions.

        Raises what ``record`` and unlocking the person's credential raise.
        """
        with self._database.read() as session:
            authorisation, _seal = self._check(session, principal, authorisation_id, copies)
        self._enrolment.unlock(principal.person_id, pin, [authorisation.digest], "seal")
        with self._database.write() as session:
            return self.record(session, principal, authorisation_id, copies)

    def record(
        self, session: Session, principal: Principal, authorisation_id: UUID, copies: int
    ) -> SealRecord:
        """Enter a use by hand; the caller has checked the person's PIN.

        Raises NotFound, SealAuthorisationUsed, SealAuthorisationExpired, SealNotUsable, NotTheKeeper,
        SealIsOut, TooManyCopies.
        """
        session.scalars(
            select(SealAuthorisation).where(SealAuthorisation.id == authorisation_id).with_for_update()
        ).one_or_none()
        authorisation, seal = self._check(session, principal, authorisation_id, copies)
        now = self._clock.now()
        row = SealRecord(
            seal_id=seal.id,
            kind=UseKind.PAPER,
            authorisation_id=authorisation.id,
            case_id=authorisation.case_id,
            case_serial=authorisation.case_serial,
            document_id=authorisation.document_id,
            document_title=authorisation.document_title,
            digest_before=authorisation.digest,
            digest_after=None,
            placements=[],
            copies=copies,
            subject=authorisation.subject,
            counterparty=authorisation.counterparty,
            applicant_id=authorisation.applicant_id,
            department_id=authorisation.department_id,
            approver_ids=authorisation.approver_ids,
            keeper_id=principal.person_id,
            scan_due_at=now + timedelta(days=self._settings.scan_days),
        )
        return entries.enter(session, row, principal.person_id, now, self._settings.zone)

    def _check(
        self, session: Session, principal: Principal, authorisation_id: UUID, copies: int
    ) -> tuple[SealAuthorisation, Seal]:
        authorisation = session.get(SealAuthorisation, authorisation_id)
        if authorisation is None:
            raise NotFound(what="seal_authorisation")
        seal = session.get_one(Seal, authorisation.seal_id)
        self._check_holder(session, principal, seal)
        used = select(SealRecord.id).where(SealRecord.authorisation_id == authorisation.id)
        if session.scalar(used) is not None:
            raise SealAuthorisationUsed()
        if authorisation.revoked_at is not None or authorisation.expires_at <= self._clock.now():
            until = authorisation.revoked_at or authorisation.expires_at
            expired_at = until.astimezone(self._settings.zone).strftime("%Y-%m-%d %H:%M")
            raise SealAuthorisationExpired(expired_at=expired_at)
        if seal.state != SealState.ACTIVE:
            raise SealNotUsable(seal=seal.name, state=seal.state)
        if not 1 <= copies <= authorisation.copies:
            raise TooManyCopies(field="copies", most=authorisation.copies)
        return authorisation, seal

    def _check_holder(self, session: Session, principal: Principal, seal: Seal) -> None:
        """Who has the seal in hand is its keeper, or its borrower while it is out."""
        loan = current_loan(session, seal.id)
        if loan is not None and loan.borrower_id != principal.person_id:
            borrower = session.get_one(Person, loan.borrower_id).name
            if seal.keeper_id != principal.person_id:
                raise NotTheKeeper(seal=seal.name)
            raise SealIsOut(seal=seal.name, borrower=borrower)
        if loan is None and seal.keeper_id != principal.person_id:
            raise NotTheKeeper(seal=seal.name)

    # scans

    def check_scan(self, session: Session, principal: Principal, record_id: UUID) -> SealRecord:
        """Whether somebody may add the scan of a line's page; asked before the file is taken in.

        For who used the seal, who applied, the seal's keeper. Raises NotFound, Forbidden,
        NotStampedByHand.
        """
        require_read(session, principal, ResourceType.SEAL_RECORD, record_id)
        row = session.get(SealRecord, record_id)
        if row is None:
            raise NotFound(what="seal_record")
        if row.kind != UseKind.PAPER:
            raise NotStampedByHand()
        seal = session.get_one(Seal, row.seal_id)
        if principal.person_id not in (row.keeper_id, row.applicant_id, seal.keeper_id):
            raise Forbidden(needs=Role.SEAL_KEEPER.value)
        return row

    def add_scan(
        self, session: Session, principal: Principal, record_id: UUID, document_id: UUID, digest: str
    ) -> RecordScan:
        """Attach the scan of the stamped page, a document that was taken in for the same person.

        Who may see the line may see the scan. Raises what ``check_scan`` raises.
        """
        row = self.check_scan(session, principal, record_id)
        now = self._clock.now()
        scan = RecordScan(
            record_id=record_id,
            document_id=document_id,
            digest=digest,
            added_by=principal.person_id,
            added_at=now,
        )
        session.add(scan)
        session.flush()
        people = {row.keeper_id, row.applicant_id, *(UUID(one) for one in row.approver_ids)}
        grant_access(session, ResourceType.DOCUMENT, document_id, [term_person(one) for one in people])
        payload = {"document": str(document_id), "digest": digest}
        audit.record(
            session, now, principal.person_id, "register.scan_added", "seal_record", record_id, payload
        )
        notices.settle(session, now, "scan-overdue", "seal_record", record_id)
        announce(session, "seal_record", record_id, now)
        return scan

    # loans

    def lend(
        self,
        session: Session,
        principal: Principal,
        seal_id: UUID,
        *,
        borrower_id: UUID,
        case_id: UUID,
        case_serial: str,
        reason: str,
        due_at: datetime,
    ) -> SealLoan:
        """Give the physical seal out of one's hands; for its keeper, for a case.

        Raises NotFound, NotTheKeeper, SealNotUsable, SealIsOut, ReturnInThePast, InvalidInput.
        """
        seal = session.scalars(select(Seal).where(Seal.id == seal_id).with_for_update()).one_or_none()
        borrower = session.get(Person, borrower_id)
        if seal is None or borrower is None or not borrower.is_active:
            raise NotFound(what="seal" if seal is None else "person")
        if seal.keeper_id != principal.person_id:
            raise NotTheKeeper(seal=seal.name)
        if seal.state != SealState.ACTIVE:
            raise SealNotUsable(seal=seal.name, state=seal.state)
        loan = current_loan(session, seal_id)
        if loan is not None:
            raise SealIsOut(seal=seal.name, borrower=session.get_one(Person, loan.borrower_id).name)
        now, why = self._clock.now(), clean(reason, "reason", LONGEST_REASON)
        if why is None:
            raise InvalidInput(field="reason", reason=f"1–{LONGEST_REASON}")
        if not now < due_at <= now + LONGEST_LOAN:
            raise ReturnInThePast(field="due")
        if borrower_id == seal.keeper_id:
            raise InvalidInput(field="borrower", reason=borrower.name)
        made = SealLoan(
            seal_id=seal_id,
            case_id=case_id,
            case_serial=case_serial,
            borrower_id=borrower_id,
            reason=why,
            lent_by=principal.person_id,
            lent_at=now,
            due_at=due_at,
        )
        session.add(made)
        session.flush()
        payload = {
            "loan": str(made.id), "borrower": str(borrower_id), "case": case_serial, "due": due_at.isoformat()
        }  # fmt: skip
        audit.record(session, now, principal.person_id, "seal.lent", "seal", seal_id, payload)
        due = due_at.astimezone(self._settings.zone).strftime("%Y-%m-%d %H:%M")
        context = {"person": principal.name, "seal": seal.name, "due": due}
        notices.tell(session, now, [borrower_id], "seal-lent", "seal", seal_id, context)
        return made

    def give_back(self, session: Session, principal: Principal, loan_id: UUID, note: str = "") -> SealLoan:
        """The keeper has the seal back and has looked at it. Raises NotFound, NotTheKeeper, LoanOver."""
        loan = session.scalars(select(SealLoan).where(SealLoan.id == loan_id).with_for_update()).one_or_none()
        if loan is None:
            raise NotFound(what="seal_loan")
        seal = session.get_one(Seal, loan.seal_id)
        if seal.keeper_id != principal.person_id:
            raise NotTheKeeper(seal=seal.name)
        if loan.returned_at is not None:
            raise LoanOver()
        loan.return_note = clean(note, "note", LONGEST_REASON)
        loan.returned_at, loan.checked_by = self._clock.now(), principal.person_id
        session.flush()
        audit.record(
            session,
            loan.returned_at,
            principal.person_id,
            "seal.given_back",
            "seal",
            seal.id,
            {"loan": str(loan.id), "note": loan.return_note},
        )
        for code in ("seal-lent", "loan-overdue"):
            notices.settle(session, loan.returned_at, code, "seal", seal.id)
        return loan

    # reminders

    def remind(self, session: Session) -> int:
        """Tell people of scans and seals that are overdue. Returns of how many things."""
        now, told = self._clock.now(), 0
        late = select(SealRecord, Seal).join(Seal, Seal.id == SealRecord.seal_id)
        for row, seal in session.execute(late.where(is_open(), SealRecord.scan_due_at <= now)):
            context = {"number": f"{seal.name} {row.year}-{row.number:04d}", "title": row.document_title}
            people = {row.keeper_id, row.applicant_id, seal.keeper_id}
            notices.tell(session, now, people, "scan-overdue", "seal_record", row.id, context)
            told += 1
        out = select(SealLoan, Seal, Person.name).join(Seal, Seal.id == SealLoan.seal_id)
        out = out.join(Person, Person.id == SealLoan.borrower_id)
        for loan, seal, borrower in session.execute(
            out.where(SealLoan.returned_at.is_(None), SealLoan.due_at <= now)
        ):
            due = loan.due_at.astimezone(self._settings.zone).strftime("%Y-%m-%d %H:%M")
            context = {"seal": seal.name, "person": borrower, "due": due}
            people = {loan.borrower_id, seal.keeper_id}
            notices.tell(session, now, people, "loan-overdue", "seal", seal.id, context)
            told += 1
        return told


def is_open() -> ColumnElement[bool]:
    """A use by hand whose scan has not come yet, as a condition over SealRecord."""
    has_scan = exists(select(RecordScan.id).where(RecordScan.record_id == SealRecord.id))
    return (SealRecord.kind == UseKind.PAPER) & ~has_scan


def current_loan(session: Session, seal_id: UUID) -> SealLoan | None:
    """The loan that a seal is out on."""
    return session.scalar(
        select(SealLoan).where(SealLoan.seal_id == seal_id, SealLoan.returned_at.is_(None)).limit(1)
    )


def scans(session: Session, record_ids: Iterable[UUID]) -> Sequence[RecordScan]:
    """The scans of some lines, in the order they came."""
    query = select(RecordScan).where(RecordScan.record_id.in_(list(record_ids)))
    return session.scalars(query.order_by(RecordScan.added_at)).all()


def loans(
    session: Session, principal: Principal, *, is_out: bool | None = None, limit: int = 100
) -> Sequence[SealLoan]:
    """Loans, newest first: of the seals that somebody keeps, what they borrowed, or all for who reads all."""
    query = select(SealLoan).join(Seal, Seal.id == SealLoan.seal_id)
    if not principal.reads_all:
        own = (Seal.keeper_id == principal.person_id) | (SealLoan.borrower_id == principal.person_id)
        overseen = [one.entity_id for one in principal.grants if _oversees(one.role, one.entity_id)]
        query = query.where(own | Seal.entity_id.in_(overseen))
    if is_out is not None:
        query = query.where(SealLoan.returned_at.is_(None) if is_out else SealLoan.returned_at.is_not(None))
    return session.scalars(query.order_by(SealLoan.lent_at.desc()).limit(limit)).all()


def _oversees(role: Role, entity_id: UUID | None) -> bool:
    return entity_id is not None and role in (Role.ADMINISTRATOR, Role.AUDITOR, Role.ARCHIVIST)


def in_hand(
    session: Session, principal: Principal, now: datetime
) -> Sequence[tuple[SealAuthorisation, Seal]]:
    """The authorisations that somebody can use by hand now: of seals that they have, oldest first."""
    out = select(SealLoan.seal_id).where(SealLoan.returned_at.is_(None))
    borrowed = out.where(SealLoan.borrower_id == principal.person_id)
    used = select(SealRecord.authorisation_id).where(SealRecord.authorisation_id == SealAuthorisation.id)
    query = (
        select(SealAuthorisation, Seal)
        .join(Seal, Seal.id == SealAuthorisation.seal_id)
        .where(
            ~exists(used),
            SealAuthorisation.revoked_at.is_(None),
            SealAuthorisation.expires_at > now,
            Seal.state == SealState.ACTIVE,
            ((Seal.keeper_id == principal.person_id) & Seal.id.not_in(out)) | Seal.id.in_(borrowed),
        )
        .order_by(SealAuthorisation.created_at, SealAuthorisation.id)
    )
    return [(row, seal) for row, seal in session.execute(query)]


def open_uses(session: Session, principal: Principal, limit: int = 100) -> Sequence[SealRecord]:
    """The uses by hand whose scan has not come, of those the person may see, the longest overdue first."""
    query = select(SealRecord).where(is_open(), readable(principal, ResourceType.SEAL_RECORD, SealRecord.id))
    return session.scalars(query.order_by(SealRecord.scan_due_at).limit(limit)).all()
