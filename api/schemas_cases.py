"""Shapes of flows and cases."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BeforeValidator, Field

from api.schemas import EXAMPLE_DIGEST, EXAMPLE_ID, EXAMPLE_TIME, Shape, Words, example
from ingest.models import DocumentKind, VersionReason
from workflow.models import AddedKind, CaseState, EvidenceState, Outcome

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
    "is_signed_in_place": True,
    "continues": [],
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
    "added": None,
    "task_id": EXAMPLE_ID,
    "may_take_back": False,
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
    added: AddedKind | None = Field(description="For an added approver: decides before or after the holder.")
    task_id: UUID | None = Field(description="Null until the step is reached.")
    may_take_back: bool = Field(description="Whether the caller may undo this addition.")


class NamedStateAnswer(Shape):
    """A state of an earlier sheet. The first `size` bytes of its newest version still have this digest."""

    model_config = example({"document_id": EXAMPLE_ID, "digest": EXAMPLE_DIGEST, "size": 61240})

    document_id: UUID
    digest: str
    size: int


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
    continues: list[NamedStateAnswer] = Field(
        description="For a continuation sheet: the sheets that it names, in the state it names them."
    )


class AddedAnswer(Shape):
    """Approvers who were added."""

    model_config = example({"kind": "before", "people": ["赵敏"]})

    kind: AddedKind
    people: list[str]


class ActAnswer(Shape):
    """A decision; an addition of approvers when `added` is set, `text` its reason; else a comment."""

    name: str = Field(examples=["王芳"])
    position: str = Field(examples=["市场部经理"])
    step: str | None = Field(examples=["部门负责人"])
    outcome: Outcome | None = Field(examples=["approved"])
    text: str = Field(examples=["同意"])
    is_by_added: bool = Field(examples=[False], description="Decided by an added approver.")
    added: AddedAnswer | None
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
            "may_add_approvers": False,
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
    may_add_approvers: bool = Field(description="Whether the caller may add approvers to their open task.")


class NewComment(Shape):
    """A remark that decides nothing."""

    model_config = example({"text": "请补充报价单。"})

    text: Words = Field(min_length=1, max_length=4000)
