"""Shapes of flows, cases, tasks and decisions."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BeforeValidator, Field

from api.schemas import EXAMPLE_DIGEST, EXAMPLE_ID, EXAMPLE_TIME, Shape, Words, example
from api.schemas_seals import PlaceShape
from ingest.models import DocumentKind, VersionReason
from workflow.models import CaseState, EvidenceState, Outcome, TaskState

_MOST_DEEP = 8


def _keepable(value: object, depth: int = 0) -> object:
    """Text inside a form must be keepable too, and nothing in it nests without end."""
    if depth > _MOST_DEEP:
        raise ValueError("too deep")
    if isinstance(value, str):
        if "\x00" in value:
            raise ValueError("NUL")
        value.encode("utf-8")
    elif isinstance(value, dict):
        for key, item in value.items():
            _keepable(key, depth + 1)
            _keepable(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            _keepable(item, depth + 1)
    return value


Form = Annotated[
    dict[str, Any],
    BeforeValidator(_keepable),
    Field(
        description="A value for each field of the flow's form, by its key; money as text.", max_length=200
    ),
]
Digest = Annotated[
    str, Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256, lower-case hex.", examples=[EXAMPLE_DIGEST])
]


class FlowAnswer(Shape):
    """A flow that new cases can take."""

    model_config = example({"key": "contract", "version": 1, "name": "合同审批", "description": "…"})

    key: str
    version: int
    name: str = Field(description="In the caller's language.")
    description: str


class FlowDetail(FlowAnswer):
    """A flow with its form and steps, as declared."""

    model_config = example(
        {
            "key": "contract",
            "version": 1,
            "name": "合同审批",
            "description": "…",
            "definition": {"key": "contract", "fields": [], "steps": []},
        }
    )

    definition: dict[str, Any] = Field(description="Form fields and steps; see the flow schema in the docs.")


class NewFlow(Shape):
    """A flow to be added, or a new version of one."""

    model_config = example({"yaml": "key: purchase\nname: {zh-CN: 采购申请, en: Purchase}\n"})

    yaml: Words = Field(min_length=1, max_length=200_000)


class FlowAdded(Shape):
    """A flow version that was added."""

    model_config = example({"key": "purchase", "version": 1})

    key: str
    version: int


class NewCase(Shape):
    """A form to be submitted."""

    model_config = example(
        {
            "flow": "contract",
            "form": {"title": "年度采购框架合同", "amount": "120000.00", "documents": [EXAMPLE_ID]},
            "resubmits": None,
        }
    )

    flow: Words = Field(min_length=1, max_length=60, description="Key of the flow.")
    form: Form
    resubmits: UUID | None = Field(default=None, description="Id of a case that was returned to the caller.")


_ROW: dict[str, Any] = {
    "id": EXAMPLE_ID,
    "serial_number": "HT-2026-00012",
    "subject": "年度采购框架合同",
    "flow": "contract",
    "flow_name": "合同审批",
    "applicant": "张伟",
    "amount": "120000.00",
    "counterparty": "华北制造有限公司",
    "state": "running",
    "submitted_at": EXAMPLE_TIME,
    "finished_at": None,
    "waiting_for": ["王芳"],
}
_PAPER: dict[str, Any] = {
    "id": EXAMPLE_ID,
    "title": "HT-2026-00012 审批表",
    "kind": "form",
    "field": "sheet",
    "digest": EXAMPLE_DIGEST,
    "version": 2,
    "pages": 1,
    "size": 64120,
    "reason": "signed",
    "round": 1,
    "is_signed_in_place": False,
}
_STEP: dict[str, Any] = {
    "key": "head",
    "name": "部门负责人",
    "kind": "approve",
    "status": "now",
    "people": ["王芳"],
    "since": EXAMPLE_TIME,
    "finished_at": None,
    "outcome": None,
}


class CaseRowAnswer(Shape):
    """A case in a list."""

    model_config = example(_ROW)

    id: UUID
    serial_number: str
    subject: str
    flow: str = Field(description="Key of the flow.")
    flow_name: str
    applicant: str
    amount: Decimal | None
    counterparty: str | None
    state: CaseState
    submitted_at: datetime
    finished_at: datetime | None
    waiting_for: list[str] = Field(description="Names of those at whom it waits.")


class StepAnswer(Shape):
    """A step of the current round."""

    model_config = example(_STEP)

    key: str
    name: str
    kind: Literal["approve", "seal"]
    status: Literal["done", "now", "todo", "stopped"]
    people: list[str] = Field(description="Who decided, or who may.")
    since: datetime | None
    finished_at: datetime | None
    outcome: Outcome | None


class PaperAnswer(Shape):
    """A document of a case with its newest PDF version."""

    model_config = example(_PAPER)

    id: UUID
    title: str
    kind: DocumentKind
    field: str = Field(description="Key of the form field it was attached to; `sheet` for approval sheets.")
    digest: str = Field(description="Hand the sheet's back as `shown_digest` when deciding.")
    version: int
    pages: int
    size: int
    reason: VersionReason
    round: int
    is_signed_in_place: bool


class ActAnswer(Shape):
    """A decision, or a comment when `outcome` is null."""

    name: str = Field(examples=["王芳"])
    position: str = Field(examples=["市场部经理"])
    step: str | None = Field(examples=["部门负责人"])
    outcome: Outcome | None = Field(examples=["approved"])
    text: str = Field(examples=["同意"])
    at: datetime = Field(examples=[EXAMPLE_TIME])


class CaseAnswer(Shape):
    """The whole picture of a case."""

    model_config = example(
        {
            "id": EXAMPLE_ID,
            "serial_number": "HT-2026-00012",
            "subject": "年度采购框架合同",
            "flow": "contract",
            "flow_version": 1,
            "flow_name": "合同审批",
            "applicant_id": EXAMPLE_ID,
            "applicant": "张伟",
            "department": "市场部",
            "amount": "120000.00",
            "counterparty": "华北制造有限公司",
            "state": "running",
            "round": 1,
            "revision": 3,
            "evidence_state": "none",
            "submitted_at": EXAMPLE_TIME,
            "finished_at": None,
            "form": {"title": "年度采购框架合同"},
            "steps": [_STEP],
            "sheets": [_PAPER],
            "documents": [],
            "acts": [],
            "my_task_id": None,
            "may_withdraw": False,
            "may_resubmit": False,
        }
    )

    id: UUID
    serial_number: str
    subject: str
    flow: str
    flow_version: int
    flow_name: str
    applicant_id: UUID
    applicant: str
    department: str
    amount: Decimal | None
    counterparty: str | None
    state: CaseState
    round: int
    revision: int = Field(description="Rises with every change; the `ETag`.")
    evidence_state: EvidenceState
    submitted_at: datetime
    finished_at: datetime | None
    form: dict[str, Any]
    steps: list[StepAnswer]
    sheets: list[PaperAnswer]
    documents: list[PaperAnswer]
    acts: list[ActAnswer]
    my_task_id: UUID | None = Field(description="The caller's open task in this case.")
    may_withdraw: bool
    may_resubmit: bool


class NewComment(Shape):
    """A remark that decides nothing."""

    model_config = example({"text": "请补充报价单。"})

    text: Words = Field(min_length=1, max_length=4000)


class TaskAnswer(Shape):
    """An open task of the caller's inbox."""

    model_config = example(
        {
            "id": EXAMPLE_ID,
            "case_id": EXAMPLE_ID,
            "serial_number": "HT-2026-00012",
            "subject": "年度采购框架合同",
            "flow": "contract",
            "flow_name": "合同审批",
            "step_name": "部门负责人",
            "kind": "approve",
            "amount": "120000.00",
            "applicant": "张伟",
            "since": EXAMPLE_TIME,
        }
    )

    id: UUID
    case_id: UUID
    serial_number: str
    subject: str
    flow: str
    flow_name: str
    step_name: str
    kind: Literal["approve", "seal", "revise"]
    amount: Decimal | None
    applicant: str
    since: datetime


class TaskDetail(Shape):
    """A task with its case."""

    id: UUID
    step_key: str
    kind: Literal["approve", "seal", "revise"]
    state: TaskState
    round: int
    created_at: datetime
    finished_at: datetime | None
    shown_digest: str = Field(description="Of the sheet as it is now; show it, then hand this back.")
    case: CaseAnswer


class NewDecision(Shape):
    """What the caller decides, having seen the sheet of this digest."""

    model_config = example(
        {"outcome": "approved", "comment": "同意", "pin": "284617", "shown_digest": EXAMPLE_DIGEST}
    )

    outcome: Literal["approved", "returned", "rejected"]
    comment: Words = Field(default="", max_length=4000, description="Needed to return or reject.")
    pin: Words = Field(min_length=1, max_length=128, description="The caller's signing PIN.")
    shown_digest: Digest


class NewSealing(Shape):
    """Where the keeper puts the seal, for each document of the task."""

    model_config = example(
        {
            "pin": "284617",
            "shown_digest": EXAMPLE_DIGEST,
            "placements": {EXAMPLE_ID: [{"page": 1, "x_mm": 150.0, "y_mm": 240.0}]},
            "comment": "",
        }
    )

    pin: Words = Field(min_length=1, max_length=128, description="The keeper's own signing PIN.")
    shown_digest: Digest
    placements: dict[UUID, list[PlaceShape]] = Field(max_length=200)
    comment: Words = Field(default="", max_length=4000)


class NewHandSealing(Shape):
    """How many printouts of each document of the task the keeper stamped."""

    model_config = example(
        {"pin": "284617", "shown_digest": EXAMPLE_DIGEST, "copies": {EXAMPLE_ID: 2}, "comment": ""}
    )

    pin: Words = Field(min_length=1, max_length=128, description="The keeper's own signing PIN.")
    shown_digest: Digest
    copies: dict[UUID, int] = Field(
        default_factory=dict, max_length=200, description="By document; what is left out: as many as allowed."
    )
    comment: Words = Field(default="", max_length=4000)


class DecisionAnswer(Shape):
    """What a decision led to."""

    model_config = example(
        {
            "decision_id": EXAMPLE_ID,
            "case_id": EXAMPLE_ID,
            "state": "running",
            "signed_digest": EXAMPLE_DIGEST,
        }
    )

    decision_id: UUID
    case_id: UUID
    state: CaseState
    signed_digest: str = Field(description="Of the sheet that carries the signature.")
