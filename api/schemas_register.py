"""Shapes of the register: its lines, corrections, uses by hand, loans, proofs."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, Field

from api.schemas import EXAMPLE_DIGEST, EXAMPLE_ID, EXAMPLE_TIME, PersonName, Shape, Words, example
from api.schemas_seals import PlacementShape
from api.schemas_search import FacetAnswer
from signing.models import UseKind
from signing.register_models import CorrectionState


class ChangeShape(Shape):
    """What a correction changes in one column."""

    model_config = example({"before": 2, "after": 3})

    before: str | int | None
    after: str | int | None


class SealRecordAnswer(Shape):
    """One use of one seal: a line of the register."""

    model_config = example(
        {
            "id": EXAMPLE_ID,
            "number": "2026-0007",
            "kind": "electronic",
            "sealed_at": EXAMPLE_TIME,
            "seal_id": EXAMPLE_ID,
            "seal_name": "合同专用章",
            "subject": "年度采购框架合同",
            "document_id": EXAMPLE_ID,
            "document_title": "年度采购框架合同.pdf",
            "copies": 2,
            "counterparty": "华北制造有限公司",
            "case_id": EXAMPLE_ID,
            "case_serial": "HT-2026-00012",
            "department": "市场部",
            "applicant": {"id": EXAMPLE_ID, "name": "张伟"},
            "keeper": {"id": EXAMPLE_ID, "name": "孙丽"},
            "approvers": ["王芳", "刘洋"],
            "digest_before": EXAMPLE_DIGEST,
            "digest_after": EXAMPLE_DIGEST,
            "placements": [{"page": 1, "x_mm": 150.0, "y_mm": 240.0}],
            "corrects_id": None,
            "changes": None,
            "reason": None,
            "second_person": None,
            "scan_due_at": None,
            "is_corrected": False,
            "is_open": False,
        }
    )

    id: UUID
    number: str = Field(description="Consecutive for each seal and year.")
    kind: UseKind
    sealed_at: datetime
    seal_id: UUID
    seal_name: str
    subject: str
    document_id: UUID
    document_title: str
    copies: int
    counterparty: str | None
    case_id: UUID
    case_serial: str
    department: str
    applicant: PersonName
    keeper: PersonName
    approvers: list[str]
    digest_before: str
    digest_after: str | None = Field(description="None for a use by hand: the file did not change.")
    placements: list[PlacementShape]
    corrects_id: UUID | None = Field(description="The line that a correction names.")
    changes: dict[str, ChangeShape] | None
    reason: str | None = Field(description="Why a correction was made.")
    second_person: str | None = Field(description="Who agreed to a correction.")
    scan_due_at: datetime | None
    is_corrected: bool = Field(description="Later lines correct this one.")
    is_open: bool = Field(description="Stamped by hand, and the scan has not come.")


class RegisterCount(Shape):
    """How many lines there are."""

    model_config = example({"count": 128})

    count: int


class RegisterTotals(Shape):
    """How many uses of seals there are, and how they divide."""

    uses: int = Field(examples=[128])
    seals: list[FacetAnswer] = Field(description="By id of the seal, the most used first.")
    departments: list[FacetAnswer] = Field(description="By id of the department.")
    months: list[FacetAnswer] = Field(description="By month (`2026-03`), the oldest first.")


class NewStamping(Shape):
    """A use by hand to be entered."""

    model_config = example({"authorisation_id": EXAMPLE_ID, "copies": 2, "pin": "284617"})

    authorisation_id: UUID
    copies: int = Field(ge=1, le=999)
    pin: Words = Field(min_length=1, max_length=128, description="The caller's own signing PIN.")


class OpenAuthorisation(Shape):
    """An approved use of a seal that nobody has made yet."""

    model_config = example(
        {
            "id": EXAMPLE_ID,
            "seal_id": EXAMPLE_ID,
            "seal_name": "合同专用章",
            "case_id": EXAMPLE_ID,
            "case_serial": "HT-2026-00012",
            "document_title": "年度采购框架合同.pdf",
            "subject": "年度采购框架合同",
            "copies": 2,
            "expires_at": EXAMPLE_TIME,
        }
    )

    id: UUID
    seal_id: UUID
    seal_name: str
    case_id: UUID
    case_serial: str
    document_title: str
    subject: str
    copies: int = Field(description="The most that may be stamped.")
    expires_at: datetime


class NewCorrection(Shape):
    """What a line should say instead. What is left out stays."""

    model_config = example({"copies": 3, "reason": "数错了份数"})

    subject: Words | None = Field(default=None, max_length=300)
    counterparty: Words | None = Field(default=None, max_length=200)
    copies: int | None = Field(default=None, ge=1, le=999)
    reason: Words = Field(min_length=1, max_length=500)


class CorrectionAnswer(Shape):
    """A correction that was asked for."""

    model_config = example(
        {
            "id": EXAMPLE_ID,
            "record_id": EXAMPLE_ID,
            "changes": {"copies": {"before": 2, "after": 3}},
            "reason": "数错了份数",
            "asked_by": EXAMPLE_ID,
            "asked_at": EXAMPLE_TIME,
            "state": "open",
            "correction_id": None,
        }
    )

    id: UUID
    record_id: UUID
    changes: dict[str, ChangeShape]
    reason: str
    asked_by: UUID
    asked_at: datetime
    state: CorrectionState
    correction_id: UUID | None


class ScanAnswer(Shape):
    """The scan of a stamped page."""

    model_config = example(
        {
            "id": EXAMPLE_ID,
            "record_id": EXAMPLE_ID,
            "document_id": EXAMPLE_ID,
            "digest": EXAMPLE_DIGEST,
            "added_by": EXAMPLE_ID,
            "added_at": EXAMPLE_TIME,
        }
    )

    id: UUID
    record_id: UUID
    document_id: UUID
    digest: str
    added_by: UUID
    added_at: datetime


_LOAN: dict[str, Any] = {
    "seal_id": EXAMPLE_ID,
    "case_serial": "HT-2026-00012",
    "reason": "赴外地签约",
    "due_at": EXAMPLE_TIME,
}


class NewLoan(Shape):
    """A physical seal to be lent."""

    model_config = example({**_LOAN, "borrower_id": EXAMPLE_ID})

    seal_id: UUID
    borrower_id: UUID
    case_serial: Words = Field(min_length=1, max_length=40, description="Serial number of the case.")
    reason: Words = Field(min_length=1, max_length=500)
    due_at: AwareDatetime


class NewReturn(Shape):
    """A seal that came back."""

    model_config = example({"note": "完好"})

    note: Words = Field(default="", max_length=500, description="What looking at it found.")


class LoanAnswer(Shape):
    """A physical seal out of its keeper's hands, or back in them."""

    model_config = example(
        {
            **_LOAN,
            "id": EXAMPLE_ID,
            "borrower": {"id": EXAMPLE_ID, "name": "张伟"},
            "case_id": EXAMPLE_ID,
            "lent_at": EXAMPLE_TIME,
            "returned_at": None,
            "return_note": None,
        }
    )

    id: UUID
    seal_id: UUID
    borrower: PersonName
    case_id: UUID
    case_serial: str
    reason: str
    lent_at: datetime
    due_at: datetime
    returned_at: datetime | None
    return_note: str | None


_HEAD_FILE: dict[str, Any] = {
    "format": "vermilion-tree-head",
    "version": 1,
    "body": "vermilion audit tree head v1\n…",
    "signature": "MIID…",
    "token": "MIIE…",
}


class HeadFile(Shape):
    """A tree head as it leaves the machine; `vermilion audit verify --head` reads it."""

    model_config = example(_HEAD_FILE)

    format: str
    version: int
    body: str = Field(description="The text that is signed.")
    signature: str = Field(description="Detached CMS over the text, base64 of DER.")
    token: str = Field(description="RFC 3161 token over the signature, base64 of DER.")


class SentAnswer(Shape):
    """How far a head got on its way to one place."""

    model_config = example(
        {"target": "https://hooks.example.com/heads", "sent_at": EXAMPLE_TIME, "error": None}
    )

    target: str
    sent_at: datetime | None
    error: str | None


class HeadAnswer(Shape):
    """A tree head and where it went."""

    model_config = example(
        {
            "number": 12,
            "size": 3481,
            "root": EXAMPLE_DIGEST,
            "at": EXAMPLE_TIME,
            "file": _HEAD_FILE,
            "sent": [{"target": "https://hooks.example.com/heads", "sent_at": EXAMPLE_TIME, "error": None}],
        }
    )

    number: int
    size: int = Field(description="Audit entries that the tree holds.")
    root: str
    at: datetime
    file: HeadFile
    sent: list[SentAnswer]


class ProofAnswer(Shape):
    """What shows that an entry stood in the trail when a head was made. Hashes are lower-case hex."""

    model_config = example(
        {
            "entry": {"sequence": 17, "action": "seal.applied"},
            "leaf_data": "[1,17,…]",
            "leaf_hash": EXAMPLE_DIGEST,
            "leaf_index": 16,
            "inclusion": [EXAMPLE_DIGEST],
            "head": _HEAD_FILE,
            "previous_head": None,
            "consistency": None,
        }
    )

    entry: dict[str, Any]
    leaf_data: str = Field(description="The leaf: canonical JSON. Its hash is SHA-256(0x00 ‖ leaf).")
    leaf_hash: str
    leaf_index: int
    inclusion: list[str] = Field(description="RFC 9162, 2.1.3: from the leaf up.")
    head: HeadFile
    previous_head: HeadFile | None
    consistency: list[str] | None = Field(description="RFC 9162, 2.1.4: from the previous head to this one.")


class ConsistencyAnswer(Shape):
    """That the trail of one size is the beginning of the trail of a later one."""

    model_config = example(
        {
            "first": 3000,
            "second": 3481,
            "first_root": EXAMPLE_DIGEST,
            "second_root": EXAMPLE_DIGEST,
            "path": [EXAMPLE_DIGEST],
        }
    )

    first: int
    second: int
    first_root: str
    second_root: str
    path: list[str]
