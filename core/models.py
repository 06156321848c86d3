"""Tables of core: people, access rows, audit, outbox, sign-ins, idempotency."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Json, UtcDateTime
from core.ids import new_id


class Organisation(Base):
    """The installation itself: exactly one row once set up."""

    __tablename__ = "organisation"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, default=1)
    name: Mapped[str] = mapped_column(String(200))
    is_demo: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class LegalEntity(Base):
    """A company 法人主体 that owns seals, invoices and cases."""

    __tablename__ = "legal_entity"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(200), unique=True)
    social_credit_code: Mapped[str | None] = mapped_column(String(18), unique=True)
    is_active: Mapped[bool] = mapped_column(default=True)


class Department(Base):
    """A node of the department tree of one legal entity."""

    __tablename__ = "department"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    entity_id: Mapped[UUID] = mapped_column(ForeignKey("legal_entity.id"), index=True)
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("department.id"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    head_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id", use_alter=True), index=True)


class Person(Base):
    """A person who can sign in."""

    __tablename__ = "person"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    username: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(100))
    email: Mapped[str | None] = mapped_column(String(254))
    position: Mapped[str | None] = mapped_column(String(100))
    department_id: Mapped[UUID] = mapped_column(ForeignKey("department.id"), index=True)
    manager_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    password_hash: Mapped[str] = mapped_column(String(255))
    language: Mapped[str | None] = mapped_column(String(8))
    theme: Mapped[str | None] = mapped_column(String(8))
    is_active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Role(StrEnum):
    """What somebody may be asked to do. Everybody who can sign in is an employee."""

    EMPLOYEE = "employee"
    APPROVER = "approver"  # by position, see RoleAssignment.position
    LEGAL = "legal"
    FINANCE = "finance"
    SEAL_KEEPER = "seal_keeper"
    ARCHIVIST = "archivist"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


class RoleAssignment(Base):
    """Person, role, scope, period. No scope means every legal entity."""

    __tablename__ = "role_assignment"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    role: Mapped[Role] = mapped_column(String(20))
    position: Mapped[str | None] = mapped_column(String(40))  # role APPROVER: such as general_manager
    entity_id: Mapped[UUID | None] = mapped_column(ForeignKey("legal_entity.id"))
    department_id: Mapped[UUID | None] = mapped_column(ForeignKey("department.id"))
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]  # last day, inclusive


class AccessRow(Base):
    """One principal term that may read one resource. Written by the room that owns the resource."""

    __tablename__ = "access_row"

    resource_type: Mapped[str] = mapped_column(String(20), primary_key=True)
    resource_id: Mapped[UUID] = mapped_column(primary_key=True)
    term: Mapped[str] = mapped_column(String(60), primary_key=True)

    __table_args__ = (Index("ix_access_row_term", "term", "resource_type", "resource_id"),)


class TermHolder(Base):
    """A principal term that a room hands to a person, such as ``seal:<id>`` to the seal's keeper."""

    __tablename__ = "term_holder"

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    term: Mapped[str] = mapped_column(String(60), primary_key=True)


class SignIn(Base):
    """A portal session. The cookie holds a random token; only its digest is stored."""

    __tablename__ = "sign_in"

    token_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    csrf_token: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class ApiToken(Base):
    """A bearer token for programs; acts as its person within its scopes."""

    __tablename__ = "api_token"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    token_digest: Mapped[str] = mapped_column(String(64), unique=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    scopes: Mapped[list[str]] = mapped_column(Json)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Throttle(Base):
    """Failed attempts at one secret, for one subject such as ``sign-in:zhangsan`` or ``pin:<credential>``."""

    __tablename__ = "throttle"

    subject: Mapped[str] = mapped_column(String(120), primary_key=True)
    failures: Mapped[int]
    blocked_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_failure_at: Mapped[datetime] = mapped_column(UtcDateTime)


class AuditEntry(Base):
    """Who did what to which thing. See core.audit for how entries are chained."""

    __tablename__ = "audit_entry"

    sequence: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(default=1)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    actor_id: Mapped[UUID | None]
    action: Mapped[str] = mapped_column(String(60), index=True)
    resource_type: Mapped[str | None] = mapped_column(String(20))
    resource_id: Mapped[UUID | None]
    salt: Mapped[str | None] = mapped_column(String(64))  # None once the payload was erased
    payload: Mapped[dict[str, Any] | None] = mapped_column(Json)
    payload_digest: Mapped[str] = mapped_column(String(64))
    chain_digest: Mapped[str] = mapped_column(String(64))

    __table_args__ = (Index("ix_audit_entry_resource", "resource_type", "resource_id"),)


class AuditHead(Base):
    """The last link of the audit chain; one row, locked only while a transaction commits."""

    __tablename__ = "audit_head"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, default=1)
    sequence: Mapped[int] = mapped_column(BigInteger)
    chain_digest: Mapped[str] = mapped_column(String(64))


class AuditTree(Base):
    """How many audit entries the Merkle tree over them holds; one row, moved by compare-and-swap."""

    __tablename__ = "audit_tree"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, default=1)
    size: Mapped[int] = mapped_column(BigInteger)


class AuditTile(Base):
    """Up to 256 hashes of one row of the tree, one behind the other. See core.merkle."""

    __tablename__ = "audit_tile"

    level: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    hashes: Mapped[bytes] = mapped_column(LargeBinary)


class Notice(Base):
    """Something that one person should know of. See core.notices."""

    __tablename__ = "notice"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    code: Mapped[str] = mapped_column(String(40))  # the text is ``notice-<code>``
    context: Mapped[dict[str, str]] = mapped_column(Json)
    resource_type: Mapped[str] = mapped_column(String(20))
    resource_id: Mapped[UUID]
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    seen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        Index("ix_notice_person", "person_id", "seen_at"),
        Index("ix_notice_resource", "resource_type", "resource_id"),
    )


class OutboxJob(Base):
    """Work that begins after the commit it was written in, and happens exactly once."""

    __tablename__ = "outbox_job"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    task: Mapped[str] = mapped_column(String(60))
    payload: Mapped[dict[str, Any]] = mapped_column(Json)
    key: Mapped[str | None] = mapped_column(String(200), unique=True)
    run_at: Mapped[datetime] = mapped_column(UtcDateTime)
    owner: Mapped[str | None] = mapped_column(String(60))
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    tries: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None] = mapped_column(String(2000))
    failed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # gave up; an administrator may retry

    __table_args__ = (Index("ix_outbox_job_ready", "failed_at", "run_at"),)


class PeriodicJob(Base):
    """A job that comes round; a sweep claims it by moving ``next_run`` forward."""

    __tablename__ = "periodic_job"

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    next_run: Mapped[datetime] = mapped_column(UtcDateTime)
    last_run: Mapped[datetime | None] = mapped_column(UtcDateTime)


class IdempotencyKey(Base):
    """The answer given to an unsafe call, so that its repetition does nothing."""

    __tablename__ = "idempotency_key"

    person_id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    request_digest: Mapped[str] = mapped_column(String(64))
    status: Mapped[int | None]  # None while the first call is still running
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
