"""Tables of ingest: documents, their immutable versions, their text."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Json, UtcDateTime
from core.ids import new_id


class DocumentKind(StrEnum):
    """What a document is to the company."""

    INVOICE = "invoice"
    CONTRACT = "contract"
    FORM = "form"  # an approval sheet
    ATTACHMENT = "attachment"


class DocumentState(StrEnum):
    """How far processing has come."""

    PROCESSING = "processing"
    READY = "ready"
    REFUSED = "refused"  # kept, shown to its owner with the reason, unusable in a case


class VersionReason(StrEnum):
    """Why a version was made."""

    UPLOADED = "uploaded"
    RENDERED = "rendered"
    FLATTENED = "flattened"  # pages as they look, of a document with active content
    TYPESET = "typeset"
    CERTIFIED = "certified"
    PREPARED = "prepared"  # signature fields were placed
    SIGNED = "signed"
    SEALED = "sealed"
    TIMESTAMPED = "timestamped"


class Stage(StrEnum):
    """What is being done with a document that is not ready yet."""

    QUEUED = "queued"
    READING = "reading"
    RECOGNISING = "recognising"  # optical recognition takes seconds a page
    DONE = "done"


class RenditionPurpose(StrEnum):
    """What a rendition is for."""

    ARCHIVAL = "archival"  # PDF/A, to be kept beside the original
    VIEWER = "viewer"  # nothing in it acts; for looking at a file with active content
    FLATTENED = "flattened"  # pages as they look, offered for signing in place of active content


class Document(Base):
    """What was put in. Its bytes are in its versions."""

    __tablename__ = "document"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    kind: Mapped[DocumentKind] = mapped_column(String(12))
    title: Mapped[str] = mapped_column(String(300))
    state: Mapped[DocumentState] = mapped_column(String(12))
    refusal: Mapped[dict[str, Any] | None] = mapped_column(Json)  # {"code", "context"} when refused
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    entity_id: Mapped[UUID] = mapped_column(ForeignKey("legal_entity.id"))
    department_id: Mapped[UUID] = mapped_column(ForeignKey("department.id"))
    stage: Mapped[Stage] = mapped_column(String(12), default=Stage.QUEUED)
    original_digest: Mapped[str] = mapped_column(String(64), index=True)
    parent_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("document.id"), index=True
    )  # the ZIP or e-mail it came in, or what it was flattened from
    verdict: Mapped[str | None] = mapped_column(String(14))  # on the original's signatures; None: not looked
    signatures: Mapped[dict[str, Any] | None] = mapped_column(Json)  # the object of ``verify --json``
    current_version: Mapped[int] = mapped_column(
        Integer
    )  # number of the newest version: the compare-and-swap column
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class Version(Base):
    """An immutable state of a document."""

    __tablename__ = "version"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    document_id: Mapped[UUID] = mapped_column(ForeignKey("document.id"))
    number: Mapped[int]
    digest: Mapped[str] = mapped_column(ForeignKey("stored_object.digest"), index=True)
    size: Mapped[int] = mapped_column(BigInteger)
    media_type: Mapped[str] = mapped_column(String(100))
    pages: Mapped[int | None]
    reason: Mapped[VersionReason] = mapped_column(String(12))
    made_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    findings: Mapped[list[dict[str, Any]]] = mapped_column(
        Json, default=list
    )  # active content: [{"code", …}]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (UniqueConstraint("document_id", "number"),)


class Rendition(Base):
    """Another form of one version, beside it and never instead of it."""

    __tablename__ = "rendition"

    version_id: Mapped[UUID] = mapped_column(ForeignKey("version.id"), primary_key=True)
    purpose: Mapped[RenditionPurpose] = mapped_column(String(10), primary_key=True)
    digest: Mapped[str] = mapped_column(ForeignKey("stored_object.digest"), index=True)
    size: Mapped[int] = mapped_column(BigInteger)
    pages: Mapped[int]
    standard: Mapped[str | None] = mapped_column(String(4))  # of PDF/A: 2b, 3b
    method: Mapped[str] = mapped_column(String(20))  # how it was made: declared, embedded, pictures, as_is
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class PageText(Base):
    """The text of one page, for search; taken from the first PDF version."""

    __tablename__ = "page_text"

    document_id: Mapped[UUID] = mapped_column(ForeignKey("document.id"), primary_key=True)
    page: Mapped[int] = mapped_column(primary_key=True)  # from 1
    text: Mapped[str] = mapped_column(Text)
