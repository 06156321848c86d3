"""Shapes of documents, uploads and verification."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from api.schemas import EXAMPLE_DIGEST, EXAMPLE_ID, EXAMPLE_TIME, Shape, example
from ingest.models import DocumentKind, DocumentState, VersionReason

_VERSION: dict[str, Any] = {
    "number": 1,
    "digest": EXAMPLE_DIGEST,
    "size": 48213,
    "media_type": "application/pdf",
    "pages": 2,
    "reason": "uploaded",
    "made_by": EXAMPLE_ID,
    "findings": [],
    "created_at": EXAMPLE_TIME,
}
_DOCUMENT: dict[str, Any] = {
    "id": EXAMPLE_ID,
    "kind": "contract",
    "title": "年度采购框架合同.pdf",
    "state": "ready",
    "refusal": None,
    "owner_id": EXAMPLE_ID,
    "entity_id": EXAMPLE_ID,
    "department_id": EXAMPLE_ID,
    "current_version": 1,
    "original_digest": EXAMPLE_DIGEST,
    "parent_id": None,
    "verdict": "unsigned",
    "created_at": EXAMPLE_TIME,
}


class Refusal(Shape):
    """Why a file cannot be used."""

    model_config = example({"code": "file-encrypted", "message": "The PDF is protected by a password."})

    code: str
    message: str


class VersionAnswer(Shape):
    """An immutable state of a document."""

    model_config = example(_VERSION)

    number: int
    digest: str = Field(description="SHA-256 of the bytes, as lower-case hex.")
    size: int = Field(description="In bytes.")
    media_type: str
    pages: int | None
    reason: VersionReason
    made_by: UUID | None
    findings: list[dict[str, Any]] = Field(description="Active content that was found, each with a `code`.")
    created_at: datetime


class DocumentAnswer(Shape):
    """What was put in. Its bytes are in its versions."""

    model_config = example(_DOCUMENT)

    id: UUID
    kind: DocumentKind
    title: str
    state: DocumentState = Field(description="`processing` until pages and text are read; poll until then.")
    refusal: Refusal | None
    owner_id: UUID
    entity_id: UUID
    department_id: UUID
    current_version: int
    original_digest: str
    parent_id: UUID | None = Field(description="The ZIP or e-mail it came in, or what it was flattened from.")
    verdict: Literal["valid", "invalid", "indeterminate", "unsigned"] | None = Field(
        description="On the signatures that the original came with; null where its type carries none."
    )
    created_at: datetime


class DocumentDetail(DocumentAnswer):
    """A document with its newest version."""

    model_config = example({**_DOCUMENT, "newest": _VERSION})

    newest: VersionAnswer


class TakenFile(Shape):
    """A file of an upload that became a document."""

    model_config = example(
        {
            "file": "年度采购框架合同.pdf",
            "document_id": EXAMPLE_ID,
            "digest": EXAMPLE_DIGEST,
            "size": 48213,
            "state": "processing",
            "duplicate_of": None,
            "error": None,
        }
    )

    file: str
    document_id: UUID | None
    digest: str | None
    size: int | None
    state: DocumentState | None
    duplicate_of: UUID | None = Field(description="A document with the same bytes that the caller may see.")
    error: Refusal | None = Field(description="Why this file was refused; the others go on.")


class UploadAnswer(Shape):
    """A result for each file, in the order in which they were sent."""

    results: list[TakenFile]


class VerifyProblem(Shape):
    """Something a verifier has to know."""

    code: str = Field(examples=["revision-changed"])
    message: str = Field(examples=["The page was changed after this signature."])


class VerifiedChange(Shape):
    """What one revision changed after a signature."""

    code: str = Field(examples=["signature-added"])
    message: str = Field(examples=["Signature added in the field “Step2” (page 1)"])
    revision: int = Field(description="Counted from 1.")
    page: int | None = Field(description="Counted from 1.")
    field: str | None
    old: str | None
    new: str | None
    allowed: bool | None = Field(
        description="By the rules of the signatures before it; null: a person has to look."
    )


class VerifiedSignature(Shape):
    """One signature, seal or time-stamp of a file."""

    field: str
    type: Literal["approval", "certification", "timestamp", "seal"]
    signer: str | None
    signed_at: datetime | None
    timestamped_at: datetime | None
    level: Literal["B-B", "B-T", "B-LT", "B-LTA"] | None
    intact: bool | None
    trusted: bool | None
    covers: Literal["file", "revision", "part", "unknown"]
    changes_after: Literal["none", "allowed", "forbidden", "unknown"]
    problems: list[VerifyProblem]
    covered_until: int | None = Field(
        default=None, description="So many bytes of the file are the state that it signed."
    )
    reason: str = ""
    algorithm: str = ""
    revision: int | None = Field(
        default=None, description="The newest revision that it covers whole, counted from 1; null for OFD."
    )


class VerifyAnswer(Shape):
    """What the signatures of a file are worth."""

    model_config = example(
        {
            "file": "contract.pdf",
            "sha256": EXAMPLE_DIGEST,
            "verdict": "valid",
            "signatures": [
                {
                    "field": "Step1",
                    "type": "approval",
                    "signer": "王芳",
                    "signed_at": EXAMPLE_TIME,
                    "timestamped_at": EXAMPLE_TIME,
                    "level": "B-LTA",
                    "intact": True,
                    "trusted": True,
                    "covers": "revision",
                    "changes_after": "allowed",
                    "problems": [],
                }
            ],
            "problems": [],
            "archived": True,
        }
    )

    file: str
    sha256: str
    verdict: Literal["valid", "invalid", "indeterminate", "unsigned"]
    signatures: list[VerifiedSignature]
    problems: list[VerifyProblem]
    archived: bool | None = Field(
        description="Whether all signatures carry long-term evidence; null where there are none."
    )
    changes: list[VerifiedChange] = Field(
        default=[], description="What revisions after the first signed one changed, oldest first."
    )
    warnings: list[VerifyProblem] = Field(
        default=[], description="Worth knowing; no reason against the file."
    )
    revisions: int = Field(default=0, description="How many states the file holds; 0 for OFD.")


class ComparedPage(Shape):
    """A page before and after a revision, as PNG in base64."""

    page: int = Field(description="Counted from 1.")
    revision: int = Field(description="Counted from 1.")
    is_refused: bool = Field(description="Nobody allowed the change, or a person has to look at it.")
    before: str
    after: str


class ChangesAnswer(Shape):
    """What was changed in a file after its first signature."""

    model_config = example(
        {
            "sha256": EXAMPLE_DIGEST,
            "verdict": "invalid",
            "changes": [
                {
                    "code": "page-content-changed",
                    "message": "Content of the page changed (page 1)",
                    "revision": 4,
                    "page": 1,
                    "field": None,
                    "old": None,
                    "new": None,
                    "allowed": False,
                }
            ],
            "pictures": [
                {"page": 1, "revision": 4, "is_refused": True, "before": "iVBORw0K…", "after": "iVBORw0K…"}
            ],
        }
    )

    sha256: str
    verdict: Literal["valid", "invalid", "indeterminate", "unsigned"]
    changes: list[VerifiedChange] = Field(description="Oldest first.")
    pictures: list[ComparedPage]
