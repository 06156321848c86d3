"""Tables of workflow: flow versions, cases, tasks, decisions, drafts."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Json, Money, UtcDateTime
from core.ids import new_id


class FlowVersion(Base):
    """One version of a declared flow. A case keeps the version it started with."""

    __tablename__ = "flow_version"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    key: Mapped[str] = mapped_column(String(60))
    version: Mapped[int]
    definition: Mapped[dict[str, Any]] = mapped_column(Json)  # workflow.flows.Flow as JSON
    is_active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (UniqueConstraint("key", "version"),)


class CaseState(StrEnum):
    """Life of a case; the transitions are the table in workflow.states."""

    RUNNING = "running"
    RETURNED = "returned"
    COMPLETED = "completed"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class EvidenceState(StrEnum):
    """Whether the documents of a finished case carry B-LTA evidence yet."""

    NONE = "none"  # the case is not finished
    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"


class Case(Base):
    """One run of a flow."""

    __tablename__ = "case"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    serial_number: Mapped[str] = mapped_column(String(40), unique=True)  # such as HT-2026-00012
    flow_version_id: Mapped[UUID] = mapped_column(ForeignKey("flow_version.id"))
    flow_key: Mapped[str] = mapped_column(String(60), index=True)
    subject: Mapped[str] = mapped_column(String(300))
    amount: Mapped[Decimal | None] = mapped_column(Money)
    counterparty: Mapped[str | None] = mapped_column(String(200))
    form: Mapped[dict[str, Any]] = mapped_column(Json)
    applicant_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    entity_id: Mapped[UUID] = mapped_column(ForeignKey("legal_entity.id"))
    department_id: Mapped[UUID] = mapped_column(ForeignKey("department.id"))
    state: Mapped[CaseState] = mapped_column(String(12), index=True)
    round: Mapped[int] = mapped_column(default=1)
    sheet_id: Mapped[UUID] = mapped_column(ForeignKey("document.id"))  # of the current round
    verify_token: Mapped[str] = mapped_column(String(64), unique=True)  # printed as QR code
    evidence_state: Mapped[EvidenceState] = mapped_column(String(8), default=EvidenceState.NONE)
    evidence_error: Mapped[str | None] = mapped_column(String(500))
    submitted_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revision: Mapped[int] = mapped_column(default=1)  # rises with every change: ETag and compare-and-swap


class CaseDocument(Base):
    """A document that takes part in a case."""

    __tablename__ = "case_document"

    case_id: Mapped[UUID] = mapped_column(ForeignKey("case.id"), primary_key=True)
    document_id: Mapped[UUID] = mapped_column(ForeignKey("document.id"), primary_key=True, index=True)
    field: Mapped[str] = mapped_column(
        String(60)
    )  # key of the form field it was attached to; "sheet" for sheets
    round: Mapped[int] = mapped_column(default=1)
    digest_at_submit: Mapped[str] = mapped_column(String(64))
    is_signed_in_place: Mapped[bool] = mapped_column(default=False)


class TaskState(StrEnum):
    """Life of a task."""

    OPEN = "open"
    WAITING = "waiting"  # for added approvers, or to be opened for one; see workflow.additions
    DONE = "done"
    CANCELLED = "cancelled"


class Task(Base):
    """An open duty at a step. Any one of its candidates may do it."""

    __tablename__ = "task"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("case.id"), index=True)
    step_key: Mapped[str] = mapped_column(String(60))  # key of the (parallel) step
    kind: Mapped[str] = mapped_column(String(10))  # approve | seal | revise
    round: Mapped[int]
    state: Mapped[TaskState] = mapped_column(String(10), index=True)
    place: Mapped[int] = mapped_column(default=0)  # 0: the step's own; from 1: added to the step
    sheet_id: Mapped[UUID | None] = mapped_column(ForeignKey("document.id"))  # that the decision signs
    field_name: Mapped[str | None] = mapped_column(String(80))  # signature field on that sheet
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (UniqueConstraint("case_id", "round", "step_key", "place"),)


class TaskCandidate(Base):
    """Somebody who may do a task."""

    __tablename__ = "task_candidate"

    task_id: Mapped[UUID] = mapped_column(ForeignKey("task.id"), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)

    __table_args__ = (Index("ix_task_candidate_person", "person_id", "task_id"),)


class AddedKind(StrEnum):
    """When an added approver decides 加签."""

    BEFORE = "before"  # 前加签: the holder of the task decides when the added ones have
    AFTER = "after"  # 后加签: the added ones decide when the holder has approved


class AddedTask(Base):
    """Why a task is there that no step asks for: the holder of another one added its approver."""

    __tablename__ = "added_task"

    task_id: Mapped[UUID] = mapped_column(ForeignKey("task.id"), primary_key=True)
    holder_task_id: Mapped[UUID] = mapped_column(ForeignKey("task.id"), index=True)
    kind: Mapped[AddedKind] = mapped_column(String(6))
    reason: Mapped[str] = mapped_column(Text)
    added_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class ContinuedSheet(Base):
    """An earlier sheet that a continuation sheet 续页 names, and the digest that it names it by."""

    __tablename__ = "continued_sheet"

    sheet_id: Mapped[UUID] = mapped_column(ForeignKey("document.id"), primary_key=True)
    earlier_id: Mapped[UUID] = mapped_column(ForeignKey("document.id"), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64))  # of the earlier sheet's newest version then


class Outcome(StrEnum):
    """What somebody decided."""

    APPROVED = "approved"
    RETURNED = "returned"
    REJECTED = "rejected"
    SEALED = "sealed"


class Decision(Base):
    """What a person decided at a task; one for each task."""

    __tablename__ = "decision"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    task_id: Mapped[UUID] = mapped_column(ForeignKey("task.id"), unique=True)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("case.id"), index=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    outcome: Mapped[Outcome] = mapped_column(String(10))
    comment: Mapped[str] = mapped_column(Text, default="")
    shown_digest: Mapped[str] = mapped_column(String(64))  # of the sheet that was on the screen
    signed_digest: Mapped[str] = mapped_column(String(64))  # of the sheet that carries the signature
    decided_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Comment(Base):
    """A remark on a case that decides nothing."""

    __tablename__ = "comment"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("case.id"), index=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    text: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Draft(Base):
    """A form that was not submitted yet, kept so that nothing typed is lost. One for each person and flow."""

    __tablename__ = "draft"

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    flow_key: Mapped[str] = mapped_column(String(60), primary_key=True)
    form: Mapped[dict[str, Any]] = mapped_column(Json)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class SerialCounter(Base):
    """The last serial number given out, for each prefix and year."""

    __tablename__ = "serial_counter"

    prefix: Mapped[str] = mapped_column(String(20), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True)
    last: Mapped[int]


class ClaimState(StrEnum):
    """How far an invoice's claim has come. One that is only uploaded has no row."""

    CLAIMING = "claiming"
    CLAIMED = "claimed"


class InvoiceClaim(Base):
    """An invoice in a claim. Its identity is the key: a second claim cannot be written, even in a race."""

    __tablename__ = "invoice_claim"

    identity: Mapped[str] = mapped_column(
        String(80), primary_key=True
    )  # the invoice's identity, else sha256:<digest of the original>
    digest: Mapped[str] = mapped_column(String(64), unique=True)  # of the original: corrections do not help
    case_id: Mapped[UUID] = mapped_column(ForeignKey("case.id"), index=True)
    document_id: Mapped[UUID] = mapped_column(ForeignKey("document.id"), index=True)
    state: Mapped[ClaimState] = mapped_column(String(10))
    amount: Mapped[Decimal] = mapped_column(Money)
    tax: Mapped[Decimal | None] = mapped_column(Money)  # deductible, by the line
    category: Mapped[str] = mapped_column(String(40))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class ReleaseEvent(StrEnum):
    """Why a claim was undone."""

    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    REPLACED = "replaced"  # left out when the case was submitted again
    RELEASED = "released"  # by finance, with a reason


class ClaimRelease(Base):
    """A claim that was undone: by the case's end without payment, or by finance with a reason."""

    __tablename__ = "claim_release"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    identity: Mapped[str] = mapped_column(String(80), index=True)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("case.id"))
    document_id: Mapped[UUID] = mapped_column(ForeignKey("document.id"), index=True)
    event: Mapped[ReleaseEvent] = mapped_column(String(12))
    reason: Mapped[str] = mapped_column(Text, default="")
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class CounterpartCopy(Base):
    """The copy of a contract that the other side signed, compared with the text that was approved."""

    __tablename__ = "counterpart_copy"

    document_id: Mapped[UUID] = mapped_column(ForeignKey("document.id"), primary_key=True)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("case.id"), index=True)
    of_document_id: Mapped[UUID] = mapped_column(ForeignKey("document.id"), index=True)
    of_version: Mapped[int]
    is_same_text: Mapped[bool | None]  # None until both texts are read
    differences: Mapped[list[dict[str, Any]]] = mapped_column(Json)  # [{"page", "kind", "before", "after"}]
    added_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class LastingPaper(Base):
    """A paper with a document time-stamp, and until when that holds without a new one over it."""

    __tablename__ = "lasting_paper"

    document_id: Mapped[UUID] = mapped_column(ForeignKey("document.id"), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64))  # of the version that was looked at
    stamped_at: Mapped[datetime] = mapped_column(UtcDateTime)
    holds_until: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    problem: Mapped[str | None] = mapped_column(String(300))  # why the last renewal failed
