"""Corrections of the register: asked for by one person, agreed to by another, entered as a line of their own.

The line that was wrong stays as it is. What the register says of a use is that line with the
corrections that name it, in their order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import audit, notices
from core.clock import Clock
from core.errors import Forbidden, InvalidInput, NotFound
from core.models import Person, Role, RoleAssignment
from core.permissions import Principal, ResourceType, is_valid_on, readable, require_read
from core.settings import Settings
from signing import entries
from signing.models import Seal, SealRecord, UseKind
from signing.register_errors import (
    CorrectionDecided,
    CorrectionWaits,
    NotCorrectable,
    NothingCorrected,
    SecondPersonNeeded,
)
from signing.register_models import CorrectionRequest, CorrectionState

FIELDS: Final = {"subject": 300, "counterparty": 200, "copies": 0}
"""What can be corrected, with the longest text; everything else is what the machine saw itself."""
MOST_COPIES: Final = 999
LONGEST_REASON: Final = 500
AGREES: Final = (Role.AUDITOR, Role.ADMINISTRATOR)
"""Who can be the second person: keeping and using a seal is not watching over it (三权分立)."""


class Corrections:
    """Verbs belong to the caller's transaction."""

    def __init__(self, clock: Clock, settings: Settings) -> None:
        self._clock = clock
        self._settings = settings

    def ask(
        self, session: Session, principal: Principal, record_id: UUID, wanted: Mapping[str, Any], reason: str
    ) -> CorrectionRequest:
        """Ask for a correction; for the seal's keeper and administrators.

        ``wanted`` has new values of ``FIELDS``; those that stand there already are passed over.
        Raises NotFound, Forbidden, NotCorrectable, CorrectionWaits, InvalidInput, NothingCorrected.
        """
        require_read(session, principal, ResourceType.SEAL_RECORD, record_id)
        row = session.get(SealRecord, record_id)
        if row is None:
            raise NotFound(what="seal_record")
        seal = session.scalars(select(Seal).where(Seal.id == row.seal_id).with_for_update()).one()
        if seal.keeper_id != principal.person_id and not principal.has(Role.ADMINISTRATOR, seal.entity_id):
            raise Forbidden(needs=Role.SEAL_KEEPER.value)
        if row.kind == UseKind.CORRECTION:
            raise NotCorrectable()
        if self._waiting(session, record_id):
            raise CorrectionWaits()
        why = clean(reason, "reason", LONGEST_REASON)
        if why is None:
            raise InvalidInput(field="reason", reason=f"1–{LONGEST_REASON}")
        now = self._clock.now()
        request = CorrectionRequest(
            record_id=record_id,
            changes=_changes(effective(session, row), wanted),
            reason=why,
            asked_by=principal.person_id,
            asked_at=now,
            state=CorrectionState.OPEN,
        )
        session.add(request)
        session.flush()
        payload = {"request": str(request.id), "changes": request.changes, "reason": why}
        audit.record(
            session, now, principal.person_id, "register.correction_asked", "seal_record", record_id, payload
        )
        people = self._second_people(session, seal.entity_id) - {principal.person_id, row.keeper_id}
        context = {"person": principal.name, "number": f"{seal.name} {row.year}-{row.number:04d}"}
        notices.tell(session, now, people, "correction-asked", "seal_record", record_id, context)
        return request

    def confirm(self, session: Session, principal: Principal, request_id: UUID) -> SealRecord:
        """Agree, as the second person: the correction becomes a line of the register.

        Raises NotFound, Forbidden, SecondPersonNeeded, CorrectionDecided.
        """
        request, row, seal = self._open(session, principal, request_id)
        now = self._clock.now()
        values = {**effective(session, row), **{name: one["after"] for name, one in request.changes.items()}}
        correction = SealRecord(
            seal_id=row.seal_id,
            kind=UseKind.CORRECTION,
            case_id=row.case_id,
            case_serial=row.case_serial,
            document_id=row.document_id,
            document_title=row.document_title,
            digest_before=row.digest_before,
            digest_after=row.digest_after,
            placements=[],
            applicant_id=row.applicant_id,
            department_id=row.department_id,
            approver_ids=row.approver_ids,
            keeper_id=request.asked_by,
            corrects_id=row.id,
            changes=request.changes,
            reason=request.reason,
            second_id=principal.person_id,
            **values,
        )
        entries.enter(session, correction, principal.person_id, now, self._settings.zone)
        self._decide(session, request, principal, CorrectionState.CONFIRMED)
        request.correction_id = correction.id
        self._tell(session, request, row, seal, principal, "correction-confirmed")
        return correction

    def refuse(self, session: Session, principal: Principal, request_id: UUID) -> None:
        """Do not agree: the register stays as it is. Raises what ``confirm`` raises."""
        request, row, seal = self._open(session, principal, request_id)
        self._decide(session, request, principal, CorrectionState.REFUSED)
        audit.record(
            session,
            self._clock.now(),
            principal.person_id,
            "register.correction_refused",
            "seal_record",
            row.id,
            {"request": str(request.id)},
        )
        self._tell(session, request, row, seal, principal, "correction-refused")

    def _open(
        self, session: Session, principal: Principal, request_id: UUID
    ) -> tuple[CorrectionRequest, SealRecord, Seal]:
        request = session.scalars(
            select(CorrectionRequest).where(CorrectionRequest.id == request_id).with_for_update()
        ).one_or_none()
        if request is None:
            raise NotFound(what="correction")
        require_read(session, principal, ResourceType.SEAL_RECORD, request.record_id)
        row = session.get_one(SealRecord, request.record_id)
        seal = session.get_one(Seal, row.seal_id)
        if not may_agree(principal, seal.entity_id):
            raise Forbidden(needs=", ".join(AGREES))
        if request.state != CorrectionState.OPEN:
            raise CorrectionDecided()
        if principal.person_id in (request.asked_by, row.keeper_id):
            raise SecondPersonNeeded()
        return request, row, seal

    def _decide(
        self, session: Session, request: CorrectionRequest, principal: Principal, state: CorrectionState
    ) -> None:
        now = self._clock.now()
        request.state, request.decided_by, request.decided_at = state, principal.person_id, now
        notices.settle(session, now, "correction-asked", "seal_record", request.record_id)
        session.flush()

    def _tell(
        self,
        session: Session,
        request: CorrectionRequest,
        row: SealRecord,
        seal: Seal,
        principal: Principal,
        code: str,
    ) -> None:
        context = {"person": principal.name, "number": f"{seal.name} {row.year}-{row.number:04d}"}
        notices.tell(session, self._clock.now(), [request.asked_by], code, "seal_record", row.id, context)

    def _waiting(self, session: Session, record_id: UUID) -> bool:
        query = select(CorrectionRequest.id).where(
            CorrectionRequest.record_id == record_id, CorrectionRequest.state == CorrectionState.OPEN
        )
        return session.scalar(query.limit(1)) is not None

    def _second_people(self, session: Session, entity_id: UUID) -> set[UUID]:
        today = self._clock.now().astimezone(self._settings.zone).date()
        rows = session.scalars(
            select(RoleAssignment)
            .join(Person, Person.id == RoleAssignment.person_id)
            .where(RoleAssignment.role.in_(AGREES), Person.is_active)
        )
        return {
            one.person_id
            for one in rows
            if is_valid_on(one, today) and one.department_id is None and one.entity_id in (None, entity_id)
        }


def may_agree(principal: Principal, entity_id: UUID) -> bool:
    """Whether somebody can be the second person for a seal of this legal entity."""
    return any(principal.has(role, entity_id) for role in AGREES)


def effective(session: Session, row: SealRecord) -> dict[str, Any]:
    """What the register says of a use now: its line with all its corrections."""
    values = {name: getattr(row, name) for name in FIELDS}
    for one in of_record(session, row.id):
        values |= {name: change["after"] for name, change in (one.changes or {}).items()}
    return values


def of_record(session: Session, record_id: UUID) -> Sequence[SealRecord]:
    """The corrections of a line, in their order."""
    query = select(SealRecord).where(SealRecord.corrects_id == record_id)
    return session.scalars(query.order_by(SealRecord.sealed_at, SealRecord.id)).all()


def open_requests(
    session: Session, principal: Principal, record_id: UUID | None = None
) -> Sequence[CorrectionRequest]:
    """The corrections that wait for a second person, of lines that the person may see, oldest first."""
    query = select(CorrectionRequest).where(
        CorrectionRequest.state == CorrectionState.OPEN,
        readable(principal, ResourceType.SEAL_RECORD, CorrectionRequest.record_id),
    )
    if record_id is not None:
        query = query.where(CorrectionRequest.record_id == record_id)
    return session.scalars(query.order_by(CorrectionRequest.asked_at)).all()


def _changes(stands: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in wanted.items():
        if name not in FIELDS:
            raise InvalidInput(field=name, reason=", ".join(FIELDS))
        after = _copies(value) if name == "copies" else clean(value, name, FIELDS[name])
        if name == "subject" and after is None:
            raise InvalidInput(field="subject", reason=f"1–{FIELDS['subject']}")
        if after != stands[name]:
            found[name] = {"before": stands[name], "after": after}
    if not found:
        raise NothingCorrected(field=next(iter(wanted), "subject"))
    return found


def _copies(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MOST_COPIES:
        raise InvalidInput(field="copies", reason=f"1–{MOST_COPIES}")
    return value


def clean(value: Any, field: str, longest: int) -> str | None:
    """A line of text as it is kept, None when nothing was typed. Raises InvalidInput."""
    text = " ".join("".join(one if one.isprintable() else " " for one in str(value or "")).split())
    if len(text) > longest:
        raise InvalidInput(field=field, reason=f"≤ {longest}")
    return text or None
