"""Tables of signing: certificates, credentials, seals, authorisations, the register."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Float, ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Json, UtcDateTime
from core.ids import new_id


class CertificateRole(StrEnum):
    """What a certificate of the internal authority is for."""

    ROOT = "root"
    ISSUING = "issuing"
    TSA = "tsa"
    SERVICE = "service"  # certifies approval sheets when they are made
    OCSP = "ocsp"  # answers for one issuing authority
    PERSON = "person"
    SEAL = "seal"


class Certificate(Base):
    """A certificate that the internal authority issued, or one of an outside authority that was imported."""

    __tablename__ = "certificate"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    role: Mapped[CertificateRole] = mapped_column(String(10), index=True)
    subject: Mapped[str] = mapped_column(String(300))
    serial_number: Mapped[str] = mapped_column(String(40), index=True)  # lower-case hex, of its issuer
    issuer_id: Mapped[UUID | None] = mapped_column(ForeignKey("certificate.id"))
    der: Mapped[bytes] = mapped_column(LargeBinary)
    wrapped_key: Mapped[bytes | None] = mapped_column(LargeBinary)  # CA, TSA, service: under the master key
    not_before: Mapped[datetime] = mapped_column(UtcDateTime)
    not_after: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revocation_reason: Mapped[str | None] = mapped_column(String(40))
    held_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # suspended since: certificateHold
    outside_chain: Mapped[list[str] | None] = mapped_column(Json)  # imported: DER (Base64) of those above it


class RevocationList(Base):
    """The newest CRL of an authority, kept so that it can be served and embedded."""

    __tablename__ = "revocation_list"

    issuer_id: Mapped[UUID] = mapped_column(ForeignKey("certificate.id"), primary_key=True)
    number: Mapped[int]
    der: Mapped[bytes] = mapped_column(LargeBinary)
    this_update: Mapped[datetime] = mapped_column(UtcDateTime)
    next_update: Mapped[datetime] = mapped_column(UtcDateTime)


class CertificateRequest(Base):
    """What the offline root was asked for; its number is the id. See signing.offline_root."""

    __tablename__ = "certificate_request"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    der: Mapped[bytes | None] = mapped_column(LargeBinary)  # PKCS#10; None: only a list is wanted
    wrapped_key: Mapped[bytes | None] = mapped_column(LargeBinary)  # of the PKCS#10, until it is answered
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class RootPurpose(StrEnum):
    """What an outside root is trusted for."""

    SIGNATURES = "signatures"
    TIMESTAMPS = "timestamps"
    BOTH = "both"


class OutsideRoot(Base):
    """A root of somebody else that an administrator trusts. Kept after its removal, for the record."""

    __tablename__ = "outside_root"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    digest: Mapped[str] = mapped_column(String(64), index=True)  # SHA-256 of the certificate, hex
    subject: Mapped[str] = mapped_column(String(300))
    der: Mapped[bytes] = mapped_column(LargeBinary)
    purpose: Mapped[RootPurpose] = mapped_column(String(12))
    reason: Mapped[str] = mapped_column(String(300))  # why it is trusted
    not_after: Mapped[datetime] = mapped_column(UtcDateTime)
    added_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))  # None: at the command line
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)
    removed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class OutsideList(Base):
    """The newest revocation list of an outside authority, for all or for a part of its certificates."""

    __tablename__ = "outside_list"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    issuer: Mapped[str] = mapped_column(String(300))
    issuer_digest: Mapped[str] = mapped_column(String(64))  # SHA-256 of the authority's certificate, hex
    issuer_der: Mapped[bytes] = mapped_column(LargeBinary)
    scope: Mapped[str] = mapped_column(String(64))  # SHA-256 of the issuing distribution point; empty: all
    der: Mapped[bytes] = mapped_column(LargeBinary)
    this_update: Mapped[datetime] = mapped_column(UtcDateTime)
    next_update: Mapped[datetime] = mapped_column(UtcDateTime)
    source: Mapped[str] = mapped_column(String(500))  # where it was fetched; empty: uploaded
    added_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (UniqueConstraint("issuer_digest", "scope"),)


class WaitingTimestamp(Base):
    """A signed state of a document that no time-stamp authority answered for yet."""

    __tablename__ = "waiting_timestamp"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)  # of the signed PDF
    since: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    field: Mapped[str] = mapped_column(String(200))
    reason: Mapped[str] = mapped_column(String(300))
    tries: Mapped[int] = mapped_column(default=0)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    finished_digest: Mapped[str | None] = mapped_column(String(64))  # of the state that has the time-stamp


class Credential(Base):
    """A person's key and certificate. The key is wrapped by the PIN and by the master key."""

    __tablename__ = "credential"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    certificate_id: Mapped[UUID] = mapped_column(ForeignKey("certificate.id"))
    envelope: Mapped[dict[str, Any]] = mapped_column(Json)  # versioned key envelope, see signing.custody
    is_active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class SealState(StrEnum):
    """Life of a seal that was agreed to; before, there is an open change that applies for it."""

    APPROVED = "approved"  # made; its keeper has not taken it over yet
    ACTIVE = "active"
    SUSPENDED = "suspended"
    LOST = "lost"
    DESTROYED = "destroyed"


class Seal(Base):
    """A legal entity's electronic seal."""

    __tablename__ = "seal"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    entity_id: Mapped[UUID] = mapped_column(ForeignKey("legal_entity.id"), index=True)
    name: Mapped[str] = mapped_column(String(200))  # such as 合同专用章
    kind: Mapped[str] = mapped_column(String(20))  # signing.seals.SealKind
    code: Mapped[str | None] = mapped_column(String(20))  # number on the lower arc
    diameter_mm: Mapped[float] = mapped_column(Float)  # width, where the seal is not round
    height_mm: Mapped[float | None] = mapped_column(Float)  # None: as high as wide
    inscription: Mapped[str | None] = mapped_column(String(60))  # see signing.seals.INSCRIBED
    picture_digest: Mapped[str | None] = mapped_column(String(64))  # of the print it shows, a SealScan's
    keeper_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    auditor_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))  # checks its register
    user_ids: Mapped[list[str]] = mapped_column(Json, default=list)  # who may apply; empty: everybody else
    state: Mapped[SealState] = mapped_column(String(12))
    certificate_id: Mapped[UUID] = mapped_column(ForeignKey("certificate.id"))
    wrapped_key: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class SealChange(Base):
    """A step in a seal's life: asked for by one person, decided by another. Never deleted."""

    __tablename__ = "seal_change"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    seal_id: Mapped[UUID | None] = mapped_column(ForeignKey("seal.id"), index=True)  # None: not made yet
    open_for: Mapped[UUID | None] = mapped_column(unique=True)  # the seal, while the change is open
    kind: Mapped[str] = mapped_column(String(12))  # signing.seal_life.ChangeKind
    detail: Mapped[dict[str, Any]] = mapped_column(Json)  # version, and what the kind needs
    reason: Mapped[str] = mapped_column(String(500))
    asked_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    outcome: Mapped[str | None] = mapped_column(String(10))  # agreed, refused, withdrawn


class SealScan(Base):
    """The print of a seal that was taken out of a photo or scan, to apply for a seal with."""

    __tablename__ = "seal_scan"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    digest: Mapped[str] = mapped_column(String(64), index=True)  # object: the print as PNG, ink and opacity
    original_digest: Mapped[str] = mapped_column(String(64))  # object: the file that was uploaded
    width: Mapped[int]  # of the print, in pixels
    height: Mapped[int]
    made_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    change_id: Mapped[UUID | None] = mapped_column(ForeignKey("seal_change.id"))  # that applied with it


class SealKeyOffer(Base):
    """The key that a change of a seal's key is about; what is secret goes when the change is decided."""

    __tablename__ = "seal_key_offer"

    change_id: Mapped[UUID] = mapped_column(ForeignKey("seal_change.id"), primary_key=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)  # SubjectPublicKeyInfo
    certificate: Mapped[bytes | None] = mapped_column(LargeBinary)  # None: our authority issues one
    chain: Mapped[list[str]] = mapped_column(Json)  # those above it, DER in Base64
    wrapped_key: Mapped[bytes | None] = mapped_column(LargeBinary)  # under the master key; None: in a slot
    place: Mapped[dict[str, str] | None] = mapped_column(Json)  # token, label, key_id of a key in a slot


class SealAuthorisation(Base):
    """The single-use permission to put one seal on one document state. Made by an approved case."""

    __tablename__ = "seal_authorisation"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    seal_id: Mapped[UUID] = mapped_column(ForeignKey("seal.id"), index=True)
    case_id: Mapped[UUID] = mapped_column(index=True)
    case_serial: Mapped[str] = mapped_column(String(40))
    document_id: Mapped[UUID]
    document_title: Mapped[str] = mapped_column(String(300))
    digest: Mapped[str] = mapped_column(String(64))  # of the version that may be sealed
    copies: Mapped[int] = mapped_column(default=1)
    subject: Mapped[str] = mapped_column(String(300))
    counterparty: Mapped[str | None] = mapped_column(String(200))
    applicant_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    department_id: Mapped[UUID] = mapped_column(ForeignKey("department.id"))
    approver_ids: Mapped[list[str]] = mapped_column(Json)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class UseKind(StrEnum):
    """What a line of the register tells of."""

    ELECTRONIC = "electronic"
    PAPER = "paper"  # a printout was stamped by hand
    CORRECTION = "correction"  # an earlier line was wrong


class SealRecord(Base):
    """One use of one seal: a row of the register 用印登记簿. Never changed, never deleted."""

    __tablename__ = "seal_record"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    seal_id: Mapped[UUID] = mapped_column(ForeignKey("seal.id"))
    year: Mapped[int]
    number: Mapped[int]  # consecutive for each seal and year, from 1
    version: Mapped[int] = mapped_column(default=2, server_default="1")  # of the entry, see signing.entries
    salt: Mapped[str | None] = mapped_column(String(64))  # None in entries of version 1
    kind: Mapped[UseKind] = mapped_column(String(12), default=UseKind.ELECTRONIC, server_default="electronic")
    authorisation_id: Mapped[UUID | None] = mapped_column(ForeignKey("seal_authorisation.id"), unique=True)
    case_id: Mapped[UUID] = mapped_column(index=True)
    case_serial: Mapped[str] = mapped_column(String(40))
    document_id: Mapped[UUID] = mapped_column(index=True)
    document_title: Mapped[str] = mapped_column(String(300))
    digest_before: Mapped[str] = mapped_column(String(64))
    digest_after: Mapped[str | None] = mapped_column(String(64), index=True)  # None: stamped by hand
    placements: Mapped[list[dict[str, Any]]] = mapped_column(
        Json
    )  # [{page, x_mm, y_mm}], centre, from top left; slices of a straddle seal have part and parts
    copies: Mapped[int]
    subject: Mapped[str] = mapped_column(String(300))
    counterparty: Mapped[str | None] = mapped_column(String(200))
    applicant_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    department_id: Mapped[UUID] = mapped_column(ForeignKey("department.id"))
    approver_ids: Mapped[list[str]] = mapped_column(Json)
    keeper_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    sealed_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    corrects_id: Mapped[UUID | None] = mapped_column(index=True)  # an earlier row of this table
    changes: Mapped[dict[str, Any] | None] = mapped_column(Json)  # {field: {"before", "after"}}
    reason: Mapped[str | None] = mapped_column(String(500))  # of a correction
    second_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))  # who agreed to it
    scan_due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # of the page stamped by hand

    __table_args__ = (UniqueConstraint("seal_id", "year", "number"),)
