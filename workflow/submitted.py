"""What is submitted: the checked form with its documents, and where they will be signed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from core.models import Department, LegalEntity, Person
from ingest.models import Version
from signing.fields import FieldSpec
from storage.service import Kept
from workflow import forms
from workflow.claims import Claim
from workflow.flows import DocumentsField, Flow, InvoicesField, subject_of

SHEET_FIELD: Final = "sheet"
"""What an approval sheet stands under among the documents of its case."""


@dataclass
class Attached:
    """A document of the form, as it is when the case is submitted."""

    field: DocumentsField | InvoicesField
    document_id: UUID
    title: str
    version: Version
    is_signed_in_place: bool
    prepared: Kept | None = None

    @property
    def digest(self) -> str:
        return self.prepared.digest if self.prepared else self.version.digest


@dataclass
class Submission:
    """Everything that is known before the slow work begins."""

    flow: Flow
    flow_version_id: UUID
    values: forms.Values
    applicant: Person
    department: Department
    entity: LegalEntity
    is_demo: bool
    case_id: UUID
    serial_number: str
    verify_token: str
    round: int
    submitted_at: datetime
    seal_names: dict[str, str]
    attached: list[Attached] = field(default_factory=list)
    claim: Claim | None = None

    @property
    def subject(self) -> str:
        return subject_of(self.flow, self.values)


def documents_in(form_field: DocumentsField | InvoicesField, value: Any) -> list[UUID]:
    """The documents that a checked value names."""
    if isinstance(form_field, InvoicesField):
        return [UUID(line["document"]) for line in value]
    return [UUID(document_id) for document_id in value]


def document_fields(flow: Flow, field_key: str, case_id: UUID, round_number: int) -> list[FieldSpec]:
    """The invisible fields for those who sign the documents of a form field in place."""
    return [
        FieldSpec(document_field_name(case_id, round_number, step.key))
        for step in flow.all_steps()
        if field_key in step.signs_documents
    ]


def document_field_name(case_id: UUID, round_number: int, step_key: str) -> str:
    """Name of a signature field in a document that is signed in place."""
    return f"Vermilion_{case_id.hex[-12:]}_{round_number}_{step_key}"
